"""A guest that boots with the learner's disks, and says from inside what it sees."""

import re
import subprocess
import threading
import time
from pathlib import Path
from queue import Empty, Queue
from typing import NamedTuple

from . import NoAnswer, NotInstalled, Progress, no_progress
from .client import forward
from .kernel import Kernel, kernel
from .libvirt import Answer
from .qemu import Refused, command, in_words
from .sandbox import Sandbox

MEMORY = 256  # MiB
DEADLINE = 120.0  # seconds to boot; under emulation it takes about 10


class BlockDevice(NamedTuple):
    """A disk as the guest sees it: `target` is that of the disk in the XML, by the label on it;
    `drivers` from the bus to the disk, `start` its first four bytes."""

    name: str
    target: str | None
    drivers: tuple[str, ...]
    place: str
    bytes: int
    start: bytes


def boot(
    sandbox: Sandbox,
    answer: Answer,
    progress: Progress = no_progress,
) -> list[BlockDevice]:
    """Boot a guest with these disks, whose images are in the sandbox, and ask it for them.

    Refused, if QEMU does not start; NoAnswer, if the guest does not speak within its deadline;
    NotInstalled, if the kernel cannot be had, or for machines that are no PC.
    """
    disks = sum(1 for one in answer.devices if "drive" in one)
    words = command(answer, sandbox.folder)
    if Path(words[0]).name != "qemu-system-x86_64":
        raise NotInstalled("the guest's kernel is for x86_64; this machine has another processor")
    process = sandbox.start(
        [*words, *_booting(kernel(sandbox, progress), disks)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        errors="replace",
    )  # fmt: skip
    try:
        return _listen(process, progress)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def _booting(kernel: Kernel, disks: int) -> list[str]:
    words = f"console=ttyS0 quiet panic=-1 virtiolab.disks={disks}"
    return [
        "-m", str(MEMORY), "-no-reboot", "-kernel", str(kernel.image),
        "-initrd", str(kernel.initramfs), "-append", words,
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
    ]  # fmt: skip


def _listen(process: subprocess.Popen, progress: Progress) -> list[BlockDevice]:
    lines: Queue[str] = Queue()
    threading.Thread(target=forward, args=(process.stdout, lines), daemon=True).start()
    found, until = [], time.monotonic() + DEADLINE
    progress(0.05, "the kernel starts")
    while True:
        said = _said(_next(lines, until, process))
        if said is None:
            continue
        if said == "done":
            return found
        if loaded := re.fullmatch(r"loaded (\d+) (\d+)", said):
            progress(0.4 + 0.5 * int(loaded[1]) / int(loaded[2]), "the guest loads its drivers")
        elif said.startswith("disk|"):
            found.append(_device(said))
            progress(0.95, "the guest looks at its disks")


def _next(lines: Queue, until: float, process: subprocess.Popen) -> str:
    try:
        line = lines.get(timeout=max(0.0, until - time.monotonic()))
    except Empty:
        raise NoAnswer(f"the guest said nothing within {DEADLINE:g} seconds") from None
    if not line:
        raise Refused(in_words(process.stderr.read()) or "QEMU ended before the guest spoke")
    return line


def _said(line: str) -> str | None:
    """What follows our word on a line of the guest's console."""
    return line.strip().partition("virtiolab ")[2] or None


def _device(said: str) -> BlockDevice:
    _, name, drivers, place, sectors, label, start = said.split("|")
    target = label.removeprefix("virtiolab-disk-") or None
    return BlockDevice(
        name, target, tuple(drivers.split()), place, int(sectors) * 512, bytes.fromhex(start)
    )
