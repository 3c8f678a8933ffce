"""Guests to measure with: as `virsh dumpxml` prints them, with one to three disks each."""

from itertools import cycle, islice
from pathlib import Path

from virtiolab.names import usual_name

FILES = sorted((Path(__file__).parents[1] / "notebooks/domains").glob("*.xml"))
DISKS = [
    """    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' discard='unmap'/>
      <source file='/var/lib/libvirt/images/guest{n}.qcow2'/>
      <target dev='{virtio}' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x04' slot='0x{slot:02x}' function='0x0'/>
    </disk>
""",
    """    <disk type='block' device='disk'>
      <driver name='qemu' type='raw'/>
      <source dev='/dev/vg0/guest{n}'/>
      <target dev='{scsi}' bus='scsi'/>
      <address type='drive' controller='0' bus='0' target='0' unit='{unit}'/>
    </disk>
""",
    """    <disk type='file' device='disk'>
      <source file='/srv/guest{n}.img'/>
      <target dev='{virtio}'/>
    </disk>
""",
]
COUNTS = (1, 2, 2, 1, 2, 2, 1, 2, 2, 1, 2)  # 18 in 11: the mix that libvirt was measured with


def guests(number: int = 550) -> list[str]:
    """So many guests, with 18 disks in each 11: the rest of each is that of a real one."""
    shells = [_without_disks(file.read_text()) for file in FILES]
    disks, found = cycle(DISKS), []
    for shell, count in islice(zip(cycle(shells), cycle(COUNTS)), number):
        found.append(
            shell.replace("@DISKS@", "".join(map(_numbered, islice(disks, count), range(9))))
        )
    return found


def many_disks(number: int) -> str:
    """One fragment with so many disks."""
    disk = "<disk><source file='/images/{n}'/><target dev='{virtio}'/></disk>"
    return f"<devices>{''.join(_numbered(disk, n) for n in range(number))}</devices>"


def _numbered(disk: str, n: int) -> str:
    names = {bus: usual_name(bus, n) for bus in ("virtio", "scsi")}
    return disk.format(n=n, slot=n % 32, unit=n % 7, **names)


def _without_disks(xml: str) -> str:
    begin, end = xml.index("    <disk "), xml.rindex("</disk>") + len("</disk>\n")
    return f"{xml[:begin]}@DISKS@{xml[end:]}"
