"""Questions to a process and its answers, a line of JSON each."""

import contextlib
import json
import subprocess
import tempfile
import threading

from . import NoAnswer
from .sandbox import Sandbox, within


class Client:
    """Of a process that may crash or hang: then `ask` raises NoAnswer, and the next question
    starts it again. `who` is the subject of the sentence that says so."""

    def __init__(self, sandbox: Sandbox, command: list, who: str, environment: dict = {}):
        self._sandbox, self._command = sandbox, command
        self._who, self._environment = who, environment
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()  # one question at a time, whoever asks
        sandbox.callback(self.end)

    def ask(self, question: dict, deadline: float) -> dict:
        """Its answer within so many seconds."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self.end()
                self._errors = tempfile.TemporaryFile(  # noqa: SIM115 - as long as the process
                    "w+", encoding="utf-8", dir=self._sandbox.folder
                )
                self._process = self._sandbox.start(
                    self._command, self._environment, encoding="utf-8",
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
                )  # fmt: skip
            try:
                with within(deadline, self._process, f"{self._who} did not answer"):
                    with contextlib.suppress(OSError):  # one that died shows when it is read
                        print(json.dumps(question), file=self._process.stdin, flush=True)
                    return json.loads(self._next_line())
            except BaseException:  # an interrupt too: the answer may still come, to the next
                self.end()
                raise

    def end(self) -> None:
        """End the process; the next question starts another."""
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(OSError), self._process:
                pass  # waited for; what was still to be written is of no use
            self._errors.close()
            self._process = None

    def _next_line(self) -> str:
        if line := self._process.stdout.readline():
            return line
        if (status := self._process.wait()) < 0:
            raise NoAnswer(f"{self._who} itself crashed on this XML (signal {-status})")
        self._errors.seek(0)
        raise NoAnswer((self._errors.read().strip().splitlines() or ["the worker ended"])[-1])
