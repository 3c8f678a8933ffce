"""The explainer on what people paste: what was set right, where the disks stand, what is wrong and the mend."""

import pytest
from test_refusals import EXAMPLES, IN_BOTH, SENTENCES, WRONG, guest

from virtiolab import read
from virtiolab.views.text import MOST
from virtiolab.widgets import XMLExplainer
from virtiolab.xml import laid_out

DISK = "<disk type='file'><source file='/{0}.img'/><target dev='{0}'/></disk>"
GUEST = "<domain type='kvm'><os><type arch='x86_64' machine='{}'>hvm</type></os><devices>{}</devices></domain>"
NATIVE = "<disk>\n  <driver io='native'/>\n  <source file='/a'/>\n  <target dev='vda'/>\n</disk>"


def apply(explainer, code):
    """Press the button of this problem."""
    note = next(one for one in explainer.problems.children if one.problem.code == code)
    note.button.click()


def codes(explainer):
    """The problems that are shown."""
    return [one.problem.code for one in explainer.problems.children]


# Those that the newest libvirt has: the explainer speaks of no other.
FIXED = [code for code in IN_BOTH if "fix" in SENTENCES[code] and "libvirt" not in EXAMPLES[code]]


@pytest.mark.parametrize("code", FIXED)
def test_each_fix_can_be_applied(code):
    """The problem goes, if it is a disk's; no other disk changes."""
    explainer = XMLExplainer(laid_out(guest(code, WRONG).element))
    problem = next(one for one in explainer._problems if one.code == code)
    if problem.disk is None:  # of a controller
        return
    explainer.disk.index = explainer._disks.index(problem.disk)
    before = [laid_out(disk.element) for disk in explainer._disks if disk != problem.disk]
    count = codes(explainer).count(code)
    apply(explainer, code)
    assert codes(explainer).count(code) < count
    now = [
        laid_out(disk.element)
        for n, disk in enumerate(explainer._disks)
        if n != explainer.disk.index
    ]
    assert now == before


def test_a_lone_disk_stays_one():
    """In its layout; and the problem is counted in the list of disks."""
    explainer = XMLExplainer(NATIVE)
    assert codes(explainer) == ["io-native-cached"] and "✗ 1 error" in explainer.summary.value
    apply(explainer, "io-native-cached")
    assert explainer.text.value == NATIVE.replace("io='native'", "io='native' cache='none'")
    assert codes(explainer) == [] and "No problem found." in explainer.wrong.value


def test_one_fix_at_a_time():
    """The others stay, also those of the same kind in another disk."""
    two = NATIVE + NATIVE.replace("vda", "vdb").replace("/a", "/b")
    explainer = XMLExplainer(two)
    explainer.disk.index = 1
    apply(explainer, "io-native-cached")
    assert explainer.text.value.count("cache='none'") == 1
    assert "vdb" in explainer.text.value.partition("cache='none'")[2]
    assert "vda" not in explainer.text.value.partition("cache='none'")[2]


def test_two_disks_on_one_line():
    """A button mends the disk beside which it stands."""
    one = "<disk><driver io='nativ'/><source file='/{0}'/><target dev='{0}'/></disk>"
    explainer = XMLExplainer(one.format("vda") + one.format("vdb"))
    explainer.disk.index = 1
    apply(explainer, "value-misspelt")
    assert [disk.get("io", "driver") for disk in explainer._disks] == ["nativ", "native"]


@pytest.mark.parametrize("name", ["foo:bar", "_:a", "a:b:c", ":a"])
def test_names_of_others(name):
    """A name with a prefix that nobody declared has a button too."""
    explainer = XMLExplainer(f"<disk><source file='/a'/><{name}/><target dev='vda'/></disk>")
    if explainer._disks:
        assert codes(explainer) == ["name-unknown"]
        apply(explainer, "name-unknown")
        assert name not in explainer.text.value


def test_the_guest_starts_from_the_same_disk():
    """A name that is changed by a button is changed as `--fix` would."""
    disks = DISK.format("vda1").replace("<disk ", "<disk ") + DISK.format("vda")
    explainer = XMLExplainer(GUEST.format("pc", disks))
    apply(explainer, "target-partition")
    domain = read(explainer.text.value)
    assert [disk.target for disk in domain.disks] == ["vdb", "vda"]
    assert domain.disks[0].get("order", "boot") == "1"


def test_several_guests():
    """The disks of all of them; a fix changes its own guest."""
    explainer = XMLExplainer(
        "\n".join([GUEST.format("pc", DISK.format("vda")), GUEST.format("q35", DISK.format("hda"))])
    )
    assert [option.partition(",")[0] for option in explainer.disk.options] == ["1. vda", "2. hda"]
    assert codes(explainer) == []
    explainer.disk.index = 1
    assert codes(explainer) == ["bus-not-in-machine"]
    apply(explainer, "bus-not-in-machine")
    first, second = explainer.text.value.split("\n")
    assert first == GUEST.format("pc", DISK.format("vda")) and "sata" in second


def test_what_was_set_right_is_said():
    """With its line, and the disks are found in the lines of the paste."""
    text = "they say:\n\n" + DISK.format("vda").replace("<", "&lt;") + "\n"
    explainer = XMLExplainer(text)
    assert "Line 3: The text was HTML-escaped" in explainer.summary.value
    assert "Found: 1. vda in line 3." in explainer.summary.value
    assert "<mark" in explainer.summary.value and explainer.text.value == text
    explainer.text.value = NATIVE
    assert "Found" not in explainer.summary.value and "Line" not in explainer.summary.value


def test_a_problem_of_the_guest():
    """Of a controller, for example, which is no disk's: it stands with each disk of that guest."""
    xml = GUEST.format("pc", DISK.format("vda") + "<controller type='scsi' model='virtio'/>")
    assert codes(XMLExplainer(xml)) == ["controller-model-misspelt"]


def test_a_move():
    """What it takes is shown, or why it cannot be; the XML in the box stays."""
    explainer = XMLExplainer(NATIVE.replace(" io='native'", ""))
    assert explainer.moved.value == ""
    explainer.bus.value = "scsi"
    assert "becomes" in explainer.moved.value and "virtio-scsi" in explainer.moved.value
    explainer.bus.value = "virtio"
    assert "vl-error" in explainer.moved.value and explainer.text.value.count("vda") == 1
    explainer.text.value = ""
    assert explainer.moved.value == "" and explainer.bus.layout.display == "none"


def test_very_many_disks():
    """Then the command line is for it."""
    explainer = XMLExplainer(f"<devices>{DISK.format('vda') * (MOST + 1)}</devices>")
    assert "virtiolab check" in explainer.wrong.value and codes(explainer) == []
    assert f"Found: {MOST} disks." in explainer.summary.value
