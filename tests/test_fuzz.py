"""Whatever is read or asked, there is an answer, or a sentence of our own that says why there is none.

`make test` runs the same few thousand inputs each time, so that a change breaks what it breaks at
once; `make fuzz` looks for new ones, with Hypothesis' profile `fuzz` (conftest.py).
"""

import io
import json
import re
import sys
import time
from collections import Counter
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from fuzz import VALUES, documents, growing, pastes
from hypothesis import event, given, settings
from hypothesis import strategies as st
from payloads import strange, unseen
from test_build import CHOICES

from virtiolab import Domain, UnreadableXML, build, check, convert, explain, infer, read, resolve
from virtiolab.build import choices
from virtiolab.cli import main
from virtiolab.explanation import Explanation
from virtiolab.inference import ORIGINS
from virtiolab.pastes import read_pasted
from virtiolab.refusals import SEVERITIES, mend
from virtiolab.rewriting.conversion import BUSES, Unconvertible
from virtiolab.views.answers import interactive, overview, show
from virtiolab.views.view import sentence
from virtiolab.xml import laid_out, parse

SECONDS = 5.0  # of CPU for one input; most take a hundredth of one
SANE = {"source": "/a", "target": "vda"}
BUILDING = st.dictionaries(st.sampled_from(list(choices())), VALUES, max_size=4)
ran: Counter[tuple[str, str]] = Counter()


@pytest.fixture(scope="module", autouse=True)
def tally():
    """At the end, how many inputs were run in all, and what came of them."""
    begun = time.monotonic()
    yield
    for (test, outcome), number in sorted(ran.items()):
        print(f"{number:9,}  {test}: {outcome}")
    print(f"{ran.total():9,}  inputs in {(time.monotonic() - begun) / 60:.0f} minutes")


@contextmanager
def outcome(test: str):
    """Of one input: what came of it, in good time."""
    begun, found = time.thread_time(), SimpleNamespace(what="answered")
    yield found
    assert test == "growth" or time.thread_time() - begun < SECONDS
    event(found.what)
    ran[test, found.what] += 1


def opened(xml: str | bytes, found: SimpleNamespace) -> Domain:
    """The guest in some XML. One without disks if it cannot be read, for which there is a clean reason."""
    try:
        return read(xml)
    except UnreadableXML as error:
        found.what = "unreadable"
        assert is_clean(str(error)) and error.message.endswith(".")
        assert error.line is None or error.line > 0
        assert not strange(sentence(str(error)).html)
        return read("<devices/>")


def is_clean(line: str) -> bool:
    """Whether it is one line, all to be seen, and not too long."""
    return "\n" not in line and "\t" not in line and not unseen(line) and len(line) < 1000


def assert_shows(view) -> None:
    """As text nothing that a terminal would obey, as HTML nothing that is not ours."""
    assert not unseen(repr(view))
    assert not strange(view._repr_html_())


@given(documents)
def test_infer(xml):
    """Every answer has one of the four origins, a reason, and a form in JSON."""
    with outcome("infer") as found:
        domain = opened(xml, found)
        for disk in domain.disks:
            for answer in infer(disk):
                assert answer.origin in ORIGINS and answer.reason
                json.dumps(answer.as_dict())
        assert_shows(show(domain))
        assert_shows(overview(domain.disks))


@given(documents)
def test_explain(xml):
    """Rows, text, HTML, and HTML with tips."""
    with outcome("explain") as found:
        for disk in opened(xml, found).disks:
            explained = explain(disk)
            assert all(row.path.startswith("/disk") and row.meaning for row in explained)
            assert_shows(explained)
            assert not strange(interactive(Explanation(disk)))


@given(documents)
def test_resolve(xml):
    """What comes out is a disk that can be read again."""
    with outcome("resolve") as found:
        for disk in opened(xml, found).disks:
            resolved = resolve(disk)
            assert len(read(resolved.xml).disks) == len(read(repr(resolved)).disks) == 1
            assert_shows(resolved)


@given(documents)
def test_check(xml):
    """Every problem is a clean sentence with a place, and its fix is XML."""
    with outcome("check") as found:
        problems = check(opened(xml, found))
        for one in problems:
            assert one.severity in SEVERITIES and one.line >= 0
            assert is_clean(one.message) and is_clean(one.why) and not unseen(one.path)
            assert parse(f"<devices>{one.fix or ''}</devices>").tag == "devices"
            json.dumps(one.as_dict())
        assert_shows(problems)


@given(documents)
def test_mend(xml):
    """The mended XML can be read again, and has as many disks as before."""
    with outcome("mend") as found:
        domain = opened(xml, found)
        mended = read(laid_out(mend(domain).element))
        assert len(mended.disks) == len(domain.disks)


@given(documents, st.sampled_from(BUSES))
def test_convert(xml, bus):
    """To any bus; what comes out is XML."""
    with outcome("convert") as found:
        for disk in opened(xml, found).disks[:3]:
            try:
                converted = convert(disk, bus)
            except Unconvertible as error:
                found.what = "not convertible"
                assert is_clean(str(error))
                continue
            assert_shows(converted)
            assert len(read(converted.conversion.new).disks) == 1


@given(documents | pastes() | pastes())
def test_pastes(xml):
    """What can be read is read the same, or with clean remarks on its lines; the rest is refused."""
    with outcome("pastes") as found:
        try:
            pasted = read_pasted(xml)
        except UnreadableXML as error:
            found.what = "unreadable"
            assert is_clean(str(error)) and error.message.endswith(".")
            if "new side" not in error.message:  # `read` would take the old side of a diff
                with pytest.raises(UnreadableXML):
                    read(xml)
            return
        lines = range(1, pasted.text.count("\n") + 2)
        assert pasted.domains and all(one.line in lines for one in pasted.remarks)
        assert all(is_clean(one.message) and one.message.endswith(".") for one in pasted.remarks)
        if pasted.remarks:
            found.what = "set right"
        else:
            known = opened(xml, SimpleNamespace()).disks
            assert (
                len(pasted.domains) > 1 or not known or len(known) == len(pasted.domains[0].disks)
            )
        for domain in pasted.domains:
            assert all(disk.line in lines for disk in domain.disks)
            assert_shows(check(domain))


@given(CHOICES | BUILDING)
def test_build(chosen):
    """A disk that can be read, or one clean sentence."""
    with outcome("build") as found:
        try:
            xml = build(**chosen)
        except ValueError as error:
            found.what = "refused"
            assert is_clean(str(error))
            return
        [disk] = read(xml).disks
        assert infer(disk)
        assert_shows(check(disk.domain))


# --------------------------------------------------------------------------- the command line

ORDINARY = st.sampled_from(["a.xml", "b", "-"])
ODD = st.sampled_from(
    ["-x", "--", ".", "", "a b", "a\nb", "\x1b[31m", "\u202e", "ä", "\udcff", "\0"]
)
CONTENTS = st.dictionaries(ORDINARY | ORDINARY | ODD, documents, min_size=1, max_size=3)
COMMANDS = [
    "infer", "explain", "resolve", "check", "check --fix", "convert", "convert --target=vda",
    "convert --bus=sata --target=sda", "infer --json", "explain --json", "resolve --json",
    "check --json", "check --fix --json", "convert --json", "convert --target=vda --json",
]  # fmt: skip
ENCODINGS = st.sampled_from(["utf-8", "ascii", "cp1252"])
# What a name in XML may hold though nobody sees it; there are no references in names.
HIDDEN_IN_NAMES = re.compile(
    "[\u0300-\u1fff\u200c\u200d\u2070-\u218f\u3001-\ud7ff\uf900-\ufffd\U00010000-\U000effff]"
)


@pytest.fixture(scope="module")
def folder():
    """An empty folder, in which the command line runs."""
    with TemporaryDirectory() as name, chdir(name):
        yield


class Ran(NamedTuple):
    """What the command line did: its exit status, what it printed, and the objects if asked for JSON."""

    status: int
    out: str
    err: str
    objects: list[dict]


def run(words: list[str], stdin: bytes = b"", encoding: str = "utf-8") -> Ran:
    """The command line in this process: a status of the contract, and nothing that is not to be seen."""
    out = io.TextIOWrapper(io.BytesIO(), encoding, newline="")
    err = io.TextIOWrapper(io.BytesIO(), encoding, "backslashreplace", newline="")
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        try:
            status = main(words)
        except SystemExit as stopped:
            status = stopped.code
    said, complaints = (_printed(stream, encoding) for stream in (out, err))
    assert status in (0, 1, 2)
    assert not unseen(HIDDEN_IN_NAMES.sub("", said) if "--fix" in words else said)
    assert not unseen(complaints)
    if complaints.startswith("usage: "):
        assert status == 2 and not said
    lines = said.split("\n")[:-1] if "--json" in words and said[:7] != "usage: " else []
    return Ran(status, said, complaints, [json.loads(line) for line in lines])


def _printed(stream: io.TextIOWrapper, encoding: str) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


@given(st.sampled_from(COMMANDS), CONTENTS, ENCODINGS)
def test_command_line(folder, command, contents, encoding):
    """Whatever files are called and hold: a status, one line an error, one JSON object a file."""
    contents = {name: as_bytes(xml) for name, xml in contents.items()}
    for name, content in contents.items():
        with suppress(OSError, ValueError):  # no file can have that name, or not here
            Path(name).write_bytes(content)
    with outcome("command line") as found:
        ran = run([*command.split(), *contents], contents.get("-", b""), encoding)
        found.what = f"exit {ran.status}"
        if ran.err.startswith("usage: "):
            found.what = "usage"
        elif "--json" in command:
            assert [one["file"] for one in ran.objects] == [n for n in contents if n != "--"]
            assert ran.status or not any("error" in one for one in ran.objects)
        elif "--fix" not in command:
            assert all(line.startswith("virtiolab: ") for line in ran.err.split("\n")[:-1])
        is_xml = command in ("resolve", "check --fix") and len(contents) == 1 and ran.out[:1] == "<"
        if is_xml and encoding == "utf-8":  # others lack what a name may hold
            assert read_pasted(ran.out).domains  # several, where several were given


def as_bytes(xml: str | bytes) -> bytes:
    return xml if isinstance(xml, bytes) else xml.encode(errors="surrogatepass")


@given(BUILDING | BUILDING.map(SANE.__or__), st.sampled_from([[], ["--json"]]), ENCODINGS)
def test_build_command(chosen, options, encoding):
    """XML that can be read, or why not."""
    words = [f"--{name.replace('_', '-')}={value}" for name, value in chosen.items()]
    with outcome("build command") as found:
        ran = run(["build", *options, *words], encoding=encoding)
        found.what = f"exit {ran.status}"
        if ran.status == 0:
            assert read(ran.objects[0]["xml"] if options else ran.out).disks
        elif not ran.objects:
            assert ran.err and not ran.out


@given(st.sampled_from(["", *COMMANDS]), st.lists(VALUES | VALUES.map("--{}".format), max_size=2))
def test_usage(folder, command, words):
    """Whatever is typed behind a command, or in its place."""
    with outcome("usage") as found:
        found.what = f"exit {run([*command.split(), *words]).status}"


# ---------------------------------------------------------------------------------------- growth

ASKED = {
    "infer": show,
    "explain": lambda domain: [explain(disk) for disk in domain.disks],
    "resolve": lambda domain: [resolve(disk) for disk in domain.disks],
    "check": lambda domain: check(domain)._repr_html_(),
    "mend": lambda domain: laid_out(mend(domain).element),
    "convert": lambda domain: [convert(disk) for disk in domain.disks[:1]],
}


def seconds(asked, xml: str) -> float:
    """Of CPU, for an answer or a refusal."""
    begun = time.thread_time()
    with suppress(UnreadableXML, Unconvertible):
        asked(read(xml))
    return time.thread_time() - begun


@settings(max_examples=1 + settings().max_examples // 50)
@given(growing(), st.sampled_from(sorted(ASKED)))
def test_growth(xml_of, asked):
    """What is four times as large may take some four times as long, not its square."""
    number = max(1, min(500, 30_000 // len(xml_of(1))))
    with outcome("growth") as found:
        found.what = asked
        few = seconds(ASKED[asked], xml_of(number))
        # Twice at most: the garbage collector may come in between once.
        assert any(seconds(ASKED[asked], xml_of(4 * number)) < 8 * few + 0.5 for _ in range(2))
