"""Notebook 07: what stands in it as text or as a picture is what the real thing says."""

from pathlib import Path

import nbformat
import pytest
from lxml import etree
from test_command_line import run  # noqa: F401 (a fixture)

from virtiolab.course.tasks import predictions
from virtiolab.evidence.images import stand_ins
from virtiolab.evidence.lessons import Lesson, lessons
from virtiolab.evidence.qemu import Qemu, Refused
from virtiolab.evidence.record import recorded
from virtiolab.views.ladder import TITLES, in_words

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PROSE, CODE = (
    "\n".join(
        cell.source
        for cell in nbformat.read(NOTEBOOKS / "07_prove_it.ipynb", 4).cells
        if cell.cell_type == kind
    )
    for kind in ("markdown", "code")
)


@pytest.mark.live
def test_ask_is_shown_as_it_answers(run, libvirt):
    """Two pieces of the output of `virtiolab ask`, of the libvirt on record; a … leaves out what is
    between them."""
    here, there = in_words(libvirt.versions), in_words(recorded()["versions"])
    _, out, _ = run("ask", "-", stdin=lessons()["two-targets"].disks.strip().encode())
    shown = PROSE.split("virtiolab ask disk.xml\n```")[1].split("```")[1].strip("\n")
    for piece in shown.split("\n…\n"):
        assert " ".join(piece.replace(there, here).split()) in " ".join(" ".join(out).split())


def drawn(picture):
    """The words of a picture, in their order."""
    words = "".join(etree.parse(NOTEBOOKS / "pictures" / picture).getroot().itertext())
    return " ".join(words.split())


@pytest.mark.parametrize("picture", ["ladder.svg", "forms.svg"])
def test_the_ladder_has_the_rungs_of_the_table(picture):
    """Upright as in 01 or laid on its side, it numbers and names them as the widget does; and so does
    the text for whoever does not see it."""
    for number, title in enumerate(TITLES.values(), 1):
        assert f"{number} {title}" in drawn(picture) and f"{number} {title}" in PROSE


@pytest.mark.parametrize("name", ["two-targets", "native-io", "sata"])
def test_the_disks_in_the_prose_are_the_lessons(name):
    """What a learner reads is what was asked about."""
    assert lessons()[name].disks.strip() in PROSE


def test_the_sata_disk_tells_itself_only_where_it_is_plugged_in():
    """No controller among its arguments; a built-in one in its place, and another for IDE."""
    asked = recorded()["lessons"]
    given = [one for flag, one, _ in asked["sata"]["arguments"]["arguments"]["sda"]]
    assert {one["driver"] for one in given} - {"raw"} == {"file", "ide-hd"}
    assert (given[-1]["bus"], given[-1]["id"]) == ("ide.0", "sata0-0-0")
    assert "ich9-ahci" in asked["sata"]["qemu"]["disks"]["sda"]["place"]
    assert "piix3-ide" in asked["ide"]["qemu"]["disks"]["hda"]["place"]


@pytest.mark.live
def test_a_missing_image_is_noticed_on_rung_4(libvirt):
    """libvirt writes the arguments for it as for any other; QEMU does not start."""
    with stand_ins(libvirt.sandbox, libvirt.ask(lessons()["ide"].domain)) as made:
        made.images["hda"].unlink()
        answer = libvirt.ask(made.domain)
        assert answer.refusal is None
        with pytest.raises(Refused, match="No such file"), Qemu(made, answer):
            pass


@pytest.mark.live
def test_define_takes_what_libvirt_then_refuses(libvirt):
    """A disk on the bus xen."""
    disk = "<disk><source file='/images/a.img'/><target dev='xvda' bus='xen'/></disk>"
    answer = libvirt.ask(Lesson("xen", "On Xen's bus", disk).domain)
    assert answer.xml and "unsupported disk bus 'xen'" in answer.refusal


def test_the_guest_does_not_see_the_format():
    """Of a qcow2 image and of a raw one past the page cache it says the same, to the last word."""
    asked = recorded()["lessons"]
    first, second = asked["first"], asked["second"]
    assert first["guest"] == second["guest"]
    assert first["qemu"]["disks"]["vda"]["format"] != second["qemu"]["disks"]["vda"]["format"]
    assert first["qemu"]["files"][0]["direct"] != second["qemu"]["files"][0]["direct"]


def test_a_second_target_leaves_no_trace():
    """What libvirt writes back is that of a disk without it, which is valid."""
    asked = recorded()["lessons"]
    assert asked["two-targets"]["libvirt"]["xml"] == asked["ide"]["libvirt"]["xml"]
    assert asked["two-targets"]["schema"]["faults"] and not asked["ide"]["schema"]["faults"]


def test_the_evidence_is_that_of_the_prediction():
    """The way that a cell prints is the one by which the test of the predictions goes."""
    way = " › ".join(map(str, predictions()["prove-already-open"]["record"]))
    assert f'print("{way}:", files[0]["direct"])' in CODE


def test_so_many_lessons_never_start():
    """As the prose counts them; of the others, each has one disk in its guest."""
    guests = [said["guest"] for said in recorded()["lessons"].values()]
    refused = [guest for guest in guests if guest.get("by") == "libvirt"]
    assert "Five lessons never start" in PROSE and len(refused) == 5
    assert all(len(guest["disks"]) == 1 for guest in guests if guest not in refused)
