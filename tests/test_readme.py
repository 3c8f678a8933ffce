"""The README's examples of the command are what it prints."""

from pathlib import Path

import pytest
from test_command_line import run  # noqa: F401 (a fixture)

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
# How an example of the README begins, and the XML that it is about.
EXAMPLES = {
    ("infer", "vda (line 1)"): "<disk><source file='/a.img'/><target dev='vda'/></disk>",
    ("explain", "  driver/@typo"): """
<disk>
  <driver typo='qcow2'/>
  <source file='/a.img'/>
  <target dev='vda'/>
</disk>""",
    ("check", "line 7: error"): """
<domain type='kvm'>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
  </os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' io='native'/>
      <source file='/a.img'/>
      <target dev='vda' bus='virtio'/>
    </disk>
  </devices>
</domain>""",
    ("resolve", "<disk type='file' device='disk'>  <!--"): """
<domain type='kvm'>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices><disk><source file='/a.img'/><target dev='sda'/></disk></devices>
</domain>""",
}


ASKED = "<disk type='file' device='disk'><source file='/a'/><target dev='vda' bus='virtio'/></disk>"


@pytest.mark.parametrize(("command", "beginning"), EXAMPLES)
def test_example(run, command, beginning):
    """Each stands in the output as one piece; a … at its end leaves out the rest."""
    assert_stands_in_it(run, command, beginning, EXAMPLES[command, beginning])


@pytest.mark.live
def test_example_of_ask(run, libvirt):
    """The same, where the real libvirt answers."""
    assert_stands_in_it(run, "ask", "     -device virtio-blk-pci", ASKED)


def assert_stands_in_it(run, command, beginning, xml):
    """The README's example of a command is a piece of its output."""
    example = README.split(f"```\n{beginning}")[1].split("\n```")[0]
    _, out, _ = run(command, "-", stdin=xml.strip().encode())
    assert beginning + example.removesuffix("\n…") in "\n".join(out)
