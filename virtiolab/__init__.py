"""virtiolab: what a libvirt `<disk>` really means."""

from .answers import Inference, Inferences
from .document import Disk, Domain, UnreadableXML, read
from .inference import infer

__all__ = ["Disk", "Domain", "Inference", "Inferences", "UnreadableXML", "infer", "read"]
