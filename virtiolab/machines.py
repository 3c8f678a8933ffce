"""What a type of machine decides about its disks: how virtio travels, which SCSI card it has."""

from functools import lru_cache
from typing import NamedTuple


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
    board: tuple[tuple[int, int], ...] = ()  # slots and functions of PCI bus 0 that it uses itself
    has_usb: bool = False  # libvirt gives it a USB controller unasked
    default: bool = False  # what the architecture gets where no machine is written

    def is_called(self, arch: str | None, machine: str | None) -> bool:
        """Whether `<type arch=… machine=…>` means this one; None is what is not written."""
        if machine is None:
            return arch in self.archs and self.default
        if arch is None:  # any name would do for the catch-all at the end of the table
            return machine in self.names or machine.startswith(tuple(filter(None, self.prefixes)))
        return arch in self.archs and (machine in self.names or machine.startswith(self.prefixes))


_X86, _ARM = ("x86_64", "i686"), ("aarch64", "armv7l", "armv6l")
_RISCV, _PPC64 = ("riscv64", "riscv32"), ("ppc64", "ppc64le")

# The most particular come first. The models are qemuDomainGetSCSIControllerModel's; a QEMU that was
# built without the LSI cards gets virtio-scsi where lsilogic stands here.
_MACHINES = [
    Machine(
        "the q35 machine",
        _X86,
        names=("q35",),
        prefixes=("pc-q35-",),
        transport="pci",
        board=((0x1F, 0), (0x1F, 2), (0x1F, 3)),
        has_usb=True,
    ),
    Machine(
        "the pc machine",
        _X86,
        names=("pc",),
        prefixes=("pc-0.", "pc-1.", "pc-i440fx-", "rhel"),
        transport="pci",
        lacks=(),
        board=((1, 0), (1, 3)),
        has_usb=True,
        default=True,
    ),
    Machine(
        "s390x",
        ("s390x", "s390"),
        prefixes=("s390-ccw",),
        transport="ccw",
        scsi="virtio-scsi",
        lacks=("ide", "sata", "usb"),  # Debian builds its QEMU without USB
        default=True,
    ),
    Machine(
        "pSeries",
        _PPC64,
        names=("pseries",),
        prefixes=("pseries-",),
        transport="pci",
        scsi="ibmvscsi",
        lacks=("ide", "fdc"),
        has_usb=True,
        default=True,
    ),
    Machine(
        "the ARM virt machine",
        _ARM,
        names=("virt",),
        prefixes=("virt-",),
        transport="pci",
        mmio_if_asked=True,
    ),
    Machine(
        "the RISC-V virt machine",
        _RISCV,
        names=("virt",),
        prefixes=("virt-",),
        transport="pci",
        mmio_if_asked=True,
    ),
    Machine(
        "the LoongArch virt machine",
        ("loongarch64",),
        names=("virt",),
        prefixes=("virt-",),
        transport="pci",
        scsi="virtio-scsi",
        default=True,
    ),
    Machine("an ARM vexpress board", _ARM, prefixes=("vexpress-",), transport="device"),
    # A board without PCI carries no virtio disk at all.
    Machine("this board", _ARM + _RISCV, prefixes=("",), default=True),
    Machine("this machine", _X86 + _PPC64, prefixes=("",), transport="pci", has_usb=True),
]


@lru_cache(maxsize=256)
def machine_of(arch: str | None, machine: str | None) -> Machine | None:
    """The machine that a guest has, or None where neither architecture nor machine tells."""
    found = [known for known in _MACHINES if known.is_called(arch, machine)]
    if arch is None and len({known.scsi for known in found}) > 1:
        return None  # `virt` is a machine of three architectures
    return found[0] if found else None
