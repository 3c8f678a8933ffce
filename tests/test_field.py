"""Whole guests in the manner of what people have: nothing is said of them that is not so.

The files in field/ are of our own writing. A careful admin would defend each of them; where one is
worth a warning all the same, its first line says which: `<!-- warns: cache-unsafe -->`.
"""

import re
from collections import Counter
from pathlib import Path

import pytest
from agreement import disagreements, is_condition, of_this

from virtiolab import Domain, check, read
from virtiolab.data import NEWEST, dotted, holds, version
from virtiolab.evidence.guests import QEMUS_TYPES, bare, in_guest
from virtiolab.refusals.problems import sentences

FILES = sorted(Path(__file__).parent.glob("field/*.xml"))
OF_QEMU = [file for file in FILES if read(file).type in QEMUS_TYPES]
OF_OTHERS = [file for file in FILES if file not in OF_QEMU]  # Xen, bhyve, LXC, VMware


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("libvirt", ["9.0.0", dotted(NEWEST)])
def test_nothing_else_is_found(file, libvirt):
    """No error, and no warning but those that the file announces, with the libvirts that have them."""
    first = re.match("<!-- warns: (.*) -->\n", file.read_text(encoding="utf-8"))
    announced = first[1].split() if first else []
    found = [one for one in check(read(file, libvirt)) if one.severity != "note"]
    assert not [f"{one.line}: {one.message}" for one in found if one.severity == "error"]
    assert Counter(one.code for one in found) == Counter(
        code for code in announced if holds(sentences()[code], version(libvirt))
    )


@pytest.mark.live
@pytest.mark.parametrize("file", OF_QEMU, ids=lambda file: file.stem)
def test_libvirt_agrees(file, libvirt):
    """It accepts each, if need be with its disks and controllers alone, and means by them the same."""
    domain = in_guest(of_this(libvirt, file), "q35")
    if libvirt.ask(domain).refusal:  # perhaps of another device, which is not to be had here
        domain = Domain(bare(domain.element), domain.libvirt)
    assert disagreements(libvirt.ask(domain), domain) == []


@pytest.mark.live
@pytest.mark.parametrize("file", OF_OTHERS, ids=lambda file: file.stem)
def test_libvirt_agrees_without_qemu(file, libvirt):
    """libvirt's QEMU driver has no say in these; what all drivers check, the one without any tells."""
    domain = of_this(libvirt, file)
    alone = Domain(bare(domain.element), domain.libvirt)
    refusal = libvirt.ask(alone, generic=True).generic_refusal
    assert refusal is None or is_condition(refusal)
