"""Names and buses for disks that cannot keep theirs.

libvirt puts the disks of a guest in order by their names, so all names are given together, in the order
of the disks, and what one fix shows is what they do together.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

from lxml import etree

from ..document import Disk
from ..targets import NVME_SINCE, PREFIX_OF_BUS, disk_number, drive_address, prefix_of, usual_name
from .context import Context
from .problems import Problem, sentences

# By device, the buses that it can be on, the best first.
BUSES = {
    "disk": ("virtio", "scsi", "sata", "usb", "ide", "sd", "nvme", "xen", "uml"),
    "cdrom": ("sata", "scsi", "usb", "ide"),
    "floppy": ("fdc",),
    "lun": ("scsi",),
}
_PLACES = {"ide": 4, "fdc": 2}  # of the one controller that is built in


def give_names(disks: Sequence[Context], problems: Iterable[Problem]) -> None:
    """Give each fix in a guest with these disks the bus and the name that it speaks of, as facts.

    `same` is the bus of the disk if its device can be on it, else one `instead`; `free_same`,
    `free_instead`, `free_sata` are names that no other disk has, on such a bus.
    """
    wanting = [(problem, words) for problem in problems if (words := _wanted(problem.code))]
    if not wanting:
        return
    names = _Names(disks)
    wanting.sort(key=lambda one: names.order[one[0].disk.element])
    for problem, words in wanting:
        facts = problem.facts
        for word in words:
            name, bus = word.removeprefix("free_"), _bus(problem, word.removeprefix("free_"))
            if bus and word != name:
                free = names.free(problem.disk, bus, facts.get("whole"), name == "instead")
                facts |= {word: free} if free else {}
            elif bus:
                facts[word] = bus


@cache
def _wanted(code: str) -> tuple[str, ...]:
    """The words in the fix of a problem that are to be found here."""
    fix = " ".join(sentences()[code].get("fix", ()))
    return tuple(dict.fromkeys(re.findall(r"\{(free_\w+|same|instead)\}", fix)))


def is_renamed(problem: Problem) -> bool:
    """Whether its fix gives the disk a name."""
    return any(word.startswith("free_") for word in _wanted(problem.code))


def _bus(problem: Problem, name: str) -> str | None:
    """The bus that is meant by `same`, `instead` or its own name; None where there is none."""
    if name not in ("same", "instead"):
        return name
    device, bus = problem.facts["device"], problem.facts["bus"]
    buses = BUSES.get(device, BUSES["disk"])
    domain, machine = problem.disk.domain, problem.disk.domain.kind
    lacking = [*(machine.lacks if machine else ())]
    lacking += ["virtio"] * (machine is not None and not machine.transport)
    lacking += ["nvme"] * (domain.libvirt < NVME_SINCE)
    if name == "same" and bus in buses and (bus != "nvme" or "nvme" not in lacking):
        return bus
    # A machine without IDE (q35) has SATA for guests without virtio's drivers.
    has_no_ide = bus == "ide" and device == "disk" and "machine" in problem.facts
    others = (*["sata"] * has_no_ide, *buses)
    return next((other for other in others if other not in (bus, *lacking)), None)


class _Names:
    """The names of a guest's disks, and those that were given; `order` is that of the disks."""

    def __init__(self, disks: Sequence[Context]):
        self.order = {disk.element: number for number, disk in enumerate(disks)}
        self._names = Counter(disk.target for disk in disks)
        numbers = range(_PLACES["ide"])
        ide = {(*drive_address("ide", n).values(),): usual_name("ide", n) for n in numbers}
        hds = (one for one in disks if one.is_addressed and prefix_of(one.target) == "hd")
        places = ((*one.place.values(),) for one in hds if one.bus == "ide")
        self._names.update(ide[place] for place in places if place in ide)
        self._firsts = {disk.target: disk.element for disk in reversed(disks)}
        self._given: dict[tuple[etree._Element, str], str] = {}
        self._next: dict[str, int] = {}

    def free(self, disk: Disk, bus: str, wanted: str | None, may_keep: bool) -> str | None:
        """The name of a disk that comes to this bus: its own if that fits, the one that is wanted if
        it is free, else the lowest free; None where the bus has no place left."""
        key = disk.element, bus
        if key not in self._given:
            self._given[key] = self._found(disk, bus, wanted, may_keep)
            self._names[self._given[key]] += 1
        return self._given[key]

    def _found(self, disk: Disk, bus: str, wanted: str | None, may_keep: bool) -> str | None:
        own, places = disk.target, _PLACES.get(bus, 1 << 31)
        if may_keep and prefix_of(own) == PREFIX_OF_BUS[bus]:
            if self._names[own] == 1 or self._firsts[own] is disk.element:
                return own
        if wanted and not self._names[wanted] and (disk_number(wanted) or 0) < places:
            return wanted
        number = self._next.get(bus, 0)
        while self._names[usual_name(bus, number)]:
            number += 1
        self._next[bus] = number
        return usual_name(bus, number) if number < places else None
