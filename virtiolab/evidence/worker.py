"""The process that talks to libvirt: a line of JSON in, a line of JSON out.

It is started by its path, under whichever Python has the libvirt binding, so it may import nothing
but the standard library and that. Its argument: a private directory, which it makes. Root's is
nobody's, as this process is then.
"""

import ctypes
import json
import os
import pwd
import resource
import signal
import sys
import threading

MEMORY = 4 << 30  # bytes, also for each QEMU that libvirt looks at
ADOPT_ORPHANS, DIE_WITH_PARENT = 36, 1  # prctl's PR_SET_CHILD_SUBREAPER and PR_SET_PDEATHSIG


def main(root: str) -> None:
    """Answer each line of standard input with one, as libvirt with this root."""
    import libvirt  # as who we still are: it may be in a place of our own

    os.makedirs(root, exist_ok=True)
    if os.getuid() == 0:  # as root, libvirt wants an account that only its daemon's package makes
        nobody = pwd.getpwnam("nobody")
        os.chmod(os.path.dirname(root), 0o711)
        os.chown(root, nobody.pw_uid, nobody.pw_gid)
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
    # A guest with millions of devices is to end libvirt, not the machine.
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    _go_on_below_an_undertaker()
    libvirt.registerErrorHandler(lambda *_: None, None)  # else each refusal is printed on stderr
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=_run_events, args=(libvirt,), daemon=True).start()
    qemu, generic = libvirt.open(f"qemu:///embed?root={root}"), libvirt.open("test:///default")
    for line in sys.stdin:
        question = json.loads(line)
        version = {"version": qemu.getLibVersion()}
        answer = _answer(libvirt, qemu, generic, question) if question else version
        print(json.dumps(answer), flush=True)


def _go_on_below_an_undertaker() -> None:
    """Go on in a child; this process waits for all that end below it, and ends as the child does.

    A QEMU that libvirt looks at loses its parent. In many a container nobody waits for such a process;
    libvirt, for which it is still alive, would wait half a minute for its end.
    """
    prctl = ctypes.CDLL(None).prctl
    prctl(ADOPT_ORPHANS, 1)
    if child := os.fork():
        ended, status = os.wait()
        while ended != child:
            ended, status = os.wait()
        if os.WIFSIGNALED(status):
            os.kill(os.getpid(), os.WTERMSIG(status))
        sys.exit(os.waitstatus_to_exitcode(status))
    prctl(DIE_WITH_PARENT, signal.SIGKILL)


def _run_events(libvirt) -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


def _answer(libvirt, qemu, generic, question: dict) -> dict:
    """What libvirt makes of a domain: its XML written back by both drivers, and QEMU's command
    line; or why not. Or QEMU's version; or the domain after a snapshot was taken of it."""
    if "emulator" in question:
        return {"version": qemu.getVersion()}
    if "snapshot" in question:
        return _after_snapshot(libvirt, qemu, **question)
    answer = {}
    if "generic" in question:
        try:
            _written_back(libvirt, generic, question["generic"])
        except libvirt.libvirtError as error:
            answer["generic_refusal"] = str(error)
    try:
        answer["xml"] = _written_back(
            libvirt, qemu, question["xml"], libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM
        )
        answer["argv"] = qemu.domainXMLToNative("qemu-argv", question["bare"])
    except libvirt.libvirtError as error:
        answer["refusal"] = str(error)
    return answer


def _after_snapshot(libvirt, qemu, snapshot: str, flags: list) -> dict:
    domain = qemu.defineXML(snapshot)
    taken = sum(getattr(libvirt, f"VIR_DOMAIN_SNAPSHOT_CREATE_{flag}") for flag in flags)
    try:
        domain.snapshotCreateXML("<domainsnapshot><name>before</name></domainsnapshot>", taken)
        return {"xml": domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)}
    except libvirt.libvirtError as error:
        return {"refusal": str(error)}
    finally:
        domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)


def _written_back(libvirt, connection, xml: str, how: int = 0) -> str:
    domain = connection.defineXML(xml)
    try:
        return domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    finally:
        domain.undefineFlags(how)


if __name__ == "__main__":
    main(*sys.argv[1:])
