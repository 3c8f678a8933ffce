"""A disk written anew: as libvirt would write it back (`resolution`), or for another bus (`conversion`)."""

BUSES = ("virtio", "scsi", "nvme", "sata", "usb", "ide")


class Unconvertible(ValueError):
    """A disk that cannot go to this bus; the message says why, and where it could go."""
