"""Converts a disk to another bus: its XML anew, what cannot stay in it, what the guest needs first.

The rules choose; the facts about the buses, and all that is said, stand in conversion.toml.
"""

from typing import NamedTuple

from ..document import Disk
from ..layout import dedented, laid_out
from ..refusals.boot import keep_order
from .guest import Part, Step, notes, parts
from .limits import BUSES, Unconvertible, free_name, refuse_impossible
from .rewriting import Dropped, add_controller, disk_of, rewritten

__all__ = ["BUSES", "Change", "Conversion", "Dropped", "Part", "Step", "Unconvertible", "convert"]


class Change(NamedTuple):
    """The XML of a part of the guest, before and after."""

    old: str
    new: str


class Conversion(NamedTuple):
    """A disk on its way to another bus.

    `old` and `new` are its XML in the author's layout; `target` is its new name. `controller` is
    the XML of the SCSI controller that it needs and that was not there, or None. `also` are other
    parts of the guest that change, so that it starts from the same disk as before. `domain` is the
    XML of the whole guest with all of that in it, or None where only a part of a guest was read.
    `notes` are sentences about this conversion, and `steps` what to do, part by part. In both,
    `backticks` mark what is XML or what is typed.
    """

    disk: Disk
    bus: str
    target: str
    old: str
    new: str
    controller: str | None
    also: tuple[Change, ...]
    domain: str | None
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    steps: tuple[Part, ...]


def convert(disk: Disk, bus: str = "virtio") -> Conversion:
    """Put a disk on another of the BUSES. Raises Unconvertible, with a sentence that says why."""
    refuse_impossible(disk, bus)
    element, dropped = rewritten(disk, bus, free_name(disk, bus))
    controller = add_controller(element)
    after = disk_of(element)
    changed = keep_order(disk.domain, after.domain)
    also = tuple(Change(dedented(b), dedented(a)) for b, a in changed if b is not disk.element)
    return Conversion(
        disk=disk,
        bus=bus,
        target=after.target,
        old=dedented(disk.element),
        new=dedented(element),
        controller=None if controller is None else laid_out(controller),
        also=also,
        domain=laid_out(after.domain.element) if after.domain.complete else None,
        dropped=dropped,
        notes=tuple(notes(disk, after, controller is not None)),
        steps=tuple(parts(disk, after)),
    )
