"""The notebooks as a learner in a class may have to run them: an ordinary user, a checkout that is
read-only, no network, and 1 GiB of memory for a kernel and all that it starts; see sandbox.py.

The memory is measured, not limited. A cgroup could limit it, but few containers let one be made, and
RLIMIT_AS and RLIMIT_DATA count what is only reserved: QEMU reserves 1 GiB for translated code.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COURSE = sorted(path.stem for path in (ROOT / "notebooks").glob("0*.ipynb"))
each_notebook = pytest.mark.parametrize("name", COURSE)
SANDBOX = Path(__file__).with_name("sandbox.py")
NOT_ALLOWED = 77  # sandbox.py says so
GIB = 1 << 30

pytestmark = [
    pytest.mark.skipif(
        sys.platform != "linux",
        reason="what is taken away from a learner, only Linux can take away",
    ),
    pytest.mark.timeout(1000),  # all notebooks at once; sit_down() has a limit too
]

# What a process of the class can do, as JSON.
LOOK = """
import json, os, socket, sys
def can(do, *given):
    try:
        do(*given)
    except OSError:
        return False
    return True
def write(path):
    with open(path, "a"):
        pass
server = socket.create_server(("127.0.0.1", 0))
print(json.dumps({
    "root": os.getuid() == 0,
    "rights": int(open("/proc/self/status").read().split("CapEff:")[1].split()[0], 16),
    "checkout": can(write, sys.argv[1]),
    "system": can(write, "/var/tmp/virtiolab"),
    "home": can(write, os.path.expanduser("~/virtiolab")),
    "loopback": can(socket.create_connection, server.getsockname()),
    "network": can(socket.create_connection, ("192.0.2.1", 80), 1),
}))
"""


def sit_down(*arguments):
    """Run Python with these arguments in the class, with a home of its own; what it prints."""
    with tempfile.TemporaryDirectory(prefix="vl-") as home:
        command = [sys.executable, SANDBOX, home, sys.executable, *arguments]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=900)
    if ran.returncode == NOT_ALLOWED:
        pytest.skip(ran.stderr.strip())
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def room():
    """What a process of the class can do, if there can be a class here."""
    return json.loads(sit_down("-c", LOOK, str(ROOT / "README.md")))


@pytest.fixture(scope="module")
def learned(room):
    """What each notebook's learner says, all of whom learn at once; see benchmarks/classroom.py."""
    all_said = json.loads(sit_down("-m", "benchmarks.classroom", "--json"))
    return {said["notebook"]: said for said in all_said}


def test_the_room_is_poor(room):
    """It has a home and a loopback, and nothing else."""
    able = {what for what, can in room.items() if can}
    assert able == {"home", "loopback"}


@each_notebook
def test_a_learner_sees_what_is_committed(learned, name):
    """In every cell."""
    assert learned[name]["changed"] == []


@each_notebook
def test_a_gibibyte_is_enough(learned, name):
    """For a kernel with libvirt and the QEMU that it looks at, whenever one looked; a quarter of it,
    as here seven share what one alone would have for itself."""
    assert learned[name]["peak"] < GIB // 4


@pytest.mark.live
def test_libvirt_answers_there(learned, libvirt):
    """Every ladder is asked live."""
    asked = [how for said in learned.values() for how in said["asked"]]
    assert len(asked) > 20 and set(asked) == {"live"}
