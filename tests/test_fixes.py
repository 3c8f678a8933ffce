"""What `check --fix` and `--fix=all` do to a guest that libvirt takes: which image is which disk, and what
the guest starts from, stays."""

import random

import pytest
from agreement import of_this
from wild import guest

from virtiolab.cli import main
from virtiolab.evidence.arguments import devices, holder
from virtiolab.xml import laid_out

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]  # thousands of questions

DRAWN = 2000
SOURCES = [
    *[("file", "file='/{}.img'")] * 4, ("file", "file='/{}.qcow2'"), ("file", "file='/dev/vg0/{}'"),
    ("block", "dev='/dev/vg0/{}'"), ("block", "dev='/{}.img'"), ("file", "file='file:///{}.img'"),
    ("file", "file='rbd:pool/{}'"), ("file", "file='http://nas/{}.iso'"), ("file", "file='/{}.iso'"),
]  # fmt: skip
NAMES = {"virtio": "vd", "scsi": "sd", "sata": "sd", "usb": "sd"}


def mended(xml, option, libvirt, tmp_path, capsys):
    """The guest as the command line prints it, or None where nothing was changed."""
    file = tmp_path / "guest.xml"
    file.write_text(xml, encoding="utf-8")
    main(["check", option, "--libvirt", libvirt, str(file)])
    return capsys.readouterr().out


def order_of(answer, domain):
    """Of each disk of a guest, in document order: its place among QEMU's disks, and its turn to boot."""
    given = devices(answer)
    places = {target: place for place, target in enumerate(given)}
    turns = {target: holder(answer, device).get("bootindex") for target, device in given.items()}
    return [(places.get(disk.target), turns.get(disk.target)) for disk in domain.disks]


def named_by_somebody(pick):
    """A guest whose disks have names of other buses, as people's often have, and sources of other types."""
    bus, disks = pick([*NAMES]), []
    letters = random.Random(pick(range(10**6))).sample("abcdefgh", pick([1, 2, 3, 4]))
    for number, letter in enumerate(letters):
        name = pick(["hd", "sd", "vd", NAMES[bus], NAMES[bus]]) + letter + pick(["", "", "", "1"])
        boot = pick(["", "", "", f"<boot order='{number + 1}'/>"])
        kind, source = pick([*SOURCES])
        disks.append(
            f"<disk type='{kind}'><source {source.format(number)}/><target dev='{name}' bus='{bus}'/>{boot}</disk>"
        )
    by_os = (
        ""
        if "<boot" in "".join(disks)
        else pick(["", "<boot dev='hd'/>", "<boot dev='cdrom'/><boot dev='hd'/>"])
    )
    return (
        "<domain type='qemu'><name>d</name><memory>65536</memory>"
        f"<os><type arch='x86_64' machine='{pick(['pc', 'q35'])}'>hvm</type>{by_os}</os><devices>{''.join(disks)}"
        "<controller type='scsi' model='virtio-scsi'/></devices></domain>"
    )


@pytest.mark.parametrize("option", ["--fix", "--fix=all"])
@pytest.mark.parametrize("draw", [guest, named_by_somebody])
def test_order_and_boot(draw, option, libvirt, tmp_path, capsys):
    """Of all that libvirt accepted before, asked before and after."""
    chance, changed, version = (
        random.Random(5),
        0,
        ".".join(map(str, of_this(libvirt, "<devices/>").libvirt)),
    )
    for _ in range(DRAWN // 2):
        xml = draw(chance.choice)
        before = of_this(libvirt, xml)
        after = of_this(libvirt, mended(xml, option, version, tmp_path, capsys))
        if laid_out(before.element) == laid_out(after.element):
            continue
        was, now = libvirt.ask(before), libvirt.ask(after)
        if was.refusal is None:
            assert now.refusal is None, xml
            assert order_of(was, before) == order_of(now, after), xml
            changed += 1
    # Of what libvirt accepts, only warnings can be mended.
    assert changed > 50 if option == "--fix=all" else changed == 0
