"""Whatever the XML names, libvirt and QEMU open, create and change nothing of the host.

Not by reading our own code: a trace of every system call shows what is touched.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import hostile
import pytest

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]  # strace stops at every system call
HERE = Path(__file__).parent
# What is written beside what is in a sandbox: devices that are opened to learn what the host can do,
# what Python compiles, and the file by which its tempfile finds out where it may write.
HARMLESS = re.compile(
    r"^(/dev/(null|kvm|mshv|tty|sgx_vepc|ptmx|pts/\d+)|.*/__pycache__(/.*)?"
    rf"|{re.escape(tempfile.gettempdir())}/[a-z0-9_]{{8}})$"
)
PROGRAMS = ("python", "qemu-system-", "qemu-img", "qemu-nbd")

ASK = """
import sys
sys.path.insert(0, {here!r})
import hostile
from virtiolab import read
from virtiolab.evidence.libvirt import Libvirt
from virtiolab.evidence.qemu import Qemu, Refused
from virtiolab.evidence.images import stand_ins
accepted = started = 0
with Libvirt() as libvirt:
    for xml in hostile.guests():
        answer = libvirt.ask(read(xml), generic=True)
        if answer.is_refused:
            continue
        accepted += 1
        with stand_ins(libvirt.sandbox, answer) as made:
            shown = libvirt.ask(made.domain)
            if any("drive" in device for device in shown.devices):
                with Qemu(made, shown) as qemu:
                    started += bool(qemu.blocks())
print(accepted, started)
"""
# What would be touched, if guests were not reduced: the trace must show that, or it shows nothing.
CARELESS = """
import sys
sys.path.insert(0, {here!r})
import hostile
from virtiolab.evidence.libvirt import Libvirt
with Libvirt() as libvirt:
    for xml in hostile.guests():
        for other in (xml.replace("type='kvm'", "type='qemu'"), "<domain/>"):
            libvirt._client.ask({{"xml": other, "bare": other}}, 30)
print(len(hostile.guests()), 0)
"""


def traced(code, tmp_path):
    """What the code printed, and a line for each system call that names a file, a socket or a
    program, in all processes."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed: apt-get install strace")
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=%file,%network", "-o", trace]
    run = subprocess.run(
        [*command, sys.executable, "-c", code.format(here=str(HERE))],
        capture_output=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    if "ptrace" in run.stderr:
        pytest.skip("strace may not trace here: allow ptrace in this container")
    assert run.returncode == 0, run.stderr
    return list(map(int, run.stdout.split())), trace.read_text(errors="replace").splitlines()


@pytest.fixture(scope="module")
def trace(libvirt, qemu_img, tmp_path_factory):
    """Of asking libvirt and QEMU about every hostile guest."""
    (accepted, started), lines = traced(ASK, tmp_path_factory.mktemp("trace"))
    assert accepted > 60 and started > 60 and len(lines) > 10_000
    return lines


def test_no_name_is_touched(trace):
    """No call on any path, socket or host that a guest names."""
    assert [line for line in trace if hostile.BAIT in line] == []


def test_nobody_is_talked_to(trace):
    """No address of a network; of Unix sockets those in the sandbox, and the system's own, where
    libvirt looks for names of users and for who manages machines."""
    calls = [line for line in trace if re.search(r"\b(connect|bind|sendto)\(.*sa_family", line)]
    assert not [line for line in calls if "AF_INET" in line]
    paths = [found[1] for line in calls if (found := re.search(r'sun_path="([^"]*)"', line))]
    assert paths and all(
        "/virtiolab-" in path or path.startswith(("/var/run/nscd", "/run/dbus")) for path in paths
    )


def test_nothing_is_written(trace):
    """Nothing is opened for writing, created, moved or removed outside the sandboxes."""
    opened = r'\b(?:openat|open|creat)\((?:AT_FDCWD, )?"(/[^"]*)", [^)]*O_(?:WRONLY|RDWR|CREAT)'
    changed = r'\b(?:mkdir|mknod|rename|unlink|rmdir|chmod|chown|symlink|link|truncate)\w*\((?:AT_FDCWD, )?"(/[^"]*)"'
    found = filter(None, (re.search(f"{opened}|{changed}", line) for line in trace))
    paths = [one[1] or one[2] for one in found]
    assert paths
    assert [p for p in paths if "/virtiolab-" not in p and not HARMLESS.match(p)] == []


def test_no_other_program_runs(trace):
    """Python, QEMU and its tools."""
    runs = [found[1] for line in trace if (found := re.search(r'execve\("([^"]*)".*= 0', line))]
    assert runs
    assert [run for run in runs if not Path(run).name.startswith(PROGRAMS)] == []


def test_the_trace_would_show_it(libvirt, tmp_path):
    """Asked carelessly, libvirt does touch what guests name: the tests above can fail."""
    _, lines = traced(CARELESS, tmp_path)
    assert any(f"/tmp/{hostile.BAIT}/emulator" in line for line in lines)
