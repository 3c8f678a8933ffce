"""virtiolab: what a libvirt `<disk>` really means."""

from typing import TYPE_CHECKING

from .build import build
from .document import Disk, Domain, read
from .inference import Inference, Inferences, infer
from .xml import UnreadableXML

# `build` at once: read later, the file of that name would take its place.
__all__ = [
    "Disk", "Domain", "Inference", "Inferences", "UnreadableXML", "build", "check", "convert",
    "explain", "infer", "read", "resolve",
]  # fmt: skip

# What is not needed to read and to infer is imported when it is first used; here only its types are.
if TYPE_CHECKING:
    from .views.converted import Converted
    from .views.explained import Explained
    from .views.problems import Problems
    from .views.resolved import Resolved


def explain(disk: Disk) -> "Explained":
    """Every name of a disk with its meaning: rows that show themselves as text, or as HTML."""
    from .views.explained import Explained

    return Explained(disk)


def resolve(disk: Disk) -> "Resolved":
    """The disk as libvirt's QEMU driver would write it back: `xml`, `element`, `controllers`."""
    from .views.resolved import Resolved

    return Resolved(disk)


def check(domain: Domain) -> "Problems":
    """What libvirt or QEMU would refuse in the disks of a domain, and what is surely not meant."""
    from .refusals import check
    from .views.problems import Problems

    return Problems(check(domain))


def convert(disk: Disk, bus: str = "virtio") -> "Converted":
    """A disk on its way to another bus: its new XML, and what to do in the guest first."""
    from .rewriting.conversion import convert
    from .views.converted import Converted

    return Converted(convert(disk, bus))
