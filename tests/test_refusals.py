"""Each problem that check() can find: an XML that has it, a twin that has not, and libvirt's word.

The XML is in problems.toml. What libvirt refuses is never taken from our own answers: the real one
is asked.
"""

import re
import string
import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from lxml import etree

from virtiolab import read
from virtiolab.refusals import SEVERITIES, check, mend
from virtiolab.writing import written

RULES = files("virtiolab") / "refusals"
SENTENCES = tomllib.loads((RULES / "refusals.toml").read_text(encoding="utf-8"))
EXAMPLES = tomllib.loads(Path(__file__).with_name("problems.toml").read_text(encoding="utf-8"))

each = pytest.mark.parametrize("code", EXAMPLES)
each_with_a_fix = pytest.mark.parametrize("code", [c for c in EXAMPLES if "fix" in SENTENCES[c]])

# What an older libvirt accepts: the first that refuses it, and where its sources or news say so.
SINCE = {}

# Behind what libvirt serves from a process of its own, which no test starts: with one of these in
# it, a definition is accepted, and the command line is not made.
DAEMONS = {".//secret": "virtsecretd", ".//disk[@type='volume']": "virtstoraged"}

# Words with a hyphen in the rules that are no codes.
OTHER_WORDS = {"luks-any", "virtio-mmio", "virtio-non-transitional", "virtio-scsi"}
OTHER_WORDS |= {"virtio-transitional"}

GUEST = """<domain type='qemu'><name>web</name><memory>65536</memory>{domain}
<os><type arch='{arch}' machine='{machine}'>hvm</type>{os}</os><devices>{xml}</devices></domain>"""
ORDINARY = {"arch": "x86_64", "machine": "pc", "os": "", "domain": ""}
WRONG, RIGHT = 1, 2
CHOICE = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")


def guest(code, side):
    """The guest of an example: the one with the problem, or its twin. Each tag has a line."""
    xml = GUEST.format(**ORDINARY | EXAMPLES[code])
    return read(CHOICE.sub(lambda choice: choice[side], xml).replace("><", ">\n<"))


def problem_of(code):
    """The problem that an example is about."""
    return next(p for p in check(guest(code, WRONG)) if p.code == code)


def codes(domain):
    """The codes of all that is wrong."""
    return [problem.code for problem in check(domain)]


def line_of(domain, path):
    """The line of a path: of the last that is written, or of what is nearest above it."""
    names = [name for name in path.split("/") if name[:1] not in ("", "@") and name != "domain"]
    while not (found := domain.element.findall(".//" + "/".join(names))):
        names.pop()
    return found[-1].sourceline


def number(version):
    """A version as libvirt counts: 9.5.0 is 9005000."""
    major, minor, micro = map(int, version.split("."))
    return major * 1_000_000 + minor * 1_000 + micro


# --------------------------------------------------------------------------- what we say of it


@each
def test_what_is_wrong(code):
    """This problem is found, and no other, where it is and as severe as it is."""
    domain = guest(code, WRONG)
    assert codes(domain) == [code, *EXAMPLES[code].get("also", [])]
    found = problem_of(code)
    assert found.path == EXAMPLES[code]["path"]
    assert found.line == line_of(domain, found.path)
    assert found.severity == SENTENCES[code].get("severity", "error")


@each
def test_what_is_right(code):
    """Nothing is said of the twin."""
    assert codes(guest(code, RIGHT)) == []


@each
def test_sentences(code):
    """They are whole sentences, with nothing left to fill in."""
    found = problem_of(code)
    for sentence in (found.message, found.why):
        assert sentence[0] in string.ascii_uppercase + "`" or sentence.startswith(PROPER_NAMES)
        assert sentence.endswith((".", "?", ".)"))
        assert not set("{}") & set(sentence) and "None" not in sentence
        assert sentence.count("`") % 2 == 0
    assert found.source.startswith(("libvirt: ", "QEMU: "))
    assert found.severity in SEVERITIES


PROPER_NAMES = ("libvirt", "sheepdog", "librbd", "iSCSI", "xen", "s390x", "virtio", "qcow2")


@each_with_a_fix
def test_fix(code):
    """It takes the problem away, brings no other, and is shown as it is done."""
    found, mended = problem_of(code), mend(guest(code, WRONG))
    assert codes(mended) == []
    parts = etree.fromstring(f"<parts>{found.fix}</parts>")
    assert len(parts) and not set("{}") & set(found.fix)
    done = [written(part) for part in mended.element.iter("*")]
    assert all(written(part) in done for part in parts)


@pytest.mark.parametrize("code", [c for c in EXAMPLES if "fix" not in SENTENCES[c]])
def test_no_fix(code):
    """Where no rule can know what was meant, none is shown and nothing is changed."""
    domain = guest(code, WRONG)
    assert problem_of(code).fix is None
    assert written(mend(domain).element) == written(domain.element)


# ------------------------------------------------------------------------- what libvirt says of it


def assert_accepted(answer, domain):
    """By define, and up to the command line unless that needs one of the daemons."""
    assert answer.xml, answer.refusal
    daemons = [name for path, name in DAEMONS.items() if domain.element.find(path) is not None]
    assert answer.refusal is None or any(name in answer.refusal for name in daemons)


@pytest.mark.live
@each
def test_libvirt_refuses_what_is_wrong(code, libvirt):
    """An error is refused; a warning or a note, and what only a newer libvirt knows, is not."""
    domain = guest(code, WRONG)
    answer = libvirt.ask(domain)
    is_error = SENTENCES[code].get("severity", "error") == "error"
    if is_error and number(SENTENCES[code].get("since", "0.0.0")) <= libvirt.version:
        assert answer.refusal and not any(name in answer.refusal for name in DAEMONS.values())
    else:
        assert_accepted(answer, domain)


@pytest.mark.live
@each
def test_libvirt_accepts_what_is_right(code, libvirt):
    """The twin differs in one thing, so that is what was wrong."""
    domain = guest(code, RIGHT)
    assert_accepted(libvirt.ask(domain), domain)


@pytest.mark.live
@each_with_a_fix
def test_libvirt_accepts_what_is_mended(code, libvirt):
    """A fix is one that libvirt takes."""
    domain = mend(guest(code, WRONG))
    assert_accepted(libvirt.ask(domain), domain)


# ----------------------------------------------------------------------------------- none forgotten


def test_every_problem_has_an_example():
    """And every example is of a problem, in the same order."""
    assert list(EXAMPLES) == list(SENTENCES)


def test_every_sentence_is_used():
    """And every code that a rule finds has its sentence."""
    sources = [rule.read_text() for rule in RULES.iterdir() if rule.name.endswith(".py")]
    words = set(re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', "".join(sources)))
    assert words - OTHER_WORDS == set(SENTENCES)


def test_since():
    """From which libvirt on something is refused, by libvirt's own news and sources."""
    assert SINCE == {code: said["since"] for code, said in SENTENCES.items() if "since" in said}
