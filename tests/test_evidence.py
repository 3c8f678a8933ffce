"""Asking the real libvirt: it answers, refuses, crashes or hangs, and the next question works."""

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from test_sandbox import is_alive, wait_until

from virtiolab import read
from virtiolab.evidence import NoAnswer, NotInstalled
from virtiolab.evidence import libvirt as evidence
from virtiolab.evidence.guests import as_text, reduced
from virtiolab.evidence.images import program

pytestmark = pytest.mark.live

GUEST = """<domain type='kvm'><name>d</name><memory>65536</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>{}</devices></domain>"""
VDA = "<disk><source file='/a'/><target dev='vda'/></disk>"
# Libvirt 9.0 dies of SIGSEGV when it makes the command line of an iSCSI disk without a host.
CRASHES = """<disk type='network'><source protocol='iscsi' name='iqn.2013-07.com.example:a/1'/>
<target dev='vda'/></disk>"""


# And it never comes back from a long name on a bus of drives.
HANGS = "<disk><source file='/a'/><target dev='vdfxshrxx' bus='sata'/></disk>"


def guest(devices):
    """A whole domain with these devices."""
    return read(GUEST.format(devices))


def worker_of(libvirt):
    """The process that asks; the one that we started waits for it."""
    started = libvirt._client._process.pid
    [worker] = Path(f"/proc/{started}/task/{started}/children").read_text(encoding="utf-8").split()
    return int(worker)


def test_answers(libvirt):
    """The domain as libvirt writes it back, and QEMU's arguments."""
    answer = libvirt.ask(guest(VDA))
    assert answer.refusal is None and "<target dev='vda' bus='virtio'/>" in answer.xml
    assert [d["driver"] for d in answer.devices if "drive" in d] == ["virtio-blk-pci"]


def test_refusals(libvirt):
    """In libvirt's own words; refused by define, or only when the command line is made."""
    assert "Unknown disk name" in libvirt.ask(guest(VDA.replace("vda", "disk1"))).refusal
    late = libvirt.ask(guest(VDA.replace("vda", "xvda")))
    assert late.xml is not None and "unsupported disk bus 'xen'" in late.refusal


def test_a_crash_is_an_answer(libvirt):
    """And the next question is answered as if nothing had been."""
    answer = libvirt.ask(guest(CRASHES))
    if libvirt.version == (9, 0, 0):
        assert answer.refusal == "libvirt itself crashed on this XML (signal 11)"
    assert libvirt.ask(guest(VDA)).refusal is None


def test_a_crash_of_the_generic_driver(libvirt):
    """9.0's test driver dies of a device of the host with rawio, on one of libvirt's own tests."""
    device = """<hostdev mode='subsystem' type='scsi_host' rawio='yes'>
    <source protocol='vhost' wwpn='naa.5123456789abcde0'/></hostdev>"""
    answer = libvirt.ask(guest(VDA + device), generic=True)
    if libvirt.version == (9, 0, 0):
        assert answer.refusal == "libvirt itself crashed on this XML (signal 11)"
    assert libvirt.ask(guest(VDA), generic=True).refusal is None


def test_crashes_leave_nothing_open(libvirt):
    """Neither pipes nor files of the workers that died."""
    libvirt.ask(guest(VDA))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        os.kill(worker_of(libvirt), signal.SIGKILL)
        libvirt.ask(guest(VDA))
        libvirt.ask(guest(VDA))
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_hang_is_an_answer(libvirt, monkeypatch):
    """After the deadline, and the next question works."""
    monkeypatch.setattr(evidence, "DEADLINE", 0.5)
    os.kill(worker_of(libvirt), signal.SIGSTOP)
    too_long_for_a_pipe = guest(VDA + f"<!--{'x' * 300_000}-->")
    assert "did not answer within" in libvirt.ask(too_long_for_a_pipe).refusal
    monkeypatch.setattr(evidence, "DEADLINE", 30.0)
    assert libvirt.ask(guest(VDA)).refusal is None


def test_a_killed_worker_is_replaced(libvirt):
    """Whenever it dies, the next question is answered."""
    os.kill(worker_of(libvirt), signal.SIGKILL)
    libvirt.ask(guest(VDA))
    assert libvirt.ask(guest(VDA)).refusal is None


def test_no_program_of_the_guest_runs(libvirt, tmp_path):
    """Libvirt runs the emulator that a guest names, to learn what it can: so it is left out."""
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    mark, program = tmp_path / "ran", tmp_path / "emulator"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n", encoding="utf-8")
    program.chmod(0o755)
    answer = libvirt.ask(guest(f"<emulator>{program}</emulator>{VDA}"))
    assert answer.refusal is None and not mark.exists()


def test_network_cards_are_left_out(libvirt):
    """Libvirt would open the host's tun device for them."""
    card = "<interface type='network'><source network='default'/></interface>"
    assert libvirt.ask(guest(VDA + card)).argv is not None


def test_a_fragment_cannot_be_asked_about(libvirt):
    """What the rest of the guest is, libvirt would have to guess."""
    with pytest.raises(ValueError, match="whole <domain>"):
        libvirt.ask(read(VDA))


def test_libvirt_itself_hangs(libvirt, monkeypatch):
    """A question that outlasts its deadline is answered with that, and its process ended."""
    monkeypatch.setattr(evidence, "DEADLINE", 2.0)
    hanging = worker_of(libvirt)
    assert libvirt.ask(guest(HANGS)).refusal == "libvirt did not answer within 2 seconds"
    assert wait_until(lambda: not is_alive(hanging))
    monkeypatch.setattr(evidence, "DEADLINE", 30.0)
    assert libvirt.ask(guest(VDA)).refusal is None


def test_an_interrupted_question(libvirt, monkeypatch):
    """Its answer is not taken for that of the next."""

    def interrupted():
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(libvirt._client, "_next_line", interrupted)
        with pytest.raises(KeyboardInterrupt):
            libvirt.ask(guest(VDA))
    assert "Unknown disk name" in libvirt.ask(guest(VDA.replace("vda", "disk1"))).refusal


def memory(pid):
    """What a process holds in memory, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def test_a_thousand_questions(libvirt):
    """In milliseconds each, and neither side grows."""
    libvirt.ask(guest(VDA))
    worker, held, took = worker_of(libvirt), [], []
    for number in range(1100):
        if number in (100, 600):  # after it has settled
            held.append((memory(worker), memory(os.getpid())))
        begun = time.perf_counter()
        assert libvirt.ask(guest(VDA)).refusal is None
        took.append(time.perf_counter() - begun)
    held.append((memory(worker), memory(os.getpid())))
    assert worker_of(libvirt) == worker
    growth = [late - early for early, late in zip(held[0], held[2])]
    assert max(growth) < 4, held
    assert statistics.median(took) < 0.02  # 5 ms on a quiet machine


def test_two_at_once(libvirt):
    """Two notebooks, each with its own, and two threads of one: nobody gets another's answer."""
    names = [f"vd{letter}" for letter in "abcdefgh"]
    with evidence.Libvirt() as other:
        answers = {}

        def ask(asked, name):
            xml = asked.ask(guest(VDA.replace("vda", name))).xml
            answers[asked, name] = f"dev='{name}'" in (xml or "")

        pairs = [(asked, name) for asked in (libvirt, other) for name in names]
        threads = [threading.Thread(target=ask, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == dict.fromkeys(pairs, True)
        assert other.sandbox.folder != libvirt.sandbox.folder


STARTING = """
from virtiolab.evidence.libvirt import Libvirt
from virtiolab.evidence import sandbox
start = sandbox.Sandbox.start
def told(self, *given, **options):
    print(self.folder, flush=True)
    return start(self, *given, **options)
sandbox.Sandbox.start = told
Libvirt()
"""


@pytest.mark.parametrize("after", [0.1, 0.2, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_ended_while_libvirt_starts(libvirt, after, how):
    """Then libvirt has a QEMU running, to learn what it can, that is in nobody's group."""
    owner = subprocess.Popen([sys.executable, "-c", STARTING], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, encoding="utf-8")  # fmt: skip
    folder = owner.stdout.readline().strip()
    time.sleep(after)
    owner.send_signal(getattr(signal, how))
    owner.wait()
    owner.stdout.close()
    assert wait_until(lambda: not Path(folder).exists() and not those_with(folder))


def those_with(folder):
    """The processes that have it on their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder in (process / "cmdline").read_text(encoding="utf-8"):
                found.append(process)
    return found


def test_a_worker_killed_at_the_wrong_moment(libvirt):
    """A guest that it had defined is read again as libvirt starts; it is not in the next one's way."""
    libvirt.ask(guest(VDA))
    left = libvirt.sandbox.folder / "libvirt/etc/qemu/virtiolab.xml"
    left.write_text(as_text(reduced(guest(VDA))), encoding="utf-8")
    libvirt._client.end()
    assert libvirt.ask(guest(VDA)).refusal is None


def test_a_poor_environment(libvirt):
    """No PATH, no HOME, and a working directory in which nobody may write."""
    command = [sys.executable, "-m", "virtiolab", "ask", "-"]
    asked = subprocess.run(
        command, input=VDA, capture_output=True, encoding="utf-8", cwd="/proc", env={}
    )
    assert asked.returncode == 0, asked.stderr
    assert "says the same" in asked.stdout


NOBODY_BURIES = """
import ctypes, sys
from virtiolab import read
from virtiolab.evidence.libvirt import Libvirt
ctypes.CDLL(None).prctl(36, 1)  # orphans come to this process, as to the first of a container
with Libvirt() as libvirt:
    print(libvirt.ask(read(sys.argv[1])).refusal)
"""


def test_in_a_container(libvirt):
    """Nobody waits there for the QEMU that libvirt looks at, and that lost its parent."""
    command = [sys.executable, "-c", NOBODY_BURIES, GUEST.format(VDA)]
    asked = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert asked.stdout == "None\n", asked.stderr


def test_nothing_is_left_behind(libvirt):
    """Neither the private directory nor the process."""
    with evidence.Libvirt() as second:
        directory, process = second.sandbox.folder, second._client._process
        assert second.ask(guest(VDA)).refusal is None and directory.exists()
    assert not directory.exists() and process.poll() is not None


def test_it_says_how_to_get_it(monkeypatch):
    """Where there is no Python with the binding."""
    monkeypatch.setattr(evidence, "SYSTEM_PYTHON", "/nonexistent/python3")
    monkeypatch.setattr(evidence.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NotInstalled, match="apt-get install python3-libvirt"):
        evidence.Libvirt()


def test_a_broken_libvirt(tmp_path, monkeypatch):
    """One that is there and cannot be brought in is no missing one, and the message names packages."""
    worker = tmp_path / "worker.py"
    worker.write_text("raise ImportError('libvirtmod.so: undefined symbol')", encoding="utf-8")
    monkeypatch.setattr(evidence, "WORKER", worker)
    with pytest.raises(NoAnswer, match=r"--reinstall python3-libvirt .*undefined symbol"):
        evidence.Libvirt()


def test_both_versions(libvirt):
    """QEMU's is what the program says."""
    said = libvirt.sandbox.run([program("qemu-system-x86_64"), "--version"]).stdout
    assert f"version {libvirt.versions['QEMU']}" in said
