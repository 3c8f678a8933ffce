"""The process that cleans up after a sandbox, however its owner ended.

It is started by its path, so it may import nothing but the standard library. Its standard input
ends when the owner closes the sandbox, or is gone; then it ends every process of its own group,
which are those of the sandbox, and those with the folder on their command line (libvirt starts a
QEMU to learn what it can, which leaves the group); and it removes the folder.
"""

import os
import shutil
import signal
import sys
import time


def main(folder: str) -> None:
    """Wait for the end of who started this, then end its processes and remove the folder."""
    for asked_to_end in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(asked_to_end, signal.SIG_IGN)
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGTERM)
    os.killpg(0, signal.SIGCONT)  # one that is stopped would not end
    for _ in range(20):  # what is ending may still write, or start
        ended = _end_those_with(os.fsencode(folder))
        shutil.rmtree(folder, ignore_errors=True)
        if not ended and not os.path.exists(folder):
            break
        time.sleep(0.05)
    os.killpg(0, signal.SIGKILL)


def _end_those_with(folder: bytes) -> int:
    """End every process but this one that has the folder on its command line; how many there were."""
    ended = 0
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            with open(f"/proc/{name}/cmdline", "rb") as command:
                found = folder in command.read()
            if found and int(name) != os.getpid():
                os.kill(int(name), signal.SIGKILL)
                ended += 1
        except (OSError, ValueError):  # no process, or gone, or another's
            continue
    return ended


if __name__ == "__main__":
    main(*sys.argv[1:])
