"""What a problem is, what is said of it, and what would mend it."""

from typing import Any, NamedTuple

from lxml import etree

from ..data import facts
from ..document import Disk
from ..targets import PREFIX_OF_BUS, prefix_of
from ..xml import one_line, path_name
from .fixes import changed, child_of

# By device, the buses that it can be on, the best first.
BUSES = {
    "disk": ("virtio", "scsi", "sata", "usb", "ide", "sd", "nvme", "xen", "uml"),
    "cdrom": ("sata", "scsi", "usb", "ide"),
    "floppy": ("fdc",),
    "lun": ("scsi",),
}
_LONGER = 400  # for a list of our own

SEVERITIES = ("error", "warning", "note")  # from the worst to the mildest


class Problem(NamedTuple):
    """Something that is wrong: which (`code`), where, and the facts that its sentence names.

    `path` begins with `/disk` inside a disk and with `/domain` elsewhere; `element` is the element
    at which it stands, `disk` the disk that it concerns, or None. Of the many problems that one disk
    can have, not each `shows_fix`: it would be the whole disk again.
    """

    code: str
    path: str
    element: etree._Element
    disk: Disk | None
    facts: dict[str, Any]
    shows_fix: bool = True

    @property
    def attribute(self) -> str | None:
        """The name of the attribute that it is about; None where it is about the element."""
        _, sign, name = self.path.rpartition("/@")
        return name if sign and name in self.element.keys() else None

    @property
    def severity(self) -> str:
        """`error`: libvirt or QEMU refuses it; `warning`: surely not meant so; `note`: history."""
        return sentences()[self.code].get("severity", "error")

    @property
    def line(self) -> int:
        """The line of the element; 0 in XML that no text stands behind."""
        return self.element.sourceline or 0

    @property
    def message(self) -> str:
        """What is wrong, in one sentence."""
        return self._filled(sentences()[self.code]["message"])

    @property
    def why(self) -> str:
        """Why libvirt cares."""
        said = sentences()[self.code]["why"]
        return self._filled(said if isinstance(said, str) else said[self.facts["bus"]])

    @property
    def source(self) -> str:
        """Where libvirt decides it."""
        return sentences()[self.code]["source"]

    @property
    def since(self) -> str | None:
        """The libvirt that first refused it, where older ones did not."""
        return sentences()[self.code].get("since")

    @property
    def edits(self) -> tuple[str, ...]:
        """What would mend it, in the words of `mending.py`; nothing where no rule can know."""
        if self.disk is None:
            return ()
        try:
            edits = tuple(self._filled(e, 4096) for e in sentences()[self.code].get("fix", ()))
        except _NoOtherBus:
            return ()
        # An edit of its path would look for the first element there is.
        is_first = self.element is deepest(self.disk.element, self.path.removeprefix("/disk/"))
        return edits if is_first or all(":" in edit for edit in edits) else ()

    @property
    def fix(self) -> str | None:
        """The XML as it should be: of the disk, or of what else has to change."""
        return self.change[1] or None

    @property
    def change(self) -> tuple[str, str]:
        """The XML of what has to change, before and after; empty where nothing is known to."""
        edits = self.edits if self.shows_fix else ()
        return changed(self.disk, edits) if edits else ("", "")

    def as_dict(self) -> dict[str, Any]:
        """What the JSON of the command line says of it."""
        names = ("severity", "code", "path", "line", "message", "why", "fix", "source", "since")
        said = {name: getattr(self, name) for name in names}
        return said | {"target": self.disk.target if self.disk else None}

    def _filled(self, sentence: str, limit: int = 80) -> str:
        return sentence.format_map(_Words(self.disk, self.facts, limit))


class _NoOtherBus(LookupError):
    """This machine has no bus for such a device."""


class _Words(dict):
    """The words for the braces of a sentence, and those that only a fix needs.

    `same` is the bus of the disk if its device can be on it, else one `instead`; `free_same`,
    `free_instead`, `free_sata` are names that no disk on such a bus has.
    """

    def __init__(self, disk: Disk | None, facts: dict[str, Any], limit: int):
        super().__init__(facts)
        self.disk, self.limit = disk, limit

    def __missing__(self, name: str) -> str:
        if name == "free_instead" and self._fits(self["instead"]):
            return self.disk.target
        if name.startswith("free_"):
            bus = name.removeprefix("free_")
            return self.disk.domain.free_name(self[bus] if bus in ("same", "instead") else bus)
        device, bus = self["device"], super().__getitem__("bus")
        buses = BUSES.get(device, BUSES["disk"])
        if name == "same" and bus in buses:
            return bus
        # A machine without IDE (q35) has SATA for guests without virtio's drivers.
        first = ("sata",) if bus == "ide" and device == "disk" and "machine" in self else ()
        machine = self.disk.domain.kind
        lacking = machine.lacks if machine else ()
        for other in (*first, *buses):
            if other != bus and other not in lacking:
                return other
        raise _NoOtherBus

    def _fits(self, bus: str) -> bool:
        """Whether the disk can keep its name there."""
        dev, domain = self.disk.target, self.disk.domain
        keeps_it = domain.names[dev] == 1 or domain.firsts[dev] is self.disk.element
        return keeps_it and dev is not None and prefix_of(dev) == PREFIX_OF_BUS[bus]

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name)
        said = "unknown" if value is None else str(value) or "(empty)"
        return one_line(said, _LONGER if name == "known" else self.limit)


def path_of(element: etree._Element, attribute: str | None = None) -> str:
    """The path of a name below its disk, as it stands in a problem."""
    above = [element, *element.iterancestors()]
    tags = [one.tag for one in reversed(above)]
    inside = tags[tags.index("disk") + 1 :]  # the outermost; one inside a disk is nothing
    return "/".join([*map(path_name, inside), *([f"@{path_name(attribute)}"] if attribute else [])])


def deepest(element: etree._Element, path: str) -> etree._Element:
    """The first element of a path below this one, or the nearest above it that is written."""
    for name in path.split("/"):
        inner = child_of(element, name)
        if inner is None:
            return element
        element = inner
    return element


def sentences() -> dict[str, dict]:
    """What is said of each problem."""
    return facts("refusals/refusals.toml")
