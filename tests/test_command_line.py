"""`virtiolab infer`: what it prints, where, and with which exit status."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from virtiolab.cli import main

DOMAINS = Path(__file__).parents[1] / "notebooks/domains"
posix_shell = pytest.mark.skipif(sys.platform == "win32", reason="its shell is not POSIX")
DISK = "<disk><source file='/a'/><target dev='vda'/></disk>"


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command line in this process: exit status, lines of stdout, lines of stderr."""

    def run(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        status = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return status, said.out.splitlines(), said.err.splitlines()

    return run


def test_readable(run):
    """A heading with the verdict, then an answer a row."""
    status, out, err = run("infer", "-", stdin=DISK.encode())
    assert (status, err) == (0, [])
    assert out[0] == "vda (line 1): virtio (virtio-blk), raw"
    assert any(line.split() == ["bus", ">", "inferred", "virtio"] for line in out)
    assert max(map(len, out)) <= 80


def test_json(run):
    """One object a file, with every row's five parts, and the virtio device."""
    path = DOMAINS / "virtio-scsi.xml"
    status, [line], err = run("infer", "--json", path)
    said = json.loads(line)
    assert (status, err, said["file"]) == (0, [], str(path))
    assert [disk["virtio"]["device"] for disk in said["disks"]] == [
        "virtio-scsi", "virtio-scsi", None, "virtio-scsi", "virtio-scsi", None,
    ]  # fmt: skip
    for disk in said["disks"]:
        for row in disk.keys() - {"target", "line"}:
            assert disk[row].keys() - {"device"} == {"value", "origin", "reason", "rule", "source"}


def test_one_bad_file_does_not_stop_the_rest(run, tmp_path):
    """Its line says why, and the worst status is the last."""
    bad, good = tmp_path / "bad.xml", tmp_path / "good.xml"
    bad.write_text("<domain>\n<devices>", encoding="utf-8")
    good.write_text(DISK, encoding="utf-8")
    status, out, err = run("infer", "--json", bad, good)
    assert status == 2
    assert [list(json.loads(line)) for line in out] == [["file", "error"], ["file", "disks"]]
    assert json.loads(out[0])["error"]["line"] == 2
    assert err == [f"virtiolab: {bad}: line 2: The XML is cut short: it ends inside an element."]


def test_several_files_are_told_apart(run):
    """Each under its name, which is given as it was written."""
    _, out, _ = run("infer", DOMAINS / "s390x.xml", "-", stdin=DISK.encode())
    assert [line for line in out if line.startswith("==")] == [
        f"== {DOMAINS / 's390x.xml'} ==",
        "== - ==",
    ]


def test_a_guest_without_disks(run):
    """No silence, and no error."""
    assert run("infer", "-", stdin=b"<domain/>") == (0, ["There is no <disk> in it."], [])


@pytest.mark.parametrize("argument", ["/nonexistent", "/", "a\nb\x1b[31m"])
def test_errors_are_one_clean_line(run, argument):
    """Also for names that would break a line or colour a terminal."""
    status, out, [line] = run("infer", argument)
    assert (status, out) == (2, [])
    assert line.startswith("virtiolab: ") and line.isprintable()


def test_hostile_values_do_not_reach_the_terminal(run):
    """Escape sequences, line breaks and direction marks are shown, not obeyed."""
    xml = "<disk><target dev='a&#10;b\u202e&#x9b;31m' bus='\u200f'/></disk>"
    _, out, _ = run("infer", "-", stdin=xml.encode())
    assert all(line.isprintable() for line in out)


def process(*arguments, **options):
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "virtiolab", *arguments],
        capture_output=True,
        encoding="locale",  # which is what it writes
        **options,
    )


def test_no_colour_without_a_terminal():
    """A pipe gets plain text."""
    assert "\x1b" not in process("infer", DOMAINS / "pc-ide.xml").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals on Windows")
@pytest.mark.parametrize("no_colour, coloured", [("", True), ("1", False)])
def test_colour_on_a_terminal(no_colour, coloured):
    """Unless NO_COLOR is set to something."""
    import pty

    main_end, terminal = pty.openpty()
    environment = os.environ | {"NO_COLOR": no_colour, "TERM": "xterm"}
    command = [sys.executable, "-m", "virtiolab", "infer", "-"]
    subprocess.run(command, input=DISK.encode(), stdout=terminal, env=environment, check=True)
    assert (b"\x1b[" in os.read(main_end, 4000)) is coloured


def test_usage():
    """No command, no file, an unknown command: argparse's status 2 and a usage line."""
    for arguments in ([], ["infer"], ["guess", "x"]):
        run = process(*arguments)
        assert run.returncode == 2 and run.stderr.startswith("usage: virtiolab")


@posix_shell
def test_a_closed_pipe_is_no_error():
    """`virtiolab infer big.xml | head -1` says nothing on stderr."""
    shell = f"{sys.executable} -m virtiolab infer - | head -1"
    many = f"<devices>{DISK * 2000}</devices>"
    run = subprocess.run(shell, shell=True, input=many, capture_output=True, encoding="utf-8")
    assert (run.stderr, len(run.stdout.splitlines())) == ("", 1)


@posix_shell
@pytest.mark.parametrize(
    "redirection, status, said",
    [
        ("infer - <&-", 2, "virtiolab: -: There is no standard input.\n"),
        pytest.param(
            *("infer - >/dev/full", 2, "virtiolab: cannot write: No space left on device\n"),
            marks=pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's"),
        ),
        ("infer - | true", 0, ""),
        ("infer - >&-", 2, "virtiolab: there is no standard output.\n"),
    ],
)
def test_broken_streams(redirection, status, said):
    """One line at most, never a traceback."""
    shell = f"{sys.executable} -m virtiolab {redirection}"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    run = subprocess.run(
        shell, shell=True, input=DISK, capture_output=True, encoding="utf-8", env=environment
    )
    assert (run.returncode, run.stderr) == (status, said)


@pytest.mark.parametrize("arguments", [["build", "--help"], ["infer", "ä"]])
def test_a_terminal_without_all_characters(arguments):
    """What it lacks is written out."""
    said = process(*arguments, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (said.stdout + said.stderr).isascii() and "Traceback" not in said.stderr


def test_an_unknown_option_is_one_clean_message():
    """Whatever is in it."""
    run = process("infer", "--\x1b[31m", "x")
    assert run.returncode == 2 and "\x1b" not in run.stderr


def test_explain(run):
    """Every name in order, unknown ones with a suggestion, as text and as JSON."""
    xml = b"<disk><target dev='vda'/><driver typo='qcow2'/></disk>"
    status, out, _ = run("explain", "-", stdin=xml)
    assert status == 0 and max(map(len, out)) <= 80
    names = [line.split()[0] for line in out if line.startswith("  ") and line[2] != " "]
    assert names == [
        "disk", "@type", "@device", "target", "target/@dev", "target/@bus", "driver", "driver/@typo",
        "driver/@name", "driver/@type", "driver/@cache",
    ]  # fmt: skip
    _, [line], _ = run("explain", "--json", "-", stdin=xml)
    [disk] = json.loads(line)["disks"]
    [typo] = [row for row in disk["rows"] if row["path"] == "/disk/driver/@typo"]
    wanted = {"path", "value", "origin", "known", "meaning", "since", "doc"}
    assert wanted <= set(typo) and typo["known"] is False
    assert "Did you mean `type`?" in typo["meaning"] and "takes raw" in typo["meaning"]
