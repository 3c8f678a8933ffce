"""What libvirt refuses in images over the network: the protocol, its servers and its cookies."""

from collections.abc import Iterator

from lxml import etree

from ..document import whole_number
from ..syntax import text_of
from .context import Context, Source, where_written
from .problems import Problem

_GONE = {"tftp": "2.8", "vxhs": "5.2"}  # the QEMU that no longer had it
_WITH_TLS = ("nbd", "vxhs")
_POOLED = ("rbd", "gluster")
_NAMED = ("ssh", "iscsi", "sheepdog")  # where an empty name is none (iSCSI: libvirt 9.0 crashes)
_ONE_HOST = ("nbd", "sheepdog", "ssh", "http", "https", "ftp", "ftps", "nfs", "vxhs")
_TCP_ONLY = ("ssh", "rbd", "nfs", "vxhs")
_NO_RDMA = ("nbd", "gluster")
_COOKIE_NAME = set('()<>@:/[]?={} ",;\\') | {chr(n) for n in range(32)}
_COOKIE_VALUE = set(' ",;\\') | {chr(n) for n in range(32)}


@where_written("source/@protocol")
def network(context: Context) -> Iterator[Problem]:
    """A network image: which protocol, and what its name has to look like."""
    for source in context.sources:
        if source.protocol is not None:
            yield from _protocol(context, source)
            yield from _name(context, source)
            yield from _hosts(context, source)
            yield from _cookies(context, source)
            yield from _identity(context, source)


def _protocol(context: Context, source: Source) -> Iterator[Problem]:
    protocol, path = source.protocol, f"{source.path}/@protocol"
    if protocol == "sheepdog":
        yield context.find("sheepdog-gone", path, source=source.path)
    elif protocol == "gluster":
        yield context.find("gluster-gone", path)
    elif protocol in _GONE:
        yield context.find("protocol-gone", path, protocol=protocol, until=_GONE[protocol])
    if source.element.get("tls") == "yes" and protocol not in _WITH_TLS:
        yield context.find("tls-not-of-protocol", f"{source.path}/@tls", protocol=protocol)
    if source.element.get("tlsHostname") is not None and protocol != "nbd":
        path = f"{source.path}/@tlsHostname"
        yield context.find("tls-hostname-not-nbd", path, protocol=protocol)


def _name(context: Context, source: Source) -> Iterator[Problem]:
    protocol, name, path = source.protocol, source.element.get("name"), f"{source.path}/@name"
    if (name is None and protocol != "nbd") or (name == "" and protocol in _NAMED):
        yield context.find("network-name-missing", path, protocol=protocol)
    elif protocol in _POOLED and not all(name.partition("/")[::2]):
        yield context.find("network-name-unsplit", path, name=name, protocol=protocol)
    elif protocol == "rbd" and not all(name.split("/", 2)):
        yield context.find("rbd-part-empty", path, name=name)
    elif protocol == "iscsi" and "/" in name and whole_number(name.partition("/")[2]) is None:
        yield context.find("iscsi-lun", path, lun=name.partition("/")[2])


def _hosts(context: Context, source: Source) -> Iterator[Problem]:
    """The servers: how many, and how they are reached."""
    protocol, found = source.protocol, source.element.findall("host")
    path = f"{source.path}/host"
    if source.above and not context.is_opened:
        pass  # nobody looks how many there are
    elif not found and protocol in (*_ONE_HOST, "iscsi"):
        yield context.find("host-missing", path, protocol=protocol)
    elif not found and protocol == "gluster":
        yield context.find("host-of-gluster", path)
    elif len(found) > 1 and protocol in _ONE_HOST:
        facts = {"protocol": protocol, "count": len(found)}
        yield context.find("hosts-too-many", path, found[1], **facts)
    elif len(found) > 1 and protocol == "iscsi":
        yield context.find("hosts-of-iscsi", path, found[1])
    for host in found:
        yield from _host(context, host, protocol, path)


def _host(context: Context, host: etree._Element, protocol: str, path: str) -> Iterator[Problem]:
    transport, has_socket = host.get("transport", "tcp"), host.get("socket") is not None
    if transport == "unix" and not has_socket:
        yield context.find("host-socket-missing", f"{path}/@socket", host)
    elif transport != "unix" and has_socket:
        yield context.find("host-socket-not-unix", f"{path}/@socket", host)
    if transport != "unix" and host.get("name") is None:
        yield context.find("host-name-missing", f"{path}/@name", host)
    if (transport != "tcp" and protocol in _TCP_ONLY) or (
        transport == "rdma" and protocol in _NO_RDMA
    ):
        facts = {"transport": transport, "protocol": protocol}
        yield context.find("host-transport", f"{path}/@transport", host, **facts)
    if protocol == "nfs" and (host.get("port") or "0").strip(" +0"):
        yield context.find("nfs-port", f"{path}/@port", host)


def _cookies(context: Context, source: Source) -> Iterator[Problem]:
    """Cookies go into a header of HTTP, which not every character may."""
    if source.protocol not in ("http", "https"):
        return
    seen, path = set(), f"{source.path}/cookies/cookie"
    for cookie in source.element.iterfind("cookies/cookie"):
        name, value = cookie.get("name"), text_of(cookie)
        is_quoted = value[:1] == value[-1:] == '"'
        inside = value[1:-1] if is_quoted else value
        if name and _COOKIE_NAME & set(name):
            yield context.find("cookie-name", f"{path}/@name", cookie, name=name)
        if not value or _COOKIE_VALUE & set(inside):
            yield context.find("cookie-value", path, cookie, name=name)
        if name in seen:
            yield context.find("cookie-twice", f"{path}/@name", cookie, name=name)
        seen.add(name)


def _identity(context: Context, source: Source) -> Iterator[Problem]:
    """Who logs in to an SSH server, and with which key."""
    identity = source.element.find("identity") if source.protocol == "ssh" else None
    written = set() if identity is None else set(identity.keys())
    if identity is not None and not ("username" in written and written & {"keyfile", "agentsock"}):
        yield context.find("identity-incomplete", f"{source.path}/identity")
    known = source.element.find("knownHosts") if source.protocol == "ssh" else None
    if known is not None and known.get("path") is None:
        yield context.find("known-hosts-without-path", f"{source.path}/knownHosts")
