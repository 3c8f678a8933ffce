"""A QEMU that is started with libvirt's own arguments and stopped before its first instruction:
what it opened, how, and what it calls the devices.

It opens nothing but what was made for it: of a command line only the machine, the disks, their
controllers and their images are passed on, and an image outside the sandbox is refused.
"""

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import threading
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from . import NoAnswer, NotInstalled
from .arguments import DISK_DRIVERS
from .images import StandIns, program
from .libvirt import Answer

DEADLINE = 20.0  # seconds for an answer of QEMU
# Of the layers that open something: the key that says what.
_OPENS = {"file": "filename", "vvfat": "dir", "nbd": "server"}
_OBJECTS = ("iothread", "throttle-group")
# Like libvirt's own: QEMU cannot start other programs. Little memory for what it translates.
_CONFINED = [
    "-nodefaults", "-no-user-config", "-display", "none", "-accel", "tcg,tb-size=64",
    "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
]  # fmt: skip


class Foreign(ValueError):
    """QEMU would open something that was not made for it; the message says what."""


class Refused(RuntimeError):
    """QEMU did not start, or libvirt made no command line; the message is theirs."""


class Opened(NamedTuple):
    """A file that QEMU holds open; `direct`: past the host's page cache."""

    path: Path
    direct: bool
    writable: bool


def command(answer: Answer, folder: Path) -> list[str]:
    """QEMU's command line, of libvirt's only what shows the disks.

    Foreign, if it names an image that is not in this folder; Refused, if libvirt made none.
    """
    if answer.argv is None:
        raise Refused(answer.refusal)
    blocks = answer.blocks.values()
    for block in blocks:
        _assert_ours(block, folder)
    words = answer.words
    machine = words[words.index("-machine") + 1].partition(",")[0]
    emulator = next(word for word in words if Path(word).name.startswith("qemu-system-"))
    objects = [one for one in answer.arguments("-object") if one["qom-type"] in _OBJECTS]
    parts = [("-object", objects), ("-blockdev", blocks), ("-device", _wanted(answer.devices))]
    given = [part for flag, all in parts for one in all for part in (flag, json.dumps(one))]
    return [program(Path(emulator).name), *_CONFINED, "-machine", machine, *given]


def _wanted(devices: list[dict]) -> list[dict]:
    """The disks, and the controllers that they are plugged into."""
    wanted = {one["id"] for one in devices if one["driver"].startswith(DISK_DRIVERS) if "id" in one}
    for one in reversed(devices):  # libvirt writes a controller before what is plugged into it
        if one.get("id") in wanted:
            bus = str(one.get("bus", ""))  # pci.2, the port itself, or scsi0.0, of controller scsi0
            wanted |= {bus, bus.partition(".")[0]}
    return [one for one in devices if one.get("id") in wanted or one["driver"] == "isa-fdc"]


def _assert_ours(block: dict, folder: Path) -> None:
    """That a layer opens something in this folder, or nothing: it stands on others by their names."""
    below = [block[key] for key in ("file", "backing") if block.get(key) is not None]
    if below and all(isinstance(name, str) for name in below):
        return
    opened = block.get(_OPENS.get(block["driver"], ""))
    path = opened.get("path") if isinstance(opened, dict) else opened
    if below or not path or not Path(path).resolve().is_relative_to(folder.resolve()):
        raise Foreign(f"QEMU would open {json.dumps(block)}")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One in a thread of its own, because a notebook's is busy with the cell that asks; so
    `qemu.qmp.legacy`, which runs the one of its thread, does not serve."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


class Qemu(contextlib.AbstractContextManager):
    """A stopped QEMU with the disks of a guest, about which this is libvirt's answer; a context
    manager. Refused, in QEMU's words, if it does not start."""

    def __init__(self, made: StandIns, answer: Answer):
        try:
            from qemu.qmp import QMPClient
        except ImportError:
            how = "QEMU's client library is not installed: pip install qemu.qmp"
            raise NotInstalled(how) from None
        if not Path("/proc/self/fd").exists():
            raise NotInstalled("a look at QEMU's open files needs Linux's /proc")
        self._folder, words = made.folder.resolve(), command(answer, made.folder)
        ours, its = socket.socketpair()
        with its:
            channel = ["-chardev", f"socket,id=qmp,fd={its.fileno()}"]
            self._process = made.sandbox.start(
                [*words, "-S", "-m", "256", *channel, "-mon", "chardev=qmp,mode=control"],  # pSeries: no less
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=[its.fileno()],
                encoding="utf-8", errors="replace",
            )  # fmt: skip
        self._client, self._loop = QMPClient("virtiolab"), _loop()
        try:
            self._wait_for(self._client.connect(ours))
        except BaseException as error:
            complaint = self._end(patience=1.0)  # to say why
            if isinstance(error, Exception) and complaint:
                raise Refused(complaint) from None
            raise

    def __exit__(self, *_) -> None:
        self._end()

    def ask(self, name: str, /, **arguments) -> Any:
        """The answer to one command of QMP; an ExecuteError is QEMU's refusal of it."""
        return self._wait_for(self._client.execute(name, arguments))

    def blocks(self) -> dict[str, dict]:
        """What `query-block` says of each device, by its id."""
        found = {}
        for block in self.ask("query-block"):
            names = (block.get("qdev") or block["device"]).split("/")
            found[names[3] if len(names) > 3 else names[-1]] = block  # /machine/peripheral/NAME/…
        return found

    def place(self, device: str) -> list[str]:
        """Where a device is in the machine: the drivers and buses from the outermost to itself."""
        tree = self.ask("human-monitor-command", **{"command-line": "info qtree"})
        above: list[tuple[int, str]] = []
        for line in tree.splitlines():  # such as `dev: virtio-blk-pci, id "virtio-disk0"`, indented
            if found := re.match(r'( *)(dev|bus): ([^,]+)(?:, id "(.*)")?', line):
                depth = len(found[1])
                above = [one for one in above if one[0] < depth] + [(depth, found[3])]
                if found[4] == device:
                    return [name for _, name in above]
        return []

    def opened(self) -> list[Opened]:
        """The files of the sandbox that QEMU holds open, with their flags in /proc."""
        found = []
        for number in Path(f"/proc/{self._process.pid}/fd").iterdir():
            path = Path(os.readlink(number))
            if path.is_relative_to(self._folder) and not path.is_dir():
                info = Path(str(number).replace("/fd/", "/fdinfo/")).read_text(encoding="utf-8")
                flags = int(re.search(r"^flags:\s*(\d+)", info, flags=re.MULTILINE)[1], 8)
                is_direct, is_writable = flags & os.O_DIRECT, flags & (os.O_WRONLY | os.O_RDWR)
                found.append(Opened(path, bool(is_direct), bool(is_writable)))
        return sorted(found)

    def _wait_for(self, coroutine):
        waiting = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return waiting.result(DEADLINE)
        except TimeoutError:
            raise NoAnswer(f"QEMU did not answer within {DEADLINE:g} seconds") from None
        finally:
            waiting.cancel()  # where it is interrupted

    def _end(self, patience: float = 0.0) -> str:
        """End QEMU, if it does not end by itself in so many seconds; what it complained of."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._process.kill()
        complaint = self._process.communicate()[1]
        with contextlib.suppress(Exception):  # that it is gone
            self._wait_for(self._client.disconnect())
        return in_words(complaint)


def in_words(complaint: str) -> str:
    """The last line of what QEMU wrote, without its own name and the argument that it repeats."""
    last = (complaint.strip().splitlines() or [""])[-1]
    return re.sub(r"^(qemu-system-\w+: )?(-\w+ \{.*\}: )?", "", last)
