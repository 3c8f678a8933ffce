"""Questions to a process and its answers, a line of JSON each."""

import contextlib
import json
import subprocess
import threading
from queue import Empty, Queue

from . import NoAnswer
from .sandbox import Sandbox


class Client:
    """With a process that may crash or hang: then `ask` raises NoAnswer, and the next question
    starts it again. `who` is the subject of the sentence that says so."""

    def __init__(self, sandbox: Sandbox, command: list, who: str, environment: dict = {}):
        self._sandbox, self._command = sandbox, command
        self._who, self._environment = who, environment
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()  # one question at a time, whoever asks

    def ask(self, question: dict, deadline: float) -> dict:
        """Its answer within so many seconds."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self.end()
                self._start()
            try:
                # A process that hangs does not read; the thread ends when that is ended.
                threading.Thread(
                    target=self._put, args=(json.dumps(question),), daemon=True
                ).start()
                return json.loads(self._next_line(deadline))
            except BaseException:  # an interrupt too: the answer may still come, to the next
                self.end()
                raise

    def end(self) -> None:
        """End the process; the next question starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            with contextlib.suppress(OSError):  # what was still to be written is of no use
                self._process.stdin.close()
            self._errors.close()
            self._process = None

    def _start(self) -> None:
        self._errors = (self._sandbox.folder / "errors").open("w+", encoding="utf-8")
        self._process = self._sandbox.start(
            self._command, self._environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, encoding="utf-8",
        )  # fmt: skip
        self._lines: Queue[str] = Queue()
        threading.Thread(
            target=forward, args=(self._process.stdout, self._lines), daemon=True
        ).start()

    def _put(self, question: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # one that died shows when it is read
            print(question, file=self._process.stdin, flush=True)

    def _next_line(self, deadline: float) -> str:
        try:
            line = self._lines.get(timeout=deadline)
        except Empty:
            raise NoAnswer(f"{self._who} did not answer within {deadline:g} seconds") from None
        if not line:
            raise NoAnswer(self._how_it_ended())
        return line

    def _how_it_ended(self) -> str:
        if (status := self._process.wait()) < 0:
            return f"{self._who} itself crashed on this XML (signal {-status})"
        self._errors.seek(0)
        return (self._errors.read().strip().splitlines() or ["the worker ended"])[-1]


def forward(stream, lines: Queue) -> None:
    """Put its lines into a queue, which unlike a pipe can be waited for; "" at the end."""
    with stream:
        for line in stream:
            lines.put(line)
    lines.put("")
