"""Others that read guests, each in a process of its own: libvirt can crash who asks it."""

from pathlib import Path

from benchmarks.readers import Reader
from virtiolab.evidence import NoAnswer
from virtiolab.evidence.client import Client
from virtiolab.evidence.libvirt import SYSTEM_PYTHON
from virtiolab.evidence.sandbox import Sandbox

PACKAGES = {"libvirt": "python3-libvirt", "virtinst": "virtinst"}  # of Debian and Ubuntu
DEADLINE = 120.0  # seconds; for 10,000 disks they want 15
_WORKER = Path(__file__).with_name("worker.py")


class Other:
    """One of PACKAGES, which works in the sandbox."""

    def __init__(self, sandbox: Sandbox, who: str):
        self._client = Client(sandbox, [SYSTEM_PYTHON, "-I", _WORKER, who], who)

    def read(self, texts: list[str]) -> dict:
        """What came of reading these guests: `what` was done, the `disks` it saw in each, or None
        where it refuses it, and the `seconds` of its processor.

        NoAnswer or OSError where it is not installed.
        """
        return self._client.ask({"texts": texts}, DEADLINE)

    def seconds_of(self, texts: list[str]) -> float:
        """How long it takes to read these guests."""
        return self.read(texts)["seconds"]


def others(sandbox: Sandbox) -> tuple[list[Reader], list[str]]:
    """Those that are installed, and a line for each that is not."""
    found, missing = [], []
    for who, package in PACKAGES.items():
        other = Other(sandbox, who)
        try:
            found.append(Reader(other.read([])["what"], other.seconds_of))
        except (NoAnswer, OSError) as error:
            missing.append(f"  without {who}: apt-get install {package} ({error})")
    return found, missing
