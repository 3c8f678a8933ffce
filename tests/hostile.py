"""Guests that name files, programs, sockets and hosts in every place where libvirt takes one.

All of these names contain BAIT, so that whoever touches one can be told from a trace.
"""

BAIT = "virtiolab-bait"
_PATH = f"/tmp/{BAIT}"
_DISK = f"<disk><source file='{_PATH}/a'/><target dev='vda'/></disk>"
_GUEST = """<domain type='{type}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
<name>bait</name><memory>65536</memory>{beside}
<os>{os}<type arch='x86_64' machine='{machine}'>hvm</type></os>
<devices>{devices}</devices></domain>"""
_SOURCES = [
    "<disk type='file'><source file='{0}/a'/>",
    "<disk type='file' device='cdrom'><source file='{0}/a' startupPolicy='optional'/>",
    "<disk type='block'><source dev='{0}/a'/>",
    "<disk type='block' device='lun' rawio='yes'><source dev='{0}/a'>"
    "<reservations managed='no'><source type='unix' path='{0}/r' mode='client'/></reservations></source>",
    "<disk type='dir' device='floppy'><driver type='fat'/><readonly/><source dir='{0}'/>",
    "<disk type='vhostuser'><source type='unix' path='{0}/s'/>",
    "<disk type='nvme'><source type='pci' namespace='1'><address bus='1'/></source>",
    "<disk type='volume'><source pool='{1}' volume='a'/>",
    "<disk type='network'><source protocol='nbd' name='{1}' tls='yes'><host name='{1}'/></source>",
    "<disk type='network'><source protocol='nbd'><host transport='unix' socket='{0}/s'/></source>",
    "<disk type='network'><source protocol='rbd' name='p/{1}'><host name='{1}'/>"
    "<config file='{0}/c'/></source>",
    "<disk type='network'><source protocol='gluster' name='v/{1}'>"
    "<host transport='unix' socket='{0}/s'/></source>",
    "<disk type='network'><source protocol='iscsi' name='iqn.2020-01.a:b/1'><host name='{1}'/></source>",
    "<disk type='network'><source protocol='https' name='{1}'><host name='{1}'/>"
    "<cookies><cookie name='a'>{1}</cookie></cookies></source>",
    "<disk type='network'><source protocol='ssh' name='{1}'><host name='{1}'/></source>",
    "<disk type='network'><source protocol='nfs' name='{1}'><host name='{1}'/></source>",
    "<disk><driver type='qcow2'/><source file='{0}/a'/><backingStore type='file'><format type='qcow2'/>"
    "<source file='{0}/b'/></backingStore>",
    "<disk><source file='{0}/a'/><mirror type='file' job='copy'><source file='{0}/m'/></mirror>",
    "<disk><source file='{0}/a'><seclabel model='dac'><label>{1}</label></seclabel></source>",
    "<disk><driver type='qcow2'/><source file='{0}/a'><encryption format='luks'>"
    "<secret type='passphrase' usage='{1}'/></encryption></source>",
    "<disk><source file='{0}/a'/><transient/>",
    "<disk type='network'><source protocol='nfs' name='{1}'><host name='{1}'/>"
    "<identity user='{1}' group='{1}'/></source>",
    "<disk><driver type='qcow2'/><source file='{0}/a'><dataStore type='file'><format type='raw'/>"
    "<source file='{0}/d'/></dataStore></source>",
]
_DEVICES = [
    "<emulator>{0}/emulator</emulator>",
    "<filesystem type='mount'><source dir='{0}'/><target dir='a'/></filesystem>",
    "<filesystem><driver type='virtiofs'/><binary path='{0}/v'/><source dir='{0}'/><target dir='a'/>"
    "</filesystem>",
    "<interface type='ethernet'><script path='{0}/script'/><target dev='bait0'/></interface>",
    "<interface type='bridge'><source bridge='bait0'/></interface>",
    "<interface type='network'><source network='{1}'/></interface>",
    "<interface type='vhostuser'><source type='unix' path='{0}/s' mode='client'/></interface>",
    "<interface type='client'><source address='{1}' port='1'/></interface>",
    "<serial type='file'><source path='{0}/f'/></serial>",
    "<serial type='dev'><source path='{0}/f'/></serial>",
    "<serial type='pipe'><source path='{0}/f'/></serial>",
    "<serial type='unix'><source mode='bind' path='{0}/s'/><log file='{0}/log'/></serial>",
    "<serial type='tcp'><source mode='connect' host='{1}' service='1'/></serial>",
    "<channel type='unix'><source mode='bind' path='{0}/s'/><target type='virtio' name='a'/></channel>",
    "<graphics type='vnc' socket='{0}/vnc'/>",
    "<graphics type='vnc' listen='{1}'/>",
    "<graphics type='spice'><listen type='address' address='{1}'/></graphics>",
    "<graphics type='egl-headless'><gl rendernode='{0}/render'/></graphics>",
    "<rng model='virtio'><backend model='random'>{0}/random</backend></rng>",
    "<rng model='virtio'><backend model='egd' type='tcp'><source mode='connect' host='{1}' service='1'/>"
    "</backend></rng>",
    "<tpm><backend type='passthrough'><device path='{0}/tpm'/></backend></tpm>",
    "<tpm><backend type='emulator'/></tpm>",
    "<shmem name='{1}'><server path='{0}/s'/></shmem>",
    "<memory model='nvdimm'><source><path>{0}/m</path></source><target><size>131072</size></target></memory>",
    "<input type='passthrough'><source evdev='{0}/e'/></input>",
    "<input type='evdev'><source dev='{0}/e'/></input>",
    "<smartcard mode='host-certificates'><certificate>a</certificate><certificate>b</certificate>"
    "<certificate>c</certificate><database>{0}</database></smartcard>",
    "<hostdev mode='subsystem' type='pci'><source><address bus='1'/></source></hostdev>",
    "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/><product id='0x1'/></source></hostdev>",
    "<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/>"
    "<address bus='0' target='0' unit='0'/></source></hostdev>",
    "<hostdev mode='subsystem' type='scsi'><source protocol='iscsi' name='{1}'><host name='{1}'/></source>"
    "</hostdev>",
    "<hostdev mode='subsystem' type='scsi_host'><source protocol='vhost' wwpn='naa.5001405df3e54061'/>"
    "</hostdev>",
    "<hostdev mode='subsystem' type='mdev' model='vfio-pci'>"
    "<source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>",
    "<audio id='1' type='file' path='{0}/sound'/>",
    "<audio id='1' type='pulseaudio' serverName='{0}/pulse'/>",
    "<vsock><cid auto='yes'/></vsock>",
    "<redirdev bus='usb' type='tcp'><source mode='connect' host='{1}' service='1'/></redirdev>",
    "<crypto model='virtio' type='qemu'><backend model='builtin'/></crypto>",
    "<interface type='vdpa'><source dev='{0}/vdpa'/></interface>",
    "<interface type='user'><source/><rom file='{0}/rom'/></interface>",
]
_BESIDE = [
    "<qemu:commandline><qemu:arg value='-drive'/><qemu:arg value='file={0}/a'/></qemu:commandline>",
    "<qemu:override><qemu:device alias='virtio-disk0'><qemu:frontend>"
    "<qemu:property name='serial' type='string' value='{0}'/></qemu:frontend></qemu:device></qemu:override>",
    "<memoryBacking><source type='file'/><hugepages/></memoryBacking>",
    "<numatune><memory nodeset='0'/></numatune><cputune><vcpupin vcpu='0' cpuset='0'/></cputune>",
    "<resource><partition>/{1}</partition></resource>",
    "<seclabel type='static' model='dac'><label>{1}</label></seclabel>",
    "<sysinfo type='fwcfg'><entry name='opt/a' file='{0}/f'/></sysinfo>",
    "<blkiotune><device><path>{0}/d</path><weight>100</weight></device></blkiotune>",
    "<launchSecurity type='sev'><policy>1</policy></launchSecurity>",
    "<metadata><a:a xmlns:a='{1}'/></metadata>",
]
_OS = [
    "<loader readonly='yes' type='pflash'>{0}/code</loader><nvram template='{0}/vars'>{0}/nvram</nvram>",
    "<loader>{0}/bios</loader>",
    "<kernel>{0}/kernel</kernel><initrd>{0}/initrd</initrd><cmdline>{1}</cmdline><dtb>{0}/dtb</dtb>",
    "<acpi><table type='slic'>{0}/slic</table></acpi>",
]
_MEMORY = "<memoryBacking><access mode='shared'/></memoryBacking>"


def _filled(parts):
    return [part.format(_PATH, BAIT) for part in parts]


def disks() -> list[str]:
    """A guest for each kind of source."""
    found = []
    for start in _filled(_SOURCES):
        target = (
            "fda" if "floppy" in start else "sda" if "cdrom" in start or "lun" in start else "vda"
        )
        found.append(_guest(f"{start}<target dev='{target}'/></disk>", beside=_MEMORY))
    return found


def guests() -> list[str]:
    """A guest for each place that names something of the host."""
    others = [_guest(_DISK + device) for device in _filled(_DEVICES)]
    others += [_guest(_DISK, beside=part) for part in _filled(_BESIDE)]
    return [*disks(), *others, *(_guest(_DISK, os=part) for part in _filled(_OS))]


def _guest(devices, beside="", os="", type="kvm", machine="q35") -> str:
    return (
        _GUEST.format(**locals())
        if "fda" not in devices
        else _GUEST.format(**locals() | {"machine": "pc"})
    )
