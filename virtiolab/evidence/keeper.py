"""The process that cleans up after a workshop, however its owner ended.

It is started by its path, so it may import nothing but the standard library. Its standard input
ends when the owner closes the workshop, or is gone; then it ends every process of its own group,
which are those of the workshop, and removes the folder.
"""

import os
import shutil
import signal
import sys
import time


def main(folder: str) -> None:
    for asked_to_end in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(asked_to_end, signal.SIG_IGN)
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGTERM)
    os.killpg(0, signal.SIGCONT)  # one that is stopped would not end
    for _ in range(20):  # what is ending may still write
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            break
        time.sleep(0.05)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
