"""What libvirt refuses in where the bytes come from: the source, its format and its secrets."""

from collections.abc import Iterator

from ..document import LOCAL_TYPES, SOURCE_ATTRIBUTES
from ..inference import DIRECT_CACHES
from ..syntax import in_bytes, text_of
from .context import Context, Source, always, where_written
from .problems import Problem, path_of

_WITH_BACKING = ("cow", "qcow", "qcow2", "qed", "vmdk")
_NOT_READ = ("cow", "dir", "iso")  # formats that libvirt knows and QEMU does not take


@always
def format(context: Context) -> Iterator[Problem]:
    """The format of the image, and of the images below it."""
    if context.type == "ctl":
        yield context.find("type-not-in-qemu", "@type", type="ctl")
    if context.format in _NOT_READ:
        yield context.find("format-not-in-qemu", "driver/@type", format=context.format)
    elif context.format == "fat" and context.type not in ("dir", "volume"):
        yield context.find("fat-not-of-dir", "driver/@type", type=context.type)
    if context.type != "dir":
        return
    if context.format not in ("fat", *_NOT_READ):
        yield context.find("dir-not-fat", "driver/@type", format=context.format)
    if not context.readonly:
        yield context.find("dir-not-readonly", "readonly")


@where_written("disk/@device")
def lun(context: Context) -> Iterator[Problem]:
    """A LUN is a whole SCSI disk of the host, and nothing else."""
    if context.device != "lun":
        return
    if context.type == "network" and context.protocol != "iscsi":
        yield context.find("lun-not-iscsi", "source/@protocol", protocol=context.protocol)
    elif context.type not in ("block", "network", "volume"):
        code = "lun-not-block" if context.child("source") is not None else "lun-empty"
        yield context.find(code, "@type", type=context.type)
    if context.format not in ("raw", None):
        yield context.find("lun-not-raw", "driver/@type", format=context.format)
    if not context.on("scsi"):
        of_virtio = "lun-on-virtio", "lun-on-virtio-at-start"  # with older libvirts
        for code in of_virtio if context.on("virtio") else ["lun-not-on-scsi"]:
            yield context.find(code, "target/@bus")


@where_written("backingStore")
def backing(context: Context) -> Iterator[Problem]:
    """The chain of images below: each needs a format that can have one."""
    above = context.format
    for source in context.sources:
        if source.above:
            if context.is_opened and above not in (None, *_WITH_BACKING):
                raw = "backing-of-raw", "backing-of-raw-refused"  # older libvirts refuse it
                for code in raw if above == "raw" else ["backing-of-format"]:
                    yield context.find(code, source.above, format=above)
            yield from _format_of_backing(context, source)
            above = source.format


def _format_of_backing(context: Context, source: Source) -> Iterator[Problem]:
    path, format = f"{source.above}/format/@type", source.format
    if source.type == "vhostuser" and context.is_opened:
        yield context.find("backing-of-vhostuser", f"{source.above}/@type")
    if source.type in LOCAL_TYPES and context.is_opened and not source.place:
        yield context.find("backing-without-path", source.path, type=source.type)
    if format in _NOT_READ:
        yield context.find("format-not-in-qemu", path, format=format)
    elif format == "fat" and source.type not in ("dir", "volume"):
        yield context.find("fat-not-of-dir", path, type=source.type)
    elif source.type == "dir" and format != "fat":
        yield context.find("dir-not-fat", path, format=format)


@where_written("source")
def volume(context: Context) -> Iterator[Problem]:
    """A volume is named by its pool and its own name, both."""
    for source in context.sources:
        if source.type == "volume":
            missing = [name for name in ("pool", "volume") if source.element.get(name) is None]
            for name in missing[:1]:
                code = "volume-half-named" if len(missing) == 1 else "volume-unnamed"
                yield context.find(code, f"{source.path}/@{name}", missing=name)


@where_written("source/@namespace")
def nvme(context: Context) -> Iterator[Problem]:
    """Namespaces of an NVMe disk count from 1."""
    for source in context.sources:
        written = (source.element.get("namespace") or "1").strip(" +")
        if source.type == "nvme" and not source.above and not written.strip("0"):
            yield context.find("nvme-namespace", f"{source.path}/@namespace")


@where_written("disk/@type")
def vhostuser(context: Context) -> Iterator[Problem]:
    """Another process serves the disk, so QEMU cannot do much with it."""
    if context.type == "vhostvdpa" and context.get("cache", "driver") not in DIRECT_CACHES:
        yield context.find("vdpa-cache", "driver/@cache")
    if context.type != "vhostuser":
        return
    if not context.on("virtio"):
        yield context.find("vhostuser-not-on-virtio", "target/@bus")
    if context.snapshot != "no":
        yield context.find("vhostuser-snapshot", "@snapshot")


@where_written("seclabel")
def seclabels(context: Context) -> Iterator[Problem]:
    """Labels of the image for SELinux, AppArmor or plain ownership."""
    for source in context.sources:
        models, path = [], f"{source.path}/seclabel"
        for label in source.element.iterchildren("seclabel"):
            model = label.get("model")
            if model is not None and model in models:
                yield context.find("seclabel-twice", path, label, model=model)
            models.append(model)
            relabel, text = label.get("relabel"), label.findtext("label")
            if relabel == "no" and text:
                yield context.find("seclabel-not-relabelled", path, label)
            elif relabel == "yes" and not text:
                yield context.find("seclabel-without-label", path, label)


@where_written("reservations")
def reservations(context: Context) -> Iterator[Problem]:
    """SCSI reservations go through a helper, on a socket of its own or of the user's."""
    source = context.child("source")
    held = None if source is None else source.find("reservations")
    if held is None:
        return
    inner = held.find("source")
    told = {n: None if inner is None else inner.get(n) for n in ("type", "path", "mode")}
    if (held.get("managed") == "no" or any(told.values())) and not all(told.values()):
        missing = next(name for name, value in told.items() if not value)
        yield context.find("reservations-source", "source/reservations/source", missing=missing)


@where_written("metadata_cache")
def metadata_cache(context: Context) -> Iterator[Problem]:
    """Only qcow2 has metadata to keep, and a size has its unit."""
    for cache in context.element.iter("metadata_cache"):
        size, path, holder = cache.find("max_size"), path_of(cache), cache.getparent()
        text = "" if size is None else text_of(size)
        format = context.format if holder.tag == "driver" else holder.get("type")
        try:
            bytes = in_bytes(text or "0", size.get("unit") if text else None)
        except ValueError:
            facts = {"text": text, "unit": size.get("unit") or "(no unit)"}
            yield context.find("size-unreadable", f"{path}/max_size", size, **facts)
            continue
        if bytes and format != "qcow2":
            yield context.find("metadata-cache-not-qcow2", path, cache, format=format)


@where_written("dataStore")
def data_store(context: Context) -> Iterator[Problem]:
    """A qcow2 image can keep its data in a raw file beside it."""
    for store in context.element.iter("dataStore"):
        inner, format, path = store.find("source"), store.find("format"), path_of(store)
        if context.format != "qcow2":
            yield context.find("data-store-not-qcow2", path, store, format=context.format)
        kind, place = store.get("type"), SOURCE_ATTRIBUTES.get(store.get("type", ""), "")
        if kind in LOCAL_TYPES and inner is not None and not inner.get(place):
            yield context.find("data-store-without-path", f"{path}/source", inner, type=kind)
        if format is not None and format.get("type") != "raw":
            yield context.find("data-store-not-raw", f"{path}/format/@type", format)
        if inner is not None and (
            inner.find("dataStore") is not None
            or inner.find("slices/slice[@type='storage']") is not None
        ):
            yield context.find("data-store-nested", f"{path}/source", inner)
