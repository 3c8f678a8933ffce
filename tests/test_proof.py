"""The Proof widget and its views: the record everywhere, the real thing where it is installed."""

import copy
import re

import pytest
from lxml import html

from virtiolab.data import facts
from virtiolab.evidence import NoAnswer, NotInstalled
from virtiolab.evidence.arguments import explained
from virtiolab.evidence.lessons import Lesson, lessons
from virtiolab.evidence.libvirt import Libvirt
from virtiolab.evidence.record import recorded
from virtiolab.evidence.rungs import RUNGS, Climber, shared
from virtiolab.evidence.sandbox import Sandbox
from virtiolab.views.ladder import in_words, proof, size
from virtiolab.widgets import Proof
from virtiolab.widgets import proof as widget

each_lesson = pytest.mark.parametrize("name", lessons())


def text_of(shown):
    """What a person reads of HTML, in one line."""
    return " ".join(html.fromstring(shown).text_content().split())


def waited(shown):
    """The widget, once its thread has asked."""
    shown.asking.join(60)
    assert not shown.asking.is_alive()
    return shown


@pytest.fixture
def nothing_installed(monkeypatch):
    """As on a machine without libvirt."""

    def missing(*_):
        raise NotInstalled("libvirt is not installed: get it")

    monkeypatch.setattr(widget, "shared", missing)


@each_lesson
def test_the_static_form_is_the_record(name, nothing_installed):
    """It says so; every rung is a row with something in it, as HTML and as text."""
    shown = waited(Proof(name))
    for said in (text_of(shown.static().html), shown.static().text):
        assert f"This is a record of libvirt {recorded()['versions']['libvirt']} with QEMU" in said
        assert lessons()[name].says in said and not re.search(r"\bNone\b|[{]'|``", said)
    rows = html.fromstring(shown.static().html).findall(".//tr")
    titles = ["1 Schema", "2 libvirt", "3 QEMU's arguments", "4 QEMU, stopped", "5 The guest"]
    assert [row.find("th").text for row in rows] == titles
    assert all(len(row.find("td").text_content()) > 20 for row in rows)
    assert all(title in shown.static().text for title in titles)


def test_only_some_rungs(nothing_installed):
    """In the order in which they are named."""
    shown = waited(Proof("first", "guest", "libvirt"))
    rows = html.fromstring(shown.static().html).findall(".//th")
    assert [row.text for row in rows] == ["5 The guest", "2 libvirt"]


def test_the_line_that_settles_it(nothing_installed):
    """Is marked, in both forms, and it is the one of the device or of the controller."""
    for name, driver in [("first", "virtio-blk-pci"), ("virtio-scsi", "virtio-scsi-pci")]:
        shown = waited(Proof(name, "arguments"))
        [mark] = html.fromstring(shown.static().html).findall(".//mark")
        [line] = [line for line in shown.static().text.splitlines() if line.startswith("=>")]
        assert mark.text == line.removeprefix("=>  ") and f'"driver": "{driver}"' in mark.text


def test_what_the_guest_says(nothing_installed):
    """Names that differ, and a qcow2 file that is taken for a disk."""
    ide = Proof("ide", "guest").static().text
    assert "The guest calls it sda; the XML calls it hda." in ide
    missing = Proof("missing-type", "guest").static().text
    assert "Its size is 384 KiB." in missing and "It begins with QFI" in missing
    refused = Proof("lun", "guest").static().text
    assert "Not reached: libvirt refuses this guest." in refused


def test_where_nothing_is_installed(nothing_installed):
    """The record, and how to get the real thing; nothing to press."""
    shown = waited(Proof("first"))
    assert "This is a record" in shown.shown.value
    assert "Not asked here: libvirt is not installed: get it" in shown.doing.value
    assert shown.boot.layout.display == "none"


@pytest.mark.live
def test_a_climb_asks_once(libvirt, monkeypatch):
    """About the guest, and about it with images of ours; all rungs work in one sandbox."""
    asked, sandboxes, ask, make = [], [], Libvirt.ask, Sandbox.__init__
    monkeypatch.setattr(Libvirt, "ask", lambda *of, **how: asked.append(of) or ask(*of, **how))
    monkeypatch.setattr(Sandbox, "__init__", lambda one: sandboxes.append(one) or make(one))
    lesson = lessons()["missing-type"]
    with Climber() as climber:
        for rung in ("schema", "libvirt", "arguments", "qemu", "qemu"):
            climber.climb(rung, lesson.domain, lesson.formats)
        assert {path.name for path in sandboxes[0].folder.iterdir()} == {"libvirt"}
    assert (len(asked), len(sandboxes)) == (2, 1)


@pytest.mark.live
def test_a_crash_is_asked_again(libvirt, monkeypatch):
    """The next time it may be an answer."""
    lesson = lessons()["first"]
    with Climber() as climber:
        with monkeypatch.context() as patched:
            patched.setattr(climber.libvirt._client, "_next_line", crash)
            assert not climber.ask(lesson.domain).answered
        assert climber.ask(lesson.domain).answered


def crash():
    """As of a process that dies."""
    raise NoAnswer("libvirt itself crashed")


@pytest.mark.live
def test_asked_live(libvirt):
    """It says so, and whether the record is the same; where another version says something else, what
    is recorded stands below it."""
    shown = waited(Proof("second"))
    text = text_of(shown.shown.value)
    here, there = in_words(libvirt.versions), in_words(recorded()["versions"])
    assert f"Asked here, just now: {here}" in text
    differs = shown._said != shown._recorded
    assert ("says the same as the record" in text) is not differs
    assert (f"What {there} said, as recorded:" in text) is differs
    assert not differs or here != there
    assert shown.boot.layout.display == "" and "Rung 5 is the record" in shown.doing.value


def bar(shown):
    """How far the bars in some HTML are."""
    return [float(one.get("value")) for one in html.fromstring(shown).iter("progress")]


@pytest.mark.live
@pytest.mark.timeout(900)  # the first to boot it fetches its kernel
def test_booted_live(libvirt):
    """The button starts a guest; its bar moves, and then it is said that it was booted here."""
    shown = waited(Proof("ide", "guest"))
    parts = []
    shown.doing.observe(lambda change: parts.extend(bar(change["new"])), "value")
    shown.boot.click()
    assert shown.boot.disabled
    waited(shown)
    assert "The guest was booted here, just now." in shown.doing.value
    assert len(parts) > 20 and parts == sorted(parts)
    assert not shown.boot.disabled and not bar(shown.doing.value)


@pytest.mark.live
@pytest.mark.parametrize(
    ("program", "said"),
    [("#!/bin/sh\nexit 0\n", "Not asked here: QEMU ended before the guest spoke."),
     ("#!/bin/sh\necho out of memory >&2\nexit 1\n", "QEMU did not boot the guest.")],
)  # fmt: skip
def test_qemu_ends_early(libvirt, monkeypatch, tmp_path, program, said):
    """Then nobody says that the guest was booted."""
    ending = tmp_path / "qemu-system-x86_64"
    ending.write_text(program, encoding="utf-8")
    ending.chmod(0o755)
    shown = waited(Proof("ide", "guest"))
    monkeypatch.setattr("virtiolab.evidence.qemu.program", lambda name: str(ending))
    monkeypatch.setattr("virtiolab.evidence.guest._booting", lambda *_: [])
    monkeypatch.setattr("virtiolab.evidence.guest.kernel", lambda *_: None)
    shown.boot.click()
    waited(shown)
    assert said in shown.doing.value and "was booted" not in shown.doing.value


@pytest.mark.live
def test_only_the_guest_is_missing(libvirt, monkeypatch):
    """What could be asked stays as it was asked; a sentence says what could not."""

    def missing(*_):
        raise NotInstalled("no kernel")

    shown = waited(Proof("ide", "libvirt", "guest"))
    monkeypatch.setattr("virtiolab.evidence.guest.kernel", missing)
    shown.boot.click()
    waited(shown)
    assert "Asked here, just now" in shown.shown.value
    assert "Not asked here: no kernel." in shown.doing.value


def test_where_the_kind_of_device_comes_from(nothing_installed):
    """From the name, if no bus is written; if one is, from that."""
    unwritten, written = (Proof(name, "arguments").static().text for name in ("first", "second"))
    assert "From target/@dev (as no target/@bus is written), disk/@device" in joined(unwritten)
    assert "From target/@bus, disk/@device" in joined(written)


def joined(text):
    """In one line."""
    return " ".join(text.split())


@pytest.mark.live
def test_accepted_without_arguments(libvirt):
    """Of Xen's bus libvirt accepts the definition, and refuses to make arguments for QEMU."""
    disk = "<disk><source file='/a'/><target dev='xvda'/></disk>"
    lesson = Lesson("xen", "A disk on Xen's bus", disk)
    climber = shared()
    said = {rung: climber.climb(rung, lesson.domain) for rung in RUNGS}
    text = joined(proof(lesson, said).text)
    assert "2 libvirt Accepted, and written back as: <disk" in text
    assert "3 QEMU's arguments Refused: internal error: unsupported disk bus 'xen'" in text
    assert text.count("Not reached: libvirt makes no arguments for this guest.") == 2


def test_refused_by_qemu():
    """Is not said to be libvirt's doing."""
    said = {"guest": {"refusal": "out of memory", "by": "QEMU"}}
    assert "QEMU refuses it: out of memory." in proof(lessons()["first"], said).text


@pytest.mark.live
def test_another_answer_than_the_record(libvirt, monkeypatch):
    """Is not hidden."""
    other = copy.deepcopy(recorded())
    other["lessons"]["second"]["libvirt"]["xml"] = ["<disk/>"]
    monkeypatch.setattr(widget, "recorded", lambda: other)
    shown = waited(Proof("second", "libvirt"))
    assert "does not say the same (libvirt" in shown.shown.value


@pytest.mark.parametrize(
    ("number", "said"),
    [(16 << 20, "16 MiB"), (393216, "384 KiB"), (2949120, "2,880 KiB"), (512, "0.5 KiB")],
)
def test_size(number, said):
    """As people say it."""
    assert size(number) == said


def test_what_is_off_is_not_explained_as_on():
    """A sentence about a switch holds for both of its values."""
    off = {}
    for name, said in recorded()["lessons"].items():
        disks = {disk.target: disk for disk in lessons()[name].domain.disks}
        for target, given in said["arguments"].get("arguments", {}).items():
            keys = [key for one in explained(given, disks[target]) for key in one.keys]
            off |= {
                key.name: key.meaning for key in keys if key.value is False or key.value == "off"
            }
    assert {"cache.no-flush", "read-only"} <= off.keys()
    assert [name for name in off if not off[name].startswith("Whether ")] == []
    for table in facts("evidence/arguments.toml").values():
        assert [said for said, *_ in table.values() if said.startswith(("true:", "on:"))] == []
