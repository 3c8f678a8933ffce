"""Words that people write in place of libvirt's: libvirt refuses each, and takes what we say was meant."""

import tomllib
from importlib.resources import files

import pytest
from agreement import of_this

from virtiolab import read
from virtiolab.refusals import check, mend

WORDS = tomllib.loads((files("virtiolab") / "vocabulary.toml").read_text(encoding="utf-8"))["words"]
EACH = [
    (name, w, word)
    for name, kinds in WORDS.items()
    if "/" in name
    for w in kinds
    for word in kinds[w]
]
GUEST = (
    "<domain type='qemu'><name>d</name><memory>65536</memory>"
    "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>{}</devices></domain>"
)
# A disk with a word at each name.
DISKS = {
    "disk/@type": "<disk type='{}'><source file='/a'/><target dev='vda'/></disk>",
    "disk/@device": "<disk device='{}'><source file='/a'/><target dev='sda' bus='scsi'/></disk>",
    "target/@bus": "<disk><source file='/a'/><target dev='sda' bus='{}'/></disk>",
    "driver/@type": "<disk><driver type='{}'/><source file='/a'/><target dev='vda'/></disk>",
    "driver/@cache": "<disk><driver cache='{}'/><source file='/a'/><target dev='vda'/></disk>",
    "driver/@io": "<disk><driver cache='none' io='{}'/><source file='/a'/><target dev='vda'/></disk>",
    "driver/@discard": "<disk><driver discard='{}'/><source file='/a'/><target dev='vda'/></disk>",
    "driver/@detect_zeroes": "<disk><driver discard='unmap' detect_zeroes='{}'/><source file='/a'/><target dev='vda'/></disk>",
    "driver/@error_policy": "<disk><driver error_policy='{}'/><source file='/a'/><target dev='vda'/></disk>",
    "source/@startupPolicy": "<disk><source file='/a' startupPolicy='{}'/><target dev='vda'/></disk>",
    "source/@protocol": "<disk type='network'><source protocol='{}' name='a/b'><host name='nas'/></source><target dev='vda'/></disk>",
}
# What they look like, beside the words of others: other letters, blanks, switches.
OTHERS = [
    ("target/@bus", "virtio", "VirtIO"), ("target/@bus", "sata", "SATA"),
    ("target/@bus", "virtio", "virtio "), ("driver/@cache", "writeback", " write-back"),
    ("driver/@detect_zeroes", "on", "yes"), ("driver/@detect_zeroes", "off", "0"),
    ("disk/@device", "disk", "Disk"), ("driver/@type", "qcow2", "QCOW2"),
    ("driver/@cache", "none", "None"), ("driver/@io", "io_uring", "io-uring"),
]  # fmt: skip


@pytest.mark.live
@pytest.mark.parametrize("name,wanted,word", [e for e in EACH + OTHERS if "controller" not in e[0]])
def test_words(name, wanted, word, libvirt):
    """libvirt refuses the word, and says nothing of it when it is mended."""
    domain = of_this(libvirt, GUEST.format(DISKS[name].format(word)))
    assert libvirt.ask(domain).refusal is not None
    problem = next(p for p in check(domain) if p.code in ("value-misspelt", "bus-of-controller"))
    assert [problem.facts["near"], *filter(None, [problem.facts.get("model")])] == wanted.split()
    mended = mend(domain, lambda found: found.code == problem.code)
    if not any(found.severity == "error" for found in check(mended)):
        assert libvirt.ask(mended).refusal is None


@pytest.mark.live
@pytest.mark.parametrize("wanted,word", [e[1:] for e in EACH if e[0] == "controller/@model"])
def test_models_of_controllers(wanted, word, libvirt):
    """Names of QEMU's devices are no models; those that are meant libvirt knows."""
    kind = "usb" if "xhci" in wanted or "ehci" in wanted else "scsi"
    domain = of_this(libvirt, GUEST.format(f"<controller type='{kind}' model='{word}'/>"))
    assert "nknown model" in libvirt.ask(domain).refusal
    [problem] = check(domain)
    assert (problem.code, problem.facts["near"]) == ("controller-model-misspelt", wanted)
    domain = of_this(libvirt, GUEST.format(f"<controller type='{kind}' model='{wanted}'/>"))
    assert "nknown model" not in (libvirt.ask(domain).refusal or "")


@pytest.mark.parametrize(
    "name,word",
    [
        ("driver/@cache", "safe "), ("driver/@cache", "unsave"), ("driver/@error_policy", "none"),
        ("driver/@error_policy", "ignored"), ("source/@protocol", "drbd"), ("target/@bus", "sda"),
    ],
)  # fmt: skip
def test_what_is_not_guessed(name, word):
    """Nothing that throws flushes or errors away, and no few letters that look like others."""
    [problem] = check(read(DISKS[name].format(word)))
    assert problem.facts.get("near") not in ("unsafe", "ignore", "rbd", "sd")


@pytest.mark.parametrize("value", ["virtio ", " virtio", "  virtio"])
def test_a_blank_can_be_seen(value):
    """A blank at the end of a value, which libvirt takes as it is, looks like nothing."""
    [problem] = check(read(f"<disk><source file='/a'/><target dev='vda' bus='{value}'/></disk>"))
    assert f"`{value.replace(' ', '␣')}`" in problem.message
    assert "bus='virtio'/>" in problem.fix
