"""What libvirt refuses in images over the network: the protocol, its servers and its cookies."""

from collections.abc import Iterator

from lxml import etree

from ..form import number
from .problems import Problem, Sight, where_written

_ONE_HOST = ("nbd", "ssh", "http", "https", "ftp", "ftps", "nfs", "vxhs")
_TCP_ONLY = ("ssh", "rbd", "nfs", "vxhs")
_NO_RDMA = ("nbd", "gluster")
_COOKIE_NAME = set('()<>@:/[]?={} ",;\\') | {chr(n) for n in range(32)}
_COOKIE_VALUE = set(' ",;\\') | {chr(n) for n in range(32)}


@where_written("source/@protocol", "source/@tlsHostname")
def network(sight: Sight) -> Iterator[Problem]:
    """A network image: which protocol, and what its name has to look like."""
    protocol, name = sight.protocol, sight.get("name", "source")
    if protocol == "sheepdog":
        yield sight.find("sheepdog-gone", "source/@protocol")
    elif protocol == "tftp":
        yield sight.find("tftp-gone", "source/@protocol")
    if name is None and protocol != "nbd":
        yield sight.find("network-name-missing", "source/@name", protocol=protocol)
    elif protocol in ("rbd", "gluster") and "/" not in name[1:] or (name or " ")[0] == "/":
        if protocol in ("rbd", "gluster"):
            yield sight.find("network-name-unsplit", "source/@name", name=name, protocol=protocol)
    elif protocol == "iscsi" and "/" in name:
        yield from _lun_of_iscsi(sight, name.partition("/")[2])
    if sight.get("tlsHostname", "source") is not None and protocol != "nbd":
        yield sight.find("tls-hostname-not-nbd", "source/@tlsHostname", protocol=protocol)


def _lun_of_iscsi(sight: Sight, lun: str) -> Iterator[Problem]:
    try:
        number(lun)
    except ValueError:
        yield sight.find("iscsi-lun", "source/@name", lun=lun)


@where_written("source/@protocol")
def hosts(sight: Sight) -> Iterator[Problem]:
    """The servers: how many, and how they are reached."""
    protocol = sight.protocol
    found = sight.child("source").findall("host")
    if protocol in _ONE_HOST and len(found) != 1 or protocol in ("gluster", "iscsi") and not found:
        code = "hosts-too-many" if found else "host-missing"
        yield sight.find(code, "source/host", protocol=protocol, count=len(found))
    for host in found:
        yield from _host(sight, host, protocol)


def _host(sight: Sight, host: etree._Element, protocol: str) -> Iterator[Problem]:
    transport, path = host.get("transport", "tcp"), "source/host"
    if transport == "unix" and host.get("socket") is None:
        yield sight.find("host-socket-missing", f"{path}/@socket")
    if transport != "unix" and host.get("socket") is not None:
        yield sight.find("host-socket-not-unix", f"{path}/@socket")
    if transport != "unix" and host.get("name") is None:
        yield sight.find("host-name-missing", f"{path}/@name")
    if transport != "tcp" and protocol in _TCP_ONLY or transport == "rdma" and protocol in _NO_RDMA:
        yield sight.find(
            "host-transport", f"{path}/@transport", transport=transport, protocol=protocol
        )
    if protocol == "nfs" and (host.get("port") or "0").strip(" +0"):
        yield sight.find("nfs-port", f"{path}/@port")


@where_written("cookie")
def cookies(sight: Sight) -> Iterator[Problem]:
    """Cookies go into a header of HTTP, which not every character may."""
    for cookie in sight.child("source").iterfind("cookies/cookie"):
        name, value = cookie.get("name"), cookie.text or ""
        quoted = value[:1] == '"'
        inside = value[1:-1] if quoted and value[-1:] == '"' and len(value) > 1 else value
        if name is not None and (not name or _COOKIE_NAME & set(name)):
            yield sight.find("cookie-name", "source/cookies/cookie/@name", name=name)
        if not value or _COOKIE_VALUE & set(inside):
            yield sight.find("cookie-value", "source/cookies/cookie", name=name)
