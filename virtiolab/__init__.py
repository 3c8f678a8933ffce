"""virtiolab: what a libvirt `<disk>` really means."""

from .answers import Inference, Inferences
from .document import Disk, Domain, read
from .inference import infer
from .parsing import UnreadableXML

__all__ = ["Disk", "Domain", "Inference", "Inferences", "UnreadableXML", "explain", "infer", "read"]


def explain(disk: Disk):
    """Every name of a disk with its meaning: rows that show themselves as text, or as HTML."""
    from .views import explain  # what shows things is not needed to read and infer

    return explain(disk)
