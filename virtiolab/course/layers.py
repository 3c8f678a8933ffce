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
    parts = (_guest(answers), _devices(answers), _image(disk, answers), _bytes(disk, answers))
    return [layer for part in parts for layer in part]


def meeting(disk: Disk) -> tuple[str, str]:
    """How the guest's driver and QEMU's device meet: in a word or two, and what that means."""
    how = {True: "virtio", False: "imitated", None: "unknown"}[infer(disk).virtio.value]
    met = facts("course/layers.toml")["meetings"][how]
    return met["name"], met["says"]


def _layer(place: str, role: str, value: Any, *decided, says: str | None = None) -> Layer:
    return Layer(place, role, value, facts("course/layers.toml")["says"][says or role], *decided)


def _guest(answers: Inferences) -> Iterator[Layer]:
    yield _layer("guest", "programs", facts("course/layers.toml")["called"]["programs"])
    yield _layer("guest", "driver", _driver(answers), *_decider(answers))


def _decider(answers: Inferences) -> tuple[str, Inference]:
    """What settles how guest and QEMU meet: the bus, or on SCSI the controller."""
    if answers.bus.value == "scsi":
        return "controller/@model", answers.controller
    return "target/@bus", answers.bus


def _driver(answers: Inferences) -> str | None:
    bus, known = answers.bus.value, facts("course/layers.toml")
    if bus == "scsi":
        model = (answers.controller.value or {}).get("model")
        driver = known["scsi_drivers"].get(model)
    else:
        driver = known["drivers"].get(bus)
    above = known["above"].get(answers.device.value) if bus in known["scsi_like"] else None
    return f"{driver}, {above}" if driver and above else driver


def _devices(answers: Inferences) -> Iterator[Layer]:
    controller = answers.controller
    if controller.value:
        kind, index, model = (controller.value[part] for part in ("type", "index", "model"))
        value = f"{kind} {index}, {model}" if model else f"{kind} {index}"
        path = "controller/@model" if kind == "scsi" else "address/@controller"
        yield _layer("qemu", "controller", value, path, controller)
    yield _layer("qemu", "device", answers.qemu_device.value, "target/@bus", answers.bus)


def _image(disk: Disk, answers: Inferences) -> Iterator[Layer]:
    """What QEMU does with the bytes; of a disk that another process serves, nothing."""
    if answers.type.value == "vhostuser":
        yield _layer(
            "host",
            "outside",
            facts("course/layers.toml")["called"]["outside"],
            "@type",
            answers.type,
        )
        return
    is_made_up = answers.type.value == "dir"  # vvfat makes the bytes of a disk, and raw takes them
    format = "raw" if is_made_up else answers.format.value
    yield _layer("qemu", "format", format, "driver/@type", answers.format)
    yield _layer("qemu", "protocol", _protocol(disk, answers), "@type", answers.type)


def _protocol(disk: Disk, answers: Inferences) -> str | None:
    if answers.type.value == "network":
        return disk.get("protocol", "source")
    return facts("course/layers.toml")["protocols"].get(answers.type.value)


def _bytes(disk: Disk, answers: Inferences) -> Iterator[Layer]:
    kind = answers.type.value
    if kind in ("file", "block"):
        says = "cache-past" if answers.cache.value in DIRECT_CACHES else "cache-through"
        value = facts("course/layers.toml")["called"][says]
        yield _layer("host", "cache", value, "driver/@cache", answers.cache, says=says)
    name = facts("course/layers.toml")["sources"].get(kind)
    if name:
        yield _layer("host", "source", disk.get(name, "source"), f"source/@{name}")
