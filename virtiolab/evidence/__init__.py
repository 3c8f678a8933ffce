"""The real thing, where it is installed: nothing in virtiolab needs it to answer.

Five rungs, each asking more of the machine: libvirt's schema (`schema`), libvirt itself
(`libvirt`), the command line that it makes for QEMU (`arguments`), a QEMU that is started but not
run (`qemu`, `experiments`), and a guest that boots (`guest`). What they said of the course's own
configurations stands in `recorded.json`; `python -m virtiolab.evidence` asks again.

How it is ensured that nothing of the host is opened or changed, whatever the XML names:
libvirt is asked what it would do and starts no guest (`guests` leaves out what it would open to
say so); QEMU is given images that were made for the occasion instead of the guest's own
(`images`), and its command line is refused if it names anything else (`qemu`); and of such images
only libvirt takes a snapshot (`experiments`).
"""

from collections.abc import Callable

PATH = "/usr/local/bin:/usr/bin:/bin"  # where programs are looked for, whatever PATH is here
# Where a rung says how far it is, from 0 to 1, and what it is doing, for as long as that takes.
Progress = Callable[[float, str], None]


class NotInstalled(RuntimeError):
    """What a rung needs is missing; the message says how to get it."""


class NoAnswer(RuntimeError):
    """The real thing said nothing; the message says why."""


def no_progress(_part: float, _what: str) -> None:
    """For those who do not want to see it."""
