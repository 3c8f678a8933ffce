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


def known() -> dict[str, Any]:
    """What is known of conversions."""
    return facts("rewriting/conversion.toml")


def say(sentence: str, **named) -> str:
    """A sentence with its words in braces filled in, from whatever XML they may come."""
    return sentence.format(**{name: one_line(str(value), 80) for name, value in named.items()})


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


def notes(disk: Disk, after: Disk, controller_added: bool) -> Iterator[str]:
    """What is to be known of this conversion."""
    said, own = known()["notes"], disk_number(disk.target)
    wanted = None if own is None else usual_name(infer(after).bus.value, own)
    if wanted and wanted != after.target:
        yield say(said["name-taken"], new=after.target, wanted=wanted)
    if infer(after).bus.value == "scsi":
        yield from _about_controller(after, controller_added)
    if first := displaced_by(disk.domain, after.domain):
        yield say(said["boot"], first=first)


def _about_controller(after: Disk, is_added: bool) -> Iterator[str]:
    """Whether the SCSI controller makes the disk virtio."""
    said, virtio = known()["notes"], infer(after).virtio
    place = infer(after).controller.value or {}
    if is_added:
        key = "controller-added" if after.domain.complete else "controller-elsewhere"
        yield say(said[key], index=place["index"])
    elif virtio.value is None:
        yield virtio.reason
    elif not virtio.value:
        yield say(said["controller-other"], index=place["index"], model=place["model"])


def parts(disk: Disk, after: Disk) -> Iterator[Part]:
    """The steps that concern this conversion, in their order."""
    systems, case = _systems(disk.domain), _case(disk, after)
    for part in known()["parts"]:
        steps = [step for step in part["steps"] if _concerns(step, systems, case)]
        if steps and _concerns(part, systems, case):
            yield Part(part["title"], tuple(_step(step, case) for step in steps))


def _step(step: dict, case: dict[str, str]) -> Step:
    return Step(say(step["say"], **case), tuple(say(line, **case) for line in step.get("run", ())))


def _concerns(step: dict, systems: set[str], case: dict[str, str]) -> bool:
    conditions = step.get("when", {}).items()
    is_for_system = step.get("system") in (None, *systems)
    return is_for_system and all(case[fact] in values for fact, values in conditions)


def _systems(domain: Domain) -> set[str]:
    """What may run in the guest: virt-manager and virt-install write down what does."""
    ids = [system.get("id", "") for system in domain.element.iterfind(f"metadata//{_OSINFO}")]
    if any("microsoft.com" in system for system in ids):
        return {"windows"}
    return {"linux"} if ids or domain.arch not in _WINDOWS_ARCHS else {"linux", "windows"}


def _case(disk: Disk, after: Disk) -> dict[str, str]:
    """What the steps depend on, and what their sentences name."""
    answers = infer(after)
    driver = _driver(answers)
    old_name, new_name = (
        _LINUX_NAMES.get(which.bus.value, "sda") for which in (infer(disk), answers)
    )
    helper = next(_other_disks_with(driver, after), None)
    return {
        "device": "disk" if answers.device.value in _HARD_DISKS else "cdrom",
        "bus": answers.bus.value,
        "driver": driver,
        "named": "alike" if old_name == new_name else "anew",
        "old_name": old_name,
        "new_name": new_name,
        "helper": "there" if helper else "needed",
        "helper_disk": helper or _name_behind(after),
    } | _in_the_guest(driver, disk.domain)


def _name_behind(disk: Disk) -> str:
    """A free name for a disk on the same bus that comes behind this one."""
    own, bus = disk_number(disk.target) or 0, infer(disk).bus.value
    taken = {other.target for other in disk.domain.disks}
    return next(name for n in count(own + 1) if (name := usual_name(bus, n)) not in taken)


def _in_the_guest(driver: str, domain: Domain) -> dict[str, str]:
    """What the drivers are called."""
    machine, names = domain.kind, known()["drivers"][driver]
    carrier = (machine and machine.transport) or "pci"
    modules = names["linux"].format(carrier=known()["carriers"][carrier]).split()
    return {
        "carrier": carrier,
        "linux": " ".join(modules),
        "module": modules[0],
        "modules": " and ".join(f"`{module}`" for module in modules),
        "windows": names["windows"],
    }


def _driver(answers: Inferences) -> str:
    """What drives a disk in the guest, as a key of `drivers`."""
    controller = answers.controller.value if answers.bus.value == "scsi" else None
    model = controller["model"] if controller else None
    driver = answers.virtio_device or model or answers.bus.value
    return driver if driver in known()["drivers"] else "scsi"


def _other_disks_with(driver: str, disk: Disk) -> Iterator[str]:
    """The names of the other hard disks that the same driver drives."""
    for other in disk.domain.disks:
        answers = infer(other)
        if other != disk and answers.device.value in _HARD_DISKS and _driver(answers) == driver:
            yield other.target
