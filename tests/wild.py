"""Guests that nobody thought of, right and wrong, to hold our rules against the real libvirt.

The tables say what is right where, and what is wrong; `guest()` puts a guest together from them,
mostly with no mistake or one. An entry of a table is a piece of a disk, and what it needs:
`source/<a/> device=lun bus!=ide|sata` is `<source><a/></source>` on a LUN of another bus. Two
spaces or a new line part entries; an indented line goes on with the last one. {a|b} is each in
turn, {n} the number of the disk, {half} and {odd} are n // 2 and n % 2.

No number that counts controllers is huge: libvirt would add them all, which takes it hours. And few
disks have a secret: no daemon keeps it, so libvirt makes no command line of them.
"""

import re
from copy import deepcopy
from functools import cache
from itertools import product
from typing import NamedTuple
from xml.etree import ElementTree as ET

from virtiolab.syntax import entries
from virtiolab.targets import usual_name

# What brings the machines of the guests that are asked about, beside a PC's.
OTHER_MACHINES = "qemu-system-arm qemu-system-ppc qemu-system-misc"

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
COMMON_MACHINES = [("x86_64", "pc"), ("x86_64", "q35")]
COMMON_MODELS = "none virtio-scsi virtio-non-transitional "  # none: no controller is written
DEVICES = {  # their buses, and their sources if not any
    "disk": ("ide sata scsi virtio usb", None),
    "cdrom": ("ide sata scsi usb", None),
    "floppy": ("fdc", "file block dir nbd"),
    "lun": ("scsi", "block iscsi volume"),
}
FORMATS = "raw qcow2 qcow qed vmdk vdi vpc vhd ploop bochs cloop dmg aio fat".split()
# How often each is taken, if not twice.
WEIGHTS = {"disk": 14, "cdrom": 4, "file": 12, "volume": 1, "raw": 8, "qcow2": 9, "virtio": 4}

SOURCES = """
file/<source file='/a.img'/>  file/<source file="/b's &amp; &quot;c&quot; &lt;d> ä.img"/>
block/<source dev='/dev/vg/a'/>  dir/<source dir='/d'/><readonly/>
volume/source pool='p' volume='v'  volume/source pool='p' volume='v' mode='host'
nvme/source type='pci' namespace='1'/address domain='0x0000' bus='0x01' slot='0x00' function='0x0'
nvme/source type='pci' managed='no' namespace='2'/address bus='2'
vhostuser/<source type='unix' path='/a.sock'/>
vhostuser/<source type='unix' path='/a'><reconnect enabled='yes' timeout='9'/></source>
nbd/source protocol='nbd' name='x'/host name='h'
nbd/source protocol='nbd'/<host transport='unix' socket='/n'/>
rbd/<source protocol='rbd' name='p/a'/>
rbd/<source protocol='rbd' name='a/b@c'><host name='h' port='1'/><host name='::1'/></source>
iscsi/source protocol='iscsi' name='iqn.2013-07.com.a:b'/host name='h'
iscsi/<source protocol='iscsi' name='iqn.2013-07.com.a:b/2'><host name='::1' port='9'/></source>
gluster/<source protocol='gluster' name='v/a'><host name='h'/><host transport='unix' socket='/g'/>
  </source>
http/source protocol='http' name='a.iso'/host name='h'
https/<source protocol='https' name='/a' query='k=v&amp;w'><host name='h' port='9'/></source>
ftp/<source protocol='ftp' name='/a'><host name='h'/></source>
ftps/<source protocol='ftps' name='/a'><host name='h'/></source>
ssh/<source protocol='ssh' name='/a'><host name='h'/></source>
nfs/<source protocol='nfs' name='/e/a'><host name='h'/></source>
"""
# What a disk may have, in groups of which it takes one entry at most.
PARTS = """
[source!=vhostuser]
driver cache='{none|default|writeback|unsafe}'  driver cache='{none|directsync}' io='native'
driver cache='writethrough' io='{threads|io_uring}'
[source!=vhostuser]
driver error_policy='{stop|enospace}'  driver error_policy='report' rerror_policy='{report|ignore}'
[source!=vhostuser]
driver discard='{ignore|unmap}'  driver detect_zeroes='{on|off}'
driver discard='unmap' detect_zeroes='unmap'
[bus=virtio source!=vhostuser]
driver iothread='1'  driver ioeventfd='on'  driver/iothreads/<iothread id='1'/><iothread id='3'/>
driver queues='2'/iothreads/<iothread id='1'><queue id='0'/></iothread><iothread id='2'><queue
  id='1'/></iothread>
[bus=virtio]
driver queues='4'  driver queue_size='256'  driver {event_idx|ats|packed|iommu|page_per_vq}='on'
[source!=vhostuser]
readonly bus!=ide|sata  readonly device=cdrom  transient source=file device=disk
transient shareBacking='yes' source=file device=disk bus=virtio|scsi|usb
shareable format=raw device=disk|lun source!=dir  shareable device=cdrom
driver copy_on_read='on' device=disk source!=dir
driver discard_no_unref='on' format=qcow2 device=disk
[source!=vhostuser]
iotune/<total_bytes_sec>1000000</total_bytes_sec><read_iops_sec>400</read_iops_sec>
iotune/<read_bytes_sec>4096</read_bytes_sec><write_bytes_sec>4096</write_bytes_sec>
iotune/<total_iops_sec>1</total_iops_sec><total_iops_sec_max>2</total_iops_sec_max>
  <total_iops_sec_max_length>5</total_iops_sec_max_length>
iotune/<write_iops_sec>1</write_iops_sec><write_iops_sec_max>2</write_iops_sec_max>
  <size_iops_sec>9</size_iops_sec>
iotune/<total_bytes_sec>2</total_bytes_sec><total_bytes_sec_max>3</total_bytes_sec_max>
  <group_name>limits &amp; "co"</group_name>
iotune/<group_name>limits</group_name><total_iops_sec>5{n}</total_iops_sec>
throttlefilters/<throttlefilter group='slow'/><throttlefilter group='a &amp; b'/> device!=cdrom
[source!=vhostuser]
<serial>{WD-WMAP9A966149|a_b.c+d -9}</serial> device!=lun
<wwn>5000c50015ea71ac</wwn> bus=ide|scsi device!=lun
<vendor> "a" &lt;b</vendor> bus=scsi device!=lun
<product>R&amp;D 'x'</product> bus=scsi device!=lun
[source!=vhostuser]
geometry cyls='16383' heads='16' secs='63' bus!=usb  geometry trans='none'
geometry cyls='16383' heads='16' secs='63' trans='lba' bus=ide
[source!=vhostuser]
blockio logical_block_size='{0|512}'  blockio physical_block_size='4096' discard_granularity='4096'
[]
boot order='1{n}'  boot order='2{n}' loadparm='a 1'
[]
address type='drive' controller='0' bus='{half}' target='0' unit='{odd}' bus=ide
address type='drive' controller='{0|2}' bus='0' target='0' unit='{n}' bus=sata|scsi
address type='drive' target='{n}' unit='9' bus=scsi scsi=virtio-scsi|lsisas1078
address type='drive' unit='{odd}' bus=fdc
address type='pci' domain='0x0000' bus='0x00' slot='0x1{n}' function='0x0' bus=virtio machine=pc
address type='pci' slot='0x15' function='0x{n}' multifunction='on' bus=virtio machine=pc|q35
address type='pci' bus=virtio machine=pc|q35|pseries|virt
address type='usb' bus='0' port='{n}' bus=usb machine=q35
address type='ccw' cssid='0xfe' ssid='0x0' devno='0x00a{n}' bus=virtio machine=s390-ccw-virtio
address type='pci'/zpci uid='0x001{n}' fid='{n}' bus=virtio machine=s390-ccw-virtio
address type='virtio-mmio' bus=virtio machine=virt
[]
alias name='{ua-disk_|disk}{n}'  acpi index='1{n}' bus=virtio machine=pc|q35
[]
target removable='on' bus=usb  target rotation_rate='7200' device=disk bus=ide|sata|scsi
target tray='open' device=cdrom|floppy
[bus=virtio]
disk model='virtio'  disk model='virtio-{transitional|non-transitional}' machine=pc|q35
[source!=vhostuser]
disk snapshot='{internal|external|manual}'
[device=lun]
disk rawio='yes'  disk sgio='filtered'  source/reservations managed='yes'
source/reservations managed='no'/<source type='unix' path='/p' mode='client'/>
[]
source startupPolicy='{mandatory|optional}' source=file|block|dir|volume  source index='{n}'
source startupPolicy='requisite' source=file|block device=cdrom|floppy
[source!=vhostuser|nvme|dir]
source/slices/slice type='storage' offset='1024' size='4096' device!=lun
source/seclabel model='dac' relabel='no'  source/seclabel model='selinux'/<label>a:s0</label>
source/encryption format='luks'/secret type='passphrase' uuid='6B079A0De2754bc0-8b9f04e45e13fe67'
  format=raw device!=lun
encryption format='luks'/<secret type='passphrase' usage='/a "b"'/> format=qcow2
[]
source/auth username='u'/secret type='ceph' usage='c' source=rbd
auth username='u'/secret type='iscsi' usage='i &amp; j' source=iscsi
[]
source/snapshot name='s' source=rbd  source/<config file='/r'/> source=rbd
source/encryption format='luks2' engine='librbd'/secret type='passphrase' usage='r' source=rbd
source/cookies/<cookie name='a'>b</cookie><cookie name='c'>"d"</cookie> source=http|https
source/{readahead size|timeout seconds}='6' source=http|https|ftp|ftps
source/ssl verify='no' source=https|ftps  source tls='no' source=nbd
source/reconnect delay='10' source=nbd  source/initiator/iqn name='iqn.2020-01.a:x' source=iscsi
source/identity user='+0' group='1000' source=nfs
source/<identity username='u' keyfile='/k'/><knownHosts path='/h'/> source=ssh
[source!=vhostuser]
backingStore  backingStore type='file'/<format type='raw'/><source file='/c'/> format=qcow2|qcow
backingStore type='block'/<format type='qcow2'><metadata_cache><max_size>4096</max_size>
  </metadata_cache></format><source dev='/dev/vg/b'/><backingStore type='network'><format
  type='vmdk'/><source protocol='nbd' name='b'><host name='h'/></source><backingStore/>
  </backingStore> format=qcow2
driver/metadata_cache/<max_size unit='MiB'>8</max_size> format=qcow2
source/dataStore type='file'/<format type='raw'/><source file='/a.raw'/> format=qcow2
[]
driver name='qemu'  backenddomain name='a'  privateData  <odd at='1'>b</odd>
mirror type='file' job='copy' ready='no'/format type='x'
"""
# What is wrong on any disk that has what it needs, and not often met by chance; some only may be.
MISTAKES = """
driver rerror_policy='enospace'  driver type='{iso|dir|cow|luks}'  driver name='tap'
disk type='dir'/<driver type='fat'/><source dir='/d'/> source=file
disk type='dir'/<source dir='/d'/><readonly/> source=file
target bus='sd' device=disk  <target bus='sd'/>{<serial>s</serial>|<readonly/>} device=disk
<target bus='sd'/><iotune><total_iops_sec>9</total_iops_sec></iotune> device=disk
source namespace='0' source=nvme  <source name='iqn.2013-07.com.a:b/x'/> source=iscsi
source/host port='{x|65536}' source=nbd|rbd|http  source/host port='1' source=nfs
source/<host transport='unix' socket='/s'/> source=iscsi|ssh|http|rbd
source/<host transport='unix' socket='/s'/> source=nfs  source/host transport='unix' source=gluster
source/<host/><host name='i'/> source=nfs|nbd|ssh|http|iscsi
source/host name='h' transport='rdma' source=gluster|nbd|http
source/<host name='h' socket='/s'/> source=nbd
source/slices/slice type='storage' offset='1' size='9' device=lun
source/slices/slice type='storage' {offset='0'|offset='-1' size='1'|offset='0' size='x'}
source/reservations managed='{yes|no}'/source type='unix' device=lun
source/reservations managed='no'/<source type='{tcp|unix}' path='/p' {|mode='server'}/> device=lun
disk type='vhostvdpa'/<source dev='/dev/vdpa-x'/><driver cache='{none|unsafe}'/> bus=virtio
readonly bus=ide|sata device=disk  driver io='native'  driver copy_on_read='on' device!=disk
target bus='{scsi|usb}' source=vhostuser  source type='x' source=nvme|vhostuser
disk type='network'/source protocol='nbd' name='a'/host name='h' device=lun
disk sgio='unfiltered' device=lun  source fdgroup='fds' source=file  source tls='yes'
source/dataStore type='file'/{<source file='/r'/>|<format type='raw'/>}
source/dataStore type='file'/<format type='qcow2'/><source file='/r'/> format=qcow2
source/dataStore type='file'/<format type='raw'/><source file='/r'><slices><slice type='storage'
  offset='0' size='1'/></slices></source> format=qcow2
source/dataStore type='file'/<format type='raw'/><source file='/r'><dataStore type='file'><format
  type='raw'/><source file='/r'/></dataStore></source> format=qcow2
source/cookies/<cookie name='a'>b</cookie><cookie name='{a|a@b|}'>c</cookie> source=http|https
source/cookies/<cookie name='a'>{|b;|"b|b"}</cookie> source=http|https
source/identity username='u' source=ssh
disk type='network'/source protocol='{sheepdog|vxhs|tftp}' name='a'/host name='h' device!=lun
source/encryption format='luks'/<secret type='passphrase' usage='a'/><secret type='passphrase'
  usage='b'/> format=raw|qcow2
source/encryption format='luks-any' engine='librbd'/<secret type='passphrase' usage='r'/><secret
  type='passphrase' usage='s'/> source=rbd|file
source/encryption format='luks' engine='librbd'/secret type='passphrase' usage='r' source!=rbd
source/encryption format='{luks|luks2|qcow|default|x}' format=raw|qcow2  source/encryption
source/encryption format='luks'/<cipher name='a' size='1'/>{|<ivgen/>|<ivgen name='b'/>}
source/encryption format='luks'/secret type='passphrase' {uuid='x'|uuid='' usage='a'}
source/encryption format='luks' device=lun
source/encryption format='luks'/{ivgen name|cipher size}='1'
auth username='u'  auth type='z' username='u'/secret type='iscsi' usage='i'
source/auth username='u'/secret type='{tls|ceph|iscsi}' usage='i' source=rbd|iscsi|nbd|https
<auth username='u'><secret type='ceph' usage='i'/></auth><source><auth username='u'><secret
  type='ceph' usage='i'/></auth></source> source=rbd
<encryption format='luks'/><source><encryption format='luks'/></source>
backingStore type='volume'/<format type='raw'/><source pool='p' volume='v'/> format=qcow2
backingStore type='vhostuser'/<format type='raw'/><source type='unix' path='/s'/> format=qcow2
backingStore type='file'/{<source file='/c'/>|<format type='raw'/>}
backingStore type='file'/<format type='x'/><source file='/c'/>
backingStore type='network'/<format type='raw'/><source protocol='iscsi' name='iqn.2013-07.com.a:b'>
  <host name='h'/><auth username='u'><secret type='ceph' usage='c'/></auth></source> format=qcow2
backingStore type='network'/<format type='raw'/><source protocol='sheepdog' name='a'/> format=qcow2
backingStore type='dir'/<format type='fat'/><source dir='/d'/> format=qcow2
driver/metadata_cache/<max_size unit='{furlong|EiB}'>99</max_size>
driver/metadata_cache/<max_size>-8</max_size>  <wwn>5000c50015ea71a{|g}</wwn> bus=scsi|ide
<vendor>{ninechars|ä}</vendor> bus=scsi  <product>{seventeen letters|ä}</product> bus!=virtio
<product>this is one letter too long for ide disks</product>  <serial>a/b</serial>
iotune/<group_name>g</group_name>  iotune/<total_bytes_sec>1000000000000001</total_bytes_sec>
iotune/<total_bytes_sec>1</total_bytes_sec><write_bytes_sec>1</write_bytes_sec>
iotune/<total_iops_sec>1</total_iops_sec><read_iops_sec>1</read_iops_sec>
iotune/<total_bytes_sec_max>1</total_bytes_sec_max><read_bytes_sec_max>1</read_bytes_sec_max>
iotune/<total_iops_sec_max>1</total_iops_sec_max><write_iops_sec_max>1</write_iops_sec_max>
<iotune><total_bytes_sec>1</total_bytes_sec></iotune><throttlefilters><throttlefilter
  group='slow'/></throttlefilters>
throttlefilters/<throttlefilter group='slow'/><throttlefilter group='{slow|no such}'/>
driver iothread='1'/iothreads/iothread id='2' bus=virtio  driver iothread='4' bus=virtio
driver queues='2'/iothreads/<iothread id='1'><queue id='0'/></iothread>{|<iothread
  id='2'/>|<iothread id='1'><queue id='1'/></iothread>|<iothread id='4'><queue id='1'/></iothread>}
  bus=virtio
driver queues='{0|1}'/iothreads/iothread id='1'/queue id='1' bus=virtio
driver queues='2'/iothreads/iothread id='1'/<queue id='0'/><queue id='0'/><queue id='1'/> bus=virtio
source/seclabel model='dac' relabel='no'/<label>a</label>  source/seclabel model='dac' relabel='yes'
source/<seclabel model='dac'/><seclabel model='dac'/>  boot order='{0|-1}'
boot order='1' loadparm='{ninechars|a_b}'  driver iothread='0' bus=virtio  acpi index='0' bus=virtio
address type='{isa|unassigned|virtio-s390|dimm|ccid|virtio-serial|virtio-mmio}'
address type='spapr-vio' reg='0x100000000' bus=virtio|usb  address type='ccw' cssid='0xfe'
address type='ccw' cssid='0xff' ssid='0' devno='1'  address type='usb' bus='0' port='1.2.3.4.5'
address type='pci' {slot='0x20'|slot='1' function='8'|bus='256' slot='1'|domain='65536' slot='1'}
address type='pci' slot='9'/zpci uid='0x10000' bus=virtio
address type='drive' {controller|bus|target}='1' bus=ide|fdc
address type='drive' {bus|target}='1' bus=scsi|sata
address type='drive' unit='{1|70}' bus=scsi|sata
address type='drive' target='8' unit='3' bus=scsi
address type='drive' unit='6' bus=scsi  source pool='p' volume='v' mode='x' source=volume
target dev='{vdzz|vdfxshrxw|vdfxshrxx|vda1|vda0}' bus=virtio  target dev='sda0' bus=usb
{<wwn>5000c50015ea71ac</wwn>|<vendor>v</vendor>|<product>v</product>|<transient/>} source=vhostuser
{auth username='u'|encryption format='luks'}/secret type='passphrase' usage='r' source=vhostuser
driver/metadata_cache/<max_size>9</max_size> source=vhostuser
"""
# Other devices that may stand beside any disks ...
BESIDE = """
controller type='scsi' index='1' model='virtio-scsi'  controller type='scsi' index='2'
controller type='scsi' index='1' model='virtio-scsi'/driver queues='2' iothread='1' cmd_per_lun='2'
  max_sectors='9' ioeventfd='on'
controller type='scsi' model='virtio-scsi'  controller type='ide' index='0' machine=pc
controller type='{sata|fdc}' index='0' machine=pc|q35
controller type='usb' index='0' model='qemu-xhci' machine=pc|q35
hostdev mode='subsystem' type='scsi'/<source protocol='iscsi' name='iqn.2013-07.com.a:b/1'><host
  name='h'/></source>{|<address type='drive' unit='6'/>}
"""
# ... and those that may not, or not beside some.
WRONG_BESIDE = """
controller type='scsi' index='0' model='{buslogic|ncr53c90|am53c974}' scsi=none
controller type='scsi' index='2' model='{ncr53c90|dc390|x}'  controller type='scsi' index='-1'
controller type='scsi' index='2' model='auto'/driver {queues|cmd_per_lun|max_sectors|iothread}='2'
controller type='scsi' index='2' model='lsilogic'/driver ioeventfd='on'
controller type='scsi' index='2' model='virtio-scsi'/driver iothread='9'
controller type='scsi' index='2' model='{virtio-scsi|auto}'/driver{| iothread='1'}/iothreads
  /iothread id='2'
controller type='scsi' index='0' scsi!=none  controller type='{ide|fdc|usb}' index='1'
<controller type='sata' index='0'/><controller type='sata' index='0'/>
controller type='ide' index='0'  controller type='usb' index='0' model='{none|ich9-ehci1}'
<controller type='usb' index='0' model='none'/><controller type='usb' index='1'/>
hostdev mode='subsystem' type='scsi'/<source protocol='iscsi' name='iqn.2013-07.com.a:b/1'><host
  name='h'/></source>{<address type='drive'/>|<boot order='10'/>}
"""
# What some disks want to find in the guest, by a word that such a disk has.
AROUND = {
    "vhost": "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
    "iothread": "<iothreads>3</iothreads>",
    "throttlefilter": "<throttlegroups><throttlegroup><group_name>slow</group_name>"
    "<total_bytes_sec>9</total_bytes_sec></throttlegroup><throttlegroup><group_name>a &amp; b"
    "</group_name></throttlegroup></throttlegroups>",
}
# Pieces of a disk that build() has no choices for.
SINGLES = [
    *(f"<driver><statistics>{inside}</statistics></driver>" for inside in (
        "", "<statistic/>", "<statistic interval='0'/>", "<statistic interval='5'/>",
        "<statistic interval='x'/>", "<statistic interval='1'/><statistic interval='9'/>",
        "<latency-histogram/>", "<latency-histogram type='read'/>",
        "<latency-histogram><bin start='1'/><bin start='9'/></latency-histogram>",
        "<latency-histogram><bin start='0'/><bin start='9'/></latency-histogram>",
        "<latency-histogram><bin start='9'/><bin start='1'/></latency-histogram>",
        "<latency-histogram><bin start='9'/><bin start='9'/></latency-histogram>",
        "<latency-histogram><bin/></latency-histogram>",
        "<latency-histogram><bin start='x'/></latency-histogram>",
        "<latency-histogram><bin start='-1'/></latency-histogram>",
        "<latency-histogram type='other'><bin start='1'/></latency-histogram>",
        *(f"<latency-histogram type='{kind}'><bin start='1'/></latency-histogram>"
          for kind in ("read", "write", "zone", "flush", "")),
        "<latency-histogram type='read'><bin start='1'/></latency-histogram>" * 2,
        "<latency-histogram><bin start='1'/></latency-histogram>"
        "<latency-histogram type='read'><bin start='1'/></latency-histogram>",
    )),
    "<throttlefilters/>", "<throttlefilters><throttlefilter group='slow'/></throttlefilters>",
    "<acpi index='3' nodeset='1'/>", "<acpi nodeset='0-1'/>", "<acpi nodeset='x'/>",
    "<address type='unassigned'/>", "<address type='ccw' cssid='0xfe' ssid='0' devno='1'/>",
    "<address type='spapr-vio'/>", "<address type='isa' iobase='0x1f0' irq='0x3'/>",
    "<address type='virtio-mmio'/>", "<address type='usb' bus='0' port='1.1'/>",
    "<address type='usb' bus='0' port='9'/>", "<address type='usb' bus='3' port='1'/>",
    "<mirror type='file' job='copy'><source file='/b'/></mirror>", "<privateData/>",
    "<source><privateData/></source>", "<alias name='ua-x'/>", "<alias name='x'/>",
    "<backenddomain name='a'/>", "<blockio discard_granularity='0'/>",
]  # fmt: skip
NAMES = """hda hdd hde hdaa sda sdb sdh sdp sdaa vda vdb vdp xvda ubda fda fdb fdc da cdrom vda1
 hda5 vd vdA vdä ioemu:hda ioemu: nvme0n1 mmcblk0""".split()
SMALL = ["0", "1", "3", "+1", "-1", " 1", "1x", "", "30"]
ODD = """0 0 1 2 3 7 8 16 +3 -1 -0 0x3 007 1.5 1e3 32767 65536 2147483648 4294967295 4294967296
 18446744073709551615 18446744073709551616 yes no on off none default auto a/b raw RAW ä a&b it's
 "q" <x> %s a=b""".split()
ODD += ["", " ", " 3", "3 ", "a b", "a\tb", "x" * 300]
DECISIVE = """disk/type disk/type disk/device disk/model target/bus target/bus target/bus target/dev
 target/dev target/dev driver/type source/protocol source/type""".split()
WAYS = "decide decide decide value value value value unset unset unset remove double rename move"
FAULTS = ["right"] * 6 + ["known"] * 6 + ["misplaced"] * 5 + ["spoilt"] * 6
FAULTS += ["beside", "around", "clash"] * 2


class Entry(NamedTuple):
    """A piece of XML, and what it needs: names, whether these are wanted, values."""

    xml: str
    needs: tuple[tuple[str, bool, str], ...]

    def fits(self, kind: dict) -> bool:
        """Whether a kind of disk has all that is needed."""
        return all((kind[name] in values.split("|")) == want for name, want, values in self.needs)


def alternatives(line: str) -> list[str]:
    """A line once with each thing that stands in braces and bars."""
    if not (braces := re.search(r"\{([^{}]*\|[^{}]*)\}", line)):
        return [line]
    options = [line.replace(braces[0], option, 1) for option in braces[1].split("|")]
    return [found for option in options for found in alternatives(option)]


def table(text: str, common: str = "") -> list[Entry]:
    """The entries of a table, in which all need what is common."""
    found = []
    lines = re.split(r"\n(?! )|  +", re.sub(r"\n +", " ", text.strip()))
    for one in [one for line in lines for one in alternatives(line)]:
        path, needs = re.fullmatch(r"(.*?)((?: \w+!?=[\w|-]+)*)", one).groups()
        steps, sign, xml = path.partition("<")
        xml = sign + xml
        for step in filter(None, reversed(steps.split("/"))):
            xml = f"<{step}>{xml}</{step.split()[0]}>"
        words = re.findall(r"(\w+)(!?)=(\S+)", f"{needs} {common}")
        found.append(Entry(xml, tuple((name, not no, values) for name, no, values in words)))
    return found


def _misplaced(entry: Entry) -> list[Entry]:
    """The entry, where one of the things that it needs is not."""
    turned = [
        (*entry.needs[:at], (name, not want, values), *entry.needs[at + 1 :])
        for at, (name, want, values) in enumerate(entry.needs)
    ]
    return [Entry(entry.xml, needs) for needs in turned]


GROUPS = [table(text, needs) for needs, text in re.findall(r"\[(.*)\]\n((?:[^\[].*\n)+)", PARTS)]
TABLES = {
    "right": [entry for group in GROUPS for entry in group],
    "known": table(MISTAKES),
    "misplaced": [wrong for group in GROUPS for entry in group for wrong in _misplaced(entry)],
    "right beside": table(BESIDE),
    "wrong beside": table(WRONG_BESIDE),
}


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
def right_kinds(place: tuple) -> list[dict]:
    """Every kind of right disk, for an architecture, machine and model."""
    arch, machine, scsi = place
    known = {"machine": machine or "pc", "scsi": scsi}
    sources = [(re.match(r"<(\w+)", xml)[1], xml) for xml, _ in table(SOURCES)]
    return [
        known | {"device": device, "bus": bus, "source": source, "xml": xml, "format": form}
        for device, bus, (source, xml), form in product(
            DEVICES, MACHINES[arch, machine][0].split(), sources, FORMATS
        )
        if is_right(device, bus, source, form)
    ]


@cache
def kinds(place: tuple, needs: tuple) -> list[dict]:
    """Those that have what is needed."""
    return [kind for kind in right_kinds(place) if Entry("", needs).fits(kind)]


@cache
def fitting(name: str, place: tuple) -> list[Entry]:
    """The entries of a table that some disk of such a guest can have."""
    return [entry for entry in TABLES[name] if any(map(entry.fits, right_kinds(place)))]


def add(disk: ET.Element, xml: str, number: int = 0) -> None:
    """Merge a piece's attributes, text and elements into those of a disk."""
    for name, value in {"n": number, "half": number // 2, "odd": number % 2}.items():
        xml = xml.replace(f"{{{name}}}", str(value))
    _merge(disk, ET.fromstring(xml if xml.startswith("<disk") else f"<disk>{xml}</disk>"))


def _merge(into: ET.Element, more: ET.Element) -> None:
    into.attrib.update(more.attrib)
    into.text = more.text or into.text
    old = list(into)
    for child in more:
        if same := [one for one in old if one.tag == child.tag]:
            old.remove(same[0])
            _merge(same[0], child)
        else:
            into.append(child)


def a_disk(pick, place: tuple, number: int, centre: Entry) -> ET.Element:
    """A right disk round one entry, which may be wrong, with some others."""
    found = kinds(place, centre.needs)
    for name in ("device", "source", "bus", "format", "xml"):
        values = dict.fromkeys(kind[name] for kind in found)
        value = pick([value for value in values for _ in range(WEIGHTS.get(value, 2))])
        found = [kind for kind in found if kind[name] == value]
    kind, disk = found[0], ET.Element("disk")
    device, bus, source, form = (kind[name] for name in ("device", "bus", "source", "format"))
    if device != "disk" or pick([True, False]):
        disk.set("device", device)
    if form != "raw" or pick([True, False]):
        add(disk, f"<driver type='{form}'/>")
    wants_source = device in ("disk", "lun") or bus == "usb" or "source" in centre.xml
    if wants_source or form == "fat" or pick([True, False]):
        _merge(disk, ET.fromstring(kind["xml"]))
        if source != "file" or pick([True, False]):
            disk.set("type", "network" if "protocol=" in kind["xml"] else source)
    add(disk, f"<target dev='{usual_name(bus, number % 2 if bus == 'fdc' else number)}'/>")
    if bus in ("sata", "usb") or pick([True, False]):
        disk.find("target").set("bus", bus)
    for group in GROUPS:
        others = [entry for entry in group if entry.fits(kind) and "secret" not in entry.xml]
        if others and centre not in group and pick([False] * 6 + [True]):
            add(disk, pick(others).xml, number)
    add(disk, centre.xml, number)
    return disk


@cache
def values_of(name: str) -> list[str]:
    """The values that an attribute of this name has anywhere, or odd ones."""
    if few := {"dev": NAMES, "controller": SMALL}.get(name):
        return few
    found = (entry.values for key, entry in entries().items() if key.endswith(f"@{name}"))
    return sorted({value for values in found for value in values}) or ODD


def spoil(pick, disk: ET.Element, near: list[ET.Element]) -> None:
    """Spoil something of a disk, in one of the elements that are near."""
    pairs = [(parent, one) for parent in disk.iter() for one in parent if one in near]
    (parent, one), way = pick(pairs), pick(WAYS.split())
    name = pick([*one.attrib] or [None])
    if way == "decide":
        tag, name = pick(DECISIVE).split("/")
        for decisive in [disk] if tag == "disk" else disk.findall(tag):
            decisive.set(name, pick(values_of(name)))
    elif way == "value" and name:
        one.set(name, pick(SMALL if name == "controller" else pick([values_of(name), ODD])))
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
            again.set(name, pick(values_of(name)))
    else:
        parent.remove(one)
        if way == "move":
            pick(list(disk.iter())).append(one)


def guest(pick) -> str:
    """The XML of a guest with one to four disks; `pick` takes one of a list."""
    arch, machine = pick(COMMON_MACHINES * 11 + list(MACHINES))
    model = pick((COMMON_MODELS + MACHINES[arch, machine][1]).split())
    place, around, beside = (arch, machine, model), AROUND | {"boot": ""}, []
    fault = pick(FAULTS)
    centre = pick(fitting(fault if fault in TABLES else "right", place))
    disks = [a_disk(pick, place, 0, centre)]
    for number in range(1, pick([1, 1, 1, 2, 2, 3, 4])):
        disks.append(a_disk(pick, place, number, pick(fitting("right", place))))
    if model != "none":
        beside.append(f"<controller type='scsi' index='0' model='{model}'/>")
    if pick([False, False, False, True]):
        beside.append(pick(fitting("right beside", place)).xml)
    if fault == "spoilt" or (fault != "right" and pick([False] * 9 + [True])):
        tags = {one.tag for one in ET.fromstring(f"<x>{centre.xml}</x>").iter()} - {"disk"}
        near = [one for one in disks[0].iter() if one.tag in tags]
        spoil(pick, disks[0], pick([near, None]) or list(disks[0].iter()))
    elif fault == "beside":
        beside.append(pick(fitting("wrong beside", place)).xml)
    elif fault == "clash":
        again = deepcopy(pick(list(disks[0])))
        if len(again) and pick([True, False]):
            again[0].text = "7"
        add(disks[-1], ET.tostring(again, encoding="unicode"))
    text = "".join([*(ET.tostring(disk, encoding="unicode") for disk in disks), *beside])
    if fault == "around":
        name = pick([*(word for word in AROUND if word in text), "boot"])
        around[name] = "<boot dev='hd'/>" if name == "boot" else ""
    machine = f" machine='{machine}'" if machine else ""
    return (
        "<domain type='qemu'><name>d</name><memory>65536</memory>"
        f"{''.join(around[word] for word in AROUND if word in text)}"
        f"<os><type arch='{arch}'{machine}>hvm</type>{around['boot']}</os>"
        f"<devices>{text}</devices></domain>"
    )
