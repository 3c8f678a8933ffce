"""Everything that virtiolab says, written down: so that a change of its code can be proved to change nothing
else. `python tests/said.py NEW` writes (`python tests/said.py NEW 200` about 200 drawn guests instead of
2,000), `python tests/said.py OLD NEW` shows what differs.

It comes in by the front door alone: the command line, the public functions, the widgets' static forms.
"""

import contextlib
import difflib
import gzip
import io
import json
import random
import sys
import tomllib
from multiprocessing import Pool
from pathlib import Path

import wild
from lxml import etree
from test_refusals import IN_BOTH, RIGHT, WRONG, guest

from virtiolab import UnreadableXML, check, convert, explain, infer, read, resolve
from virtiolab.cli import main
from virtiolab.rewriting.choices import choices_of
from virtiolab.widgets import (
    BusExplorer,
    CacheExplorer,
    DiskBuilder,
    Exercise,
    Predict,
    Proof,
    Quiz,
    StackPicture,
    XMLExplainer,
)

HERE = Path(__file__).parent
PART = 40  # inputs in a file
MARK = "\x1d"  # before each section; no XML can hold it
BUSES = ("virtio", "scsi", "sata", "usb", "ide")


def inputs(drawn):
    """Each XML with its name; so many of them are drawn."""
    for folder in (HERE / "examples", HERE.parent / "notebooks/domains"):
        for file in sorted(folder.glob("*.xml")):
            yield file.name, file.read_text(encoding="utf-8")
    for code in IN_BOTH:
        for side, name in ((WRONG, "wrong"), (RIGHT, "right")):
            yield f"{code} {name}", etree.tostring(guest(code, side).element, encoding="unicode")
    for number in range(drawn):
        yield f"drawn {number}", wild.guest(random.Random(number).choice)


def run(arguments, xml=""):
    """What a command prints, and its exit status."""
    out, err, data = io.StringIO(), io.StringIO(), xml.encode(errors="surrogatepass")
    out.reconfigure = err.reconfigure = lambda **_: None
    was = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main(list(arguments))
            except SystemExit as stop:
                status = stop.code
    finally:
        sys.stdin = was
    return f"{status}\n{out.getvalue()}{err.getvalue()}"


def pretty(text):
    """JSON, a line a fact, so that a difference is seen."""
    status, _, rest = text.partition("\n")
    with contextlib.suppress(ValueError):
        return f"{status}\n{json.dumps(json.loads(rest.splitlines()[0]), indent=1)}{rest.splitlines()[1:]}"
    return text


def static(widget):
    """A widget where no widget runs."""
    bundle = widget._repr_mimebundle_()
    shown = bundle["text/html"] + "\n" + bundle["text/plain"]
    widget.close_all()
    return shown


def said_of(xml):
    """All about one XML."""
    for command in ("infer", "explain", "resolve", "check"):
        yield command, run([command, "-"], xml)
        yield f"{command} --json", pretty(run([command, "--json", "-"], xml))
    yield "check --fix", run(["check", "--fix", "-"], xml)
    try:
        domain = read(xml)
    except UnreadableXML:
        return
    shown = check(domain)
    yield "check", f"{shown!r}\n{shown._repr_html_()}"
    for number, disk in enumerate(domain.disks):
        yield f"infer {number}", repr(infer(disk))
        for name, view in (("explain", explain(disk)), ("resolve", resolve(disk))):
            yield f"{name} {number}", f"{view!r}\n{view._repr_html_()}"
        for bus in BUSES:
            with contextlib.suppress(ValueError):
                view = convert(disk, bus)
                yield f"convert {number} {bus}", f"{view!r}\n{view._repr_html_()}"
            command = ["convert", "--json", "--bus", bus, "--target", disk.target or "", "-"]
            yield " ".join(command), pretty(run(command, xml))
    for make in (XMLExplainer, StackPicture):
        yield make.__name__, static(make(xml))
    yield "DiskBuilder", builder_static(xml)


def builder_static(xml):
    """Of the first disk, if the builder takes it."""
    disks = read(xml).disks
    try:
        return static(DiskBuilder(**choices_of(disks[0]))) if disks else ""
    except ValueError as error:  # a value that cannot be written
        return str(error)


def said_of_the_course():
    """The widgets that need no XML, and what the commands say of themselves."""
    for arguments in (["--help"], ["build", "--help"], ["check", "--help"], ["convert", "--help"]):
        yield " ".join(arguments), run(arguments)
    for mode in (None, "default", "none", "writethrough", "writeback", "directsync", "unsafe"):
        yield f"CacheExplorer {mode}", static(CacheExplorer(mode))
    for dev in ("vda", "sda", "hda", "fda", "disk1", None):
        for bus in (None, "virtio", "scsi", "ide"):
            yield f"BusExplorer {dev} {bus}", static(BusExplorer(dev, bus=bus))
    source = HERE.parent / "virtiolab"
    for name in sorted(
        n for f in source.rglob("predictions/*.toml") for n in tomllib.loads(f.read_text())
    ):
        yield f"Predict {name}", static(Predict(name))
    for name in sorted(
        n for f in source.rglob("exercises/0*.toml") for n in tomllib.loads(f.read_text())
    ):
        yield f"Exercise {name}", static(Exercise(name))
    for name in tomllib.loads(next(source.rglob("lessons.toml")).read_text()):
        with contextlib.suppress(KeyError):
            widget = Proof(name)
            widget.asking.join(300)
            yield f"Proof {name}", static(widget)
    yield "Quiz", static(Quiz(7))


def write(task):
    """One file with all that is said of some inputs."""
    file, part = task
    shown = [
        f"{MARK}{name}: {what}\n{text}\n"
        for name, xml in part
        for what, text in (said_of_the_course() if xml is None else said_of(xml))
    ]
    with gzip.open(file, "wt", encoding="utf-8", errors="backslashreplace", compresslevel=1) as out:
        out.write("".join(shown))
    return file.name


def write_down(folder, drawn=2000):
    """All of it, with every processor there is."""
    folder.mkdir(parents=True)
    every = [("the course", None), *inputs(drawn)]
    tasks = [
        (folder / f"{first:05}.gz", every[first : first + PART])
        for first in range(0, len(every), PART)
    ]
    with Pool() as pool:
        for name in pool.imap_unordered(write, tasks):
            print(name, end=" ", flush=True)
    print()


def sections(folder):
    """By input and question, what was said."""
    for file in sorted(folder.glob("*.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as said:
            for section in said.read().split(MARK)[1:]:
                head, _, text = section.partition("\n")
                yield head, text


def differences(old, new, most=40):
    """Print what is said otherwise; returns how often."""
    before, number = dict(sections(old)), 0
    after = dict(sections(new))
    for head in dict.fromkeys([*before, *after]):
        if before.get(head) == after.get(head):
            continue
        number += 1
        if number <= most:
            print(f"=== {head}")
            lines = [(text or "").splitlines() for text in (before.get(head), after.get(head))]
            for line in list(difflib.unified_diff(*lines, lineterm="", n=1))[2:30]:
                print(line[:400])
    print(f"{number} of {len(after)} differ")
    return number


if __name__ == "__main__":
    first, *rest = sys.argv[1:]
    if rest and not rest[0].isdigit():
        sys.exit(min(1, differences(Path(first), Path(rest[0]))))
    write_down(Path(first), *map(int, rest))
