"""What libvirt refuses in how QEMU handles a disk: the driver's options, limits and sharing."""

from bisect import bisect_left
from collections.abc import Iterator

from lxml import etree

from ..document import Domain, whole_number
from ..inference import DIRECT_CACHES
from ..syntax import children_of, number, text_of
from .context import Context, where_written
from .problems import Problem

_VIRTIO_ONLY = (
    "queues", "queue_size", "ioeventfd", "event_idx", "iommu", "ats", "packed", "page_per_vq",
)  # fmt: skip
_ENCRYPTED = etree.XPath("encryption | source/encryption")
_MOST_THREADS = 1000  # libvirt would make them all
_HOTPLUGGED = ("usb", "virtio", "scsi")
MOST = 10**15  # QEMU_BLOCK_IOTUNE_MAX
_SORTS = ("bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max")


@where_written("driver/@name")
def name(context: Context) -> Iterator[Problem]:
    """QEMU's driver is called qemu."""
    if context.get("name", "driver") != "qemu":
        yield context.find("driver-not-qemu", "driver/@name", name=context.get("name", "driver"))


@where_written("driver/@io")
def io(context: Context) -> Iterator[Problem]:
    """Native I/O works only past the page cache."""
    cache = context.get("cache", "driver")
    if (
        context.type != "vhostuser"
        and context.get("io", "driver") == "native"
        and cache not in DIRECT_CACHES
    ):
        yield context.find("io-native-cached", "driver/@io", cache=cache or "not written")


@where_written(*(f"driver/@{name}" for name in _VIRTIO_ONLY))
def virtio_options(context: Context) -> Iterator[Problem]:
    """Options of virtio's queues, which no other bus has."""
    for name in _VIRTIO_ONLY:
        written = context.get(name, "driver")
        if written and written.strip(" +0") and not context.on("virtio"):
            code = "queue-size-of-virtio" if name == "queue_size" else "option-of-virtio"
            yield context.find(code, f"driver/@{name}", name=name)


@where_written("driver/@copy_on_read")
def copy_on_read(context: Context) -> Iterator[Problem]:
    """Copying what is read needs a disk that can be written."""
    if context.get("copy_on_read", "driver") != "on":
        return
    if context.readonly or context.device in ("cdrom", "floppy"):
        yield context.find("copy-on-read-not-here", "driver/@copy_on_read")


@where_written("driver/@discard_no_unref")
def discard_no_unref(context: Context) -> Iterator[Problem]:
    """Keeping freed clusters is a trick of qcow2."""
    if context.get("discard_no_unref", "driver") != "on":
        return
    if context.format != "qcow2" or context.readonly:
        yield context.find("discard-no-unref-not-here", "driver/@discard_no_unref")


@where_written("driver/@iothread", "iothreads")
def iothreads(context: Context) -> Iterator[Problem]:
    """Threads of their own serve disks on virtio, and have to be there."""
    thread, path = context.get("iothread", "driver"), "driver/@iothread"
    if thread is None:
        return
    if context.child("driver").find("iothreads/iothread") is not None:
        yield context.find("iothread-twice", "driver/iothreads")
    if not context.on("virtio"):
        yield context.find("iothread-not-on-virtio", path)
    elif _is_missing(context, thread):
        code = "iothread-undefined" if number(thread) <= _MOST_THREADS else "iothread-beyond"
        yield context.find(code, path, iothread=thread)


@where_written("iothreads")
def mapping(context: Context) -> Iterator[Problem]:
    """Several threads share a disk's queues."""
    shares, path = context.child("driver").find("iothreads"), "driver/iothreads"
    threads = shares.findall("iothread")
    if not threads:
        return
    if not context.on("virtio"):
        yield context.find("mapping-not-on-virtio", path)
    elif what := _wrong_shares(threads, whole_number(context.get("queues", "driver")) or 0):
        yield context.find("mapping-wrong", path, what=what)
    for thread in threads:
        if context.on("virtio") and _is_missing(context, thread.get("id")):
            at = f"{path}/iothread/@id"
            is_few = number(thread.get("id")) <= _MOST_THREADS
            code = "mapping-undefined" if is_few else "mapping-beyond"
            yield context.find(code, at, thread, iothread=thread.get("id"))


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


def _is_missing(context: Context, thread: str | None) -> bool:
    known = whole_number(thread)
    return bool(known) and context.domain.complete and not has_iothread(context.domain, known)


def has_iothread(domain: Domain, thread: int) -> bool:
    """Whether the guest has this I/O thread: one with that id, or one of the lowest others."""
    ids, others = domain.iothreads
    lower = bisect_left(ids, thread)
    return thread in ids[lower : lower + 1] or thread - lower <= others


@where_written("shareable")
def shareable(context: Context) -> Iterator[Problem]:
    """Two guests can write one image only where it has no structure of its own."""
    if not context.readonly and context.format != "raw":
        yield context.find("shareable-format", "shareable", format=context.format)
    elif not context.readonly and _ENCRYPTED(context.disk.element):
        yield context.find("shareable-encrypted", "shareable")


@where_written("transient")
def transient(context: Context) -> Iterator[Problem]:
    """What the guest writes is thrown away: only for a hard disk in a file."""
    if context.is_empty:
        yield context.find("transient-empty", "transient")
    elif context.readonly:
        yield context.find("transient-readonly", "transient")
    elif context.type != "file":
        yield context.find("transient-not-a-file", "transient", type=context.type)
    elif context.device != "disk":
        yield context.find("transient-not-a-disk", "transient")
    elif context.get("shareBacking", "transient") == "yes" and not context.on(*_HOTPLUGGED):
        yield context.find("transient-not-hotplugged", "transient/@shareBacking")


@where_written("iotune")
def limits(context: Context) -> Iterator[Problem]:
    """A total and its parts are not limited both; and no limit is that high."""
    found = limits_of(context)
    if context.on("sd") and any(found.values()):
        yield context.find("limits-on-sd", "iotune")
    for sort in _SORTS:
        parts = [part for part in ("read", "write") if found.get(f"{part}_{sort}")]
        if found.get(f"total_{sort}") and parts:
            yield context.find("limits-total-and-parts", f"iotune/total_{sort}", sort=sort)
    for name, value in found.items():
        if value > MOST and not name.endswith("_length"):
            yield context.find("limit-too-high", f"iotune/{name}", name=name, most=MOST)


def limits_of(context: Context) -> dict[str, int]:
    """The limits of a disk that libvirt can read."""
    found = {}
    for limit in children_of(context.child("iotune")):
        try:
            found[limit.tag] = number(text_of(limit) or "0", 64)
        except ValueError:  # a problem of its own, or the name of the group
            pass
    return found
