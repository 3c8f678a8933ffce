"""The process in which somebody else reads guests: a line of JSON in, a line of JSON out.

It is started by its path, under the Python that has what is measured, so it may import nothing but
the standard library and that. Its argument is one of READERS.
"""

import json
import sys
import time

VIRTINST = "/usr/share/virt-manager"  # where Debian keeps it, outside of Python's path
ANYWHERE = "test:///default"  # libvirt without any hypervisor


def libvirt():
    """What it does, and how: it defines a guest and writes it back; gives the number of disks, or
    None if it refuses the guest."""
    import libvirt

    libvirt.registerErrorHandler(lambda *_: None, None)  # else each refusal is printed on stderr
    connection = libvirt.open(ANYWHERE)

    def define(xml: str) -> int | None:
        try:
            domain = connection.defineXML(xml)
        except libvirt.libvirtError:
            return None
        written = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        domain.undefine()
        return written.count("<disk ")

    version = libvirt.getVersion()
    dotted = f"{version // 1_000_000}.{version // 1000 % 1000}.{version % 1000}"
    return f"{dotted}: define, write back", define


def virtinst():
    """The same of virtinst, which parses."""
    sys.path.append(VIRTINST)
    from virtinst import Guest, VirtinstConnection
    from virtinst.buildconfig import BuildConfig

    connection = VirtinstConnection(ANYWHERE)
    connection.open(lambda *_: None, None)
    return f"{BuildConfig.version}: parse", lambda xml: len(Guest(connection, xml).devices.disk)


READERS = {"libvirt": libvirt, "virtinst": virtinst}


def main(who: str) -> None:
    what, read = READERS[who]()
    for line in sys.stdin:
        texts = json.loads(line)["texts"]
        begun = time.process_time()
        disks = [read(text) for text in texts]
        seconds = time.process_time() - begun
        print(json.dumps({"what": f"{who} {what}", "disks": disks, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
