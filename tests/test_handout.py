"""The learners' handout, notebooks/handout.md: each of its facts is the package's, and it is one page."""

import re
from pathlib import Path

import lab
import nbformat
import pytest
from lxml import etree

from virtiolab import check, infer, read
from virtiolab.document import SOURCE_ATTRIBUTES
from virtiolab.inference import ORIGINS
from virtiolab.syntax import lookup
from virtiolab.targets import BUS_OF_PREFIX, NVME_SINCE, usual_name
from virtiolab.views.ladder import TITLES

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
HANDOUT = (NOTEBOOKS / "handout.md").read_text(encoding="utf-8")
QUESTIONS = dict(re.findall(r"^(\d)\. (.+)$", HANDOUT, flags=re.MULTILINE))
GUEST = "<domain type='kvm'><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>{}</devices></domain>"


def table(first):
    """The rows of the table whose head begins so, the head included, each a list of its cells."""
    [block] = [block for block in HANDOUT.split("\n\n") if block.startswith(f"| {first} |")]
    head, _, *rows = [line.strip("| ").split(" | ") for line in block.splitlines()]
    return [head, *rows]


def names(text):
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def first_disk(xml, **given):
    return read(xml, **given).disks[0]


def of_name(dev, **attributes):
    """What is inferred of a disk with this name alone, and perhaps attributes of its own."""
    written = "".join(f" {name}='{value}'" for name, value in attributes.items())
    return infer(first_disk(f"<disk{written}><source file='/a'/><target dev='{dev}'/></disk>"))


def test_the_example_answers_every_question():
    """By what is written; and each line says which question it answers."""
    [xml] = re.findall(r"```xml\n(.+?)```", HANDOUT, flags=re.DOTALL)
    answers = infer(first_disk(xml))
    for name in ("type", "device", "bus", "format", "address"):
        assert getattr(answers, name).origin == "stated"
    assert {*re.findall(r"\d", "".join(re.findall(r"<!--.*?-->", xml)))} == {*QUESTIONS}
    assert not [one for one in check(read(xml)) if one.severity == "error"]


def test_the_source_of_each_type():
    """Its attribute is the one that libvirt reads; a network disk has a protocol besides."""
    said = re.findall(r"of (?:type )?`(\w+)` (?:it has )?a ([^,.]+)", QUESTIONS["1"])
    assert [kind for kind, _ in said] == ["file", "block", "dir", "network"]
    for kind, has in said:
        assert names(has)[-1] == SOURCE_ATTRIBUTES[kind]
    assert names(said[-1][1]) == ["protocol", "name"]


def test_the_devices():
    """All four."""
    assert {*names(QUESTIONS["2"])} - {"device"} == {*lookup("/disk/@device").values}


def test_the_bus():
    """A written one counts, a floppy has its own, and the name decides of all others."""
    against = infer(first_disk("<disk><target dev='hda' bus='virtio'/></disk>"))
    assert (against.bus.value, against.bus.origin) == ("virtio", "stated")
    assert of_name("vda", device="floppy").bus.value == "fdc" in names(QUESTIONS["3"])
    assert of_name("vda").bus.rule == "bus-from-name"


def test_the_controller():
    """Of a SCSI disk it decides, and the one that nobody wrote is no virtio on a PC."""
    scsi = "<disk><source file='/a'/><target dev='sda'/></disk>"
    asked = "<controller type='scsi' index='0' model='virtio-scsi'/>"
    alone, with_it = (infer(first_disk(GUEST.format(xml))) for xml in (scsi, scsi + asked))
    assert alone.controller.value["model"] == "lsilogic" and alone.virtio.value is False
    assert with_it.virtio.value is True and "virtio-scsi" in names(QUESTIONS["4"])


def test_the_buses_by_name():
    """Every prefix that libvirt knows, with its bus, and whether that is virtio."""
    prefixes, buses, is_virtio = (row[1:] for row in table("the name begins with"))
    assert dict(zip(map(tuple, map(names, prefixes)), map(tuple, map(names, buses)))) == {
        (prefix,): (bus,) for prefix, bus in BUS_OF_PREFIX.items()
    }
    said = {"yes": True, "no": False, "ask question 4": None}
    for [bus], words in zip(map(names, buses), is_virtio):
        assert of_name(usual_name(bus)).virtio.value is said[words]


def test_the_other_buses():
    """Some are not QEMU's, one is newer, and some must be written."""
    [line] = [line for line in HANDOUT.splitlines() if line.startswith("QEMU has no")]
    first, second, third, *_ = map(names, re.split(r"\. |: ", line))
    disk = "<disk><source file='/a'/><target dev='{}'/></disk>"
    refused = {
        bus
        for bus in BUS_OF_PREFIX.values()
        for problem in check(read(GUEST.format(disk.format(usual_name(bus)))))
        if problem.code == "bus-not-in-qemu"
    }
    assert {*first} == refused
    assert second == ["nvme"] and f"since {'.'.join(map(str, NVME_SINCE[:2]))}." in line
    assert {*third} == {*lookup("/disk/target/@bus").values} - {*BUS_OF_PREFIX.values(), "fdc"}


def test_the_defaults():
    """Of each, a disk where nothing is written; and who decides is nobody in the XML."""
    head, row = table("not written")
    asked = {"`type` in `<disk>`": "type", "`device`": "device", "`type` in `<driver>`": "format"}
    answers = of_name("vda")
    for what, said in zip(head[1:], row[1:], strict=True):
        answer = getattr(answers, asked.get(what, names(what)[0]))
        assert (names(said)[0], answer.origin) == (answer.value, "default")
    volume = "<disk type='volume'><source pool='p' volume='v'/><target dev='vda'/></disk>"
    assert infer(first_disk(volume)).format.rule == "format-of-volume"


def test_who_decided():
    """In the words of notebook 01."""
    said = re.findall(r"^- \*\*(\w+)\*\*: (.+)$", HANDOUT, flags=re.MULTILINE)
    assert [word for word, _ in said] == [*ORIGINS]
    told = "\n".join(
        cell.source for cell in nbformat.read(NOTEBOOKS / "01_the_question.ipynb", 4).cells
    )
    assert all(f"**{word}**: {sentence}" in told for word, sentence in said)


def test_the_rungs():
    """By their titles, the highest first; with a command of notebook 07, and with words of the picture
    for what each cannot show."""
    rungs = table("rung of the ladder")[1:]
    titles = [f"{number} {title}" for number, title in enumerate(TITLES.values(), 1)]
    assert [row[0] for row in rungs] == titles[::-1]
    book = nbformat.read(NOTEBOOKS / "07_prove_it.ipynb", 4)
    told = "\n".join(cell.source for cell in book.cells).replace("copy", "vm")
    drawn = (
        etree.parse(NOTEBOOKS / "pictures/ladder.svg").getroot().iterfind(".//{*}text[@x='516']")
    )
    hidden = " ".join(text.text for text in drawn)
    for _, command, blind in rungs:
        assert names(command)[0].replace("vm.xml", "guest.xml") in told
        assert blind in hidden


def test_the_guide_hands_it_out():
    """And what it links to exists."""
    assert "(handout.md)" in (NOTEBOOKS / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", HANDOUT)
    assert links and all((NOTEBOOKS / link).exists() for link in links)


@pytest.mark.browser
def test_it_is_one_page():
    """Of A4, printed at 70 % in letters as large as GitHub's."""
    lab.or_skip()
    from nbconvert.filters import markdown2html

    style = "body { font: 16px/1.5 sans-serif } td, th { border: 1px solid; padding: 6px 13px }"
    with lab.chromium() as page:
        page.set_content(f"<style>{style}</style>{markdown2html(HANDOUT)}")
        printed = page.pdf(format="A4", scale=0.7)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
