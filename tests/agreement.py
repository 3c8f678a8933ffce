"""Whether virtiolab and the real libvirt agree about a guest, in all that both of them say."""

import re
from pathlib import Path

from virtiolab import Domain, check, read, resolve
from virtiolab.data import dotted
from virtiolab.evidence.comparison import inferred, said_by_libvirt
from virtiolab.evidence.libvirt import Answer, Libvirt

# What libvirt refuses and no XML can tell: its message, and the reason.
CONDITIONS = {
    r"Failed to connect socket to .*virtsecretd": "the secret is kept by a daemon",
    r"Failed to connect socket to .*virtstoraged": "the volume is found by a daemon",
    r"file descriptor group .* was not associated": "files are handed over when the guest starts",
    r"USB controller model .* not supported in this QEMU": "how this QEMU was built",
    r"requested USB port .* not present": "which USB controller this QEMU has for a machine that gets one",
    r"a PCI slot is needed": "how many PCI slots the whole machine has left",
    r"Cannot automatically add a new PCI bus": "where libvirt puts what has no address",
    r"argument key 'path' must not have null value": "a vDPA device is opened for QEMU at its start",
    r"Attempted double use of PCI Address": "where libvirt puts what has no address",
    r"Failed to parse (user|group) '": "which users and groups the host has",
    r"does not support machine type": "which machines this QEMU has",
    r"init binary must be specified": "how a container starts",
    r"Hostdev already exists": "not about disks",
}
DECIDED_BY_THE_MACHINE = ("pci", "ccw", "usb", "virtio-mmio", "spapr-vio")


def of_this(libvirt: Libvirt, xml: str | Path) -> Domain:
    """A guest for the libvirt that is asked."""
    return read(xml, dotted(libvirt.version))


def disagreements(answer: Answer, domain: Domain) -> list[str]:
    """What is said otherwise than libvirt says it: the verdict, an answer, the disk written back."""
    errors = [problem.code for problem in check(domain) if problem.severity == "error"]
    found = []
    if answer.refusal is None and errors:
        found.append(f"libvirt accepts it, and check() has {', '.join(errors)}")
    elif answer.refusal and not errors and not is_condition(answer.refusal):
        found.append(f"check() has nothing, and libvirt says: {answer.refusal}")
    said = said_by_libvirt(answer) if answer.refusal is None else {}
    written = disks_in(answer.xml or "")
    for disk in domain.disks:
        # What is plugged in later is not in the command line, and so not said.
        theirs, ours = said.get(disk.target, {}), inferred(disk)
        found += [
            f"{row}: {ours[row]}, and not {theirs[row]}"
            for row in theirs
            if ours[row] != theirs[row]
        ]
        if disk.target in written:
            ours, theirs = without_place(resolve(disk).xml), without_place(written[disk.target])
            found += [f"written back\n{ours}and not\n{theirs}"] if ours != theirs else []
    return found


def is_condition(refusal: str) -> bool:
    """Whether no XML can tell that libvirt would say this."""
    return any(re.search(message, refusal) for message in CONDITIONS)


def disks_in(xml: str) -> dict[str, str]:
    """Each `<disk>` of a domain as libvirt wrote it, by target, without the domain's margin."""
    found = re.findall(r"^    <disk .*?^    </disk>\n", xml, flags=re.MULTILINE | re.DOTALL)
    return {
        re.search("<target dev='([^']*)'", d)[1]: re.sub("^    ", "", d, flags=re.MULTILINE)
        for d in found
    }


def without_place(xml: str) -> str:
    """The XML of a disk without an address that only the whole machine can decide."""
    kinds = "|".join(DECIDED_BY_THE_MACHINE)
    pattern = rf"^  <address type='(?:{kinds})'[^>]*(?:/>|>.*?</address>)\n"
    return re.sub(pattern, "", xml, flags=re.MULTILINE | re.DOTALL)
