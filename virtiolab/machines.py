"""What a type of machine decides about its disks: how virtio travels, which SCSI card it has."""

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple


class Machine(NamedTuple):
    """A type of machine, as machines.toml describes it."""

    title: str
    archs: list[str]
    names: list[str] = []
    prefixes: list[str] = []
    transport: str | None = None
    scsi: str | None = None
    mmio_if_asked: bool = False
    default: bool = False

    def is_called(self, arch: str | None, machine: str | None) -> bool:
        """Whether `<type arch=… machine=…>` means this one; None is what is not written."""
        if machine is None:
            return arch in self.archs and self.default
        if arch is None:  # any name would do for the catch-all at the end of the table
            return machine in self.names or machine.startswith(tuple(filter(None, self.prefixes)))
        by_name = machine in self.names or machine.startswith(tuple(self.prefixes))
        return arch in self.archs and by_name


_TEXT = (files(__package__) / "machines.toml").read_text(encoding="utf-8")
_MACHINES = [Machine(**facts) for facts in tomllib.loads(_TEXT)["machines"]]


@lru_cache(maxsize=256)
def machine_of(arch: str | None, machine: str | None) -> Machine | None:
    """The machine that a guest has, or None where neither architecture nor machine tells."""
    found = [known for known in _MACHINES if known.is_called(arch, machine)]
    if arch is None and len({known.scsi for known in found}) > 1:
        return None  # `virt` is a machine of three architectures
    return found[0] if found else None
