"""The picture of a snapshot says what the record says, which test_record asks libvirt again."""

import pytest
from lxml import html

from virtiolab.evidence.record import recorded
from virtiolab.views.snapshots import after_snapshot, drawn

CASES = recorded()["experiments"]["snapshots"]


@pytest.mark.parametrize("case", CASES)
def test_every_file_is_drawn_and_said(case):
    """With who writes it, what is kept inside, and on what it stands; or that libvirt refuses."""
    said, view = CASES[case], after_snapshot(case)
    picture = drawn({case: said}).inline()
    written = " ".join(picture.xpath("//*[local-name() = 'text']/text()"))
    if "refusal" in said:
        assert said["refusal"] in view.text and "libvirt refuses" in written
        return
    for file in said["files"]:
        assert file["file"] in written and file["file"] in view.text
        assert all(name in written and name in view.text for name in file["snapshots"])
    drums = picture.xpath("//*[contains(@class, 'vl-rim')]")
    ways = picture.xpath("//*[contains(@class, 'vl-way')]")
    writers = [file for file in said["files"] if file["writable"]]
    overlays = [file for file in said["files"] if file["backing"]]
    assert len(drums) == len(said["files"]) and len(ways) == len(writers) + len(overlays)


def test_alternative():
    """The image carries the whole story as its alternative text."""
    view = after_snapshot("internal, qcow2", "external, qcow2")
    [image] = html.fromstring(view.html).xpath("//img")
    assert "holds the snapshot called before inside it" in image.get("alt")
    assert "what it does not hold is read from disk0.qcow2" in image.get("alt")
    assert "After virsh snapshot-create-as vm before --disk-only" in image.get("alt")
