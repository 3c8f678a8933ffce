"""The sandbox: a folder and processes, all gone however their owner ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from virtiolab.evidence import NoAnswer
from virtiolab.evidence.sandbox import Sandbox

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="libvirt, which works there, is for Linux"
)
SLEEP = ["/bin/sh", "-c", "trap '' TERM; sleep 1000"]
OWNER = """
import sys, time
from virtiolab.evidence import NoAnswer
from virtiolab.evidence.sandbox import Sandbox
with Sandbox() as sandbox:
    child = sandbox.start(["/bin/sh", "-c", "trap '' TERM; sleep 1000"])
    print(sandbox.folder, child.pid, flush=True)
    time.sleep(1000)
"""


def is_alive(pid):
    """Whether a process runs; one that is dead and not yet waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition, seconds=10):
    """Whether it came true in time."""
    for _ in range(seconds * 50):
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_all_is_gone():
    """The folder with what is in it, and a child that will not hear."""
    with Sandbox() as sandbox:
        child = sandbox.start(SLEEP)
        (sandbox.folder / "below").mkdir()
        (sandbox.folder / "below/file").touch()
        assert is_alive(child.pid)
    assert not sandbox.folder.exists() and not is_alive(child.pid)


def test_a_stopped_child_is_gone():
    """It cannot hear at all."""
    with Sandbox() as sandbox:
        child = sandbox.start(SLEEP)
        os.kill(child.pid, signal.SIGSTOP)
    assert not is_alive(child.pid)


def test_who_left_the_group_is_gone_too():
    """As the QEMU that libvirt starts to learn what it can: in a session of its own."""
    with Sandbox() as sandbox:
        gone = "import os, sys; os.setsid(); os.execv('/bin/sh', ['sh', '-c', 'sleep 1000', sys.argv[1]])"
        child = sandbox.start([sys.executable, "-c", gone, str(sandbox.folder / "socket")])
        assert wait_until(lambda: os.getsid(child.pid) == child.pid)
    assert wait_until(lambda: not is_alive(child.pid))


def test_close_twice():
    """The second time there is nothing to do."""
    sandbox = Sandbox()
    sandbox.close()
    sandbox.close()


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_its_owner_ends(how):
    """Interrupted, asked to end, or killed on the spot, as a kernel that is restarted."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, encoding="utf-8")  # fmt: skip
    folder, child = owner.stdout.readline().split()
    assert Path(folder).exists() and is_alive(child)
    owner.send_signal(getattr(signal, how))  # Windows has not all of them
    owner.wait()
    owner.stdout.close()
    assert wait_until(lambda: not Path(folder).exists() and not is_alive(child))


def test_an_interrupt_from_the_keyboard_is_not_for_the_children():
    """Ctrl-C goes to the group in front; what works for us is in another."""
    with Sandbox() as sandbox:
        child = sandbox.start(SLEEP)
        assert os.getpgid(child.pid) != os.getpgid(0)


def test_nothing_is_told_to_a_child():
    """Neither our variables nor our folder."""
    with Sandbox() as sandbox:
        os.environ["VIRTIOLAB_SECRET"] = "s3cret"
        try:
            told = sandbox.run(["/bin/sh", "-c", "pwd; env"]).stdout
        finally:
            del os.environ["VIRTIOLAB_SECRET"]
    assert "s3cret" not in told and told.startswith(str(sandbox.folder.resolve()))


def test_a_program_that_takes_too_long():
    """It is ended at its deadline."""
    with Sandbox() as sandbox, pytest.raises(NoAnswer):
        sandbox.run(SLEEP, deadline=0.2)
