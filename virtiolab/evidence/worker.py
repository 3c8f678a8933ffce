"""The process that talks to libvirt: a line of JSON in, a line of JSON out.

It is started by its path, under whichever Python has the libvirt binding, so it may import nothing
but the standard library and that. Its arguments: a private directory, and a uid and gid to take on.
"""

import json
import os
import sys
import threading


def main(root: str, uid: str, gid: str) -> None:
    if os.getuid() == 0:  # as root, libvirt wants an account that only its daemon's package makes
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    import libvirt

    libvirt.registerErrorHandler(lambda *_: None, None)  # else each refusal is printed on stderr
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=_run_events, args=(libvirt,), daemon=True).start()
    connection = libvirt.open(f"qemu:///embed?root={root}")
    _write({"libvirt": connection.getLibVersion()})
    for line in sys.stdin:
        _write(_answer(libvirt, connection, json.loads(line)))


def _run_events(libvirt) -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


def _answer(libvirt, connection, question: dict) -> dict:
    """What libvirt makes of a domain: its XML written back, and QEMU's command line, or why not."""
    answer = {}
    try:
        domain = connection.defineXML(question["xml"])
        answer["xml"] = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM)
        answer["argv"] = connection.domainXMLToNative("qemu-argv", question["bare_xml"])
    except libvirt.libvirtError as error:
        answer["refusal"] = str(error)
    return answer


def _write(answer: dict) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
