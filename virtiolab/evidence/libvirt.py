"""Ask the real libvirt what it makes of a domain, through a process of its own.

Libvirt can crash whoever asks it, and its libxml2 must not meet ours in one process, so `worker.py`
asks. It runs qemu:///embed, libvirt's QEMU driver without a daemon, in a private directory, as an
unprivileged user. No guest is started (libvirt runs the system's own QEMU to learn what it can),
and nothing is left behind.
"""

import contextlib
import copy
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from queue import Empty, Queue

from lxml import etree

from ..document import Domain

WORKER = Path(__file__).with_name("worker.py")
SYSTEM_PYTHON = "/usr/bin/python3"
PATH = "/usr/local/bin:/usr/bin:/bin"  # where libvirt looks for QEMU, whatever PATH is here
# Without autostart libvirt starts no daemon of its own, such as the one that keeps secrets.
_ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C.UTF-8", "LIBVIRT_AUTOSTART": "0"}
DEADLINE = 30.0  # seconds; the first question about an architecture takes 2, others 5 ms
HOW_TO_GET_IT = (
    "the real libvirt is not installed; on Debian and Ubuntu: apt-get install"
    " python3-libvirt libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils"
)


class NotInstalled(RuntimeError):
    """The real libvirt or its QEMU driver is missing; the message says how to get it."""


class _NoAnswer(Exception):
    """The worker said nothing; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What libvirt said: the domain as it wrote it back, QEMU's command line, or its refusal.

    `xml` with a `refusal` means: accepted by define, refused when the command line was made.
    """

    xml: str | None = None
    argv: str | None = None
    refusal: str | None = None

    @cached_property
    def devices(self) -> list[dict]:
        """The `-device` arguments, as QEMU gets them."""
        words = shlex.split(self.argv or "")
        return [json.loads(word) for flag, word in zip(words, words[1:]) if flag == "-device"]


class Libvirt:
    """One libvirt to ask; a context manager. `version` counts as libvirt does: 9.0.0 is 9000000."""

    def __init__(self):
        self._process = None
        self._directory = tempfile.mkdtemp(prefix="virtiolab-")
        try:
            self._start()
        except _NoAnswer as silence:
            self.close()
            raise NotInstalled(f"{HOW_TO_GET_IT} ({silence})") from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Libvirt":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def ask(self, domain: Domain) -> Answer:
        """What libvirt makes of a whole domain. A crash or a hang of libvirt is an answer too."""
        question = json.dumps(_askable(domain))
        try:
            if self._process.poll() is not None:
                self._start()
            # A worker that hangs does not read; the thread ends when the worker is ended.
            threading.Thread(target=self._put, args=(question,), daemon=True).start()
            return Answer(**self._next_line())
        except _NoAnswer as silence:
            self._end_process()
            return Answer(refusal=str(silence))

    def close(self) -> None:
        """End the worker and remove its directory."""
        self._end_process()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _start(self) -> None:
        python = _python()
        import pwd  # not on Windows, where there is no libvirt to ask either

        nobody = pwd.getpwnam("nobody")
        if os.getuid() == 0:
            os.chown(self._directory, nobody.pw_uid, nobody.pw_gid)
        homes = ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
        self._errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [python, "-I", WORKER, self._directory, str(nobody.pw_uid), str(nobody.pw_gid)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, cwd="/",
            env=_ENVIRONMENT | dict.fromkeys(homes, self._directory),
        )  # fmt: skip
        self._lines: Queue[str] = Queue()
        threading.Thread(
            target=_forward, args=(self._process.stdout, self._lines), daemon=True
        ).start()
        self.version: int = self._next_line()["libvirt"]

    def _put(self, question: str) -> None:
        with contextlib.suppress(OSError):  # a worker that died shows when its answer is read
            print(question, file=self._process.stdin, flush=True)

    def _next_line(self) -> dict:
        try:
            line = self._lines.get(timeout=DEADLINE)
        except Empty:
            raise _NoAnswer(f"libvirt did not answer within {DEADLINE:.0f} seconds") from None
        if not line:
            raise _NoAnswer(self._how_it_ended())
        return json.loads(line)

    def _how_it_ended(self) -> str:
        if (status := self._process.wait()) < 0:
            return f"libvirt itself crashed on this XML (signal {-status})"
        self._errors.seek(0)
        return (self._errors.read().strip().splitlines() or ["the worker ended"])[-1]

    def _end_process(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            with contextlib.suppress(OSError):  # what was still to be written is of no use now
                self._process.stdin.close()
            self._errors.close()


def _forward(stream, lines: Queue) -> None:
    """Put a worker's lines into a queue, which unlike a pipe can be waited for; "" at its end."""
    for line in stream:
        lines.put(line)
    lines.put("")


def _python() -> str:
    """The Python that has the binding: this one, or the system's, where its package goes."""
    if importlib.util.find_spec("libvirt"):
        return sys.executable
    if not Path(SYSTEM_PYTHON).exists():
        raise NotInstalled(HOW_TO_GET_IT)
    return SYSTEM_PYTHON


def _askable(domain: Domain) -> dict:
    """The domain as it can be asked about safely and anywhere.

    Without KVM; without the emulator it names, which libvirt would run to learn what it can; and
    for the command line without network interfaces, for which it would open the host's tun device.
    """
    if not domain.complete:
        raise ValueError("libvirt can be asked about a whole <domain> only")
    root = copy.deepcopy(domain.element)
    root.set("type", "qemu")
    for emulator in root.findall("devices/emulator"):
        emulator.getparent().remove(emulator)
    xml = etree.tostring(root, encoding="unicode", with_tail=False)
    for interface in root.findall("devices/interface"):
        interface.getparent().remove(interface)
    return {"xml": xml, "bare_xml": etree.tostring(root, encoding="unicode", with_tail=False)}
