"""Ask the real libvirt what it makes of a guest, through a process of its own.

Libvirt can crash whoever asks it, and its libxml2 must not meet ours in one process, so `worker.py`
asks. It runs qemu:///embed, libvirt's QEMU driver without a daemon, in a private directory, as an
unprivileged user, and beside it test:///default, libvirt without any hypervisor. No guest is
started (libvirt runs the system's own QEMU to learn what it can), and nothing is left behind.
"""

import importlib.util
import json
import os
import re
import shlex
import shutil
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lxml import etree

from ..data import Version, dotted
from ..document import Domain
from . import NoAnswer, NotInstalled, Progress, no_progress
from .client import Client
from .guests import as_text, bare, of_no_hypervisor, reduced
from .sandbox import Sandbox

WORKER = Path(__file__).with_name("worker.py")
SYSTEM_PYTHON = "/usr/bin/python3"
DEADLINE = 30.0  # seconds; the first question about an architecture takes 0.5, others 5 ms
HOW_TO_GET_IT = (
    "the real libvirt is not installed; on Debian and Ubuntu: apt-get install"
    " python3-libvirt libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils"
)
HOW_TO_MEND_IT = (
    "the real libvirt is installed and does not start; on Debian and Ubuntu: apt-get install"
    " --reinstall python3-libvirt libvirt0 libvirt-daemon-driver-qemu"
)
_HOMES = ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
# No refusal: for the arguments libvirt would ask a daemon of the host, which nobody starts for it, or
# open a vDPA device, as it does only when it starts the guest.
_OF_THE_HOST = re.compile(
    "Failed to connect socket to '.*/virt(secret|storage)d-sock'"
    "|argument key 'path' must not have null value"
)
# What the worker says where something is missing, not broken.
_MISSING = re.compile("ModuleNotFoundError|no connection driver|Failed to load module")


@dataclass(frozen=True)
class Answer:
    """What libvirt said: the domain as it wrote it back, QEMU's command line, or its refusal.

    `xml` with a `refusal` means: accepted by define, refused when the command line was made.
    `generic_refusal` is that of libvirt without a hypervisor. Where libvirt crashed or hung, it has
    not `answered`, and the `refusal` says so.
    """

    xml: str | None = None
    argv: str | None = None
    refusal: str | None = None
    generic_refusal: str | None = None
    answered: bool = True

    @property
    def is_open(self) -> bool:
        """Whether the `refusal` is none: the arguments would need what the host keeps, a secret, a
        volume of a pool or a vDPA device, and the host is not asked."""
        return bool(self.xml and self.refusal and _OF_THE_HOST.search(self.refusal))

    @property
    def is_refused(self) -> bool:
        """Whether libvirt refuses the guest."""
        return self.refusal is not None and not self.is_open

    @property
    def is_defined(self) -> bool:
        """Whether define accepts it, although there may be a `refusal` of its arguments."""
        return self.xml is not None

    @cached_property
    def root(self) -> etree._Element:
        """The root of `xml`, to be read only."""
        return etree.fromstring(self.xml)

    @cached_property
    def words(self) -> list[str]:
        """The command line, word by word."""
        return shlex.split(self.argv or "")

    def arguments(self, flag: str) -> list[dict]:
        """The arguments after each such flag, `-device` or `-blockdev`, as QEMU gets them."""
        pairs = zip(self.words, self.words[1:])
        return [json.loads(word) for before, word in pairs if before == flag]

    @cached_property
    def blocks(self) -> dict[str, dict]:
        """The `-blockdev` arguments by their names."""
        return {block["node-name"]: block for block in self.arguments("-blockdev")}

    @cached_property
    def devices(self) -> list[dict]:
        """The `-device` arguments."""
        return self.arguments("-device")


class Libvirt(AbstractContextManager):
    """One libvirt to ask, by its `version`; a context manager.

    NotInstalled, with how to get it, where there is none; NoAnswer, where it does not start.
    """

    def __init__(self, progress: Progress = no_progress):
        python = system_python()
        progress(0.0, "libvirt looks at what QEMU can do, for some seconds, this once")
        self.sandbox = Sandbox()
        folder = str(self.sandbox.folder / "libvirt")
        # Without autostart libvirt starts no daemon of its own, such as the one that keeps secrets.
        environment = {"LIBVIRT_AUTOSTART": "0"} | dict.fromkeys(_HOMES, folder)
        command = [python, "-I", WORKER, folder]
        self._client = Client(self.sandbox, command, "libvirt", environment)
        try:
            self.version = _version(self._client.ask({}, DEADLINE))
        except BaseException as failure:
            self.sandbox.close()
            if not isinstance(failure, NoAnswer):
                raise
            if _MISSING.search(str(failure)):
                raise NotInstalled(f"{HOW_TO_GET_IT} ({failure})") from None
            raise NoAnswer(f"{HOW_TO_MEND_IT} ({failure})") from None

    def __exit__(self, *_) -> None:
        self.sandbox.close()

    @cached_property
    def qemu(self) -> Version:
        """The version of its QEMU."""
        return _version(self._client.ask({"emulator": "qemu"}, DEADLINE))

    @property
    def versions(self) -> dict[str, str]:
        """Both, by name, as people write them."""
        return {"libvirt": dotted(self.version), "QEMU": dotted(self.qemu)}

    def ask(self, domain: Domain, generic: bool = False) -> Answer:
        """What libvirt makes of a whole domain; `generic`: also without a hypervisor.

        A crash or a hang of libvirt is an answer too.
        """
        if not domain.complete:
            raise ValueError("libvirt can be asked about a whole <domain> only")
        root = reduced(domain)
        asked = {"xml": root, "bare": bare(root)}
        if generic:
            asked["generic"] = of_no_hypervisor(root)
        try:
            question = {name: as_text(one) for name, one in asked.items()}
            return Answer(**self._client.ask(question, DEADLINE))
        except NoAnswer as silence:
            return Answer(refusal=str(silence), answered=False)

    def snapshot(self, domain: Domain, folder: Path, *flags: str) -> Answer:
        """What libvirt makes of a guest with images of ours in this folder by a snapshot, as `virsh
        snapshot-create-as` asks for one, while it does not run; `flags`: DISK_ONLY.

        NotInstalled where that needs more of libvirt than is here.
        """
        if os.getuid() == 0:  # the worker, which writes the overlay, is nobody then
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "nobody")
        question = {"snapshot": as_text(reduced(domain)), "flags": flags}
        answer = Answer(**self._client.ask(question, DEADLINE))
        if "missing storage backend" in (answer.refusal or ""):
            raise NotInstalled("libvirt cannot look at images here: apt-get install libvirt-daemon")
        return answer


def _version(answer: dict) -> Version:
    """A version of libvirt, or of QEMU, which libvirt counts in one number: 9.0.0 is 9000000."""
    number = answer["version"]
    return number // 1_000_000, number // 1000 % 1000, number % 1000


def system_python() -> str:
    """The Python that has the binding: this one, or the system's, where its package goes."""
    if importlib.util.find_spec("libvirt"):
        return sys.executable
    # A Mac has one too, which asks its owner to install Apple's tools.
    if sys.platform != "linux" or not Path(SYSTEM_PYTHON).exists():
        raise NotInstalled(HOW_TO_GET_IT)
    return SYSTEM_PYTHON
