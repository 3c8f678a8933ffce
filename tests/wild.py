"""Guests that nobody thought of, right and wrong, to hold our rules against the real libvirt.

The tables say what is right where, and what is wrong; `guest()` puts a guest together from them,
with no mistake, one or two. An entry of a table is a piece of a disk and what it needs, such as
`bus=ide|scsi` or `source!=vhostuser`. A new line or two spaces part entries; an indented line goes
on with the last one. {n} is the number of the disk, {half} and {odd} are n // 2 and n % 2.

No name or address leads to a controller of a huge number, for which libvirt works for hours.
"""

import re
from copy import deepcopy
from functools import cache
from itertools import product
from xml.etree import ElementTree as ET

from hypothesis import strategies as st

from virtiolab.names import usual_name
from virtiolab.vocabulary import entries

# By architecture and machine: the buses of its disks, and the models of its SCSI controller.
MACHINES = {
    ("x86_64", "pc"): ("ide sata scsi virtio usb fdc", "lsilogic lsisas1068 virtio-transitional"),
    ("x86_64", "q35"): ("sata scsi virtio usb fdc", "auto lsisas1078 vmpvscsi"),
    ("x86_64", None): ("ide sata scsi virtio usb fdc", ""),
    ("i686", "pc"): ("ide sata scsi virtio usb fdc", ""),
    ("s390x", "s390-ccw-virtio"): ("scsi virtio", ""),
    ("ppc64", "pseries"): ("scsi virtio usb", "ibmvscsi"),
    ("aarch64", "virt"): ("scsi virtio", ""),
    ("riscv64", "virt"): ("scsi virtio", ""),
}
ANY_MACHINE = "none virtio-scsi virtio-non-transitional"  # models; none: no controller is written
DEVICES = {  # their buses, and their sources if not any
    "disk": ("ide sata scsi virtio usb", None),
    "cdrom": ("ide sata scsi usb", None),
    "floppy": ("fdc", "file block dir nbd"),
    "lun": ("scsi", "block iscsi volume"),
}
FORMATS = "raw qcow2 qcow qed vmdk vdi vpc vhd ploop bochs cloop dmg aio fat".split()
# How often one is taken, if not once.
COMMON = {
    "disk": 7,
    "cdrom": 2,
    "file": 6,
    "block": 2,
    "raw": 4,
    "qcow2": 5,
    "virtio": 2,
    "scsi": 2,
}

SOURCES = """
file file <source file='/a.img'/>
file file <source file="/b's &amp; &quot;c&quot; &lt;d&gt; ä.img"/>
block block <source dev='/dev/vg/a'/>
dir dir <source dir='/d'/><readonly/>
volume volume <source pool='p' volume='v'/>  volume volume <source pool='p' volume='v' mode='host'/>
nvme nvme <source type='pci' namespace='1'><address domain='0x0000' bus='0x01' slot='0x00'
  function='0x0'/></source>
nvme nvme <source type='pci' managed='no' namespace='2'><address bus='2'/></source>
vhostuser vhostuser <source type='unix' path='/a.sock'/>
vhostuser vhostuser <source type='unix' path='/a'><reconnect enabled='yes' timeout='9'/></source>
nbd network <source protocol='nbd' name='x'><host name='h'/></source>
nbd network <source protocol='nbd'><host transport='unix' socket='/n'/></source>
rbd network <source protocol='rbd' name='pool/a'/>
rbd network <source protocol='rbd' name='a/b@c'><host name='h' port='1'/><host name='::1'/></source>
iscsi network <source protocol='iscsi' name='iqn.2013-07.com.a:b'><host name='h'/></source>
iscsi network <source protocol='iscsi' name='iqn.2013-07.com.a:b/2'><host name='::1' port='9'/>
  </source>
gluster network <source protocol='gluster' name='vol/a'><host name='h'/><host transport='unix'
  socket='/g'/></source>
http network <source protocol='http' name='a.iso'><host name='h'/></source>
https network <source protocol='https' name='/a' query='k=v&amp;w'><host name='h' port='9'/></source>
ftp network <source protocol='ftp' name='/a'><host name='h'/></source>
ftps network <source protocol='ftps' name='/a'><host name='h'/></source>
ssh network <source protocol='ssh' name='/a'><host name='h'/></source>
nfs network <source protocol='nfs' name='/e/a'><host name='h'/></source>
"""
# What a disk may have, in groups of which it takes one entry at most.
PARTS = """
[source!=vhostuser]
<driver cache='none'/>  <driver cache='default'/>  <driver cache='writeback' io='threads'/>
<driver cache='writethrough' io='io_uring'/>  <driver cache='none' io='native'/>
<driver cache='directsync' io='native'/>  <driver cache='unsafe'/>
[source!=vhostuser]
<driver error_policy='stop'/>  <driver error_policy='enospace' rerror_policy='report'/>
<driver rerror_policy='ignore'/>
[source!=vhostuser]
<driver discard='unmap' detect_zeroes='unmap'/>  <driver discard='ignore'/>
<driver detect_zeroes='off' discard_no_unref='off'/>
[bus=virtio source!=vhostuser]
<driver iothread='1'/>  <driver ioeventfd='on' event_idx='off'/>
<driver queues='2'><iothreads><iothread id='1'><queue id='0'/></iothread><iothread id='2'><queue
  id='1'/></iothread></iothreads></driver>
<driver><iothreads><iothread id='1'/><iothread id='3'/></iothreads></driver>
[bus=virtio]
<driver queues='4'/>  <driver queue_size='256'/>  <driver event_idx='on'/>  <driver ats='on'/>
<driver packed='off'/>  <driver iommu='on' ats='on'/>  <driver page_per_vq='on'/>
[source!=vhostuser]
<readonly/> bus!=ide|sata  <readonly/> device=cdrom  <transient/> source=file device=disk
<transient shareBacking='yes'/> source=file device=disk bus=virtio|scsi|usb
<shareable/> format=raw device=disk|lun source!=dir  <shareable/> device=cdrom
<driver copy_on_read='on'/> device=disk source!=dir
<driver discard_no_unref='on'/> format=qcow2 device=disk
[source!=vhostuser]
<iotune><total_bytes_sec>1000000</total_bytes_sec><read_iops_sec>400</read_iops_sec></iotune>
<iotune><read_bytes_sec>4096</read_bytes_sec><write_bytes_sec>4096</write_bytes_sec></iotune>
<iotune><total_iops_sec>100</total_iops_sec><total_iops_sec_max>1000</total_iops_sec_max>
  <total_iops_sec_max_length>5</total_iops_sec_max_length></iotune>
<iotune><write_iops_sec>100</write_iops_sec><write_iops_sec_max>200</write_iops_sec_max>
  <size_iops_sec>8192</size_iops_sec></iotune>
<iotune><total_bytes_sec>2000</total_bytes_sec><total_bytes_sec_max>3000</total_bytes_sec_max>
  <group_name>limits &amp; "co"</group_name></iotune>
<iotune><group_name>limits</group_name><total_iops_sec>50</total_iops_sec></iotune>
<throttlefilters><throttlefilter group='slow'/><throttlefilter group='a &amp; b'/></throttlefilters>
  device!=cdrom
[source!=vhostuser]
<serial>WD-WMAP9A966149</serial> device!=lun  <serial>a_b.c+d -9</serial> device!=lun
<wwn>5000c50015ea71ac</wwn> bus=ide|scsi device!=lun
<vendor> "a" &lt;b</vendor> bus=scsi device!=lun
<product>R&amp;D 'x'</product> bus=scsi device!=lun
[source!=vhostuser]
<geometry cyls='16383' heads='16' secs='63'/> bus!=usb  <geometry trans='none'/>
<geometry cyls='16383' heads='16' secs='63' trans='lba'/> bus=ide
[source!=vhostuser]
<blockio logical_block_size='512' physical_block_size='4096'/>
<blockio physical_block_size='4096' discard_granularity='4096'/>  <blockio logical_block_size='0'/>
[]
<boot order='1{n}'/>  <boot order='2{n}' loadparm='a 1'/>
[]
<address type='drive' controller='0' bus='{half}' target='0' unit='{odd}'/> bus=ide
<address type='drive' controller='0' bus='0' target='0' unit='{n}'/> bus=sata|scsi
<address type='drive' unit='{odd}'/> bus=fdc
<address type='drive' controller='2' unit='{n}'/> bus=scsi|sata
<address type='drive' target='{n}' unit='9'/> bus=scsi scsi=virtio-scsi|lsisas1078
<address type='pci' domain='0x0000' bus='0x00' slot='0x1{n}' function='0x0'/> bus=virtio machine=pc
<address type='pci' slot='0x15' function='0x{n}' multifunction='on'/> bus=virtio machine=pc|q35
<address type='pci'/> bus=virtio machine=pc|q35|pseries|virt
<address type='usb' bus='0' port='{n}'/> bus=usb machine=pc|q35
<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x00a{n}'/> bus=virtio machine=s390-ccw-virtio
<address type='pci'><zpci uid='0x001{n}' fid='{n}'/></address> bus=virtio machine=s390-ccw-virtio
<address type='virtio-mmio'/> bus=virtio machine=virt
[]
<alias name='ua-disk_{n}'/>  <alias name='disk0'/>  <acpi index='1{n}'/> bus=virtio machine=pc|q35
[]
<target removable='on'/> bus=usb  <target rotation_rate='7200'/> device=disk bus=ide|sata|scsi
<target tray='open'/> device=cdrom|floppy  <target dev='vdfxshrxw'/> bus=virtio
[bus=virtio]
<disk model='virtio'/>  <disk model='virtio-transitional'/> machine=pc|q35
<disk model='virtio-non-transitional'/> machine=pc|q35
[source!=vhostuser]
<disk snapshot='internal'/>  <disk snapshot='external'/>  <disk snapshot='manual'/>
[device=lun]
<disk rawio='yes'/>  <disk sgio='filtered'/>  <source><reservations managed='yes'/></source>
<source><reservations managed='no'><source type='unix' path='/p' mode='client'/></reservations>
  </source>
[]
<source startupPolicy='mandatory'/> source=file|block|dir|volume  <source index='{n}'/>
<source startupPolicy='requisite'/> source=file|block device=cdrom|floppy
[source!=vhostuser|nvme|dir]
<source><slices><slice type='storage' offset='1024' size='4096'/></slices></source> device!=lun
<source><seclabel model='dac' relabel='no'/></source>
<source><seclabel model='selinux'><label>system_u:object_r:a:s0</label></seclabel></source>
<source><encryption format='luks'><secret type='passphrase'
  uuid='6B079A0D-e275-4bc0-8b9f04e45e13fe67'/></encryption></source> format=raw device!=lun
<encryption format='luks'><secret type='passphrase' usage='/a "b"'/></encryption> format=qcow2
[]
<source><auth username='u'><secret type='ceph' usage='c'/></auth></source> source=rbd
<auth username='u'><secret type='iscsi' usage='i &amp; j'/></auth> source=iscsi
[]
<source><snapshot name='s'/></source> source=rbd  <source><config file='/r'/></source> source=rbd
<source><encryption format='luks2' engine='librbd'><secret type='passphrase' usage='r'/></encryption>
  </source> source=rbd format=raw
<source><cookies><cookie name='a'>b</cookie><cookie name='c'>"d"</cookie></cookies></source>
  source=http|https
<source><readahead size='1024'/><timeout seconds='6'/></source> source=http|https|ftp|ftps
<source><ssl verify='no'/></source> source=https|ftps  <source tls='no'/> source=nbd
<source><reconnect delay='10'/></source> source=nbd
<source><initiator><iqn name='iqn.2020-01.com.me:x'/></initiator></source> source=iscsi
<source><identity user='+0' group='1000'/></source> source=nfs
<source><identity username='u' keyfile='/k'/><knownHosts path='/h'/></source> source=ssh
[source!=vhostuser]
<backingStore/>
<backingStore type='file'><format type='raw'/><source file='/c'/></backingStore> format=qcow2|qcow
<backingStore type='block'><format type='qcow2'><metadata_cache><max_size>4096</max_size>
  </metadata_cache></format><source dev='/dev/vg/b'/><backingStore type='network'><format
  type='vmdk'/><source protocol='nbd' name='b'><host name='h'/></source><backingStore/>
  </backingStore></backingStore> format=qcow2
<driver><metadata_cache><max_size unit='MiB'>8</max_size></metadata_cache></driver> format=qcow2
<source><dataStore type='file'><format type='raw'/><source file='/a.raw'/></dataStore></source>
  format=qcow2
[]
<driver name='qemu'/>  <backenddomain name='a'/>  <privateData/>  <odd at='1'>b</odd>
<mirror type='file' job='copy' ready='no'><format type='x'/></mirror>
"""
# What is wrong on any disk that has what it needs, and not often met by chance.
MISTAKES = """
<driver rerror_policy='enospace'/>  <driver type='iso'/>  <driver type='dir'/>  <driver type='cow'/>
<driver type='luks'/>  <driver name='tap'/>  <disk sgio='unfiltered'/> device=lun
<source fdgroup='fds'/> source=file  <source tls='yes'/> source!=nbd
<source><dataStore type='file'><format type='qcow2'/><source file='/r'/></dataStore></source>
<source><dataStore type='file'><format type='raw'/><source file='/r'><slices><slice type='storage'
  offset='0' size='1'/></slices></source></dataStore></source> format=qcow2
<source><dataStore type='file'><format type='raw'/><source file='/r'><dataStore type='file'><format
  type='raw'/><source file='/r'/></dataStore></source></dataStore></source> format=qcow2
<source><cookies><cookie name=''>b</cookie></cookies></source> source=http|https
<source><cookies><cookie name='a@b'>b</cookie></cookies></source> source=http|https
<source><cookies><cookie name='a'>b;</cookie></cookies></source> source=http|https
<source><cookies><cookie name='a'>"b</cookie></cookies></source> source=http|https
<source><cookies><cookie name='a'/></cookies></source> source=http|https
<source><cookies><cookie name='a'>b</cookie><cookie name='a'>c</cookie></cookies></source>
  source=http|https
<source><identity username='u'/></source> source=ssh  <source><host port='1'/></source> source=nfs
<source><host transport='unix' socket='/s'/></source> source=iscsi|nfs|ssh|http|rbd
<source><host name='h' transport='rdma'/></source> source=gluster|nbd|http
<disk type='network'><source protocol='sheepdog' name='a'/></disk> device!=lun
<disk type='network'><source protocol='vxhs' name='a'><host name='h'/></source></disk>
<disk type='network'><source protocol='tftp' name='/a'><host name='h'/></source></disk>
<source><encryption format='luks'><secret type='passphrase' usage='a'/><secret type='passphrase'
  usage='b'/></encryption></source> format=raw|qcow2
<source><encryption format='luks-any' engine='librbd'><secret type='passphrase' usage='r'/><secret
  type='passphrase' usage='s'/></encryption></source> source=rbd|file
<source><encryption format='luks2'/></source> format=raw|qcow2
<source><encryption format='qcow'/></source>  <source><encryption/></source>
<source><encryption format='luks'><cipher name='a' size='1'/><ivgen name='b'/></encryption></source>
<source><encryption format='luks'><ivgen name='plain64'/></encryption></source>
<source><encryption format='luks'><cipher name='a' size='1'/><ivgen/></encryption></source>
<auth username='u'/>  <auth type='z' username='u'><secret type='iscsi' usage='i'/></auth>
<source><auth username='u'><secret type='tls' usage='i'/></auth></source> source=rbd|iscsi|nbd|https
<auth username='u'><secret type='ceph' usage='i'/></auth><source><auth username='u'><secret
  type='ceph' usage='i'/></auth></source> source=rbd
<encryption format='luks'/><source><encryption format='luks'/></source>
<backingStore type='dir'><format type='fat'/><source dir='/d'/></backingStore> format=qcow2
<wwn>5000c50015ea71a</wwn> bus=scsi|ide  <wwn>5000c50015ea71ag</wwn> bus=scsi|ide
<vendor>ninechars</vendor> bus=scsi  <vendor>ä</vendor> bus=scsi  <product>ä</product> bus=scsi|ide
<product>seventeen letters</product>  <serial>a/b</serial>
<product>this is one letter too long for ide disks</product>
<iotune><group_name>g</group_name></iotune>
<iotune><total_bytes_sec>1000000000000001</total_bytes_sec></iotune>
<iotune><total_bytes_sec>1</total_bytes_sec><write_bytes_sec>1</write_bytes_sec></iotune>
<iotune><total_iops_sec>1</total_iops_sec><read_iops_sec>1</read_iops_sec></iotune>
<iotune><total_bytes_sec_max>1</total_bytes_sec_max><read_bytes_sec_max>1</read_bytes_sec_max></iotune>
<iotune><total_iops_sec_max>1</total_iops_sec_max><write_iops_sec_max>1</write_iops_sec_max></iotune>
<iotune><total_bytes_sec>1</total_bytes_sec></iotune><throttlefilters><throttlefilter group='slow'/>
  </throttlefilters>
<throttlefilters><throttlefilter group='no such'/></throttlefilters>
<driver iothread='1'><iothreads><iothread id='2'/></iothreads></driver> bus=virtio
<driver iothread='4'/> bus=virtio
<driver queues='2'><iothreads><iothread id='1'><queue id='0'/></iothread><iothread id='2'/>
  </iothreads></driver> bus=virtio
<driver queues='2'><iothreads><iothread id='1'><queue id='0'/></iothread></iothreads></driver>
<driver><iothreads><iothread id='1'><queue id='0'/></iothread></iothreads></driver> bus=virtio
<driver queues='2'><iothreads><iothread id='1'><queue id='0'/><queue id='0'/><queue id='1'/>
  </iothread></iothreads></driver> bus=virtio
<driver queues='1'><iothreads><iothread id='1'><queue id='1'/></iothread></iothreads></driver>
<source><seclabel model='dac' relabel='no'><label>a</label></seclabel></source>
<source><seclabel model='dac'/><seclabel model='dac'/></source>
<boot order='1' loadparm='ninechars'/>  <boot order='1' loadparm='a_b'/>
<address type='isa'/>  <address type='unassigned'/>  <address type='virtio-s390'/>
<address type='spapr-vio' reg='0x100000000'/> bus=virtio|usb  <address type='ccw' cssid='0xfe'/>
<address type='ccw' cssid='0xff' ssid='0' devno='1'/>  <address type='pci' domain='65536' slot='1'/>
<address type='pci' slot='0x20'/>  <address type='pci' slot='1' function='8'/>
<address type='pci' bus='256' slot='1'/>  <address type='usb' bus='0' port='1.2.3.4.5'/>
<address type='pci' slot='9'><zpci uid='0x10000'/></address> bus=virtio
<address type='drive' controller='1'/> bus=ide|fdc  <address type='drive' target='1'/>
<address type='drive' bus='1'/> bus=scsi|sata|fdc  <address type='drive' unit='70'/>
<address type='drive' target='8' unit='3'/> bus=scsi
<target dev='vdfxshrxx'/> bus=virtio  <target dev='vda1'/> bus=virtio  <target dev='sda0'/> bus=usb
"""
# Other devices that may stand beside any disks ...
BESIDE = """
<controller type='scsi' index='1' model='virtio-scsi'/>  <controller type='scsi' index='2'/>
<controller type='scsi' index='1' model='virtio-scsi'><driver queues='2' iothread='1'
  cmd_per_lun='2' max_sectors='9' ioeventfd='on'/></controller>
<controller type='scsi' model='virtio-scsi'/>  <controller type='sata' index='0'/> machine=pc|q35
<controller type='ide' index='0'/> machine=pc  <controller type='fdc' index='0'/> machine=pc|q35
<controller type='usb' index='0' model='qemu-xhci'/> machine=pc|q35
<hostdev mode='subsystem' type='scsi'><source protocol='iscsi' name='iqn.2013-07.com.a:b/1'><host
  name='h'/></source><address type='drive' controller='0' unit='6'/></hostdev>
<hostdev mode='subsystem' type='scsi'><source protocol='iscsi' name='iqn.2013-07.com.a:b/1'><host
  name='h'/></source></hostdev>
"""
# ... and those that may not, or not beside some.
WRONG_BESIDE = """
<controller type='scsi' index='0' model='buslogic'/> scsi=none  <controller type='ide' index='0'/>
<controller type='scsi' index='0' model='ncr53c90'/> scsi=none  <controller type='ide' index='1'/>
<controller type='scsi' index='2' model='ncr53c90'/>  <controller type='fdc' index='1'/>
<controller type='scsi' index='0' model='am53c974'/> scsi=none
<controller type='scsi' index='2' model='dc390'/>  <controller type='scsi' index='2' model='x'/>
<controller type='scsi' index='2' model='lsilogic'><driver queues='2'/></controller>
<controller type='scsi' index='2' model='lsilogic'><driver cmd_per_lun='2'/></controller>
<controller type='scsi' index='2' model='lsilogic'><driver max_sectors='2'/></controller>
<controller type='scsi' index='2' model='lsilogic'><driver ioeventfd='on'/></controller>
<controller type='scsi' index='2' model='lsilogic'><driver iothread='1'/></controller>
<controller type='scsi' index='2' model='virtio-scsi'><driver iothread='9'/></controller>
<controller type='scsi' index='2' model='virtio-scsi'><driver iothread='1'><iothreads><iothread
  id='2'/></iothreads></driver></controller>
<controller type='scsi' index='-1'/>  <controller type='scsi' index='0'/> scsi!=none
<controller type='sata' index='0'/><controller type='sata' index='0'/>
<controller type='usb' model='none'/>
<controller type='usb' index='0' model='none'/><controller type='usb' index='1'/>
<controller type='usb' index='0' model='ich9-ehci1'/>
<hostdev mode='subsystem' type='scsi'><source protocol='iscsi' name='iqn.2013-07.com.a:b/1'><host
  name='h'/></source><address type='drive' unit='0'/></hostdev>
<hostdev mode='subsystem' type='scsi'><source protocol='iscsi' name='iqn.2013-07.com.a:b/1'><host
  name='h'/></source><boot order='10'/></hostdev>
"""
# What some disks want to find in the guest, by a word that such a disk has.
AROUND = {
    "vhostuser": "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
    "iothread": "<iothreads>3</iothreads>",
    "throttlefilter": "<throttlegroups><throttlegroup><group_name>slow</group_name>"
    "<total_bytes_sec>9</total_bytes_sec></throttlegroup><throttlegroup><group_name>a &amp; b"
    "</group_name></throttlegroup></throttlegroups>",
}
NAMES = """hda hdd hde hdaa sda sdb sdh sdp sdaa vda vdb vdp xvda ubda fda fdb fdc da cdrom vda1
 hda5 vd vdA vdä ioemu:hda ioemu: nvme0n1 mmcblk0""".split()
ODD = (
    """0 1 2 3 7 8 16 +3 -1 -0 0x3 007 1.5 1e3 32767 65536 2147483648 4294967295 4294967296
 18446744073709551615 18446744073709551616 yes no on off none default auto a/b raw RAW ä a&b it's
 "q" <x> %s a=b""".split()
    + ["", " ", " 3", "3 ", "a b", "a\tb", "x" * 300]
)
DECISIVE = """disk/type disk/type disk/device disk/model target/bus target/bus target/bus target/dev
 target/dev target/dev driver/type source/protocol source/type""".split()
WAYS = "decide decide decide value value value value unset unset unset remove double rename move"


def needed(needs: str) -> list[tuple]:
    """What an entry needs: pairs of a name and its values, and whether they are wanted."""
    return re.findall(r"(\w+)(!?=)(\S+)", needs)


def fits(needs: str, kind: dict) -> bool:
    """Whether a kind of disk has all that an entry needs."""
    return all(
        (kind[name] in all_of.split("|")) == (sign == "=") for name, sign, all_of in needed(needs)
    )


def table(text: str, needs: str = "") -> list[tuple[str, str]]:
    """The entries of a table: a piece of XML, and what it needs."""
    lines = re.split(r"\n(?! )|  +", re.sub(r"\n +", " ", text.strip()))
    return [(line[: (end := line.rindex(">") + 1)], f"{line[end:]} {needs}") for line in lines]


def opposites(needs: str) -> list[str]:
    """The needs with one of them turned round, each in turn."""
    other = {"=": "!=", "!=": "="}
    return [
        needs.replace(f"{name}{sign}{values}", f"{name}{other[sign]}{values}")
        for name, sign, values in needed(needs)
    ]


GROUPS = [table(text, needs) for needs, text in re.findall(r"\[(.*)\]\n((?:[^\[].*\n)+)", PARTS)]
ALL_PARTS = [part for group in GROUPS for part in group]
MISPLACED = [(xml, wrong) for xml, needs in ALL_PARTS for wrong in opposites(needs)]
ALL_SOURCES = [xml.split(" ", 2) for xml, _ in table(SOURCES)]


def is_right(device: str, bus: str, source: str, form: str) -> bool:
    """Whether libvirt takes such a disk."""
    buses, sources = DEVICES[device]
    return (
        bus in buses.split()
        and (not sources or source in sources.split())
        and (form == "fat") == (source == "dir")
        and (form == "raw" or not (device == "lun" or source == "vhostuser"))
        and (bus == "virtio" or source != "vhostuser")
        and not (source == "dir" and device == "disk" and bus in ("ide", "sata"))  # is read-only
    )


@cache
def kinds(arch: str, machine: str, scsi: str, needs: str) -> list[dict]:
    """Every kind of right disk on such a guest that has what is needed."""
    names = ("device", "bus", "source", "type", "xml", "format")
    found = [
        dict(zip(names, (device, bus, *source, form)), machine=machine or "pc", scsi=scsi)
        for device, bus, source, form in product(
            DEVICES, MACHINES[arch, machine][0].split(), ALL_SOURCES, FORMATS
        )
        if is_right(device, bus, source[0], form)
    ]
    return [kind for kind in found if fits(needs, kind)]


def add(disk: ET.Element, xml: str, number: int = 0) -> None:
    """Merge an entry's attributes, text and elements into those of a disk."""
    for name, value in {"n": number, "half": number // 2, "odd": number % 2}.items():
        xml = xml.replace(f"{{{name}}}", str(value))
    _merge(disk, ET.fromstring(xml if xml.startswith("<disk") else f"<disk>{xml}</disk>"))


def _merge(into: ET.Element, more: ET.Element) -> None:
    into.attrib.update(more.attrib)
    into.text = more.text or into.text
    old = {child.tag: child for child in reversed(into)}
    for child in more:
        child.tail = None
        if child.tag in old:
            _merge(old[child.tag], child)
        else:
            into.append(child)


def a_disk(pick, place: tuple, number: int, centre: tuple) -> ET.Element:
    """A right disk round one entry of a table, with some others."""
    found = kinds(*place, centre[1])
    for name in ("device", "source", "bus", "format", "xml"):
        values = dict.fromkeys(kind[name] for kind in found)
        value = pick([value for value in values for _ in range(COMMON.get(value, 1))])
        found = [kind for kind in found if kind[name] == value]
    kind, disk = found[0], ET.Element("disk")
    device, bus, form = kind["device"], kind["bus"], kind["format"]
    if device != "disk" or pick([True, False]):
        disk.set("device", device)
    if form != "raw" or pick([True, False]):
        add(disk, f"<driver type='{form}'/>")
    if device in ("disk", "lun") or form == "fat" or "source" in centre[0] or pick([True, False]):
        add(disk, kind["xml"])
        if kind["type"] != "file" or pick([True, False]):
            disk.set("type", kind["type"])
    add(disk, f"<target dev='{usual_name(bus, number % 2 if bus == 'fdc' else number)}'/>")
    if bus in ("sata", "usb") or pick([True, False]):
        disk.find("target").set("bus", bus)
    for group in GROUPS:
        fitting = [xml for xml, needs in group if fits(needs, kind)]
        if fitting and centre not in group and pick([False] * 6 + [True]):
            add(disk, pick(fitting), number)
    add(disk, centre[0], number)
    return disk


@cache
def known_values(name: str) -> list[str]:
    """The values that an attribute of this name has anywhere."""
    if name in ("dev", "controller"):  # no huge ones
        return NAMES if name == "dev" else ["0", "1", "3", "+1", "-1", " 1", "1x", "30"]
    found = (entry.values for key, entry in entries().items() if key.endswith(f"@{name}"))
    return sorted({value for values in found for value in values}) or ODD


def spoil(pick, disk: ET.Element, near: list[ET.Element]) -> None:
    """Spoil something of a disk: one of the elements that are near."""
    parent, one = pick(
        [(parent, child) for parent in disk.iter() for child in parent if child in near]
    )
    name = pick([*one.attrib, None][: len(one.attrib) or 1])
    way = pick(WAYS.split())
    if way == "decide":
        tag, name = pick(DECISIVE).split("/")
        for element in [disk] if tag == "disk" else disk.findall(tag):
            element.set(name, pick(known_values(name)))
    elif way == "value" and name:
        one.set(
            name,
            pick(known_values(name) if name == "controller" else pick([known_values(name), ODD])),
        )
    elif way == "value":
        one.text = pick(ODD)
    elif way == "unset" and name:
        del one.attrib[name]
    elif way == "rename" and name:
        one.set(pick([name.upper(), name + "s"]), one.attrib.pop(name))
    elif way == "rename":
        one.tag = pick([one.tag.upper(), one.tag + "s"])
    elif way == "double":
        parent.insert(pick([0, len(parent)]), again := deepcopy(one))
        if name:
            again.set(name, pick(known_values(name)))
    else:
        parent.remove(one)
        if way == "move":
            pick(list(disk.iter())).append(one)


def guest(pick) -> str:
    """The XML of a guest with one to four disks; `pick` takes one of a list."""
    arch, machine = pick([("x86_64", "pc"), ("x86_64", "q35")] * 11 + list(MACHINES))
    place = (arch, machine, pick(f"{ANY_MACHINE} {MACHINES[arch, machine][1]}".split()))
    parts, known, misplaced, right_beside, wrong_beside = tables(*place)
    what = pick(
        ["right"] * 6 + ["known"] * 4 + ["misplaced"] * 4 + ["spoilt"] * 6 + ["beside", "around"]
    )
    centre = pick({"known": known, "misplaced": misplaced}.get(what, parts))
    disks = [a_disk(pick, place, 0, centre)]
    for number in range(1, pick([1, 1, 1, 2, 2, 3, 4])):
        disks.append(a_disk(pick, place, number, pick(parts)))
    beside, around = [], AROUND | {"os": ""}
    if place[2] != "none":
        beside.append(f"<controller type='scsi' index='0' model='{place[2]}'/>")
    if pick([False, False, False, True]):
        beside.append(pick(right_beside))
    if what == "spoilt" or what != "right" and pick([False] * 9 + [True]):
        tags = {one.tag for one in ET.fromstring(f"<x>{centre[0]}</x>").iter()}
        near = [one for one in disks[0].iter() if one.tag in tags - {"disk"}]
        spoil(pick, disks[0], pick([near, None]) or list(disks[0].iter()))
    elif what == "beside":
        beside.append(pick(wrong_beside))
    elif what == "around":
        how = pick([*AROUND, "os", "os", "clash", "clash", "clash"])
        if how == "clash":
            add(disks[-1], ET.tostring(pick(list(disks[0])), encoding="unicode"))
        else:
            around[how] = "<boot dev='hd'/>" if how == "os" else ""
    text = "".join([*(ET.tostring(disk, encoding="unicode") for disk in disks), *beside])
    machine = f" machine='{machine}'" if machine else ""
    return (
        "<domain type='qemu'><name>d</name><memory>65536</memory>"
        f"{''.join(around[word] for word in AROUND if word in text)}"
        f"<os><type arch='{arch}'{machine}>hvm</type>{around['os']}</os>"
        f"<devices>{text}</devices></domain>"
    )


@cache
def tables(arch: str, machine: str, scsi: str) -> list[list]:
    """The parts, mistakes, misplaced parts and other devices that fit such a guest."""
    place = {"machine": machine or "pc", "scsi": scsi}
    return [
        *(
            [part for part in entries if kinds(arch, machine, scsi, part[1])]
            for entries in (ALL_PARTS, table(MISTAKES), MISPLACED)
        ),
        *(
            [xml for xml, needs in table(text) if fits(needs, place)]
            for text in (BESIDE, WRONG_BESIDE)
        ),
    ]


@st.composite
def guests(draw) -> str:
    """The XML of a guest with one to four disks, right or wrong."""
    return guest(lambda options: draw(st.sampled_from(options)))
