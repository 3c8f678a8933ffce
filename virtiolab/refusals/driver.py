"""What libvirt refuses in how QEMU handles a disk: the driver's options, limits and sharing."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from lxml import etree

from ..document import Domain, whole_number
from ..inference import DIRECT_CACHES
from ..syntax import shape_of, text_of
from .context import Context, where_written
from .problems import Problem

_ENCRYPTED = etree.XPath("encryption | source/encryption")
_MOST_THREADS = 1000  # libvirt would make them all
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


@where_written("driver/@iothread", "iothreads")
def iothreads(context: Context) -> Iterator[Problem]:
    """Threads of their own serve disks on virtio, and have to be there."""
    thread, path = context.get("iothread", "driver"), "driver/@iothread"
    if thread is None:
        return
    if context.child("driver").find("iothreads/iothread") is not None:
        yield context.find("iothread-twice", "driver/iothreads")
    if context.on("virtio") and (number := _missing(context, thread)):
        code = "iothread-undefined" if number <= _MOST_THREADS else "iothread-beyond"
        yield context.find(code, path, iothread=thread)


@where_written("iothreads")
def mapping(context: Context) -> Iterator[Problem]:
    """Several threads share a disk's queues."""
    shares, path = context.child("driver").find("iothreads"), "driver/iothreads"
    threads = shares.findall("iothread")
    if not threads or not context.on("virtio"):
        return
    if what := wrong_shares(threads, whole_number(context.get("queues", "driver")) or 0):
        yield context.find("mapping-wrong", path, what=what)
    for thread in threads:
        if number := _missing(context, thread.get("id")):
            code = "mapping-undefined" if number <= _MOST_THREADS else "mapping-beyond"
            yield context.find(code, f"{path}/iothread/@id", thread, iothread=thread.get("id"))


def wrong_shares(threads: list[etree._Element], queues: int) -> str | None:
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


def _missing(context: Context, thread: str | None) -> int | None:
    """The number of a thread that a whole guest has not got."""
    number, domain = whole_number(thread), context.domain
    return number if number and domain.is_whole and not has_iothread(domain, number) else None


def has_iothread(domain: Domain, thread: int) -> bool:
    """Whether the guest has this I/O thread: one with that id, or one of the lowest others."""
    ids, others = domain.iothreads
    lower = bisect_left(ids, thread)
    return thread in ids[lower : lower + 1] or thread - lower <= others


@where_written("latency-histogram")
def histograms(context: Context) -> Iterator[Problem]:
    """Bins follow one another, and there is one histogram for each kind of request."""
    seen: set[str | None] = set()
    for one in context.element.iterfind("driver/statistics/latency-histogram"):
        path, kind = "driver/statistics/latency-histogram", one.get("type")
        starts = [whole_number(bin.get("start"), 64) or 0 for bin in one.iterchildren("bin")]
        if any(second <= first for first, second in pairwise(starts)):
            yield context.find("histogram-unsorted", path, one)
        if kind in seen:
            yield context.find("histogram-twice", path, one)
        seen.add(kind)


@where_written("shareable")
def shareable(context: Context) -> Iterator[Problem]:
    """Two guests can write one image only where it has no structure of its own."""
    if context.format == "raw" and not context.readonly and _ENCRYPTED(context.element):
        yield context.find("shareable-encrypted", "shareable")


@where_written("iotune")
def limits(context: Context) -> Iterator[Problem]:
    """A total and its parts are not limited both; and no limit is that high."""
    found = limits_of(context)
    for sort in _SORTS:
        parts = [part for part in ("read", "write") if found.get(f"{part}_{sort}")]
        if found.get(f"total_{sort}") and parts:
            yield context.find("limits-total-and-parts", f"iotune/total_{sort}", sort=sort)
    for name, value in found.items():
        if value > MOST and not name.endswith("_length"):
            yield context.find("limit-too-high", f"iotune/{name}", name=name, most=MOST)


def limits_of(context: Context) -> dict[str, int]:
    """The limits of a disk that libvirt can read."""
    iotune = context.child("iotune")
    written = {limit.tag: text_of(limit) for limit in reversed(iotune)}  # of two, the first
    names = (
        place.name
        for place in shape_of(iotune, context.domain.libvirt).children
        if place.name in written
    )
    found = {n: whole_number(written[n] or "0", 64) for n in names if n != "group_name"}
    return {name: value for name, value in found.items() if value is not None}
