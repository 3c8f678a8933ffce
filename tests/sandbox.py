"""`python sandbox.py HOME COMMAND…`: run a command on Linux as poorly as a learner may be off.

It is an ordinary user's, it can write below HOME and nowhere else, and its network is its own loopback.
Where the system does not let us take the rest away, a sentence says so, and the status is 77.

It needs no root: whoever makes a user namespace may change what is in it, until exec.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys

USER = 1000
NOT_ALLOWED = 77
NEW_USER, NEW_NETWORK, NEW_MOUNTS = 0x10000000, 0x40000000, 0x20000  # CLONE_NEW…
BIND = 0x1000  # MS_BIND
MOUNT_SETATTR = 442  # a system call that libc has no name for everywhere
HERE, RECURSIVE, READ_ONLY = -100, 0x8000, 1  # AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY
SET_FLAGS, UP = 0x8914, 1  # SIOCSIFFLAGS, IFF_UP

libc = ctypes.CDLL(None, use_errno=True)


def main(home: str, *command: str) -> None:
    try:
        leave_the_others()
        start_loopback()
        lock_all_but(home)
    except OSError as error:
        print(
            f"no namespaces here ({error.strerror}): allow them in this container", file=sys.stderr
        )
        sys.exit(NOT_ALLOWED)
    os.execve(command[0], command, {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home})


def leave_the_others() -> None:
    """Be an ordinary user among no others, with mounts and a network of one's own."""
    uid, gid = os.getuid(), os.getgid()
    assure(libc.unshare(NEW_USER | NEW_NETWORK | NEW_MOUNTS))
    for name, line in {
        "setgroups": "deny",
        "uid_map": f"{USER} {uid} 1",
        "gid_map": f"{USER} {gid} 1",
    }.items():
        with open(f"/proc/self/{name}", "w", encoding="utf-8") as file:
            file.write(line)


def start_loopback() -> None:
    """A kernel and its client talk over it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh22x", b"lo", UP))


def lock_all_but(home: str) -> None:
    """Make every mount read-only, and put one there that is not."""
    place = os.fsencode(home)
    assure(libc.mount(place, place, None, BIND, None))
    set_mount(b"/", RECURSIVE, READ_ONLY, 0)
    set_mount(place, 0, 0, READ_ONLY)


def set_mount(place: bytes, how: int, on: int, off: int) -> None:
    attributes = struct.pack("4Q", on, off, 0, 0)
    assure(libc.syscall(MOUNT_SETATTR, HERE, place, how, attributes, len(attributes)))


def assure(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main(*sys.argv[1:])
