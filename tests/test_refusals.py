"""Each problem that check() can find: an XML that has it, a twin that has not, and libvirt's word.

The XML is in problems.toml. What libvirt refuses is never taken from our own answers: the real one
is asked.
"""

import re
import string
import time
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from agreement import of_this
from lxml import etree

from virtiolab import infer, read
from virtiolab.data import dotted
from virtiolab.document import Domain
from virtiolab.evidence.arguments import devices
from virtiolab.evidence.lessons import lessons
from virtiolab.refusals import MAX_FIXES, check, mend
from virtiolab.refusals.fixes import MAX_NAMES
from virtiolab.syntax import entries
from virtiolab.targets import PREFIX_OF_BUS
from virtiolab.views.problems import Problems
from virtiolab.xml import written

RULES = files("virtiolab") / "refusals"
SENTENCES = tomllib.loads((RULES / "refusals.toml").read_text(encoding="utf-8"))
EXAMPLES = tomllib.loads(Path(__file__).with_name("problems.toml").read_text(encoding="utf-8"))
IN_BOTH = [code for code in EXAMPLES if code in SENTENCES]  # a test below says which are not


def anything(_problem):
    """What a fix is wanted for: also a note, and where the disk comes to another bus."""
    return True


each = pytest.mark.parametrize("code", IN_BOTH)
each_mended = pytest.mark.parametrize("code", [c for c in IN_BOTH if "fix" in SENTENCES[c]])
each_left = pytest.mark.parametrize("code", [c for c in IN_BOTH if "fix" not in SENTENCES[c]])

GUEST = """<domain type='qemu'><name>web</name><memory>65536</memory>{domain}
<os><type arch='{arch}' machine='{machine}'>hvm</type>{os}</os><devices>{xml}</devices></domain>"""
ORDINARY = {"arch": "x86_64", "machine": "pc", "os": "", "domain": ""}
CHOICE = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")
WRONG, RIGHT = 1, 2  # the groups of a choice

# Words at which a sentence may begin with a small letter.
SMALL = ("iSCSI", "libvirt", "librbd", "s390x", "sheepdog", "virtio", "xen")

# What is in the rules between quotes, has a hyphen, and is no code.
OTHER_WORDS = {
    "luks-any", "virtio-mmio", "virtio-non-transitional", "virtio-scsi", "virtio-serial",
    "virtio-transitional", "usb-storage", "latency-histogram", "piix3-uhci", "piix4-uhci",
    "ich9-ehci1", "ich9-uhci1", "ich9-uhci2", "ich9-uhci3", "vt82c686b-uhci", "pci-ohci",
    "nec-xhci", "qemu-xhci", "pci-root", "pci-bridge", "pcie-root-port",
}  # fmt: skip


def guest(code, side, libvirt=None):
    """The guest of an example: the one with the problem, or its twin. Each tag has a line."""
    xml = GUEST.format(**ORDINARY | EXAMPLES[code])
    text = CHOICE.sub(lambda choice: choice[side], xml).replace("><", ">\n<")
    return read(text, libvirt or EXAMPLES[code].get("libvirt"))


def problem_of(code):
    """The problem that an example is about."""
    return next(p for p in check(guest(code, WRONG)) if p.code == code)


def codes(domain):
    """The codes of all that is wrong."""
    return [problem.code for problem in check(domain)]


def line_of(domain, path):
    """The line of a path: of the last that is written, or of what is nearest above it."""
    names = [name for name in path.split("/") if name[:1] not in ("", "@") and name != "domain"]
    while not (found := domain.element.findall(".//" + "/".join(names))):
        names.pop()
    return found[-1].sourceline


# ---------------------------------------------------------------------------- what we say of each


@each
def test_what_is_wrong(code):
    """This problem is found and no other, where it is, and as severe as it is."""
    domain = guest(code, WRONG)
    assert codes(domain) == [code]
    found = problem_of(code)
    assert (found.path, found.line) == (EXAMPLES[code]["path"], line_of(domain, found.path))
    assert found.severity == SENTENCES[code].get("severity", "error")


@each
def test_what_is_right(code):
    """Nothing at all is said of the twin."""
    assert codes(guest(code, RIGHT)) == []


def assert_whole(problem):
    """Its sentences are sentences, with nothing left to fill in."""
    for sentence in (problem.message, problem.why):
        assert sentence[0] in string.ascii_uppercase + "`" or sentence.startswith(SMALL)
        assert sentence.endswith((".", "?", ".)"))
        assert not re.search(r"[{}]|\bNone\b|``|  |\.\.", sentence)


@each
def test_sentences(code):
    """They are whole, and say where libvirt or QEMU decides."""
    assert_whole(problem_of(code))
    assert problem_of(code).source.startswith(("libvirt: ", "QEMU: "))


def with_less(code):
    """The guest with the problem, each time with another attribute left out of its disks."""
    whole = guest(code, WRONG)
    for element in whole.devices[0].xpath("disk/descendant-or-self::*"):
        for name, value in element.items():
            del element.attrib[name]
            yield Domain(whole.element)
            element.set(name, value)


@each
def test_with_less(code):
    """Whatever is left out, what is said of the rest is whole, and mending comes to an end."""
    for domain in with_less(code):
        for problem in check(domain):
            assert_whole(problem)
        assert not any(p.edits for p in check(mend(domain)) if p.severity != "note")


@each_mended
def test_fix(code):
    """It takes the problem away, brings no other, and what is shown is what is done."""
    fix, mended = problem_of(code).fix, mend(guest(code, WRONG), anything)
    assert codes(mended) == []
    parts = etree.fromstring(f"<parts>{fix}</parts>")
    assert len(parts) and not set("{}") & set(fix)
    done = [written(part) for part in mended.element.iter("*")]
    assert all(written(part) in done for part in parts)


@each_left
def test_no_fix(code):
    """Where no rule can know what was meant, none is shown and nothing is changed."""
    domain = guest(code, WRONG)
    assert problem_of(code).fix is None
    assert written(mend(domain).element) == written(domain.element)


# ------------------------------------------------------------------------- what libvirt says of it

# What no libvirt here can do, and how it says so. Secrets and volumes are kept by parts of it that
# run as processes of their own, which no test starts: define accepts them, and then there is no
# command line. A vDPA device has to be there; and 9.0 does not know the type yet.
OUT_OF_REACH = {
    ".//secret": "virtsecretd",
    ".//disk[@type='volume']": "virtstoraged",
    ".//disk[@type='vhostvdpa']": "'vhostvdpa'|'path' must not have null value",
}


def is_out_of_reach(answer, domain):
    """Whether it was refused for what no XML can mend."""
    said = [words for path, words in OUT_OF_REACH.items() if domain.element.find(path) is not None]
    return any(re.search(words, answer.refusal) for words in said)


def assert_accepted(answer, domain):
    """By define and up to the command line, as far as that can be asked for here."""
    assert answer.refusal is None or is_out_of_reach(answer, domain)


def assert_as_libvirt_says(libvirt, domain):
    """Refused, if it has an error for this libvirt; whether it has."""
    answer = libvirt.ask(domain)
    if is_wrong := any(problem.severity == "error" for problem in check(domain)):
        assert answer.refusal
    else:
        assert_accepted(answer, domain)
    return is_wrong


@pytest.mark.live
@each
def test_libvirt_refuses_what_is_wrong(code, libvirt):
    """An error is refused; a warning or a note, and what only other libvirts mind, is not. The twin
    differs in one thing, so that is what was wrong."""
    wrong, right = (guest(code, side, dotted(libvirt.version)) for side in (WRONG, RIGHT))
    is_wrong = assert_as_libvirt_says(libvirt, wrong)
    if code in codes(wrong):
        assert is_wrong is (SENTENCES[code].get("severity", "error") == "error")
    if not {"value-newer", "target-not-of-a-disk"} & {*codes(right)}:  # for older libvirts
        assert not assert_as_libvirt_says(libvirt, right)


@pytest.mark.live
@each_mended
def test_libvirt_accepts_what_is_mended(code, libvirt):
    """A fix is one that libvirt takes."""
    assert_as_libvirt_says(libvirt, mend(guest(code, WRONG, dotted(libvirt.version))))


@each_mended
def test_what_a_fix_does_to_the_hardware(code):
    """It is said of each fix, by its edits, whether the guest finds another bus, controller or drive."""
    problem = problem_of(code)
    before, after = (infer(disk) for disk in (problem.disk, problem.mended()))
    cards = [
        answers.controller.value and answers.controller.value["model"]
        for answers in (before, after)
    ]
    is_known = before.bus.value in PREFIX_OF_BUS
    is_same = not is_known or (before.bus.value == after.bus.value and cards[0] in (None, cards[1]))
    is_same &= (before.device.value == "cdrom") is (after.device.value == "cdrom")
    assert problem.keeps_hardware is is_same


# Types of controllers, and what is none.
TYPES = (
    "ide", "fdc", "scsi", "sata", "virtio-serial", "ccid", "usb", "pci", "xenbus", "isa", "nvme",
    "virtio-scsi", "lsilogic", "virtio", "floppy", "SCSI", "",
)  # fmt: skip


@pytest.mark.live
@pytest.mark.parametrize("type", TYPES)
def test_types_of_controllers(type, libvirt):
    """libvirt reads what we know, and nothing else."""
    domain = of_this(libvirt, GUEST.format(**ORDINARY, xml=f"<controller type='{type}'/>"))
    refusal = libvirt.ask(domain).refusal or ""
    assert ("Invalid value for attribute 'type'" in refusal) is ("controller-type" in codes(domain))
    for problem in check(domain):
        assert_whole(problem)


# Buses that not every machine has: a disk's name, and the word for it in a sentence.
BUSES = {
    "ide": ("hda", "IDE"),
    "sata": ("sda", "SATA"),
    "fdc": ("fda", "floppy"),
    "usb": ("sda", "USB"),
}
MACHINES = [
    ("x86_64", "pc"), ("x86_64", "q35"), ("s390x", "s390-ccw-virtio"), ("ppc64", "pseries"),
    ("aarch64", "virt"), ("armv7l", "vexpress-a9"), ("riscv64", "virt"),
]  # fmt: skip
each_machine = pytest.mark.parametrize(("arch", "machine"), MACHINES)


@pytest.mark.live
@each_machine
@pytest.mark.parametrize("bus", BUSES)
def test_buses_of_machines(arch, machine, bus, libvirt):
    """What a machine lacks is refused, and why is said of that bus, not of the others."""
    (dev, _), device = BUSES[bus], "floppy" if bus == "fdc" else "disk"
    xml = f"<disk device='{device}'><source file='/a'/><target dev='{dev}' bus='{bus}'/></disk>"
    domain = of_this(libvirt, GUEST.format(arch=arch, machine=machine, os="", domain="", xml=xml))
    wrong = [problem for problem in check(domain) if problem.severity == "error"]
    assert bool(wrong) is bool(libvirt.ask(domain).refusal)
    others = [word for other, (_, word) in BUSES.items() if other != bus]
    for problem in wrong:
        assert_whole(problem)
        assert not any(word in problem.why.partition("; ")[0] for word in others)


@pytest.mark.live
@each_machine
@pytest.mark.parametrize("bus", ["ide", "sata"])
@pytest.mark.parametrize("index", [0, 1])
def test_controllers_of_machines(arch, machine, bus, index, libvirt):
    """The same of a controller; of IDE a machine has one or none."""
    controller = f"<controller type='{bus}' index='{index}'/>"
    domain = of_this(
        libvirt, GUEST.format(arch=arch, machine=machine, os="", domain="", xml=controller)
    )
    assert bool(codes(domain)) is bool(libvirt.ask(domain).refusal)
    for problem in check(domain):
        assert_whole(problem)


# ------------------------------------------------------------------------- the document's own disks

# From virtio驱动分析之libvirt层的参数配置, of 2014, as they stand in lessons.toml: what is wrong with
# each today, and the names that make the difference between it and one that starts.
DOCUMENT = {
    "first": ([], set()),
    "second": ([], set()),
    "file": ([], set()),
    "lun": (
        ["device-unstable", "scsi-gets-lsi", "lsi-target"],
        {
            "+ controller",
            "+ controller/@type=scsi",
            "+ controller/@index=0",
            "+ controller/@model=virtio-scsi",
        },
    ),
    "floppy": (["dir-not-fat"], {"+ disk/driver", "+ disk/driver/@type=fat"}),
    "network": (
        ["option-of-virtio", "option-of-virtio", "sheepdog-gone", "transient-not-a-file"],
        {
            "- disk/driver/@ioeventfd=on",
            "- disk/driver/@event_idx=off",
            "- disk/source/@protocol=sheepdog",
            "+ disk/source/@protocol=nbd",
            "- disk/source/host/@port=7000",  # sheepdog's port
            "- disk/transient",
        },
    ),
}
each_of_the_document = pytest.mark.parametrize("name", DOCUMENT)


def of_the_document(name):
    """One of the document's disks, in an ordinary guest."""
    return read(GUEST.format(**ORDINARY, xml=lessons()[name].disks))


def names_in(element, path=""):
    """The elements and attributes below an element, as `disk/driver/@io=native`."""
    for child in element.iterchildren("*"):
        yield path + child.tag
        yield from (f"{path}{child.tag}/@{name}={value}" for name, value in child.items())
        yield from names_in(child, f"{path}{child.tag}/")


def difference(before, after):
    """What came, with a plus, and what went, with a minus; a name that moved is neither."""
    old, new = (list(names_in(domain.devices[0])) for domain in (before, after))
    assert len(set(old)) == len(old) and len(set(new)) == len(new)
    return {f"- {name}" for name in old if name not in new} | {
        f"+ {name}" for name in new if name not in old
    }


@each_of_the_document
def test_the_document(name):
    """What we say of its disks, and the least that makes each of them start."""
    domain, (wrong, changes) = of_the_document(name), DOCUMENT[name]
    assert codes(domain) == wrong
    assert difference(domain, mend(domain)) == changes
    assert [problem for problem in check(mend(domain)) if problem.severity != "note"] == []


@pytest.mark.live
@each_of_the_document
def test_libvirt_about_the_document(name, libvirt):
    """Three of the six do not start today; mended, all do."""
    domain, (wrong, _) = of_the_document(name), DOCUMENT[name]
    assert bool(libvirt.ask(domain).refusal) == bool(wrong)
    assert libvirt.ask(mend(domain)).refusal is None


# ---------------------------------------------------------------------------------- none forgotten


def test_every_problem_has_an_example():
    """And every example is of a problem; both files have them in one order."""
    assert list(EXAMPLES) == list(SENTENCES)


def test_every_sentence_is_used():
    """And every code that a rule finds has its sentence."""
    sources = [
        rule.read_text(encoding="utf-8") for rule in RULES.iterdir() if rule.name.endswith(".py")
    ]
    words = set(re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', "".join(sources)))
    of_names = {only.code for entry in entries().values() for only in entry.only}
    assert (words - OTHER_WORDS) | of_names == set(SENTENCES)


# ----------------------------------------------------------------------------------- what it costs


@pytest.mark.parametrize("count", ["4294967295", "99999999999"])
def test_as_many_threads_as_somebody_writes(count):
    """A number is not counted up to."""
    guest = (
        f"<domain type='kvm'><iothreads>{count}</iothreads><devices><disk><source file='/a'/>"
        "<driver iothread='7'/><target dev='vda'/></disk></devices></domain>"
    )
    assert {problem.code for problem in check(read(guest))} <= {"iothread-undefined"}


DISK = "<disk>{}<source file='/a'/><target dev='vda'/></disk>"
MANY = {  # what took 20 seconds at least, when each problem looked at all of the guest again
    "names of one disk": DISK.format("".join(f"<drive{n}/>" for n in range(1500))),
    "disks of one name": DISK.format("") * 2000,
    "disks for which there is no place": DISK.replace("vda", "hda").format("<readonly/>") * 500,
    "threads": "<domain><iothreadids>{}</iothreadids><devices>{}</devices></domain>".format(
        "".join(f"<iothread id='{n}'/>" for n in range(2500)),
        DISK.format("<driver iothread='99999'/>") * 2500,
    ),
    "usb": "<domain><devices>{}{}</devices></domain>".format(
        "".join(f"<controller type='usb' index='{n}'/>" for n in range(2500)),
        "<disk><target dev='sda' bus='usb'/><address type='usb' bus='7'/></disk>" * 2500,
    ),
}


@pytest.mark.parametrize("xml", MANY.values(), ids=MANY)
def test_as_many_problems_as_somebody_makes(xml):
    """All of them found, shown and mended: the time grows with their number, not with its square."""
    begun, domain = time.thread_time(), read(xml)
    [problem.as_dict() for problem in check(domain)]
    Problems(check(domain))._repr_html_()
    mend(domain)
    assert time.thread_time() - begun < 15


@pytest.mark.parametrize("placeholder", ["{{ dev }}", "{% if x %}vda{% endif %}", "${DEV:-vda}"])
def test_a_template_is_not_judged(placeholder):
    """What is still to be filled in can become what is right; the rest is judged."""
    xml = f"<disk><driver type='{placeholder}' io='nativ'/><source file='/a'/><target dev='{placeholder}' bus='{placeholder}'/></disk>"
    assert codes(read(xml)) == ["value-misspelt"]


# What a fix would take away or guess: it is shown, and --fix leaves it to an admin.
ASKED = {
    "transient-not-a-file": "<disk type='block'><source dev='/dev/vg0/a'/><target dev='vda'/><transient/></disk>",
    "readonly-on-ide": "<disk><source file='/a'/><target dev='hda'/><readonly/></disk>",
    "format-other": "<disk><driver type='qcow2'/><source file='/a.raw'/><target dev='vda'/></disk>",
    "iso-as-disk": "<disk><driver type='raw'/><source file='/a.iso'/><target dev='hda'/></disk>",
    "bus-of-controller": None,
}


@pytest.mark.parametrize("code", ASKED)
def test_what_an_admin_has_to_decide(code):
    """A protection, a format, a drive; but a word of QEMU's in the place of one of libvirt's is mended."""
    if ASKED[code] is None:
        problem = problem_of(code)
        assert problem.edits and not problem.asks
        return
    problem = next(one for one in check(read(ASKED[code])) if one.code == code)
    assert problem.edits and problem.asks


@pytest.mark.parametrize("source", ["file='/dev/vg0/a'", "file='nbd://nas/a'", "file='rbd:pool/a'"])
def test_a_transient_disk_stays_one(source):
    """Its image is protected by that, whatever else is wrong."""
    domain = read(f"<disk type='file'><source {source}/><target dev='vda'/><transient/></disk>")
    mended = mend(domain, lambda found: found.severity != "note" and not found.asks)
    assert mended.disks[0].child("transient") is not None and mended.disks[0].get("type") == "file"


def test_fixes_are_shown_as_long_as_they_can_be_read():
    """Not the whole of a large disk once more for each of its problems."""
    few, many = (
        check(read(DISK.format("".join(f"<drive{n}/>" for n in range(number)))))
        for number in (MAX_FIXES + 1, MAX_NAMES)
    )
    assert [problem.fix is not None for problem in few] == [True] * MAX_FIXES + [False]
    assert len(many) == MAX_NAMES and not any(problem.fix for problem in many)


def test_the_fix_of_an_error_is_shown():
    """However many warnings stand before it."""
    disk = DISK.format(f"{'<driv/>' * 2 * MAX_FIXES}<driver io='native'/>")
    assert [bool(one.fix) for one in check(read(disk)) if one.severity == "error"] == [True]


def test_the_first_of_a_name_keeps_it():
    """When several disks on the same guest have one, and some change their bus too."""
    disks = (("sda", "ide"), ("sda", "sata"), ("hda", "ide"))
    devices = "".join(
        f"<disk><source file='/a'/><target dev='{dev}' bus='{bus}'/></disk>" for dev, bus in disks
    )
    domain = read(
        "<domain type='kvm'><os><type arch='x86_64' machine='q35'>hvm</type></os>"
        f"<devices>{devices}</devices></domain>"
    )
    names = [disk.target for disk in mend(domain).disks]
    assert names[0] == "sda" and len(set(names)) == 3


def disks_of(*targets):
    """Disks with these `dev` and `bus`; each image is named after its place."""
    return "".join(
        f"<disk><source file='/{number}'/><target dev='{dev}' bus='{bus}'/></disk>"
        for number, (dev, bus) in enumerate(targets)
    )


# Disks on a bus that is full or all but, and the names that fixes propose for those that are wrong.
FULL = {
    "five on ide": (["hda", "hdb", "hdc", "hdd", "hde"], []),
    "one of four left": (["hda", "hdb", "hdd", "hde"], ["hdc"]),
    "two, and one place": (["hda", "hdb", "hdd", "hde", "hdf"], ["hdc"]),
    "twice, and no place": (["hda", "hdb", "hdc", "hdd", "hda"], []),
    "a partition of the fifth": (["hda", "hdb", "hdc", "hdd", "hde1"], []),
    "a place that is taken by an address": (["hda at 1", "hdb", "hdc", "hde"], []),
}


@pytest.mark.live
@pytest.mark.parametrize(("names", "proposed"), FULL.values(), ids=FULL)
def test_no_name_without_a_place(names, proposed, libvirt):
    """A fix proposes a name only where the bus has a place for it, and libvirt takes that."""
    disks = ""
    for number, name in enumerate(names):
        dev, _, at = name.partition(" at ")
        address = "<address type='drive' bus='1' unit='1'/>" if at else ""
        disks += f"<disk><source file='/{number}'/><target dev='{dev}' bus='ide'/>{address}</disk>"
    domain = of_this(libvirt, GUEST.format(**ORDINARY, xml=disks))
    wrong = check(domain)
    shown = [read(found.fix).disks[0].target for found in wrong if found.fix]
    assert wrong and [name for name in dict.fromkeys(shown)] == proposed
    mended = mend(domain, anything)
    assert bool(libvirt.ask(mended).refusal) is (len(proposed) < len({p.disk for p in wrong}))


# Guests whose names have to change: the machine, the disks, and whether libvirt takes them as they are.
RENAMED = [
    ("pc", [("sda", "virtio"), ("sdb", "virtio")], True),
    ("pc", [("sda", "virtio"), ("sdb", "virtio"), ("sdc", "virtio")], True),
    ("pc", [("hda", "virtio"), ("vda", "virtio")], True),
    ("pc", [("vdc", "scsi"), ("sda", "scsi")], True),
    ("pc", [("xvda", "xen"), ("xvdb", "xen"), ("vda", "virtio")], False),
    ("pc", [("vda1", "virtio"), ("vda", "virtio")], False),
    ("q35", [("hda", "ide"), ("hdb", "ide")], False),
    ("q35", [("hda", "ide"), ("sda", "sata"), ("sda", "usb")], False),
]


@pytest.mark.live
@pytest.mark.parametrize("boot", ["", "<boot dev='hd'/>", "<boot dev='network'/><boot dev='hd'/>"])
@pytest.mark.parametrize(("machine", "targets", "is_taken"), RENAMED)
def test_mended_it_starts_from_the_same_image(machine, targets, is_taken, boot, libvirt):
    """libvirt sorts the disks of a bus by their names, and takes the first to boot from."""
    more = {"machine": machine, "os": boot, "xml": disks_of(*targets)}
    domain = read(GUEST.format(**ORDINARY | more))
    wanted = first_image(domain, libvirt) if is_taken else "/0"
    assert first_image(mend(domain, anything), libvirt) == wanted


@pytest.mark.parametrize(("machine", "targets", "is_taken"), RENAMED)
def test_the_names_that_are_shown_are_given(machine, targets, is_taken):
    """No two fixes show one name, and what they show is what is done."""
    domain = read(GUEST.format(**ORDINARY | {"machine": machine, "xml": disks_of(*targets)}))
    shown = [disk.target for disk in domain.disks]
    for problem in check(domain):
        if problem.fix and "<target" in problem.fix:
            shown[domain.disks.index(problem.disk)] = read(problem.fix).disks[0].target
    assert shown == [disk.target for disk in mend(domain, anything).disks]
    assert len(set(shown)) == len(shown)


def test_the_second_of_a_name_has_its_own_fix():
    """A fix is one of the element that is wrong, not of the first with its path."""
    hosts = "<host name='a'/><host name='b' socket='/s'/><host name='c' socket='/t'/>"
    disk = (
        "<disk type='network'><source protocol='rbd' name='v/a'>{}</source>"
        "<target dev='vda'/></disk>"
    )
    domain = read(disk.format(hosts))
    fixes = [problem.fix for problem in check(domain)]
    assert [fix.count("socket=") for fix in fixes] == [1, 1]
    assert "/t" in fixes[0] and "/s" in fixes[1]
    right = disk.format("<host name='a'/><host name='b'/><host name='c'/>")
    assert written(mend(domain).element) == written(read(right).element)


# Disks, the path that fixes may not touch, and the codes that are left when all is mended.
OTHERS = {
    "a login further down": (
        "<disk type='network'><driver type='qcow2'/><source protocol='rbd' name='p/a'>"
        "<auth username='u'><secret type='ceph' usage='c'/></auth></source>"
        "<backingStore type='network'><format type='raw'/><source protocol='nbd' name='b'>"
        "<host name='h'/><auth username='v'><secret type='ceph' usage='c'/></auth></source>"
        "<backingStore/></backingStore><target dev='vda'/></disk>",
        "source",
        [],
    ),
    "the second label": (
        "<disk><source file='/a'><seclabel model='dac' relabel='yes'><label>x</label></seclabel>"
        "<seclabel model='selinux' relabel='no'><label>y</label></seclabel></source>"
        "<target dev='vda'/></disk>",
        "source/seclabel[1]",
        [],
    ),
    "data beside the image": (
        "<disk><driver type='qcow2'/><source file='/a'><dataStore type='file'><format type='raw'/>"
        "<source file='/c' startupPolicy='requisite'><reservations managed='yes'/></source>"
        "</dataStore></source><target dev='vda'/></disk>",
        "source",
        [],
    ),
    "what is there already": (
        "<disk><driver tpe='qcow2' type='raw'/><source file='/a'/><target dev='vda'/></disk>",
        "driver/@type",
        [],
    ),
    "nothing safe is left": (
        "<disk><source file='/a'/><target dev='vda'/><serial>äö</serial></disk>",
        "serial",
        ["serial-unsafe"],
    ),
}


@pytest.mark.parametrize(("xml", "path", "left"), OTHERS.values(), ids=OTHERS)
def test_a_fix_leaves_the_others_alone(xml, path, left):
    """It mends what is wrong, and that alone."""
    domain = read(xml)
    mended = mend(domain)
    assert codes(mended) == left
    before, after = (one.disks[0].element.xpath(path) for one in (domain, mended))
    assert list(map(shown, before)) == list(map(shown, after))


def shown(found):
    """An element as XML, an attribute as its value."""
    return written(found) if etree.iselement(found) else str(found)


def test_mending_comes_to_an_end_of_two_wishes():
    """A LUN wants SCSI and a vhost-user disk virtio: what is both is made a disk first."""
    xml = (
        "<disk type='vhostuser' device='lun' snapshot='no'>"
        "<driver name='qemu' type='raw' io='native'/>"
        "<source type='unix' path='/s'/><target dev='sda' bus='scsi'/></disk>"
    )
    assert codes(mend(read(GUEST.format(**ORDINARY | {"xml": xml})))) == []


def first_image(domain, libvirt):
    """The image of the disk that has its turn first."""
    answer = libvirt.ask(domain)
    assert answer.refusal is None
    given = devices(answer)
    turns = {
        disk.get("file", "source"): given[disk.target].get("bootindex") for disk in domain.disks
    }
    return min((turn, image) for image, turn in turns.items() if turn)[1]


# ------------------------------------------------------------------------------- whatever is written


@pytest.mark.parametrize(
    ("written", "in_the_fix"),
    [
        ("<p:a xmlns:p='u' p:b='c'/>", "<p:a p:b='c' xmlns:p='u'/>"),
        ("<a xmlns='u'/>", "<a xmlns='u'/>"),
        ("<p:a/>", "<p:a/>"),  # its xmlns got lost, and libvirt reads it all the same
        ("<serial>a&#10;b</serial><vendor x='a&#10;b'/>", "<vendor x='a&#10;b'/>"),
    ],
)
def test_a_fix_keeps_the_rest_as_it_is(written, in_the_fix):
    """Also what libvirt does not know."""
    [problem] = [
        p for p in check(read(DISK.format(written + "<driver cach='none'/>"))) if "cach" in p.path
    ]
    assert in_the_fix in problem.fix and "<driver cache='none'/>" in problem.fix
    assert len(read(problem.fix).disks) == 1


@pytest.mark.parametrize(
    ("written", "code"), [("cach='none'", "name-misspelt"), ("cach='big'", "name-unknown")]
)
def test_a_name_is_meant_only_if_its_value_fits(written, code):
    """Else the fix would have libvirt refuse what it has ignored."""
    [problem] = check(read(DISK.format(f"<driver {written}/>")))
    assert problem.code == code
    assert not [one for one in check(mend(problem.disk.domain)) if one.severity == "error"]
