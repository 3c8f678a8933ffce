"""What a type of machine decides about its disks: how virtio travels, which SCSI card it has."""

from functools import lru_cache
from typing import NamedTuple

from .data import NEWEST, Version, facts, version


class Machine(NamedTuple):
    """A type of machine, as libvirt tells them apart (qemuDomainMachineIsQ35 and its kin)."""

    title: str
    archs: tuple[str, ...]
    names: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()  # of versioned names; an empty one is any other name
    transport: str | None = None  # of virtio devices: pci, ccw, device (memory-mapped), or none
    scsi: str = "lsilogic"  # the model of a SCSI controller that names none
    mmio_if_asked: bool = False  # one virtio-mmio address takes all other virtio devices along
    lacks: tuple[str, ...] = ("ide",)  # buses: of IDE libvirt only takes what is built in
    pci: str | None = None  # the model of PCI bus 0
    board: tuple[tuple[int, int], ...] = ()  # slots and functions of PCI bus 0 that it uses itself
    builtin: dict[str, tuple[int, int]] | None = None  # and those of its own first controllers
    has_usb: bool = False  # libvirt gives it a USB controller unasked
    default: bool = False  # what the architecture gets where no machine is written

    def is_called(self, arch: str | None, machine: str | None) -> bool:
        """Whether `<type arch=… machine=…>` means this one; None is what is not written."""
        if machine is None:
            return arch in self.archs and self.default
        if arch is None:  # any name would do for the catch-all at the end of the table
            return machine in self.names or machine.startswith(tuple(filter(None, self.prefixes)))
        return arch in self.archs and (machine in self.names or machine.startswith(self.prefixes))


@lru_cache(maxsize=64)
def _machines(libvirt: Version) -> list[Machine]:
    found = []
    for told in facts("machines.toml")["machine"]:
        base = {name: value for name, value in told.items() if name != "since"}
        for since, changed in told.get("since", {}).items():  # from the oldest to the newest
            base |= changed if version(since) <= libvirt else {}
        found.append(Machine(**_frozen(base)))
    return found


def _frozen(told):
    if isinstance(told, dict):
        return {name: _frozen(value) for name, value in told.items()}
    return tuple(map(_frozen, told)) if isinstance(told, list) else told


@lru_cache(maxsize=256)
def machine_of(arch: str | None, machine: str | None, libvirt: Version = NEWEST) -> Machine | None:
    """The machine that a guest has, or None where neither architecture nor machine tells."""
    found = [known for known in _machines(libvirt) if known.is_called(arch, machine)]
    if arch is None and len(found) > 1:
        return None  # `virt` is a machine of three architectures
    return found[0] if found else None
