"""The way of a disk's bytes, layer by layer: from the guest's programs down to where they are kept,
with what decides each layer. What the layers are called and do stands in layers.toml."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..data import facts
from ..document import Disk
from ..inference import DIRECT_CACHES, Inference, Inferences, infer


class Layer(NamedTuple):
    """One of them: its place ("guest", "qemu" or "host"), its role, what it is here (None: this XML
    cannot tell), what it does, and the answer and the path in the XML that decide it, if any do."""

    place: str
    role: str
    value: str | None
    says: str
    path: str = ""
    decided: Inference | None = None


def stack(disk: Disk) -> list[Layer]:
    """The layers of a disk, from the top; fewer where nothing is known of its bus or machine."""
    answers = infer(disk)
    return [*_in_guest(answers), *_in_qemu(disk, answers), *_on_host(disk, answers)]


def meeting(disk: Disk) -> tuple[str, str]:
    """How the guest's driver and QEMU's device meet: in a word or two, and what that means."""
    how = {True: "virtio", False: "imitated", None: "unknown"}[infer(disk).virtio.value]
    met = _known()["meetings"][how]
    return met["name"], met["says"]


def _known() -> dict[str, Any]:
    return facts("course/layers.toml")


def _layer(place: str, role: str, value: Any, *decided, says: str | None = None) -> Layer:
    return Layer(place, role, value, _known()["says"][says or role], *decided)


def _in_guest(answers: Inferences) -> Iterator[Layer]:
    """Its driver; what settles how it meets QEMU is the bus, or on SCSI the controller."""
    bus, known, decider = answers.bus.value, _known(), ("target/@bus", answers.bus)
    driver = known["drivers"].get(bus)
    if bus == "scsi":
        driver = known["scsi_drivers"].get((answers.controller.value or {}).get("model"))
        decider = "controller/@model", answers.controller
    above = known["above"].get(answers.device.value) if bus in known["scsi_like"] else None
    yield _layer("guest", "programs", known["called"]["programs"])
    yield _layer("guest", "driver", f"{driver}, {above}" if driver and above else driver, *decider)


def _in_qemu(disk: Disk, answers: Inferences) -> Iterator[Layer]:
    """The devices, and what is done with the bytes; of a disk that another process serves, nothing."""
    controller, type = answers.controller, answers.type.value
    if controller.value:
        kind, index, model = (controller.value[part] for part in ("type", "index", "model"))
        value = f"{kind} {index}, {model}" if model else f"{kind} {index}"
        path = "controller/@model" if kind == "scsi" else "address/@controller"
        yield _layer("qemu", "controller", value, path, controller)
    yield _layer("qemu", "device", answers.qemu_device.value, "target/@bus", answers.bus)
    if type != "vhostuser":
        # Of a folder, vvfat makes the bytes of a disk, and raw takes them.
        format = "raw" if type == "dir" else answers.format.value
        says = "format-raw" if format == "raw" else "format"
        yield _layer("qemu", "format", format, "driver/@type", answers.format, says=says)
        is_network, says = type == "network", "protocol"
        protocol = disk.get("protocol", "source") if is_network else _known()["protocols"].get(type)
        if type == "block" and answers.device.value == "cdrom":
            protocol, says = _known()["called"]["cd-drive"], "protocol-cd"
        yield _layer("qemu", "protocol", protocol, "@type", answers.type, says=says)


def _on_host(disk: Disk, answers: Inferences) -> Iterator[Layer]:
    type, known = answers.type.value, _known()
    if type == "vhostuser":
        yield _layer("host", "outside", known["called"]["outside"], "@type", answers.type)
    if type in ("file", "block"):
        says = "cache-past" if answers.cache.value in DIRECT_CACHES else "cache-through"
        value = known["called"][says]
        yield _layer("host", "cache", value, "driver/@cache", answers.cache, says=says)
    if name := known["sources"].get(type):
        yield _layer("host", "source", disk.get(name, "source"), f"source/@{name}")
