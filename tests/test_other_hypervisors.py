"""Guests that are not QEMU's: of them check() says what libvirt itself checks, whatever its driver.

The oracle is libvirt's own test driver, which has the common checks and no hypervisor.
"""

import json
import subprocess

import pytest
from agreement import of_this
from test_refusals import IN_BOTH, RIGHT, WRONG, guest

from virtiolab import Domain, check, read
from virtiolab.evidence.libvirt import system_python
from virtiolab.xml import laid_out

ASK = """
import json, libvirt, sys
libvirt.registerErrorHandler(lambda *_: None, None)
connection, answers = libvirt.open("test:///default"), []
for guest in json.load(sys.stdin):
    try:
        connection.defineXML(guest).undefine()
        answers.append(None)
    except libvirt.libvirtError as error:
        answers.append(str(error))
json.dump(answers, sys.stdout)
"""
# What has moved between 9.0 and 12.9, from the common checks to QEMU's driver.
MOVED = ("option-of-virtio",)
XEN = """<domain type='xen'><os><type>linux</type></os><devices><disk type='block'>
<driver name='phy'/><source dev='/dev/vg0/root'/><target dev='xvda' bus='xen'/>{}</disk></devices></domain>"""


@pytest.mark.live
def test_the_common_checks(libvirt):
    """Of each example and its twin: the verdict of libvirt's test driver is that of check()."""
    asked = {}
    for code in [code for code in IN_BOTH if code not in MOVED]:
        for side in (WRONG, RIGHT):
            root = guest(code, side).element
            root.set("type", "test")
            asked[code, side] = of_this(libvirt, laid_out(root))
    xml = json.dumps([laid_out(domain.element) for domain in asked.values()])
    command = [system_python(), "-c", ASK]
    told = subprocess.run(
        command, input=xml, capture_output=True, text=True, check=True, timeout=120
    )
    refusals = dict(zip(asked, json.loads(told.stdout)))
    found = {one: {p.code for p in check(d) if p.severity == "error"} for one, d in asked.items()}
    assert {one: refusals[one] for one in asked if bool(refusals[one]) != bool(found[one])} == {}
    assert any(refusals.values()) and not all(refusals.values())


def test_a_guest_of_xen():
    """Nothing is wrong with Xen's own words; what no libvirt takes is said."""
    assert check(read(XEN.format(""))) == []
    assert [p.code for p in check(read(XEN.format("<wwn>5</wwn>")))] == ["wwn-malformed"]


def test_a_guest_of_qemu_with_the_words_of_xen():
    """What QEMU has not is said of guests of QEMU, and where nobody knows whose they are."""
    of_qemu = read(XEN.format("").replace("type='xen'", "type='kvm'"))
    codes = {"bus-not-in-qemu", "driver-not-qemu"}
    assert {p.code for p in check(of_qemu)} == codes
    assert {p.code for p in check(Domain(of_qemu.devices[0]))} == codes
