"""A private folder and the processes that work in it, all gone when it is closed."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import PATH, NoAnswer

REAPER = Path(__file__).with_name("reaper.py")


class Sandbox:
    """A context manager; `folder` is its folder. What it held is gone at its end, and also when
    this process is interrupted or killed: `keeper.py` waits for that."""

    def __init__(self, above: str | None = None):
        self.folder = Path(tempfile.mkdtemp(prefix="virtiolab-", dir=above))
        reading, self._lifeline = os.pipe()
        self._children: list[subprocess.Popen] = []
        try:
            self._keeper = subprocess.Popen(
                [sys.executable, "-IS", REAPER, self.folder], stdin=reading, cwd="/",
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
            )  # fmt: skip
        except BaseException:
            os.close(self._lifeline)
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        finally:
            os.close(reading)

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def start(self, command: list, environment: dict = {}, **options) -> subprocess.Popen:
        """A process that ends with the sandbox; it works in its folder and sees nothing of ours
        but what is given to it."""
        known = {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        child = subprocess.Popen(
            command, cwd=self.folder, env=known | environment, process_group=self._keeper.pid,
            **{"stdin": subprocess.DEVNULL} | options,
        )  # fmt: skip
        self._children = [one for one in self._children if one.poll() is None] + [child]
        return child

    def run(
        self, command: list, deadline: float = 30.0, environment: dict = {}
    ) -> subprocess.CompletedProcess:
        """A program that is waited for, with what it said; NoAnswer after `deadline` seconds."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        child = self.start(command, environment, encoding="utf-8", **pipes)
        with child:
            try:
                said, complaint = child.communicate(timeout=deadline)
            except subprocess.TimeoutExpired:
                child.kill()
                raise NoAnswer(f"{command[0]} did not end within {deadline:g} seconds") from None
            except BaseException:
                child.kill()
                raise
        return subprocess.CompletedProcess(command, child.returncode, said, complaint)

    def close(self) -> None:
        """End every process and remove the folder; may be called again."""
        if self._lifeline is None:
            return
        os.close(self._lifeline)
        self._lifeline = None
        self._keeper.wait()
        for child in self._children:
            child.wait()
            for stream in filter(None, (child.stdin, child.stdout, child.stderr)):
                with contextlib.suppress(OSError):  # what was still to be written is of no use
                    stream.close()
