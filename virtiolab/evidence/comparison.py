"""Compares, for each disk of a domain, what is inferred with what the real libvirt says; with the
schema's word and QEMU's arguments beside it."""

from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from ..data import dotted
from ..document import Disk, Domain
from ..inference import infer
from ..xml import one_line
from . import NoAnswer
from .arguments import Argument, arguments, controller, devices, is_unclear
from .guests import alone, candidates, on_its_machine
from .libvirt import Answer
from .rungs import Climber
from .schema import Fault

# The answers that libvirt gives too. Not the cache: it writes back only what was written.
ROWS = (
    "type", "device", "bus", "driver", "format", "readonly", "snapshot", "address", "controller",
    "qemu_device", "virtio",
)  # fmt: skip

_NAMED_BY = {"file": "file", "block": "dev", "dir": "dir"}  # what a source has that is not empty


@dataclass(frozen=True)
class Compared:
    """What is inferred of one disk, and what the real thing says.

    `faults`: of the schema; a str says why it gave no answer. `answer`: libvirt's about the guest,
    or, where it refuses that, about the guest with this disk alone. `inferred` and `said` are our
    answers and libvirt's by row, `said` empty where it writes nothing back, `arguments` where it
    makes none. `elsewhere` are our answers that are other ones for the libvirt that was meant, if that
    is not the one that was asked.
    """

    disk: Disk
    faults: list[Fault] | str
    answer: Answer
    inferred: dict[str, object]
    said: dict[str, object]
    arguments: list[Argument]
    elsewhere: dict[str, object]

    @property
    def disagreements(self) -> list[str]:
        """The rows in which libvirt says something else."""
        return [row for row in self.said if self.said[row] != self.inferred[row]]

    def as_dict(self) -> dict:
        """The same for JSON."""
        faults = self.faults
        return {
            "target": self.disk.target,
            "line": self.disk.line,
            "schema": faults if isinstance(faults, str) else [one._asdict() for one in faults],
            "refusal": self.answer.refusal if self.answer.is_refused else None,
            "generic_refusal": self.answer.generic_refusal,
            "said": {
                row: {"virtiolab": self.inferred[row], "libvirt": value}
                for row, value in self.said.items()
            },
            "disagreements": self.disagreements,
            "elsewhere": self.elsewhere,
            "arguments": [one.as_dict() for one in self.arguments],
        }


@dataclass(frozen=True)
class Comparison:
    """Of all disks of a domain. `versions` are those of libvirt and QEMU, `meant` that of the libvirt
    that the domain is for; `refusal` is libvirt's of the guest as it is, `answer` what it says of the
    guest that was asked about; `notes` say where that is another, and what cannot be told."""

    disks: list[Compared]
    versions: dict[str, str]
    meant: str
    answer: Answer
    notes: list[str]
    refusal: str | None = None

    def as_dict(self) -> dict:
        """The same for JSON."""
        said = {**self.versions, "meant": self.meant, "refusal": self.refusal}
        disks = [one.as_dict() for one in self.disks]
        return {**said, "notes": self.notes, "disks": disks}


def compare(domain: Domain, climber: Climber) -> Comparison:
    """Ask about a domain, or about as much of it as libvirt accepts here; if it refuses also the disks
    alone, about each of them.

    What libvirt says is held to the answers for that libvirt, whichever the domain is for.
    """
    asked_of = climber.libvirt.version
    guest, answer, refusal, notes = _nearest(Domain(domain.element, asked_of), climber)
    if answer.refusal is None or len(guest.disks) == 1:
        asked = [(guest, answer)]
    else:
        asked = [(one, climber.ask(one)) for one in alone(guest)]
    disks = []
    for one, said in asked:
        meant = Domain(one.element, domain.libvirt).disks
        its = on_its_machine(one, said.root) if said.is_defined else one
        for disk, other in zip(its.disks, meant, strict=True):
            faults: list[Fault] | str
            try:
                faults = climber.schema.faults(disk)
            except NoAnswer as silence:
                faults = str(silence)
            theirs = said_by_libvirt(said).get(disk.target, {}) if said.is_defined else {}
            ours, told = inferred(disk), arguments(said, disk)
            differs = domain.libvirt != asked_of
            elsewhere = {row: v for row, v in inferred(other).items() if differs and v != ours[row]}
            disks.append(Compared(disk, faults, said, ours, theirs, told, elsewhere))
    if any(is_unclear(said) for _, said in asked):
        notes.append("Which of QEMU's devices is which disk cannot be told here.")
    return Comparison(
        disks, climber.libvirt.versions, dotted(domain.libvirt), answer, notes, refusal
    )


def _nearest(domain: Domain, climber: Climber) -> tuple[Domain, Answer, str | None, list[str]]:
    """The guest to ask about, with libvirt's answer; how libvirt refuses the domain, and what to say.

    It is the nearest that libvirt accepts. Where it accepts none: of a part of a guest the first; a whole
    one as it is, unless libvirt finds another fault with its disks alone.
    """
    asked = []
    for guest, note in candidates(domain):
        asked.append((guest, answer := climber.ask(guest), note))
        if not (answer.is_refused and answer.answered):
            break
    guest, answer, note = asked[-1 if not domain.complete and not answer.is_refused else 0]
    refusal = answer.refusal if answer.is_refused else None
    notes, said = [note] if note else [], one_line(asked[0][1].refusal or "", 300).rstrip(".")
    if domain.complete and len(asked) > 1 and asked[-1][1].refusal != refusal:
        guest, answer, note = asked[-1]
        notes += [f"As it is, libvirt refuses this guest: {said}.", note]
    elif not domain.complete and guest is not asked[0][0]:
        notes.append(f"In one with machine pc and no more, libvirt refuses it: {said}.")
    return guest, answer, refusal, notes


def inferred(disk: Disk) -> dict[str, object]:
    """Our answers about a disk, in a form in which libvirt gives them too."""
    answers = infer(disk)
    said = {row: getattr(answers, row).value for row in ROWS}
    said["type"] = _type_of_medium(said["type"], disk.child("source"))
    return said | {"address": _comparable(said["address"])}


@lru_cache(maxsize=4)
def said_by_libvirt(answer: Answer) -> dict[str, dict[str, object]]:
    """By target: what libvirt wrote back, and the device that it gives QEMU, as the same rows."""
    controllers = answer.root.iterfind("devices/controller")
    models = {(one.get("type"), one.get("index")): one.get("model") for one in controllers}
    given, said = devices(answer), {}
    for disk in answer.root.iterfind("devices/disk"):
        target = disk.find("target").get("dev")
        said[target] = _written_back(disk, models)
        if device := given.get(target):  # else libvirt gives QEMU no such device
            driver, holder = device["driver"], controller(answer, device) or {}
            said[target]["qemu_device"] = driver
            said[target]["virtio"] = driver.startswith(
                ("virtio-blk", "vhost-user-blk")
            ) or holder.get("driver", "").startswith("virtio-scsi")
    return said


def _type_of_medium(type: str, source: etree._Element | None) -> str | None:
    """None for an empty drive, which is written back as a file, whatever it was."""
    named = _NAMED_BY.get(type)
    is_empty = source is None or (named is not None and not source.get(named))
    return None if is_empty else type


def _written_back(disk: etree._Element, models: dict) -> dict[str, object]:
    bus, readonly = disk.find("target").get("bus"), disk.find("readonly") is not None
    address, holder = disk.find("address"), None
    place = None if address is None else dict(address.items())
    if place and place["type"] == "drive":
        index = place["controller"]
        if (bus, index) in models:  # of bus sd there is none, whatever the address says
            holder = {"type": bus, "index": int(index), "model": models[bus, index]}
        place = {name: value if name == "type" else int(value) for name, value in place.items()}
    return {
        "type": _type_of_medium(disk.get("type"), disk.find("source")),
        "device": disk.get("device"),
        "bus": bus,
        "driver": disk.find("driver").get("name"),
        "format": disk.find("driver").get("type"),
        "readonly": readonly,
        # virDomainDiskDefFormat does not write the "no" of a read-only disk.
        "snapshot": disk.get("snapshot") or ("no" if readonly else None),
        "address": _comparable(place),
        "controller": holder,
    }


def _comparable(place: dict | None) -> dict | None:
    """Of a drive's address everything; of others the type, as libvirt picks the numbers."""
    return place if place is None or place["type"] == "drive" else {"type": place["type"]}
