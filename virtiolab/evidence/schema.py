"""Ask libvirt's own schema about a disk: what `virsh define --validate` would say, and where."""

import sys
from pathlib import Path
from typing import NamedTuple

from ..document import Disk
from . import NotInstalled
from .client import Client
from .grammar import schema_file
from .guests import as_text
from .sandbox import Sandbox

PACKAGES = Path(__file__).parents[2]
DEADLINE = 10.0  # seconds; for a <driver> with 15 attributes libxml2 needs more than a minute
HOW_TO_GET_IT = "libvirt's schema is not installed; on Debian: apt-get install libvirt0"


class Fault(NamedTuple):
    """A name that the schema does not accept: its path, its line, and why, as a sentence."""

    path: str
    line: int | None
    why: str


class Schema:
    """Libvirt's schema; a context manager. NotInstalled, with how to get it, where there is none.

    Whoever has no answer within the deadline gets NoAnswer.
    """

    def __init__(self, sandbox: Sandbox):
        if schema_file() is None:
            raise NotInstalled(HOW_TO_GET_IT)
        command = [sys.executable, "-s", "-m", f"{__package__}.validator"]
        self._client = Client(sandbox, command, "libxml2", {"PYTHONPATH": str(PACKAGES)})

    def __enter__(self) -> "Schema":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def faults(self, disk: Disk) -> list[Fault]:
        """What is wrong with a disk; nothing if it is valid."""
        lines = [element.sourceline or 1 for element in disk.element.iter("*")]
        question = {"disk": as_text(disk.element), "lines": lines}
        answer = self._client.ask(question, DEADLINE)
        return [Fault(**fault) for fault in answer["faults"]]

    def close(self) -> None:
        """End the process."""
        self._client.end()
