"""QEMU's arguments, explained: every key that libvirt gives is known, and comes from where we say."""

import copy
import random
import re
from collections import Counter
from pathlib import Path

import pytest
from wild import guest

from virtiolab import data, read
from virtiolab.document import Domain
from virtiolab.evidence.arguments import arguments
from virtiolab.evidence.guests import alone, as_text
from virtiolab.evidence.record import recorded
from virtiolab.syntax import lookup

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]  # thousands of questions

GUESTS = 4000
FACTS = data.facts("evidence/arguments.toml")
TRIES = 40  # guests in which a name is changed, until the key changes
EXAMPLES, NOTEBOOKS = Path(__file__).parent / "examples", Path(__file__).parents[1] / "notebooks"
NEWEST = recorded()["versions"]["libvirt"]
GROUPS = "".join(
    f"<throttlegroup><total_iops_sec>9</total_iops_sec><group_name>{name}</group_name></throttlegroup>"
    for name in ("slow", "own", "shared")
)
GUEST = f"""<domain type='kvm'><memory>65536</memory><iothreads>3</iothreads>
<throttlegroups>{GROUPS}</throttlegroups>
<memoryBacking><access mode='shared'/></memoryBacking>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>{{}}</devices></domain>"""
NBD = "<disk type='network'><source protocol='nbd' name='x'><host {}/></source><target dev='vda'/></disk>"
GLUSTER = """<disk type='network'><source protocol='gluster' name='v/x'><host {}/><host name='b'/></source>
<target dev='vda'/></disk>"""
NVME = """<disk><source file='/a'/><target dev='nvme0n1' bus='nvme'/></disk>
<controller type='nvme' index='0'>{}</controller>
<disk><source file='/b'/><target dev='nvme0n2' bus='nvme'/>{}</disk>"""
THREADS = """<disk><source file='/a'/><target dev='vda'/><driver queues='2'><iothreads>
<iothread id='1'><queue id='{}'/></iothread><iothread id='2'><queue id='{}'/></iothread>
</iothreads></driver></disk>"""
THROTTLED = """<disk><source file='/a'/><target dev='vda'/>
<throttlefilters><throttlefilter group='{}'/></throttlefilters></disk>"""
ON_SCSI = "<disk><source file='/a'/><target dev='sda'/></disk><controller type='scsi' model='virtio-scsi'>"
NVME_DISK = "<disk><source file='/a'/><target dev='nvme0n1' bus='nvme'/><serial>a</serial>{}</disk>"
# Of controllers and NVMe disks all that can be written, and no guest below has.
FURTHER = [
    ON_SCSI
    + """<driver queues='2' cmd_per_lun='8' max_sectors='64' ioeventfd='on'
    iommu='on' ats='on' packed='on' page_per_vq='on'/>
    <address type='pci' slot='0xb' multifunction='on'/></controller>""",
    ON_SCSI
    + """<driver queues='2'><iothreads><iothread id='1'><queue id='0'/></iothread>
    <iothread id='2'><queue id='1'/></iothread></iothreads></driver></controller>""",
    NVME.format("<serial>a</serial><driver queues='4' ioeventfd='on'/>", ""),
    NVME_DISK.format(""),
    NVME_DISK.format("<alias name='ua-a'/>"),
    NVME_DISK.format("<address type='drive' controller='0' bus='0' target='0' unit='3'/>")
    + "".join(
        f"<controller type='nvme' index='{n}'><serial>a</serial></controller>" for n in (0, 1)
    ),
]
# Names that cannot be changed alone: the table and the key, the path, and two guests that differ in
# what is written there.
TOGETHER = [
    ("blockdev", "server.type", "source/host/@transport", NBD.format("name='h'"),
     NBD.format("transport='unix' socket='/s'")),
    ("blockdev", "server[].type", "source/host/@transport", GLUSTER.format("name='h'"),
     GLUSTER.format("transport='unix' socket='/s'")),
    ("blockdev", "server.port", "source/host/@port", NBD.format("name='h' port='1'"),
     NBD.format("name='h' port='2'")),
    ("blockdev", "tls-creds", "source/@tls", NBD.format("name='h'"),
     NBD.format("name='h'").replace("name='x'", "name='x' tls='yes'")),
    ("blockdev", "tls-hostname", "source/@tlsHostname",
     NBD.format("name='h'").replace("name='x'", "name='x' tls='yes'"),
     NBD.format("name='h'").replace("name='x'", "name='x' tls='yes' tlsHostname='n'")),
    ("device", "driver", "@type", "<disk type='file'><source file='/a'/><target dev='vda'/></disk>",
     "<disk type='vhostuser'><source type='unix' path='/s'/><target dev='vda'/></disk>"),
    ("device", "bus", "address/@bus",
     "<disk><source file='/a'/><target dev='sda' bus='usb'/><address type='usb' bus='0' port='1'/></disk>"
     "<controller type='usb' index='0'/><controller type='usb' index='1' model='ich9-ehci1'/>",
     "<disk><source file='/a'/><target dev='sda' bus='usb'/><address type='usb' bus='1' port='1'/></disk>"
     "<controller type='usb' index='0'/><controller type='usb' index='1' model='ich9-ehci1'/>"),
    ("controller", "nvme:serial", "disk/serial", NVME.format("", "<serial>a</serial>"),
     NVME.format("", "<serial>b</serial>")),
    ("controller", "nvme:serial", "controller/serial", NVME.format("<serial>a</serial>", ""),
     NVME.format("<serial>b</serial>", "")),
    ("device", "nvme:bus", "target/@dev", NVME_DISK.format(""),
     NVME_DISK.format("").replace("nvme0", "nvme1")),
    ("blockdev", "driver", "@type", "<disk type='file'><source file='/a'/><target dev='vda'/></disk>",
     "<disk type='block'><source dev='/a'/><target dev='vda'/></disk>"),
    ("device", "iothread-vq-mapping[].vqs[]", "driver/iothreads/iothread/queue/@id",
     THREADS.format(0, 1), THREADS.format(1, 0)),
    ("format", "throttle-group", "throttlefilters/throttlefilter/@group",
     THROTTLED.format("slow"), THROTTLED.format("own")),
]  # fmt: skip
NAMES_OF_A_KIND = ("driver", "url")  # with another value it is another kind of layer or device


def values_of(answer, disk):
    """By table, family of drivers and key: the values in the arguments of a disk, and the paths."""
    found = {}
    for argument in arguments(answer, disk):
        for key in argument.keys:
            found.setdefault((argument.table, argument.family, key.name), []).append(key)
    return found


def entry_of(table, family, name):
    """The name of the entry: that of the family where there is one."""
    return f"{family}:{name}" if f"{family}:{name}" in FACTS[table] else name


def names_of(table, name):
    """Every name in the XML that a key can come from: without the conditions."""
    _, *lists = FACTS[table][name]
    paths = (path.partition(" unless ")[0] for paths in lists for path in paths)
    return {re.sub(r"\[[^]]*\]", "", path).removeprefix("../") for path in paths}


def changed(domain, number, path):
    """The guest with something else, or nothing, at this path of a disk."""
    holder, _, attribute = path.rpartition("@") if "@" in path else (path, "", "")
    where = f"{holder.rstrip('/') or 'self::*'}[@{attribute}]" if attribute else holder
    if not (written := domain.disks[number].element.xpath(where)):  # it is of something else
        return
    [old, *_] = written
    text = old.get(attribute) if attribute else old.text or ""
    for value in other_values(path, text):
        root = copy.deepcopy(domain.element)
        element = root.findall("devices/disk")[number].xpath(where)[0]
        if value is None and attribute:
            del element.attrib[attribute]
        elif value is None:
            element.getparent().remove(element)
        elif attribute:
            element.set(attribute, value)
        else:
            element.text = value
        yield Domain(root)


def other_values(path, text):
    """None for none, and then what else might stand there."""
    entry = lookup(f"/disk/{path}")
    yield from [None, *(entry.values if entry else ())]
    if found := re.fullmatch(r"(0x)?([0-9a-f]+)", text):
        number = int(found[2], 16 if found[1] else 10) if found[1] or text.isdigit() else 0
        yield from (f"0x{number + 1:x}" if found[1] else str(number + 1), str(number * 2))
    if path == "target/@dev":
        yield from (prefix + text[2:] for prefix in ("hd", "sd", "vd"))
    yield from (f"{text}b", f"{text[:-1]}b", f"/x{text}", f"x{text}", f"{text[:-1]}7")


def keys(found):
    """The values alone."""
    return [key.value for key in found or []]


def guests():
    """Many drawn, those of the course, the disks of the examples, each in a guest of its own, and controllers."""
    draw = random.Random(7)
    yield from (read(guest(draw.choice)) for _ in range(GUESTS))
    yield from map(read, sorted(NOTEBOOKS.glob("domains/*.xml")))
    for disk in (disk for file in sorted(EXAMPLES.glob("*.xml")) for disk in read(file).disks):
        yield read(GUEST.format(as_text(disk.element)))
    yield from (read(GUEST.format(xml)) for xml in FURTHER)


@pytest.fixture(scope="module")
def proved(libvirt):
    """Every (table, entry, path) for which a change there changed the key; every (table, entry) that
    was given; and what is unknown."""
    found, tried, seen, unknown = set(), Counter(), set(), set()
    for domain in guests():
        answer = libvirt.ask(domain)
        for number, disk in enumerate(domain.disks if answer.argv else ()):
            given = values_of(answer, disk)
            for (table, family, name), told in given.items():
                if not told[0].meaning:
                    unknown.add((table, family, name))
                    continue
                seen.add((table, entry_of(table, family, name)))
                for path in told[0].paths if told[0].written else ():
                    claim = (table, entry_of(table, family, name), path)
                    if claim in found or tried[claim] > TRIES:
                        continue
                    tried[claim] += 1
                    if differs(libvirt, domain, number, path, (table, family, name), keys(told)):
                        found.add(claim)
    return found, seen, unknown


def differs(libvirt, domain, number, path, place, before):
    """Whether a change at this path changes the key."""
    table, family, name = place
    for other in changed(domain, number, path):
        given = values_of(libvirt.ask(other), other.disks[number])
        if name in NAMES_OF_A_KIND:  # another value makes it another kind
            families = [kind for kind in given if kind[::2] == (table, name)]
            if families and (place not in families or keys(given[place]) != before):
                return True
        elif place in given and keys(given[place]) != before:
            return True
        elif place not in given and any(kind[:2] == (table, family) for kind in given):
            return True  # the key is gone, and the kind of device or layer is the same
    return False


def test_every_key_is_known(proved):
    """Whatever libvirt gives QEMU for a disk or its controller has a meaning."""
    assert proved[2] == set()


def test_no_key_comes_from_elsewhere(libvirt):
    """What is not named for a key of the device does not change it: the name and the bus of the
    disk, and what would count if nothing else were written, such as the name on a written bus."""
    draw, stayed = random.Random(8), Counter()
    for _ in range(GUESTS // 20):
        for domain in alone(read(guest(draw.choice))):
            [disk] = domain.disks
            given = of_the_device(libvirt.ask(domain), disk)
            idle = {place: idle_names(key, place, disk) for place, key in given.items()}
            for path in sorted(set().union(*idle.values())):
                for other in changed(domain, 0, path):
                    found = of_the_device(libvirt.ask(other), other.disks[0])
                    for place in found.keys() & {one for one in idle if path in idle[one]}:
                        assert found[place].value == given[place].value, (place, path)
                        stayed[entry_of(*place), path] += 1
    assert min(stayed[place] for place in IDLE) >= 10, stayed


# Some keys with names that count at other times: each must have been seen to stay.
IDLE = [
    ("driver", "target/@dev"), ("ide:bus", "target/@dev"), ("ide:unit", "target/@dev"),
    ("scsi:id", "target/@dev"), ("lun", "target/@dev"), ("device_id", "target/@dev"),
    ("id", "alias/@name"), ("rerror", "driver/@error_policy"),
]  # fmt: skip


def of_the_device(answer, disk):
    """The keys of a disk's own device, but for the names of its layers, by their places."""
    found = values_of(answer, disk)
    return {
        place: told[0]
        for place, told in found.items()
        if place[0] == "device" and place[2] not in ("drive", "chardev")
    }


def idle_names(key, place, disk):
    """The names written in a disk from which a key might come, and does not."""
    names = names_of(place[0], entry_of(*place)) | {"target/@dev", "target/@bus"}
    return {name for name in names - set(key.paths) if disk.element.xpath(name)}


@pytest.mark.parametrize(("table", "name", "path", "one", "other"), TOGETHER)
def test_names_that_change_together(libvirt, table, name, path, one, other):
    """What needs a companion to be valid."""
    said = []
    for xml in (one, other):
        domain = read(GUEST.format(xml))
        given = values_of(libvirt.ask(domain), domain.disks[0])
        said.append({key: keys(found) for key, found in given.items()
                     if (key[0], entry_of(*key)) == (table, name)})  # fmt: skip
    assert path in names_of(table, name)
    if any(said) or libvirt.versions["libvirt"] == NEWEST:  # else this one knows no such thing
        assert said[0] != said[1]


def test_every_key_comes_from_where_we_say(proved):
    """Change what is written there, and the key changes: of every key that this libvirt gives."""
    together = {(table, name, path) for table, name, path, _, _ in TOGETHER}
    claims = {(*key, path) for key in proved[1] for path in names_of(*key)}
    assert claims - proved[0] - together == set()


def test_every_key_is_given(proved, libvirt):
    """What is explained, the newest libvirt gives, but for what says until when one did."""
    explained = {
        (table, name): said[0] for table, known in FACTS.items() for name, said in known.items()
    }
    given = {key for key, meaning in explained.items() if "until" not in meaning}
    if libvirt.versions["libvirt"] == NEWEST:
        assert given - proved[1] == set()


def test_the_one_that_settles_it(libvirt):
    """The disk itself; for SCSI the controller, which is virtio or not."""
    disk = "<disk><source file='/a'/><target dev='{}'/></disk>"
    virtio = "<controller type='scsi' model='virtio-scsi'/>"
    for xml, driver in [
        (disk.format("vda"), "virtio-blk-pci"),
        (disk.format("hda"), "ide-hd"),
        (disk.format("sda"), "lsi"),
        (disk.format("sda") + virtio, "virtio-scsi-pci"),
    ]:
        domain = read(GUEST.format(xml))
        given = arguments(libvirt.ask(domain), domain.disks[0])
        assert [one.driver for one in given if one.settles] == [driver]


def test_layers_of_a_chain(libvirt):
    """Each image of a backing chain has its own names in the XML, the lowest first."""
    chain = """<disk><driver type='qcow2'/><source file='/top'/><target dev='vda'/>
    <backingStore type='file'><format type='raw'/><source file='/base'/></backingStore></disk>"""
    domain = read(GUEST.format(chain))
    files = [
        (key.value, key.paths)
        for argument in arguments(libvirt.ask(domain), domain.disks[0])
        for key in argument.keys
        if key.name == "filename"
    ]
    assert files == [("/base", ("backingStore/source/@file",)), ("/top", ("source/@file",))]


def test_a_disk_that_comes_later_has_no_arguments(libvirt):
    """libvirt plugs it in once the guest is there."""
    xml = """<disk><source file='/a'/><target dev='vda'/><transient shareBacking='yes'/></disk>
    <disk><source file='/b'/><target dev='vdb'/></disk>"""
    domain = read(GUEST.format(xml))
    answer = libvirt.ask(domain)
    assert [bool(arguments(answer, disk)) for disk in domain.disks] == [False, True]
