"""virtiolab: what a libvirt `<disk>` really means."""

from .document import Disk, Domain, UnreadableXML, read
from .inference import Inference, Inferences, infer

__all__ = ["Disk", "Domain", "Inference", "Inferences", "UnreadableXML", "infer", "read"]
