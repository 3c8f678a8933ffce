"""What libvirt refuses in how QEMU handles a disk: the driver's options, limits and sharing."""

from bisect import bisect_left
from collections.abc import Iterator

from lxml import etree

from ..document import Domain, whole_number
from ..form import children_of, number, text_of
from ..inference import DIRECT_CACHES
from .problems import Problem
from .sights import Sight, where_written

_VIRTIO_ONLY = (
    "queues", "queue_size", "ioeventfd", "event_idx", "iommu", "ats", "packed", "page_per_vq",
)  # fmt: skip
_ENCRYPTED = etree.XPath("encryption | source/encryption")
_MOST_THREADS = 1000  # libvirt would make them all
_HOTPLUGGED = ("usb", "virtio", "scsi")
MOST = 10**15  # QEMU_BLOCK_IOTUNE_MAX
_SORTS = ("bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max")


@where_written("driver/@name")
def name(sight: Sight) -> Iterator[Problem]:
    """QEMU's driver is called qemu."""
    if sight.get("name", "driver") != "qemu":
        yield sight.find("driver-not-qemu", "driver/@name", name=sight.get("name", "driver"))


@where_written("driver/@io")
def io(sight: Sight) -> Iterator[Problem]:
    """Native I/O works only past the page cache."""
    cache = sight.get("cache", "driver")
    if (
        sight.type != "vhostuser"
        and sight.get("io", "driver") == "native"
        and cache not in DIRECT_CACHES
    ):
        yield sight.find("io-native-cached", "driver/@io", cache=cache or "not written")


@where_written(*(f"driver/@{name}" for name in _VIRTIO_ONLY))
def virtio_options(sight: Sight) -> Iterator[Problem]:
    """Options of virtio's queues, which no other bus has."""
    for name in _VIRTIO_ONLY:
        written = sight.get(name, "driver")
        if written and written.strip(" +0") and not sight.on("virtio"):
            code = "queue-size-of-virtio" if name == "queue_size" else "option-of-virtio"
            yield sight.find(code, f"driver/@{name}", name=name)


@where_written("driver/@copy_on_read")
def copy_on_read(sight: Sight) -> Iterator[Problem]:
    """Copying what is read needs a disk that can be written."""
    if sight.get("copy_on_read", "driver") != "on":
        return
    if sight.readonly or sight.device in ("cdrom", "floppy"):
        yield sight.find("copy-on-read-not-here", "driver/@copy_on_read")


@where_written("driver/@discard_no_unref")
def discard_no_unref(sight: Sight) -> Iterator[Problem]:
    """Keeping freed clusters is a trick of qcow2."""
    if sight.get("discard_no_unref", "driver") != "on":
        return
    if sight.format != "qcow2" or sight.readonly:
        yield sight.find("discard-no-unref-not-here", "driver/@discard_no_unref")


@where_written("driver/@iothread", "iothreads")
def iothreads(sight: Sight) -> Iterator[Problem]:
    """Threads of their own serve disks on virtio, and have to be there."""
    thread, path = sight.get("iothread", "driver"), "driver/@iothread"
    if thread is None:
        return
    if sight.child("driver").find("iothreads/iothread") is not None:
        yield sight.find("iothread-twice", "driver/iothreads")
    if not sight.on("virtio"):
        yield sight.find("iothread-not-on-virtio", path)
    elif _is_missing(sight, thread):
        code = "iothread-undefined" if number(thread) <= _MOST_THREADS else "iothread-beyond"
        yield sight.find(code, path, iothread=thread)


@where_written("iothreads")
def mapping(sight: Sight) -> Iterator[Problem]:
    """Several threads share a disk's queues."""
    shares, path = sight.child("driver").find("iothreads"), "driver/iothreads"
    threads = shares.findall("iothread")
    if not threads:
        return
    if not sight.on("virtio"):
        yield sight.find("mapping-not-on-virtio", path)
    elif what := _wrong_shares(threads, whole_number(sight.get("queues", "driver")) or 0):
        yield sight.find("mapping-wrong", path, what=what)
    for thread in threads:
        if sight.on("virtio") and _is_missing(sight, thread.get("id")):
            at = f"{path}/iothread/@id"
            is_few = number(thread.get("id")) <= _MOST_THREADS
            code = "mapping-undefined" if is_few else "mapping-beyond"
            yield sight.find(code, at, thread, iothread=thread.get("id"))


def _wrong_shares(threads: list[etree._Element], queues: int) -> str | None:
    """What is wrong with how the queues are shared out, if anything is."""
    ids = [whole_number(thread.get("id")) for thread in threads]
    shares = [[whole_number(q.get("id")) for q in t.iterchildren("queue")] for t in threads]
    told = [queue for share in shares for queue in share]
    if len(set(ids)) < len(ids):
        return "a thread is named twice"
    if not told:
        return None
    if not all(shares):
        return "some threads name queues and others do not"
    if not queues:
        return "`queues` is not written"
    twice = [queue for queue in told if told.count(queue) > 1]
    odd = [queue for queue in told if queue not in range(queues)]
    missing = [queue for queue in range(min(queues, len(told) + 1)) if queue not in told]
    for found, what in ((twice, "has two"), (odd, "does not exist"), (missing, "has none")):
        if found:
            return f"queue {'(no number)' if found[0] is None else found[0]} {what}"
    return None


def _is_missing(sight: Sight, thread: str | None) -> bool:
    known = whole_number(thread)
    return bool(known) and sight.domain.complete and not has_iothread(sight.domain, known)


def has_iothread(domain: Domain, thread: int) -> bool:
    """Whether the guest has this I/O thread: one with that id, or one of the lowest others."""
    ids, others = domain.iothreads
    lower = bisect_left(ids, thread)
    return thread in ids[lower : lower + 1] or thread - lower <= others


@where_written("shareable")
def shareable(sight: Sight) -> Iterator[Problem]:
    """Two guests can write one image only where it has no structure of its own."""
    if not sight.readonly and sight.format != "raw":
        yield sight.find("shareable-format", "shareable", format=sight.format)
    elif not sight.readonly and _ENCRYPTED(sight.disk.element):
        yield sight.find("shareable-encrypted", "shareable")


@where_written("transient")
def transient(sight: Sight) -> Iterator[Problem]:
    """What the guest writes is thrown away: only for a hard disk in a file."""
    if sight.is_empty:
        yield sight.find("transient-empty", "transient")
    elif sight.readonly:
        yield sight.find("transient-readonly", "transient")
    elif sight.type != "file":
        yield sight.find("transient-not-a-file", "transient", type=sight.type)
    elif sight.device != "disk":
        yield sight.find("transient-not-a-disk", "transient")
    elif sight.get("shareBacking", "transient") == "yes" and not sight.on(*_HOTPLUGGED):
        yield sight.find("transient-not-hotplugged", "transient/@shareBacking")


@where_written("iotune")
def limits(sight: Sight) -> Iterator[Problem]:
    """A total and its parts are not limited both; and no limit is that high."""
    found = limits_of(sight)
    if sight.on("sd") and any(found.values()):
        yield sight.find("limits-on-sd", "iotune")
    for sort in _SORTS:
        parts = [part for part in ("read", "write") if found.get(f"{part}_{sort}")]
        if found.get(f"total_{sort}") and parts:
            yield sight.find("limits-total-and-parts", f"iotune/total_{sort}", sort=sort)
    for name, value in found.items():
        if value > MOST and not name.endswith("_length"):
            yield sight.find("limit-too-high", f"iotune/{name}", name=name, most=MOST)


def limits_of(sight: Sight) -> dict[str, int]:
    """The limits of a disk that libvirt can read."""
    found = {}
    for limit in children_of(sight.child("iotune")):
        try:
            found[limit.tag] = number(text_of(limit) or "0", 64)
        except ValueError:  # a problem of its own, or the name of the group
            pass
    return found
