"""`check`, `resolve` and `infer` against the real libvirt, on guests that nobody thought of; each is
asked about once."""

import random
import re
from collections import Counter

import pytest
from wild import guest

from virtiolab import check, read, resolve
from virtiolab.evidence.comparison import inferred, said_by_libvirt
from virtiolab.syntax import lookup, names_in

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]  # thousands of questions

GUESTS = 5000
# What libvirt refuses and no XML can tell: its message, and the reason.
CONDITIONS = {
    r"Failed to connect socket to .*virtsecretd": "the secret is kept by a daemon",
    r"Failed to connect socket to .*virtstoraged": "the volume is found by a daemon",
    r"file descriptor group .* was not associated": "files are handed over when the guest starts",
    r"USB controller model .* not supported in this QEMU": "how this QEMU was built",
    r"requested USB port .* not present": "how many ports the USB controllers have",
    r"a PCI slot is needed": "how many PCI slots the whole machine has left",
    r"Invalid PCI address .* slot must be": "which slots the PCI controller of that bus has",
    r"Attempted double use of PCI Address": "where libvirt puts what has no address",
    r"Hostdev already exists": "not about disks",
}
# What older libvirt refuses and newer takes, so that we take it: its message, and since when.
TAKEN_SINCE = {
    r"Invalid value for attribute '(model|type|bus)' .*'(usb-storage|usb-bot|vhostvdpa|ctl|nvme)'": (
        "11.5.0", "9.8.0", "12.0.0", "after 11.3.0",
    ),
    r"storage format '.*' does not support backing store": ("after 9.0.0",),
    r"Unknown disk name 'nvme|Invalid harddisk device name: nvme": ("after 11.3.0",),
    r"removable is only valid for usb disks": ("9.6.0",),
    r"Only scsi disk supports vendor and product": ("after 9.0.0",),
    r"disk product is more than 16 characters": ("after 9.0.0",),
    r"unknown volume encryption format type luks-any": ("9.3.0",),
}  # fmt: skip
DECIDED_BY_THE_MACHINE = ("pci", "ccw", "usb", "virtio-mmio", "spapr-vio")


def is_newer(since, version):
    """Whether something came after this libvirt; `after 9.0.0` did."""
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", since or "")
    if not found:
        return False
    number = int(found[1]) * 1_000_000 + int(found[2]) * 1000 + int(found[3])
    return number > version or (since.startswith("after") and number >= version)


def errors_of(domain, version):
    """The problems for which this libvirt refuses a guest, not only a newer one."""
    errors = [problem for problem in check(domain) if problem.severity == "error"]
    return [p for p in errors if not is_newer(p.since, version) and not _is_new(p.path, version)]


def _is_new(path, version):
    entry = lookup(path)
    return bool(entry) and is_newer(entry.since, version)


def names_newer(disk, version):
    """Whether a name or a value stands in a disk that this libvirt does not know."""
    for element, attribute, _ in names_in(disk.element):
        path = f"{element.tag}/@{attribute}" if attribute else element.tag
        above = "/".join(reversed([one.tag for one in element.iterancestors()]))
        if _is_new(f"{above}/{path}", version):
            return True
    return False


def is_expected(refusal):
    """Whether this refusal is one that `check` cannot or shall not foresee."""
    return any(re.search(message, refusal) for message in (*CONDITIONS, *TAKEN_SINCE))


def disks_in(xml):
    """Each `<disk>` of a domain as libvirt wrote it, by target, without the domain's margin."""
    found = re.findall(r"^    <disk .*?^    </disk>\n", xml, flags=re.MULTILINE | re.DOTALL)
    return {
        re.search("<target dev='([^']*)'", d)[1]: re.sub("^    ", "", d, flags=re.MULTILINE)
        for d in found
    }


def without_place(xml):
    """The XML of a disk without an address that only the whole machine can decide."""
    kinds = "|".join(DECIDED_BY_THE_MACHINE)
    return re.sub(
        rf"^  <address type='(?:{kinds})'[^>]*(?:/>|>.*?</address>)\n",
        "",
        xml,
        flags=re.MULTILINE | re.DOTALL,
    )


def test_generated_guests(libvirt):
    """No error where libvirt accepts, no silence where it refuses; of each disk the same answers, and
    the same XML byte for byte."""
    seen, draw = Counter(), random.Random(0)
    for _ in range(GUESTS):
        xml = guest(draw.choice)
        domain = read(xml)
        answer, errors = libvirt.ask(domain), errors_of(domain, libvirt.version)
        if answer.refusal is None:
            assert not errors, f"{errors} {xml}"
        elif not errors:
            assert is_expected(answer.refusal), f"{answer.refusal} {xml}"
        seen["refused" if errors else "accepted" if answer.refusal is None else "expected"] += 1
        seen[domain.machine] += 1
        said = said_by_libvirt(answer) if answer.refusal is None else {}
        for target, theirs in disks_in(answer.xml or "").items():
            disk = next(disk for disk in domain.disks if disk.target == target)
            if target in said:
                ours = inferred(disk)  # what is plugged in later is not in the command line
                assert {row: ours[row] for row in said[target]} == said[target], xml
                seen["inferred"] += 1
            if not names_newer(disk, libvirt.version):
                assert without_place(resolve(disk).xml) == without_place(theirs), xml
                seen["resolved"] += 1
    print(seen)
    assert seen["refused"] > 1500 and seen["accepted"] > 1500 and seen["resolved"] > 3000, seen
    assert seen["inferred"] > 3000, seen
    assert seen["pc"] > 1000 and seen["q35"] > 1000, seen
