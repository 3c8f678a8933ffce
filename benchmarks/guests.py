"""Guests to measure with: as `virsh dumpxml` prints them, with one to three disks each."""

from itertools import cycle, islice
from pathlib import Path

from virtiolab.targets import usual_name

FILES = sorted((Path(__file__).parents[1] / "notebooks/domains").glob("*.xml"))
DISKS = [
    """    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' discard='unmap'/>
      <source file='/var/lib/libvirt/images/guest{guest}.qcow2'/>
      <target dev='{virtio}' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x{slot:02x}' function='0x0'/>
    </disk>
""",
    """    <disk type='block' device='disk'>
      <driver name='qemu' type='raw'/>
      <source dev='/dev/vg0/guest{guest}'/>
      <target dev='{scsi}' bus='scsi'/>
      <address type='drive' controller='0' bus='0' target='0' unit='{unit}'/>
    </disk>
""",
    """    <disk type='file' device='disk'>
      <source file='/srv/guest{guest}.img'/>
      <target dev='{virtio}'/>
    </disk>
""",
]
GUEST = """<domain type='kvm'>
  <name>many</name>
  <memory>65536</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>{}</devices>
</domain>"""
COUNTS = (1, 2, 2, 1, 2, 2, 1, 2, 2, 1, 2)  # 18 in 11: the mix that libvirt was measured with


def guests(number: int = 550) -> list[str]:
    """So many guests, with 18 disks in each 11: the rest of each is that of a real one."""
    shells = [_without_disks(file.read_text(encoding="utf-8")) for file in FILES]
    disks, found = cycle(DISKS), []
    for guest, shell, count in zip(range(number), cycle(shells), cycle(COUNTS)):
        parts = (_numbered(disk, n, guest) for n, disk in enumerate(islice(disks, count)))
        found.append(shell.replace("@DISKS@", "".join(parts)))
    return found


def many_disks(number: int) -> str:
    """One guest with so many disks."""
    disk = "<disk><source file='/images/{n}'/><target dev='{virtio}'/></disk>"
    return GUEST.format("".join(_numbered(disk, n) for n in range(number)))


def _numbered(disk: str, n: int, guest: int = 0) -> str:
    names = {bus: usual_name(bus, n) for bus in ("virtio", "scsi")}
    return disk.format(n=n, guest=guest, slot=0x10 + n % 8, unit=n % 7, **names)


def _without_disks(xml: str) -> str:
    begin, end = xml.index("    <disk "), xml.rindex("</disk>") + len("</disk>\n")
    return f"{xml[:begin]}@DISKS@{xml[end:]}"
