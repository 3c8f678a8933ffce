"""What a path in a disk cannot be, or seldom is meant to be: QEMU would find out, or nobody."""

import re
from collections.abc import Collection, Iterator
from functools import cache
from urllib.parse import urlsplit

from ..data import facts
from ..document import LOCAL_TYPES, SOURCE_ATTRIBUTES
from ..syntax import lookup
from .context import Context, Source, where_written
from .problems import Problem, codes_beyond

# What the end of a file's name says about its format, where it says anything.
_FORMAT_OF_SUFFIX = {
    "qcow2": "qcow2", "qcow": "qcow", "qed": "qed", "vmdk": "vmdk", "vdi": "vdi", "vhdx": "vhd",
    "vhd": "vpc", "vpc": "vpc", "raw": "raw", "iso": "raw",
}  # fmt: skip
_IMAGES = (*_FORMAT_OF_SUFFIX, "img")
_FILES_IN_DEV = ("/dev/shm/", "/dev/hugepages", "/dev/fd/")
# Names that the kernel gives in the order in which it meets the devices.
_UNSTABLE = re.compile(
    r"/dev/((?:[hsv]|xv)d[a-z]+[0-9]*|(?:nvme[0-9]+n|mmcblk|zd)[0-9]+(?:p[0-9]+)?|dm-[0-9]+)"
)
_SCHEMES = ("http", "https", "ftp", "ftps", "nbd", "iscsi", "gluster", "ssh", "rbd")
_URL = re.compile(r"(?!file:)([a-z]+)(?::(?=[^/])|://)", re.IGNORECASE)
_FILE_URL = re.compile(r"file:(?://(?:localhost)?)?(/[^/%?#][^%?#]*)", re.IGNORECASE)
_RBD_NAME = re.compile(r"rbd:([\w.-]+/[\w.@-]+)", re.IGNORECASE)
# Disks for cloud-init, which finds them by their label, on whatever bus.
_FOR_CLOUD_INIT = re.compile("seed|cloud|cidata|config|init|ignition")


@where_written("source")
def paths(context: Context) -> Iterator[Problem]:
    """A path is absolute, and leads to what its type says."""
    for source in context.sources:
        if source.type not in LOCAL_TYPES or not (place := source.place):
            continue
        path = f"{source.path}/@{SOURCE_ATTRIBUTES[source.type]}"
        told = {"place": place, "at": source.path}
        if context.child("transient") is None:  # else it has to stay a file
            told["kind"] = f"{source.above}/@type".lstrip("/")
        if place[0] != "/":
            yield _no_path(context, source, path, told)
        elif source.type == "file" and _is_device(place):
            yield context.find("device-as-file", path, source.element, **told)
        elif source.type == "block" and _is_image(place):
            yield context.find("image-as-device", path, source.element, **told)
        elif source.type == "block" and _UNSTABLE.fullmatch(place):
            yield context.find("device-unstable", path, source.element, **told)


def _no_path(context: Context, source: Source, path: str, told: dict) -> Problem:
    """What stands there in place of a path; how to write it only where nothing of it is lost."""
    place = told["place"]
    if place.lower().startswith("file:"):
        found = _FILE_URL.fullmatch(place)
        told |= {"wanted": found[1]} if found else {}
        return context.find("path-of-file", path, source.element, **told)
    found = _URL.match(place)
    if found is None or found[1].lower() not in _SCHEMES:
        return context.find("path-relative", path, source.element, **told)
    told |= {"protocol": (protocol := found[1].lower())}
    if protocol == "rbd":  # whose servers stand in the host's ceph.conf
        name = _RBD_NAME.fullmatch(place)
        told |= {"name": name[1]} if name else {}
        return context.find("path-of-rbd", path, source.element, **told)
    if protocol != "gluster" or "gluster-gone" in codes_beyond(context.domain):
        told |= _split(place)
    return context.find("path-of-url", path, source.element, **told)


def _split(place: str) -> dict[str, str | int]:
    """The host, port and name in a URL that has them, and nothing else."""
    try:
        url = urlsplit(place)
        host, port = url.hostname, url.port or facts("vocabulary.toml")["ports"][url.scheme]
    except (ValueError, KeyError):  # a bracket, or a port, that is none
        return {}
    name = url.path if url.scheme == "ssh" else url.path.lstrip("/")
    has_more = "@" in url.netloc or url.query or url.fragment or "%" in place
    is_half = url.scheme in ("gluster", "iscsi") and "/" not in name
    if not (host and port and name.strip("/")) or has_more or is_half:
        return {}
    return {"host": host, "port": port, "name": name}


def _is_device(place: str) -> bool:
    return place.startswith("/dev/") and not place.startswith(_FILES_IN_DEV)


def _is_image(place: str) -> bool:
    """Whether a path is an image's: by its end, for a link to a device can be anywhere."""
    in_memory = place.startswith(_FILES_IN_DEV)
    return in_memory or (not place.startswith("/dev/") and _suffix(place) in _IMAGES)


def _suffix(place: str) -> str:
    return place.rpartition(".")[2].lower()


def format_of_path(source: Source) -> str | None:
    """The format that the end of a path speaks of, if it speaks of any."""
    is_named = source.type in ("file", "network", "volume")
    return _FORMAT_OF_SUFFIX.get(_suffix(source.place or "")) if is_named else None


@cache
def _formats() -> Collection[str]:
    return lookup("/disk/driver/@type").values.keys()


@where_written("source")
def suffix_and_format(context: Context) -> Iterator[Problem]:
    """The end of the path says one format, the image gets another."""
    for source in context.sources:
        wanted = format_of_path(source)
        # Of a word that is no format, this is said where it is refused.
        if wanted and source.format in _formats() and source.format != wanted:
            path = f"{source.above}/format/@type" if source.above else "driver/@type"
            is_written = source.above or context.get("type", "driver") is not None
            code = "format-other" if is_written else "format-unwritten"
            yield context.find(code, path, suffix=wanted, format=source.format)


@where_written("source/@file", "source/@name", "source/@volume")
def iso(context: Context) -> Iterator[Problem]:
    """The image of a CD wants a drive for it."""
    name = (context.path or "").rpartition("/")[2].lower()
    if context.device != "disk" or context.readonly or context.on("usb") or _suffix(name) != "iso":
        return
    if context.format == "raw" and not _FOR_CLOUD_INIT.search(name):
        drive = {} if context.on("virtio", "sd", "nvme") else {"drive": "cdrom"}
        yield context.find("iso-as-disk", "@device", **drive)


@where_written("disk/@snapshot")
def internal_snapshot(context: Context) -> Iterator[Problem]:
    """A snapshot inside the image needs an image that has room for one."""
    if context.snapshot == "internal" and context.format not in ("qcow2", None):
        yield context.find("snapshot-internal", "@snapshot", format=context.format)
