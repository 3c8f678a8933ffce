"""The README can be read at once, and what it shows is so: what the command prints, what Python takes,
what to install. And no page links to what is not there."""

import re
from pathlib import Path

import pytest
from test_command_line import run  # noqa: F401 (a fixture)

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md"]
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


def test_it_is_short():
    """What a newcomer needs; all else has a page of its own."""
    assert len(README.splitlines()) <= 150


def test_example_of_python(tmp_path, monkeypatch, capsys):
    """It runs as it stands there, and says what is asked."""
    (tmp_path / "guest.xml").write_text(
        EXAMPLES["check", "line 7: error"].strip(), encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    exec(README.split("```python\n")[1].split("```")[0], {})
    said = capsys.readouterr().out
    assert said.startswith("vda True stated type='qcow2' is written in <driver>.\n")
    assert "vda (line 6): virtio (virtio-blk), qcow2" in said and "[io-native-cached]" in said


def test_ci_does_what_it_says():
    """The same command, after the same packages of the system."""
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    [wanted] = re.findall(r"^apt-get install ((?:.*\\\n)*.*)$", README, flags=re.MULTILINE)
    missing = {package for package in wanted.replace("\\\n", " ").split() if package not in ci}
    assert not missing
    assert "\nmake test\n" in README and "\nmake test\n" in ci


@pytest.mark.parametrize("page", PAGES)
def test_links(page):
    """Each file that a page links to, or shows, is there."""
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert not [link for link in links if not ((ROOT / page).parent / link).exists()]


def test_every_page_can_be_found():
    """From the README."""
    assert not [page for page in PAGES[1:] if f"]({page})" not in README]
