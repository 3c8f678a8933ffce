"""The bus explorer: its path is the rules' own, and its state, without a browser."""

import itertools
from functools import partial

import cost
import pytest
from lxml import html

from virtiolab import check, infer, read
from virtiolab.data import facts
from virtiolab.targets import BUS_OF_PREFIX
from virtiolab.views.bus_questions import ENDS, path, picture, questions
from virtiolab.views.fields import NOT_WRITTEN
from virtiolab.views.text import value_as_text
from virtiolab.widgets import BusExplorer
from virtiolab.widgets.bus_explorer import MACHINES, guest

NAMES = ["vda", "sda", "sdh", "hdb", "hde", "xvda", "ubda", "nvme0n1", "fda", "vda1", "disk1", None]
BUSES = [None, "ide", "scsi", "virtio", "usb", "sata", "fdc", "virtoi"]
MODELS = [None, "auto", "virtio-scsi", "lsilogic"]
SHORT = [*itertools.product(NAMES, [None, "cdrom", "floppy"], BUSES, [*MACHINES, None], MODELS)][
    ::7
]

# What takes each way of each question.
WAYS = {
    ("written", "yes"): dict(bus="sata"),
    ("written", "no"): dict(),
    ("floppy", "yes"): dict(device="floppy"),
    ("floppy", "no"): dict(),
    **{("name", prefix): dict(dev=f"{prefix}a") for prefix in BUS_OF_PREFIX if prefix != "nvme"},
    ("name", "nvme"): dict(dev="nvme0n1"),
    ("name", "another"): dict(dev="disk1"),
    ("bus", "virtio"): dict(),
    ("bus", "scsi"): dict(dev="sda"),
    ("bus", "another"): dict(dev="hda"),
    ("bus", "unknown"): dict(bus="virtoi"),
    ("model", "yes"): dict(dev="sda", model="lsilogic"),
    ("model", "no"): dict(dev="sda"),
    ("model", "out of sight"): dict(dev="sda", machine=None),
    ("virtio", "yes"): dict(dev="sda", model="virtio-scsi"),
    ("virtio", "no"): dict(dev="sda"),
    ("virtio", "cannot be told"): dict(dev="sda", machine=None),
}


def asked(dev="vda", device=None, bus=None, machine="pc", model=None):
    """The one disk of such a guest."""
    return read(guest(dev, device, bus, machine, model)).disks[0]


@pytest.fixture(scope="module")
def short():
    """The answers about a few hundred disks of all kinds."""
    found = [infer(asked(*choices)) for choices in SHORT]
    assert len(found) > 500
    return found


def written_in(svg):
    """The texts of a picture, in the order in which they were drawn."""
    return [text.text for text in svg.iter("{*}text")]


def text_of(widget):
    """What an HTML widget says, on one line."""
    return " ".join(html.fromstring(f"<div>{widget.value}</div>").text_content().split())


# ---------------------------------------------------------------------------------------- the path


@pytest.mark.parametrize("choices", [dict(), dict(dev="sda"), dict(bus="sata"), dict(dev=None)])
def test_path_is_one_way(choices):
    """From the first question on, each leads to the next; the last one ends."""
    taken = path(infer(asked(**choices)))
    ways = [questions()[name].ways[way] for name, way in taken.items()]
    assert [*taken] == ["written", *(way.to for way in ways[:-1])] and ways[-1].to is None


def test_each_way_can_be_taken():
    """No question has a way that no disk goes."""
    every = {(name, way) for name, question in questions().items() for way in question.ways}
    assert every == set(WAYS)
    for (name, way), choices in WAYS.items():
        assert path(infer(asked(**choices)))[name] == way


@pytest.mark.parametrize(
    "rule", [rule for rule in facts("inference.toml") if rule.startswith(("bus-", "virtio-"))]
)
def test_each_rule_has_its_path(rule, short):
    """Each rule about the bus, and each about virtio, stands behind some path."""
    xen = "<domain type='xen'><devices><disk><target dev='sda'/></disk></devices></domain>"
    others = [read(xen).disks[0], asked("fda", "cdrom"), asked(None), asked("sd")]
    others.append(read("<disk>...</disk>").disks[0])
    found = [*map(infer, others), *short]
    behind = [answers for answers in found if rule in (answers.bus.rule, answers.virtio.rule)]
    assert behind and all(path(answers) for answers in behind)


def test_vhost_user():
    """A disk that the explorer does not offer has its path too."""
    disk = read("<disk type='vhostuser'><target dev='vda' bus='virtio'/></disk>").disks[0]
    assert path(infer(disk)) == {"written": "yes", "bus": "virtio"}


def test_picture_ends_where_the_inference_does(short):
    """For a few hundred disks, the boxes at the end are the answers, word for word."""
    for answers in short:
        drawn = picture(answers)
        ends = [getattr(answers, row) for row in ENDS]
        boxes = written_in(drawn.inline())[-2 * len(ENDS) :]
        assert boxes[::2] == [value_as_text(answer.value) for answer in ends]
        assert [box.split(": ")[1] for box in boxes[1::2]] == [answer.origin for answer in ends]
        for value, origin in zip(boxes[::2], (answer.origin for answer in ends)):
            assert f"{value} ({origin})" in drawn.says


def test_picture_shows_the_way():
    """What was taken has the tint of who decided it; all else is there, thin."""
    svg = picture(infer(asked("sda", bus="scsi"))).inline()
    labels = {text.text: text.get("class").split() for text in svg.iter("{*}text")}
    assert "vl-default" in labels["lsilogic"] and "vl-default" in labels["not virtio"]
    assert "vl-other" in labels["hd"] and "vl-other" in labels["2  Is it a floppy?"]
    assert "vl-other" not in labels["1  Is a bus written?"]


@pytest.mark.parametrize(
    ("choices", "box"),
    [
        (dict(dev="hda"), ["ide", "not virtio"]),
        (dict(bus="usb"), ["usb", "not virtio"]),
        (dict(dev="sda", model="lsilogic"), ["yes, controller 0's", "lsilogic"]),
        (dict(dev="sda", model="auto"), ["no, not controller 0's", "lsilogic"]),
        (dict(dev="sdh", model="virtio-scsi"), ["no, not controller 1's", "virtio-scsi"]),
        (dict(dev="sdo", machine="pseries"), ["no, not controller 2's", "ibmvscsi"]),
    ],
    ids=str,
)
def test_picture_names_what_was_taken(choices, box):
    """The bus that is not virtio, and the disk's own controller: seven disks go on each by name."""
    drawn = picture(infer(asked(**choices)))
    lines = written_in(drawn.inline())
    assert box in map(list, itertools.pairwise(lines)) and ": ".join(box) in drawn.says


# ---------------------------------------------------------------------------------------- the state


def test_explorer_follows_its_fields():
    """Another name, bus, machine or model, another answer."""
    explorer = BusExplorer()
    assert "virtio-blk-pci" in text_of(explorer.answers)
    explorer.dev.value = "sda"
    assert "lsilogic" in text_of(explorer.answers)
    explorer.model.value = "virtio-scsi"
    assert "the requests travel over virtio" in text_of(explorer.answers)
    explorer.bus.value = "sata"
    assert "a written bus always wins" in text_of(explorer.answers)
    explorer.bus.value = NOT_WRITTEN
    explorer.machine.index = 2
    explorer.dev.value = "vda"
    assert "virtio-blk-ccw" in text_of(explorer.answers)


def test_explorer_begins_as_it_is_told():
    """Also with a bus that libvirt does not know, and without a machine."""
    explorer = BusExplorer("sda", "cdrom", "virtoi", None, "auto")
    assert explorer.bus.value == "virtoi" and explorer.device.value == "cdrom"
    assert "<target dev='sda' bus='virtoi'/>" in text_of(explorer.xml)
    assert "<domain" not in text_of(explorer.xml) and "model='auto'" in text_of(explorer.xml)
    with pytest.raises(ValueError):
        BusExplorer(machine="no such machine")


def test_explorer_says_what_libvirt_refuses():
    """Each problem is a note; the change is marked in the XML."""
    explorer = BusExplorer()
    assert text_of(explorer.notes) == "No problem found."
    explorer.dev.value = "vda1"
    for problem in check(read(guest("vda1", None, None, "pc", None))):
        assert problem.message.replace("`", "") in text_of(explorer.notes)
    [changed] = html.fromstring(explorer.xml.value).iter("ins")
    assert "dev='vda1'" in changed.text_content()


@pytest.mark.parametrize("wrong", ["a\x01", "a" * 20_000_000], ids=["control character", "long"])
def test_what_cannot_be_written(wrong):
    """One sentence; all stays as it was, and the next good name is taken."""
    explorer = BusExplorer()
    before = explorer.static().text
    explorer.dev.value = wrong
    assert "all stays as it was" in text_of(explorer.notes) and explorer.static().text == before
    explorer.dev.value = "sda"
    assert "all stays" not in text_of(explorer.notes) and "'sda'" in text_of(explorer.xml)


def test_what_cannot_be_written_at_first():
    """There is nothing before it that could stay."""
    with pytest.raises(ValueError, match="U\\+0000"):
        BusExplorer("a\0")


def test_each_control_has_a_name():
    """For screen readers, and for whoever points at it."""
    for control in BusExplorer().controls:
        assert control.description and control.tooltip


def test_static_form():
    """Picture, answers, problems and XML, as HTML that the sanitizer keeps and as text."""
    bundle = BusExplorer("hda", machine="q35")._repr_mimebundle_()
    root = html.fromstring(f"<div>{bundle['text/html']}</div>")
    kept = {"div", "p", "ul", "li", "code", "span", "strong", "pre", "ins", "del", "mark", "img"}
    kept |= {"table", "thead", "tbody", "tr", "th", "td"}
    assert {element.tag for element in root.iter()} <= kept and not root.xpath("//@id")
    [image] = root.iter("img")
    told = " ".join([image.get("alt"), *root.text_content().split()])
    for said in (told, " ".join(bundle["text/plain"].split())):
        assert "How does the name begin? hd: ide. Which bus is it now? ide: not virtio." in said
        assert "hda begins with hd" in said and "<target dev='hda'/>" in said
        assert "q35" in said and "error" in said
    assert "that of unknown is thick" in root.text_content()


def test_a_change_is_quick():
    """5 ms at the median in the kernel."""
    change = partial(setattr, BusExplorer().dev, "value")
    assert cost.seconds_of(change, ["sda", "vda", "hda"]) < cost.WIDGET
