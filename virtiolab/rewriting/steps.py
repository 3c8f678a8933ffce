"""What the guest needs to survive the change: what is to be known, and what is to be done."""

from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

from ..data import facts
from ..document import Disk, Domain
from ..inference import Inferences, infer
from ..refusals.boot import displaced_by
from ..targets import disk_number, usual_name
from ..xml import one_line

_HARD_DISKS = ("disk", "lun")
_LINUX_NAMES = {"virtio": "vda", "xen": "xvda", "nvme": "nvme0n1"}  # of others: sda
_WINDOWS_ARCHS = (None, "x86_64", "i686", "aarch64")
_OSINFO = "{http://libosinfo.org/xmlns/libvirt/domain/1.0}os"


class Step(NamedTuple):
    """One thing to do: a sentence, and what is to be typed for it, line by line."""

    say: str
    run: tuple[str, ...]


class Part(NamedTuple):
    """Some steps that belong together, such as those in a Linux guest."""

    title: str
    steps: tuple[Step, ...]


def known() -> dict[str, Any]:
    """What is known of conversions."""
    return facts("rewriting/conversion.toml")


def say(sentence: str, **named) -> str:
    """A sentence with its words in braces filled in, from whatever XML they may come."""
    return sentence.format(**{name: one_line(str(value), 80) for name, value in named.items()})


def notes(disk: Disk, after: Disk, controller_added: bool) -> Iterator[str]:
    """What is to be known of this conversion: the name, what is virtio on SCSI, and the boot order."""
    said, own, answers = known()["notes"], disk_number(disk.target), infer(after)
    is_free = answers.bus.value != "nvme"  # where each disk becomes a drive of its own
    wanted = usual_name(answers.bus.value, own) if own is not None and is_free else None
    if wanted and wanted != after.target:
        yield say(said["name-taken"], new=after.target, wanted=wanted)
    if answers.bus.value == "nvme" and not disk.element.findtext("serial"):
        yield say(said["serial-added"], serial=after.element.findtext("serial"))
    place = (answers.controller.value or {}) if answers.bus.value == "scsi" else None
    if place is not None and controller_added:
        key = "controller-added" if after.domain.complete else "controller-elsewhere"
        yield say(said[key], index=place["index"])
    elif place is not None and answers.virtio.value is None:
        yield answers.virtio.reason
    elif place is not None and not answers.virtio.value:
        yield say(said["controller-other"], index=place["index"], model=place["model"])
    moved = [
        str(one.target)
        for old, one in zip(disk.domain.disks, after.domain.disks)
        if one != after and infer(old).controller.value != infer(one).controller.value
    ]
    if moved:
        yield say(said["others-moved"], names=", ".join(moved[:5]) + ", …" * (len(moved) > 5))
    if first := displaced_by(disk.domain, after.domain):
        yield say(said["boot"], first=first)


def parts(disk: Disk, after: Disk) -> Iterator[Part]:
    """The steps that concern this conversion, in their order."""
    systems, case = _systems(disk.domain), _case(disk, after)

    def concerns(step: dict) -> bool:
        conditions = step.get("when", {}).items()
        is_for_system = step.get("system") in (None, *systems)
        return is_for_system and all(case[fact] in values for fact, values in conditions)

    for part in filter(concerns, known()["parts"]):
        steps = [
            Step(say(step["say"], **case), tuple(say(one, **case) for one in step.get("run", ())))
            for step in filter(concerns, part["steps"])
        ]
        if steps:
            yield Part(part["title"], tuple(steps))


def _systems(domain: Domain) -> set[str]:
    """What may run in the guest: virt-manager and virt-install write down what does."""
    ids = [system.get("id", "") for system in domain.element.iterfind(f"metadata//{_OSINFO}")]
    if any("microsoft.com" in system for system in ids):
        return {"windows"}
    return {"linux"} if ids or domain.arch not in _WINDOWS_ARCHS else {"linux", "windows"}


def _case(disk: Disk, after: Disk) -> dict[str, str]:
    """What the steps depend on, and what their sentences name."""
    answers = infer(after)
    bus, driver = answers.bus.value, _driver(answers)
    old_name, new_name = (_LINUX_NAMES.get(one, "sda") for one in (infer(disk).bus.value, bus))
    machine, drivers = disk.domain.kind, known()["drivers"][driver]
    carrier = (machine and machine.transport) or "pci"
    modules = drivers["linux"].format(carrier=known()["carriers"][carrier]).split()
    others = ((one, infer(one)) for one in after.domain.disks if one != after)
    helpers = (
        one.target
        for one, its in others
        if its.device.value in _HARD_DISKS and _driver(its) == driver
    )
    helper = next(helpers, None)
    # One that has to be added comes behind this one, on the same bus.
    taken, own = {one.target for one in after.domain.disks}, disk_number(after.target) or 0
    names = (usual_name(bus, number) for number in count(own + 1))
    return {
        "device": "disk" if answers.device.value in _HARD_DISKS else "cdrom",
        "bus": bus,
        "driver": driver,
        "named": "alike" if old_name == new_name else "anew",
        "old_name": old_name,
        "new_name": new_name,
        "helper": "there" if helper else "needed",
        "helper_disk": helper or next(name for name in names if name not in taken),
        "carrier": carrier,
        "linux": " ".join(modules),
        "module": modules[0],
        "modules": " and ".join(f"`{module}`" for module in modules),
        "windows": drivers["windows"],
    }


def _driver(answers: Inferences) -> str:
    """What drives a disk in the guest, as a key of `drivers`."""
    controller = answers.controller.value if answers.bus.value == "scsi" else None
    model = controller["model"] if controller else None
    driver = answers.virtio_device or model or answers.bus.value
    return driver if driver in known()["drivers"] else "scsi"
