"""The rules: what a disk states, what libvirt infers from the rest, and what it takes by default.

A rule chooses; what it says stands in inference.toml.
"""

from functools import cache
from typing import Any, NamedTuple

from .data import Version, facts
from .document import Controller, Disk, Domain, is_elided, whole_number
from .targets import (
    BUS_OF_PREFIX,
    DRIVE_BUSES,
    NVME_SINCE,
    PREFIX_OF_BUS,
    disk_number,
    drive_address,
    nvme_controller,
    prefix_of,
    usual_name,
)
from .xml import one_line

_RULES = "inference.toml"  # what the rules say
ORIGINS = ("stated", "inferred", "default", "unknown")  # from the surest to the least sure


class Inference(NamedTuple):
    """One answer: the value, who decided it (one of ORIGINS), by which rule, from which facts."""

    value: Any
    origin: str
    rule: str
    facts: dict[str, Any]

    @property
    def reason(self) -> str:
        """Why, in plain words about this disk."""
        named = ({"value": self.value} | self.facts).items()
        shown = {name: one_line(str(fact), 80) for name, fact in named}
        return facts(_RULES)[self.rule]["reason"].format(**shown)

    @property
    def source(self) -> str:
        """Where the rule comes from: a function of libvirt, or a manual."""
        return facts(_RULES)[self.rule]["source"]

    def as_dict(self) -> dict[str, Any]:
        """What the JSON of the command line says of it."""
        names = ("value", "origin", "reason", "rule", "source")
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        said = (f"{name}={value!r}" for name, value in self.as_dict().items())
        return f"Inference({', '.join(said)})"


class Inferences(NamedTuple):
    """All answers about one disk. `address` and `controller` have a dict or None as their value."""

    type: Inference
    device: Inference
    bus: Inference
    driver: Inference
    format: Inference
    cache: Inference
    readonly: Inference
    snapshot: Inference
    address: Inference
    controller: Inference
    qemu_device: Inference
    virtio: Inference

    @property
    def virtio_device(self) -> str | None:
        """`virtio-blk`, `vhost-user-blk` or `virtio-scsi` where the disk is virtio, else None."""
        return self.virtio.rule if self.virtio.value else None  # the rules are named after them


def say(rule: str, value, origin: str | None = None, **facts) -> Inference:
    """The answer that a rule gives. Its sentence is put together only when somebody reads it."""
    # As the class would, but at once: a disk has twelve answers.
    return tuple.__new__(Inference, (value, origin or _origins()[rule], rule, facts))


@cache
def _origins() -> dict[str, str]:
    return {name: rule["origin"] for name, rule in facts(_RULES).items() if "origin" in rule}


DIRECT_CACHES = ("none", "directsync")  # past the host's page cache
VIRTIO_SCSI_MODELS = ("virtio-scsi", "virtio-transitional", "virtio-non-transitional")
_DEVICES = ("disk", "cdrom", "floppy", "lun")
_QEMU_TYPES = (None, "qemu", "kvm", "hvf")  # None: a fragment, and QEMU is what we explain
_NO_ADDRESS = ("sd", "xen", "uml")
USB_BOT_SINCE: Version = (11, 5, 0)  # libvirt chooses between QEMU's two devices, and writes which
_MODEL_COPIED_SINCE: Version = (12, 8, 0)  # for SCSI controllers: from the first that has one
_CARRIERS = {"pci": "PCI", "ccw": "s390x channel I/O (CCW)", "device": "memory-mapped I/O (MMIO)"}
_TRANSPORT_OF_ADDRESS = {"pci": "pci", "ccw": "ccw", "virtio-mmio": "device"}
_QEMU_DEVICES = {
    ("ide", "disk"): "ide-hd", ("ide", "cdrom"): "ide-cd",
    ("sata", "disk"): "ide-hd", ("sata", "cdrom"): "ide-cd",
    ("scsi", "disk"): "scsi-hd", ("scsi", "cdrom"): "scsi-cd", ("scsi", "lun"): "scsi-block",
    ("usb", "disk"): "usb-storage", ("usb", "cdrom"): "usb-storage",
    ("nvme", "disk"): "nvme-ns", ("nvme", "cdrom"): "nvme-ns",
    ("fdc", "floppy"): "floppy",
}  # fmt: skip


def infer(disk: Disk) -> Inferences:
    """Every answer about one disk, in the order in which one follows from another."""
    device = _device(disk)
    bus = _bus(disk, device.value)
    known_bus = bus.value if _is_known(bus.value, disk.domain) else None
    readonly = _readonly(disk, device.value)
    address = _address(disk, known_bus)
    controller = _controller(disk, known_bus, address.value)
    qemu_device = _qemu_device(disk, known_bus, device.value)
    return Inferences(
        type=_type(disk),
        device=device,
        bus=bus,
        driver=_driver(disk),
        format=_format(disk),
        cache=_cache(disk),
        readonly=readonly,
        snapshot=_snapshot(disk, readonly.value),
        address=address,
        controller=controller,
        qemu_device=qemu_device,
        virtio=_virtio(disk, known_bus, bus.origin, controller),
    )


def _type(disk: Disk) -> Inference:
    written = disk.get("type")
    return say("type-default", "file") if written is None else say("type-stated", written)


def _device(disk: Disk) -> Inference:
    written = disk.get("device")
    if written is None:
        return say("device-default", "disk")
    return say("device-stated" if written in _DEVICES else "device-unknown", written)


def _bus(disk: Disk, device: str) -> Inference:
    written, dev = disk.get("bus", "target"), disk.target
    prefix = prefix_of(dev)
    if prefix == "nvme" and disk.domain.libvirt < NVME_SINCE:
        prefix = None
    if written is not None:
        if not _is_known(written, disk.domain):
            return say("bus-unknown", written)
        if prefix and PREFIX_OF_BUS[written] != prefix:
            return say("bus-stated-against-name", written, dev=dev, usual=usual_name(written))
        return say("bus-stated", written)
    if device == "floppy":
        return say("bus-from-floppy", "fdc")
    if prefix:
        return say("bus-from-name", BUS_OF_PREFIX[prefix], dev=dev, prefix=prefix)
    if not dev:
        return say("bus-left-out" if is_elided(disk.element) else "bus-without-target", None)
    if device == "cdrom" and disk_number(dev, disk.domain.libvirt) is not None:
        return say("bus-of-cdrom", "ide", dev=dev)
    return say("bus-from-no-name", None, dev=dev)


def _is_known(bus: str | None, domain: Domain) -> bool:
    """Whether the guest's libvirt has this bus."""
    return bus in PREFIX_OF_BUS and (bus != "nvme" or domain.libvirt >= NVME_SINCE)


def _driver(disk: Disk) -> Inference:
    written = disk.get("name", "driver")
    if written is not None:
        return say("driver-stated", written)
    if not _is_qemu(disk.domain):
        return say("driver-other-hypervisor", None, type=disk.domain.type)
    return say("driver-default", "qemu")


def _format(disk: Disk) -> Inference:
    written = disk.get("type", "driver")
    if written == "aio":
        return say("format-aio", "raw")
    if written is not None:
        return say("format-stated", written)
    if disk.get("type") == "volume":
        return say("format-of-volume", None)
    if not _is_qemu(disk.domain):
        return say("format-other-hypervisor", None, type=disk.domain.type)
    driver = disk.child("driver")
    if is_elided(disk.element) or (driver is not None and is_elided(driver)):
        return say("format-left-out", None)
    return say("format-default", "raw")


def _cache(disk: Disk) -> Inference:
    written = disk.get("cache", "driver")
    if written == "default":
        return say("cache-stated-default", "writeback")
    if written is not None:
        return say("cache-stated", written)
    if disk.get("type") == "vhostuser":
        return say("cache-elsewhere", None)
    if not _is_qemu(disk.domain):
        return say("cache-other-hypervisor", None, type=disk.domain.type)
    return say("cache-default", "writeback")


def _readonly(disk: Disk, device: str) -> Inference:
    if disk.child("readonly") is not None:
        return say("readonly-stated", True)
    return say("readonly-cdrom", True) if device == "cdrom" else say("readonly-default", False)


def _snapshot(disk: Disk, readonly: bool) -> Inference:
    written = disk.get("snapshot")
    if written is not None:
        return say("snapshot-stated", written)
    if readonly:
        return say("snapshot-readonly", "no")
    if disk.get("type") == "vhostuser":
        return say("snapshot-vhostuser", "no")
    return say("snapshot-later", None)


def _address(disk: Disk, bus: str | None) -> Inference:
    written = disk.child("address")
    if written is not None:
        if not written.get("type"):
            return say("address-untyped", None)
        return say("address-stated", _written_address(written), type=written.get("type"))
    if bus in DRIVE_BUSES:
        number = disk_number(disk.target, disk.domain.libvirt)
        if number is None:
            return say("address-refused", None)
        value = drive_address(bus, number, nvme_controller(disk.target) if bus == "nvme" else 0)
        return say("address-from-name", value, dev=disk.target, number=number)
    kind = _address_type(disk.domain, bus)
    if kind:
        return say("address-from-machine", {"type": kind}, type=kind)
    if bus in _NO_ADDRESS:
        return say("address-none", None, bus=bus)
    return say("address-unknown", None)


def _address_type(domain: Domain, bus: str | None) -> str | None:
    """The type of the address that libvirt will pick on a bus without drives."""
    if bus == "usb":
        return "usb"
    transport = _transport(domain) if bus == "virtio" else None
    return "virtio-mmio" if transport == "device" else transport


def _written_address(element) -> dict:
    """A written address; the numbers of a drive's that are left out are 0."""
    written = dict(element.items())
    if written["type"] != "drive":
        return written
    numbers = {part: written.get(part, "0") for part in ("controller", "bus", "target", "unit")}
    read = {part: whole_number(text) for part, text in numbers.items()}
    return {"type": "drive"} | {p: numbers[p] if n is None else n for p, n in read.items()}


def _controller(disk: Disk, bus: str | None, address: dict | None) -> Inference:
    if bus is None:
        return say("controller-unknown", None)
    if bus not in DRIVE_BUSES:
        return say("controller-none", None, bus=bus)
    index = address.get("controller") if address else None
    if not isinstance(index, int):  # no address, or none that libvirt can read
        return say("controller-unplaced", None, type=bus)
    written = disk.domain.controllers.get((bus, index))
    if bus == "scsi":
        return _scsi_controller(disk.domain, index, written)
    if written:
        value = _as_dict(bus, index, written.model)
        return say("controller-written", value, type=bus, index=index, line=written.line)
    return say("controller-added", _as_dict(bus, index, None), type=bus, index=index)


def _scsi_controller(domain: Domain, index: int, written) -> Inference:
    """The model of a SCSI controller decides whether its disks are virtio."""
    facts: dict[str, Any] = {"type": "scsi", "index": index}
    if written and written.model not in (None, "auto"):
        value = _as_dict("scsi", index, written.model)
        return say("controller-stated", value, model=written.model, line=written.line, **facts)
    machine = domain.kind
    if machine is None or not _is_qemu(domain):
        rule = "controller-of-unknown-machine" if domain.complete else "controller-elsewhere"
        return say(rule, _as_dict("scsi", index, None), **facts)
    if first := copied_controller(domain):
        value = _as_dict("scsi", index, first.model)
        return say("controller-like-first", value, model=first.model, first=first.index, **facts)
    rule = "controller-default-model" if written else "controller-added-default"
    value = _as_dict("scsi", index, machine.scsi)
    return say(rule, value, model=machine.scsi, machine=machine.title, **facts)


def copied_controller(domain: Domain) -> Controller | None:
    """The written SCSI controller whose model the others get; None where the machine has its own."""
    machine = domain.kind
    if domain.libvirt < _MODEL_COPIED_SINCE or machine is None or machine.scsi != "lsilogic":
        return None
    return domain.scsi_model


def _as_dict(kind: str, index: int, model: str | None) -> dict:
    return {"type": kind, "index": index, "model": model}


def _qemu_device(disk: Disk, bus: str | None, device: str) -> Inference:
    if not _is_qemu(disk.domain):
        return say("qemu-other-hypervisor", None, type=disk.domain.type)
    if bus is None:
        return say("qemu-unknown-bus", None)
    if device not in _DEVICES:
        return say("qemu-unknown-device", None, device=device)
    if bus == "virtio" and device in ("disk", "lun"):
        return _virtio_blk(disk)
    if bus == "sd":
        return say("qemu-sd", None)
    model = disk.get("model")
    if bus == "usb" and model:
        return say("qemu-by-model", model)
    if bus == "usb" and device == "cdrom" and disk.domain.libvirt >= USB_BOT_SINCE:
        return say("qemu-usb-bot", "usb-bot")
    if bus in ("xen", "uml"):
        return say("qemu-none", None, bus=bus)
    value = _QEMU_DEVICES.get((bus, device))
    return say("qemu-by-bus" if value else "qemu-refused", value, bus=bus, device=device)


def _virtio_blk(disk: Disk) -> Inference:
    """`virtio-blk-pci` and its kin: the family, what carries it, and the model if written."""
    family, machine = _virtio_family(disk), disk.domain.kind
    model = disk.get("model") or ""
    suffix = model.removeprefix("virtio") if model.startswith("virtio-") else ""
    address = disk.child("address")
    written = None if address is None else _TRANSPORT_OF_ADDRESS.get(address.get("type", ""))
    if written:
        value, carrier = f"{family}-{written}{suffix}", _CARRIERS[written]
        return say("qemu-virtio-addressed", value, family=family, carrier=carrier)
    if machine is None:
        return say("qemu-virtio-somewhere", f"{family}-pci{suffix}", family=family)
    transport = _transport(disk.domain)
    if transport is None:
        return say("qemu-virtio-nowhere", None, family=family, machine=machine.title)
    value, carrier = f"{family}-{transport}{suffix}", _CARRIERS[transport]
    if transport != machine.transport:
        return say("qemu-virtio-mmio", value, family=family)
    return say("qemu-virtio", value, family=family, machine=machine.title, carrier=carrier)


def _virtio_family(disk: Disk) -> str:
    """The family of QEMU's devices that a disk on the virtio bus belongs to."""
    return "vhost-user-blk" if disk.get("type") == "vhostuser" else "virtio-blk"


def _transport(domain: Domain) -> str | None:
    """What carries the virtio devices of this guest: `pci`, `ccw`, `device` (MMIO) or None."""
    machine = domain.kind
    if machine is None or not _is_qemu(domain):
        return None
    return "device" if machine.mmio_if_asked and domain.has_virtio_mmio else machine.transport


def _virtio(disk: Disk, bus: str | None, origin: str, controller: Inference) -> Inference:
    if bus is None:
        return say("virtio-unknown", None)
    if bus == "virtio":
        return say(_virtio_family(disk), True, origin)
    if bus != "scsi":
        return say("virtio-no", False, origin, bus=bus)
    if controller.value is None:
        return say("virtio-unplaced", None)
    model, index = controller.value["model"], controller.value["index"]
    if model is None:
        return say(
            "virtio-of-machine" if disk.domain.complete else "virtio-depends", None, index=index
        )
    is_virtio = model in VIRTIO_SCSI_MODELS
    less_sure = max(origin, controller.origin, key=ORIGINS.index)
    return say(
        "virtio-scsi" if is_virtio else "virtio-other-scsi", is_virtio, less_sure, model=model
    )


def _is_qemu(domain: Domain) -> bool:
    return domain.type in _QEMU_TYPES
