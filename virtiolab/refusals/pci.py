"""What libvirt refuses in the PCI addresses of disks and of the controllers that they are on."""

from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import NamedTuple

from lxml import etree

from ..data import facts
from ..document import MAX_LENGTH, whole_number
from ..inference import VIRTIO_SCSI_MODELS, copied_controller
from ..targets import DRIVE_BUSES
from .context import Context, Guest, of_guests, where_written
from .problems import Problem

_PARTS = ("domain", "bus", "slot", "function")
_MOST = {"bus": 0xFF, "slot": 0x1F, "function": 7}
_CARDS = DRIVE_BUSES | {"usb"}  # the types of controllers that have disks, and may be PCI cards
_NO_CARDS = ("ibmvscsi", "none")  # models that are none, whatever their address
_OLD = "virtio-transitional"  # a model of conventional PCI, also where there is PCI Express
_EXPRESS = (*VIRTIO_SCSI_MODELS, "virtio", "nvme", "nec-xhci", "qemu-xhci")


class _Card(NamedTuple):
    """A device on PCI, with its address: a disk or a controller, of a model."""

    device: etree._Element
    address: etree._Element
    place: tuple[int, ...]
    model: str | None

    @property
    def bus(self) -> int:
        return self.place[1]

    @property
    def is_express(self) -> bool | None:
        """Whether it is a card for PCI Express; None where that cannot be told."""
        return None if self.model is None else self.model in _EXPRESS and self.model != _OLD


class _Buses:
    """The PCI buses of a guest, and what its board has on the first of them."""

    def __init__(self, guest: Guest, cards: list[_Card]):
        self.guest, self.machine = guest, guest.domain.kind
        self.cards = {card.device: card for card in cards}
        self.builtin = (self.machine and self.machine.builtin) or {}
        written = [e for e in guest.controllers if e.get("type") == "pci"]
        self.written = {whole_number(e.get("index")): e.get("model") for e in written}

    def model(self, card: _Card) -> str | None:
        """The model of the controller behind which a card is, if that can be told."""
        root = self.machine and self.machine.pci
        if card.bus in self.written or not root:
            return self.written.get(card.bus)
        if card.bus == 0 or not self.guest.domain.is_whole:
            return root if card.bus == 0 else None
        if root == "pci-root":
            return "pci-bridge"
        if card.bus < max(filter(None, self.written), default=0):
            return "pcie-root-port"  # fills a hole
        # The first device behind the last that is written decides; where all are of a kind, it does not
        # matter which that is.
        return self.added

    @cached_property
    def added(self) -> str | None:
        """The model of what libvirt adds for addresses on buses that nobody wrote, if that can be told."""
        last = max(filter(None, self.written), default=0)
        found = (
            address
            for devices in self.guest.domain.devices
            for address in devices.iterfind("*/address[@type='pci']")
            if _number(address, "bus") > last
        )
        kinds = {
            known.is_express if (known := self.cards.get(a.getparent())) else None for a in found
        }
        models = {True: "pcie-root-port", False: "pci-bridge"}
        return models.get(kinds.pop()) if len(kinds) == 1 else None

    @cached_property
    def board(self) -> set[tuple[int, int]]:
        """The slots and functions of bus 0 that the board uses itself."""
        if self.machine is None:
            return set()
        used = {kind: place for kind, place in self.builtin.items() if self._has(kind)}
        return {*self.machine.board, *used.values()}

    def _has(self, kind: str) -> bool:
        """Whether the guest has the board's own controller of a kind: written, or unasked."""
        cards = [e for e in self.guest.controllers if e.get("type", "ide") == kind]
        firsts = [e for e in cards if whole_number(e.get("index", "0")) == 0]
        if kind == "ide":  # the others are there unless another is written in their place
            return bool(cards) or any(context.on("ide") for context in self.guest.contexts)
        return all(map(self.is_builtin, firsts)) if firsts else self.guest.domain.is_whole

    def is_builtin(self, controller: etree._Element) -> bool:
        """Whether this is a controller that sits on the board."""
        kind = controller.get("type", "ide")
        is_first = whole_number(controller.get("index", "0")) == 0
        is_model = kind != "usb" or controller.get("model") in (None, "piix3-uhci")
        return kind in self.builtin and is_first and is_model


@of_guests
def pci_addresses(guest: Guest) -> Iterator[Problem]:
    """A function of a slot that is there, and for one device."""
    cards = list(_cards(guest))
    if not cards:
        return
    buses = _Buses(guest, cards)
    for card in cards:
        if any(card.place[:3]):  # libvirt takes zeroes for no address, whatever the function
            yield from _wrong(guest, buses, card)
    yield from _twice(guest, {card.device for card in cards})


def _cards(guest: Guest) -> Iterator[_Card]:
    """The disks and controllers whose addresses on PCI are written."""
    for context in guest.contexts:
        if context.get("type", "address") == "pci":
            yield _card(context.element, context.get("model") or context.bus)
    for element in guest.controllers:
        kind, model = element.get("type", "ide"), element.get("model")
        if kind in _CARDS and element.find("address[@type='pci']") is not None:
            machine = guest.domain.kind
            if kind == "scsi" and model in (None, "auto"):
                first = copied_controller(guest.domain)
                model = first.model if first else machine and machine.scsi
            elif kind == "usb":  # of which a PC's is old
                model = model or ("piix3-uhci" if machine and "x86_64" in machine.archs else None)
            else:
                model = model or kind
            if model not in _NO_CARDS:
                yield _card(element, model)


def _card(device: etree._Element, model: str | None) -> _Card:
    address = device.find("address")
    return _Card(device, address, tuple(_number(address, name) for name in _PARTS), model)


def _wrong(guest: Guest, buses: _Buses, card: _Card) -> Iterator[Problem]:
    too_high = list(_too_high(card.address, _MOST | {"domain": 0}))
    for name, most in too_high:
        told = {"part": name, "most": hex(most)}
        yield guest.find_in(card.device, "address-too-high", f"address/@{name}", **told)
    if too_high:
        return
    _, bus, *place = card.place
    slot, machine, model = card.place[2], buses.machine, buses.model(card)
    slots = range(*facts("machines.toml")["slots"].get(model, (0x20,)))
    if slot not in slots:
        told = {"number": hex(bus), "model": model, "slot": hex(slot)}
        code = "pci-slot-missing" if slots else "pci-bus-of-ports"
        yield guest.find_in(card.device, code, "address/@slot", **told)
    elif card.device.tag == "controller" and buses.is_builtin(card.device):
        wanted = buses.builtin[kind := card.device.get("type", "ide")]
        if (bus, *place) != (0, *wanted):
            told = {"type": kind, "machine": machine.title, "slot": hex(wanted[0])}
            told |= {"function": hex(wanted[1])}
            yield guest.find_in(card.device, "controller-of-board", "address", **told)
    elif bus == 0 and tuple(place) in buses.board:
        yield guest.find_in(card.device, "address-of-board", "address", machine=machine.title)


def _twice(guest: Guest, cards: set[etree._Element]) -> Iterator[Problem]:
    """Two devices in one place, at least one of them a disk or a controller of disks."""
    seen: dict[tuple, etree._Element] = {}
    for devices in guest.domain.devices:
        for address in devices.iterfind("*/address[@type='pci']"):
            place = _place(*(address.get(name, "")[:MAX_LENGTH] for name in _PARTS))
            other = seen.setdefault(place, address) if place else address
            if other is not address and {address.getparent(), other.getparent()} & cards:
                told = {"other": other.sourceline}
                yield guest.find_in(address.getparent(), "pci-address-twice", "address", **told)


@lru_cache(maxsize=4096)
def _place(*parts: str) -> tuple[int, ...] | None:
    """The numbers of an address, the same however they are written; None where all are 0."""
    numbers = tuple(whole_number(part or "0", c=True) for part in parts)
    return numbers if any(numbers[:3]) and None not in numbers else None


@where_written("disk/@type")
def of_host(context: Context) -> Iterator[Problem]:
    """The address of an NVMe drive of the host."""
    address = context.child("source").find("address") if context.type == "nvme" else None
    if address is not None:
        for name, most in _too_high(address, _MOST):
            told = {"part": name, "most": hex(most)}
            yield context.find("address-too-high", f"source/address/@{name}", **told)


def _too_high(address: etree._Element, most: dict[str, int]) -> Iterator[tuple[str, int]]:
    """The parts of an address that are larger than they can be."""
    if any(_number(address, name) for name in _PARTS[:3]):  # else libvirt takes it for none at all
        yield from ((name, top) for name, top in most.items() if _number(address, name) > top)


def _number(address: etree._Element, name: str) -> int:
    return whole_number(address.get(name), c=True) or 0
