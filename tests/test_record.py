"""The record: what it holds, and that the real thing still says the same."""

import copy
import json
import re

import pytest

from virtiolab import infer
from virtiolab.evidence import NotInstalled
from virtiolab.evidence.__main__ import of_experiments, of_lesson
from virtiolab.evidence.lessons import lessons
from virtiolab.evidence.record import recorded
from virtiolab.evidence.rungs import RUNGS, Climber
from virtiolab.refusals import check, mend

each_lesson = pytest.mark.parametrize("name", lessons())
# Of the document's six, three start today; mended, all do.
REFUSED = {"lun", "floppy", "network", "ide-on-q35", "native-io"}


@pytest.fixture(scope="module")
def climber():
    """The real thing, whichever version it is."""
    try:
        climbing = Climber()
    except NotInstalled as missing:
        pytest.skip(str(missing))
    with climbing:
        yield climbing


def is_of_the_record(climber):
    """Whether here is what is on record; of the guest's kernel and of small fixes nothing depends."""
    here, there = climber.libvirt.versions, recorded()["versions"]
    return all(here[name].split(".")[:2] == there[name].split(".")[:2] for name in here)


def whatever_the_version(said):
    """Of what is said that which every libvirt and every QEMU says: who refuses, not in which words;
    of the arguments the devices, not the layers of the images."""
    if isinstance(said, list):
        return [*map(whatever_the_version, said)]
    if not isinstance(said, dict):
        return said
    kept = {name: whatever_the_version(value) for name, value in said.items()}
    for name in {"refusal", "generic_refusal", "why"} & kept.keys():
        kept[name] = kept[name] is not None
    if "arguments" in kept and "schema" not in kept:  # of the rung, not of the lesson
        kept["arguments"] = {
            target: [(one["driver"], one["id"]) for flag, one, _ in given if flag == "-device"]
            for target, given in kept["arguments"].items()
        }
    return kept


def assert_as_recorded(climber, said, kept):
    """Everything is as recorded; of another version, what does not depend on it."""
    if is_of_the_record(climber):
        assert said == kept
    assert whatever_the_version(said) == whatever_the_version(kept)


@pytest.mark.live
@pytest.mark.timeout(900)  # the first to boot it fetches its kernel
@each_lesson
def test_lessons_are_as_recorded(climber, name):
    """All five rungs, asked again; the guest boots."""
    assert_as_recorded(climber, of_lesson(climber, lessons()[name]), recorded()["lessons"][name])


@pytest.mark.live
def test_experiments_are_as_recorded(climber):
    """Cache modes, two readings of one image, snapshots and NBD; but for snapshots for which libvirt
    lacks a package here, as none does in the record."""
    said, kept = of_experiments(climber), copy.deepcopy(recorded()["experiments"])
    for case, one in said["snapshots"].items():
        assert "missing" not in kept["snapshots"][case]
        if "missing" in one:
            assert climber.libvirt.version < (12, 0, 0)
            kept["snapshots"][case] = one
    assert_as_recorded(climber, said, kept)


@each_lesson
def test_five_rungs(name):
    """Each lesson has them all; what is refused has the reason on those that it never reaches."""
    said = recorded()["lessons"][name]
    assert tuple(said) == RUNGS
    assert bool(said["libvirt"]["refusal"]) is (name in REFUSED)
    for rung in ("arguments", "qemu", "guest"):
        assert ("refusal" in said[rung]) is (name in REFUSED)


@each_lesson
def test_the_guest_agrees_with_us(name):
    """Whether a virtio driver stands above the disk in the booted guest, as infer() says."""
    lesson = lessons()[name]
    seen = {disk["target"]: disk for disk in recorded()["lessons"][name]["guest"].get("disks", [])}
    for disk in lesson.domain.disks if name not in REFUSED else ():
        drivers = seen.get(disk.target, seen.get(None))["drivers"]
        assert infer(disk).virtio.value is any(d.startswith("virtio_") for d in drivers)


@each_lesson
def test_check_agrees_with_libvirt(name):
    """An error where it refuses, none where it does not."""
    errors = [p for p in check(lessons()[name].domain) if p.severity == "error"]
    assert bool(errors) is (name in REFUSED)


@pytest.mark.parametrize("name", [name for name in lessons() if name.endswith("-mended")])
def test_mended_by_the_smallest_change(name):
    """What our own fixes make of the document's disk is the disk that is recorded."""
    broken = lessons()[name.removesuffix("-mended")].domain
    assert names(mend(broken)) == names(lessons()[name].domain)


def names(domain):
    """Every element and attribute of the devices, in any order."""
    devices = domain.devices[0]
    return sorted((e.tag, sorted(e.items())) for e in devices.iter() if e is not devices)


def test_what_the_experiments_show():
    """The facts that the course stands on."""
    found = recorded()["experiments"]
    direct = {mode["mode"]: mode["o_direct"] for mode in found["caches"]}
    assert direct == {
        None: False, "default": False, "none": True, "writethrough": False, "writeback": False,
        "directsync": True, "unsafe": False,
    }  # fmt: skip
    assert found["readings"]["raw"]["size"] < found["readings"]["qcow2"]["size"] == 16 << 20
    assert found["readings"]["raw"]["begins"].startswith("QFI")
    assert [f["snapshots"] for f in found["snapshots"]["internal, qcow2"]["files"]] == [["before"]]
    assert [f["backing"] for f in found["snapshots"]["external, raw"]["files"]] == [
        None,
        "disk0.raw",
    ]
    assert {name for name, said in found["snapshots"].items() if "refusal" in said} == {
        "internal, raw", "internal, read-only", "external, read-only", "internal, one left out",
        "internal, block device", "external, block device",
    }  # fmt: skip
    assert "all disks" in found["snapshots"]["internal, one left out"]["refusal"]
    assert found["nbd"] == {"driver": "nbd", "size": 16 << 20, "files": 0}


def test_nothing_of_a_machine_is_kept():
    """No path of where it was asked, no id that is another tomorrow."""
    text = json.dumps(recorded())
    assert not re.search(r"/(tmp/virtiolab|home|root|work|Users)/|[0-9a-f]{8}-[0-9a-f]{4}-", text)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", recorded()["asked"])
