"""A guest that boots with the learner's disks, and says from inside what it sees."""

import builtins
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from . import NoAnswer, NotInstalled, Progress, no_progress
from .images import StandIns
from .kernel import Kernel, kernel
from .libvirt import Answer
from .qemu import Refused, command, in_words
from .sandbox import within

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
    start: builtins.bytes


def boot(made: StandIns, answer: Answer, progress: Progress = no_progress) -> list[BlockDevice]:
    """Boot a guest with these disks, about which this is libvirt's answer, and ask it for them.

    Refused, if QEMU does not start; NoAnswer, if the guest does not speak within its deadline;
    NotInstalled, if the kernel cannot be had, or for machines that are no PC.
    """
    words = command(answer, made.folder)
    if Path(words[0]).name != "qemu-system-x86_64":
        raise NotInstalled("the guest's kernel is for x86_64; this machine has another processor")
    disks = sum(1 for one in answer.devices if "drive" in one)
    process = made.sandbox.start(
        [*words, *_booting(kernel(made.sandbox, progress), disks)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
    )  # fmt: skip
    with process:
        try:
            with within(DEADLINE, process, "the guest said nothing"):
                return _listen(process, progress)
        finally:
            process.kill()


def _booting(kernel: Kernel, disks: int) -> list[str]:
    words = f"console=ttyS0 quiet panic=-1 virtiolab.disks={disks}"
    return [
        "-m", str(MEMORY), "-no-reboot", "-kernel", str(kernel.image),
        "-initrd", str(kernel.initramfs), "-append", words,
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
    ]  # fmt: skip


def _listen(process: subprocess.Popen, progress: Progress) -> list[BlockDevice]:
    """The disks, from what follows our word on the lines of the guest's console."""
    found: list[BlockDevice] = []
    progress(0.05, "the kernel starts")
    for line in process.stdout:
        said = line.strip().partition("virtiolab ")[2]
        if said == "done":
            return found
        if loaded := re.fullmatch(r"loaded (\d+) (\d+)", said):
            progress(0.4 + 0.5 * int(loaded[1]) / int(loaded[2]), "the guest loads its drivers")
        elif said.startswith("disk|"):
            _, name, drivers, place, sectors, label, start = said.split("|")
            target, size = label.removeprefix("virtiolab-disk-") or None, int(sectors) * 512
            found.append(
                BlockDevice(name, target, (*drivers.split(),), place, size, bytes.fromhex(start))
            )
            progress(0.95, "the guest looks at its disks")
    if complaint := in_words(process.stderr.read()):
        raise Refused(complaint)
    raise NoAnswer("QEMU ended before the guest spoke")
