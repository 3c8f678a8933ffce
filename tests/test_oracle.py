"""The rules against the real libvirt, on domains that people and programs wrote."""

import copy
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from agreement import of_this
from lxml import etree

from virtiolab import check, infer, read
from virtiolab.course.tasks import predictions
from virtiolab.data import holds
from virtiolab.evidence import PATH
from virtiolab.evidence.comparison import inferred, said_by_libvirt
from virtiolab.evidence.guests import alone
from virtiolab.evidence.record import recorded

pytestmark = pytest.mark.live

FILES = sorted((Path(__file__).parents[1] / "notebooks/domains").glob("*.xml"))
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def program(name, package):
    """A program to run, or a skip that says which package brings it."""
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed: apt-get install {package}")
    return name


def only_disk(domain, number, *unwritten):
    """The domain with this disk alone, and without these elements or attributes of it."""
    guest = list(alone(domain))[number]
    [disk] = guest.element.findall("devices/disk")
    for path in unwritten:
        name, _, attribute = path.partition("/@")
        for element in disk.findall(name):
            if attribute:
                element.attrib.pop(attribute, None)
            else:
                disk.remove(element)
    return guest


def assert_agrees(domain, libvirt):
    """Every answer about every disk, if libvirt accepts the domain at all."""
    answer = libvirt.ask(domain)
    if answer.refusal is None:
        said = said_by_libvirt(answer)
        for disk in domain.disks:
            assert inferred(disk) == said[disk.target]
    return answer.refusal


@each_file
def test_domain_files(file, libvirt):
    """Libvirt accepts the files of the course, and says the same of every disk in them."""
    assert assert_agrees(of_this(libvirt, file), libvirt) is None


@each_file
@pytest.mark.parametrize("also", [(), ("address",), ("driver",), ("address", "driver")], ids=str)
def test_stripped(file, also, libvirt):
    """Without bus and type, each disk becomes what libvirt itself infers."""
    domain = of_this(libvirt, file)
    refused = {
        disk.target
        for number, disk in enumerate(domain.disks)
        if assert_agrees(only_disk(domain, number, "target/@bus", "driver/@type", *also), libvirt)
    }
    assert refused <= {"sdf"}  # the USB stick: what is written on it fits no other bus


@each_file
def test_generic_driver(file, tmp_path):
    """What libvirt's test driver writes back is read, and the buses are the same."""
    virsh = program("virsh", "libvirt-clients")
    domain = read(file)
    root = copy.deepcopy(domain.element)
    root.set("type", "test")
    for element in root.xpath("os/type/@arch/.. | os/loader | os/nvram | devices/emulator"):
        if element.tag == "type":
            element.attrib.clear()  # the test driver has one machine of its own
        else:
            element.getparent().remove(element)
    asked = tmp_path / "asked.xml"
    asked.write_bytes(etree.tostring(root))
    commands = f"define {asked}; dumpxml {root.findtext('name')}"
    run = subprocess.run(
        [virsh, "--quiet", "-c", "test:///default", commands], capture_output=True, encoding="utf-8"
    )
    written_back = read(run.stdout[run.stdout.index("<domain") :])
    said = {disk.target: disk.get("bus", "target") for disk in written_back.disks}
    assert {disk.target: infer(disk).bus.value for disk in domain.disks} == said


INSTALLATIONS = [
    "--disk none",
    "--disk /a.qcow2,size=1,format=qcow2",
    "--disk /a.img,size=1 --disk /b.img,size=1,bus=scsi --controller type=scsi,model=virtio-scsi",
    "--disk /a.img,size=1,bus=sata --disk device=cdrom",
    "--disk /a.img,size=1,bus=ide --disk device=floppy",
    "--disk /a.img,size=1,bus=usb,cache=none --disk /b.img,size=1,bus=scsi",
    "--disk /a.qcow2,size=1,target.dev=hda,target.bus=virtio,readonly=on",
]


@pytest.mark.parametrize("options", INSTALLATIONS)
def test_virt_install(options, libvirt):
    """What virt-install prints is read and answered as libvirt answers it."""
    command = [program("virt-install", "virtinst"), "--connect", "test:///default"]
    command += ["--name", "d", "--memory", "64", "--import", "--osinfo", "detect=off,require=off"]
    command += ["--print-xml", "--check", "all=off", "--network", "none", "--graphics", "none"]
    command += options.split()
    # Under the system's Python, which has what it imports, whichever of them PATH names first here.
    known = os.environ | {"PATH": PATH}
    run = subprocess.run(command, env=known, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    without_emulator = run.stdout.replace("<emulator>/usr/bin/test-hv</emulator>", "")
    domain = of_this(libvirt, without_emulator.replace('type="test"', 'type="qemu"', 1))
    assert assert_agrees(domain, libvirt) is None


# The guest around the disks of a proof, where a prediction names none of its own: as in the domain
# that notebook 01 shows.
CARDS = """<controller type='scsi' index='0' model='virtio-scsi'/>
<controller type='scsi' index='1' model='lsilogic'/>"""


def kinds_of_proof(asked):
    return {"proof", "record", "source"} & set(asked)


def answered(asked, value):
    """The option that claims this value."""
    return asked["options"][asked["claims"].index(value)]


@pytest.mark.parametrize("name", predictions())
def test_predictions_are_founded(name):
    """On libvirt's answer, on the record of it (which test_record asks again), or on a manual."""
    assert len(kinds_of_proof(predictions()[name])) == 1


@pytest.mark.parametrize("name", [n for n, p in predictions().items() if "proof" in p])
def test_predictions(name, libvirt):
    """What a notebook tells the learner is what libvirt does: its values choose the answer.

    `proof` holds disks and the row of their answers that the question is about, or "accepted";
    `claims` the value that each option stands for ("differs": it is not the same for all disks).
    `since` is the libvirt from which on the answer is right; to others the rules say something else.
    """
    asked = predictions()[name]
    machine, controllers = asked.get("machine", "pc"), asked.get("controllers", CARDS)
    values = []
    for xml, row in asked["proof"]:
        domain = of_this(
            libvirt,
            "<domain type='qemu'><name>d</name><memory>65536</memory>"
            f"<os><type arch='x86_64' machine='{machine}'>hvm</type></os>"
            f"<devices>{xml}{controllers}</devices></domain>",
        )
        answer = libvirt.ask(domain)
        if row == "accepted":
            values.append(answer.refusal is None)
            assert values[-1] == all(problem.severity != "error" for problem in check(domain))
        else:
            said = next(iter(said_by_libvirt(answer).values()))
            assert said[row] == getattr(infer(domain.disks[0]), row).value
            values.append(said[row])
    value = values[0] if len(values) == 1 else values
    if value not in asked["claims"] and len(set(values)) > 1:
        value = "differs"
    if holds(asked, domain.libvirt):
        assert answered(asked, value) == asked["answer"]


@pytest.mark.parametrize("name", [n for n, p in predictions().items() if "record" in p])
def test_predictions_on_record(name):
    """`record` is the way to a value in recorded.json; where it ends in "refusal", the value is
    "refused" or "accepted"."""
    asked, value = predictions()[name], recorded()
    *way, last = asked["record"]
    for step in way:
        value = value[step]
    is_refused = last == "refusal"
    value = ("refused" if value.get(last) else "accepted") if is_refused else value[last]
    assert answered(asked, value) == asked["answer"]
