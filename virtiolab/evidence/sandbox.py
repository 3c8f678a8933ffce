"""A private folder and the processes that work in it, all gone when it is closed."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from . import PATH, NoAnswer

REAPER = Path(__file__).with_name("reaper.py")


class Sandbox(contextlib.ExitStack):
    """A context manager; `folder` is its folder. What it held is gone when it is closed, and also
    when this process is interrupted or killed: `reaper.py` waits for that. What else its end calls
    for, an ExitStack takes with `callback`."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="virtiolab-", dir=_place()))
        self._children: list[subprocess.Popen] = []
        reading, lifeline = os.pipe()
        self.callback(self._wait)
        self.callback(os.close, lifeline)
        try:
            self._reaper = subprocess.Popen(
                [sys.executable, "-IS", REAPER, self.folder], stdin=reading, cwd="/",
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
            )  # fmt: skip
        except BaseException:
            os.close(lifeline)
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        finally:
            os.close(reading)

    def start(self, command: list, environment: dict = {}, **options) -> subprocess.Popen:
        """A process that ends with the sandbox; it works in its folder and sees nothing of ours
        but what is given to it."""
        child = subprocess.Popen(command, **self._options(environment) | options)
        self._children = [one for one in self._children if one.poll() is None] + [child]
        return child

    def run(
        self, command: list, deadline: float = 30.0, environment: dict = {}, **options
    ) -> subprocess.CompletedProcess:
        """A program that is waited for, with what it said; NoAnswer after `deadline` seconds."""
        options = self._options(environment) | options
        try:
            return subprocess.run(
                command, timeout=deadline, capture_output=True, encoding="utf-8", **options
            )
        except subprocess.TimeoutExpired:
            raise NoAnswer(f"{command[0]} did not end within {deadline:g} seconds") from None

    def _options(self, environment: dict) -> dict:
        known = {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        group = {"process_group": self._reaper.pid, "stdin": subprocess.DEVNULL}
        return group | {"cwd": self.folder, "env": known | environment}

    def _wait(self) -> None:
        for process in (self._reaper, *self._children):
            process.wait()


@contextlib.contextmanager
def within(seconds: float, process: subprocess.Popen, complaint: str) -> Iterator[None]:
    """What is done with a process in so many seconds; then the process is ended, so that whoever
    reads from it goes on, and there is NoAnswer with this complaint."""
    until, ending = time.monotonic() + seconds, threading.Timer(seconds, process.kill)
    ending.daemon = True  # after an interrupt nobody waits for it
    try:
        ending.start()
        yield
    except Exception:
        if time.monotonic() < until:
            raise
    finally:
        ending.cancel()
    if time.monotonic() >= until:
        raise NoAnswer(f"{complaint} within {seconds:g} seconds")


def _place() -> str | None:
    """The folder for the folder: of those that will do, if it can be, one that has O_DIRECT, which
    QEMU wants of its images, and a /tmp in memory may lack."""
    folders = (tempfile.gettempdir(), "/tmp", "/var/tmp", os.path.expanduser("~/.cache"))
    will_do = list(filter(_is_short_and_open, map(os.path.realpath, folders)))
    return next(filter(_has_direct_io, will_do), next(iter(will_do), None))


def _is_short_and_open(folder: str) -> bool:
    """Whether sockets have a short enough path there, and root's worker, who is nobody, may go."""
    if len(folder) >= 40 or not os.access(folder, os.W_OK):
        return False
    above = (Path(folder), *Path(folder).parents)
    return os.getuid() != 0 or all(one.stat().st_mode & 0o001 for one in above)


def _has_direct_io(folder: str) -> bool:
    try:
        with tempfile.NamedTemporaryFile(prefix="virtiolab-", dir=folder) as probe:
            os.close(os.open(probe.name, os.O_RDONLY | getattr(os, "O_DIRECT", 0)))
    except OSError:
        return False
    return True
