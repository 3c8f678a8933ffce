"""What libvirt refuses in where the bytes come from: the source, its format and its secrets."""

from collections.abc import Iterator

from lxml import etree

from ..form import in_bytes, shape_of, text_of
from ..inference import DIRECT_CACHES
from .problems import Problem, path_of
from .sights import LOCAL, Sight, Source, always, where_written

_WITH_BACKING = ("cow", "qcow", "qcow2", "qed", "vmdk")
_NOT_READ = ("cow", "dir", "iso")  # formats that libvirt knows and QEMU does not take
_NOT_OF_A_LUN = {
    "source/slices/slice[@type='storage']": "lun-sliced",
    "encryption": "lun-encrypted",
    "source/encryption": "lun-encrypted",
}
# What a disk that a vhost-user server serves cannot have (virDomainDiskVhostUserValidate).
_NOT_WITH_VHOSTUSER = (
    "driver/@cache", "driver/@error_policy", "driver/@rerror_policy", "driver/@io",
    "driver/@ioeventfd", "driver/@copy_on_read", "driver/@discard", "driver/@iothread",
    "driver/@detect_zeroes", "driver/metadata_cache", "iotune", "backingStore", "encryption",
    "source/encryption", "readonly", "shareable", "transient", "serial", "wwn", "vendor",
    "product", "auth", "source/auth", "geometry", "blockio",
)  # fmt: skip


@always
def format(sight: Sight) -> Iterator[Problem]:
    """The format of the image, and of the images below it."""
    if sight.format in _NOT_READ:
        yield sight.find("format-not-in-qemu", "driver/@type", format=sight.format)
    elif sight.format == "fat" and sight.type not in ("dir", "volume"):
        yield sight.find("fat-not-of-dir", "driver/@type", type=sight.type)
    if sight.type != "dir":
        return
    if sight.format not in ("fat", *_NOT_READ):
        yield sight.find("dir-not-fat", "driver/@type", format=sight.format)
    if not sight.readonly:
        yield sight.find("dir-not-readonly", "readonly")


@where_written("disk/@device")
def lun(sight: Sight) -> Iterator[Problem]:
    """A LUN is a whole SCSI disk of the host, and nothing else."""
    if sight.device != "lun":
        return
    if sight.type == "network" and sight.protocol != "iscsi":
        yield sight.find("lun-not-iscsi", "source/@protocol", protocol=sight.protocol)
    elif sight.type not in ("block", "network", "volume"):
        code = "lun-not-block" if sight.child("source") is not None else "lun-empty"
        yield sight.find(code, "@type", type=sight.type)
    if sight.format not in ("raw", None):
        yield sight.find("lun-not-raw", "driver/@type", format=sight.format)
    if not sight.on("scsi"):
        code = "lun-on-virtio" if sight.on("virtio") else "lun-not-on-scsi"
        yield sight.find(code, "target/@bus")
    if sight.get("copy_on_read", "driver") == "on":
        yield sight.find("copy-on-read-of-lun", "driver/@copy_on_read")
    for path, code in _NOT_OF_A_LUN.items():
        if sight.disk.element.find(path) is not None:
            yield sight.find(code, path.partition("[")[0])


@where_written("backingStore")
def backing(sight: Sight) -> Iterator[Problem]:
    """The chain of images below: each needs a format that can have one."""
    above = sight.format
    for source in sight.sources:
        if source.above:
            if sight.is_opened and above not in (None, *_WITH_BACKING):
                code = "backing-of-raw" if above == "raw" else "backing-of-format"
                yield sight.find(code, source.above, format=above)
            yield from _format_of_backing(sight, source)
            above = source.format


def _format_of_backing(sight: Sight, source: Source) -> Iterator[Problem]:
    path, format = f"{source.above}/format/@type", source.format
    if source.type == "vhostuser" and sight.is_opened:
        yield sight.find("backing-of-vhostuser", f"{source.above}/@type")
    if source.type in LOCAL and sight.is_opened and not source.element.get(LOCAL[source.type]):
        yield sight.find("backing-without-path", source.path, type=source.type)
    if format in _NOT_READ:
        yield sight.find("format-not-in-qemu", path, format=format)
    elif format == "fat" and source.type not in ("dir", "volume"):
        yield sight.find("fat-not-of-dir", path, type=source.type)
    elif source.type == "dir" and format != "fat":
        yield sight.find("dir-not-fat", path, format=format)


@where_written("source/@startupPolicy")
def startup_policy(sight: Sight) -> Iterator[Problem]:
    """What happens when the file is not there: a matter of what can be missing."""
    policy = sight.get("startupPolicy", "source")
    if policy is None:  # it stands further down, where nobody reads it
        return
    if sight.type not in ("file", "block", "dir", "volume"):
        yield sight.find("startup-policy-of-type", "source/@startupPolicy", type=sight.type)
    elif policy == "requisite" and sight.device not in ("cdrom", "floppy"):
        yield sight.find("startup-policy-requisite", "source/@startupPolicy")


@where_written("source")
def volume(sight: Sight) -> Iterator[Problem]:
    """A volume is named by its pool and its own name, both."""
    for source in sight.sources:
        if source.type == "volume":
            missing = [name for name in ("pool", "volume") if source.element.get(name) is None]
            for name in missing[:1]:
                code = "volume-half-named" if len(missing) == 1 else "volume-unnamed"
                yield sight.find(code, f"{source.path}/@{name}", missing=name)


@where_written("source/@namespace")
def nvme(sight: Sight) -> Iterator[Problem]:
    """Namespaces of an NVMe disk count from 1."""
    for source in sight.sources:
        written = (source.element.get("namespace") or "1").strip(" +")
        if source.type == "nvme" and not source.above and not written.strip("0"):
            yield sight.find("nvme-namespace", f"{source.path}/@namespace")


@where_written("disk/@type")
def vhostuser(sight: Sight) -> Iterator[Problem]:
    """Another process serves the disk, so QEMU cannot do much with it."""
    if sight.type == "vhostvdpa" and sight.get("cache", "driver") not in DIRECT_CACHES:
        yield sight.find("vdpa-cache", "driver/@cache")
    if sight.type != "vhostuser":
        return
    if not sight.on("virtio"):
        yield sight.find("vhostuser-not-on-virtio", "target/@bus")
    if sight.snapshot != "no":
        yield sight.find("vhostuser-snapshot", "@snapshot")
    for path in _NOT_WITH_VHOSTUSER:
        if _is_there(sight.disk.element, path):
            what = path.split("/")[-1].lstrip("@")
            yield sight.find("vhostuser-without", path, what=what)


def _is_there(disk: etree._Element, path: str) -> bool:
    """Whether something is written that is not as good as not written."""
    above, _, attribute = path.partition("/@")
    element = disk.find(above)
    if element is None or attribute:
        return element is not None and element.get(attribute) not in (None, "default")
    if element.tag in ("geometry", "blockio"):
        written = (element.get(name) for name in shape_of(element).attributes)
        return any((value or "").strip(" +0") for value in written)
    if element.tag in ("iotune", "metadata_cache"):
        return any((limit.text or "").strip(" +0") for limit in element.iterchildren("*"))
    return bool(element.text) or element.tag not in ("serial", "wwn", "vendor", "product")


@where_written("seclabel")
def seclabels(sight: Sight) -> Iterator[Problem]:
    """Labels of the image for SELinux, AppArmor or plain ownership."""
    for source in sight.sources:
        models, path = [], f"{source.path}/seclabel"
        for label in source.element.iterchildren("seclabel"):
            model = label.get("model")
            if model is not None and model in models:
                yield sight.find("seclabel-twice", path, label, model=model)
            models.append(model)
            relabel, text = label.get("relabel"), label.findtext("label")
            if relabel == "no" and text:
                yield sight.find("seclabel-not-relabelled", path, label)
            elif relabel == "yes" and not text:
                yield sight.find("seclabel-without-label", path, label)


@where_written("reservations")
def reservations(sight: Sight) -> Iterator[Problem]:
    """SCSI reservations go through a helper, on a socket of its own or of the user's."""
    source = sight.child("source")
    held = None if source is None else source.find("reservations")
    if held is None:
        return
    inner = held.find("source")
    told = {n: None if inner is None else inner.get(n) for n in ("type", "path", "mode")}
    if (held.get("managed") == "no" or any(told.values())) and not all(told.values()):
        missing = next(name for name, value in told.items() if not value)
        yield sight.find("reservations-source", "source/reservations/source", missing=missing)


@where_written("metadata_cache")
def metadata_cache(sight: Sight) -> Iterator[Problem]:
    """Only qcow2 has metadata to keep, and a size has its unit."""
    for cache in sight.disk.element.iter("metadata_cache"):
        size, path, holder = cache.find("max_size"), path_of(cache), cache.getparent()
        text = "" if size is None else text_of(size)
        format = sight.format if holder.tag == "driver" else holder.get("type")
        try:
            bytes = in_bytes(text or "0", size.get("unit") if text else None)
        except ValueError:
            facts = {"text": text, "unit": size.get("unit") or "(no unit)"}
            yield sight.find("size-unreadable", f"{path}/max_size", size, **facts)
            continue
        if bytes and format != "qcow2":
            yield sight.find("metadata-cache-not-qcow2", path, cache, format=format)


@where_written("dataStore")
def data_store(sight: Sight) -> Iterator[Problem]:
    """A qcow2 image can keep its data in a raw file beside it."""
    for store in sight.disk.element.iter("dataStore"):
        inner, format = store.find("source"), store.find("format")
        if sight.format != "qcow2":
            yield sight.find("data-store-not-qcow2", "source/dataStore", format=sight.format)
        if format is not None and format.get("type") != "raw":
            yield sight.find("data-store-not-raw", "source/dataStore/format/@type")
        if inner is not None and (
            inner.find("dataStore") is not None
            or inner.find("slices/slice[@type='storage']") is not None
        ):
            yield sight.find("data-store-nested", "source/dataStore/source")
