"""What libvirt refuses in the controllers of a guest, and in what its machine has to offer."""

import math
from collections.abc import Iterable, Iterator

from lxml import etree

from ..data import facts
from ..document import whole_number
from ..inference import VIRTIO_SCSI_MODELS, copied_controller
from ..syntax import meant
from ..targets import DRIVE_BUSES, NVME_SINCE
from .context import Context, Guest, always, of_guests, on_buses
from .driver import has_iothread, wrong_shares
from .problems import Problem

_MODELS = {
    "ide": ("piix3", "piix4", "ich6"),
    "scsi": (
        "auto", "buslogic", "lsilogic", "lsisas1068", "vmpvscsi", "ibmvscsi", "virtio-scsi",
        "lsisas1078", "virtio-transitional", "virtio-non-transitional", "ncr53c90", "dc390",
        "am53c974",
    ),
    "sata": (), "fdc": (), "nvme": (),
}  # fmt: skip
_OTHER_TYPES = ("virtio-serial", "ccid", "usb", "pci", "xenbus", "isa")
_MOST_ON_PCI = 1000  # libvirt 9.0 found room for at most 781, whatever the machine
_MOST = 0xFFFF  # with so many it does not come to an end
_ICH9 = "ich9-"
_VIRTIO_SCSI_ONLY = ("queues", "cmd_per_lun", "max_sectors", "ioeventfd", "iothread")
_ALSO_OF_NVME = ("queues", "ioeventfd")


@of_guests
def controllers(guest: Guest) -> Iterator[Problem]:
    """The controllers of drives, one by one."""
    seen: set[tuple[str, int]] = set()
    for element in guest.controllers:
        kind = element.get("type", "ide")
        if kind not in _MODELS or (kind == "nvme" and guest.domain.libvirt < NVME_SINCE):
            if kind not in _OTHER_TYPES:
                yield guest.find("controller-type", element, "@type", type=kind)
            continue
        index = element.get("index")
        number = whole_number(index)
        if index is not None and (number is None or number >= 1 << 31):
            yield guest.find("controller-index", element, "@index", index=index)
        elif number is not None and (kind, number) in seen:
            yield guest.find("controller-twice", element, "@index", type=kind, index=number)
        seen.add((kind, number))
        yield from _place(guest, element, kind, number)
        if element.get("model") is not None:
            yield from _model(guest, element, kind)
        if len(element):
            yield from _options(guest, element, kind)


def _place(guest: Guest, element: etree._Element, kind: str, number) -> Iterator[Problem]:
    machine = guest.domain.kind
    if machine is None or kind == "fdc":
        return
    is_virtio = element.get("model") in VIRTIO_SCSI_MODELS
    if kind in machine.lacks or (is_virtio and not machine.transport):
        told = {"bus": kind, "machine": machine.title}
        yield guest.find("controller-not-in-machine", element, "@type", **told)
    elif kind == "ide" and number:
        told = {"index": number, "machine": machine.title}
        yield guest.find("controller-ide-once", element, "@index", **told)


def _model(guest: Guest, element: etree._Element, kind: str) -> Iterator[Problem]:
    model = element.get("model")
    if model is not None and model not in _MODELS[kind]:
        yield _no_model(guest, element, kind, _MODELS[kind])
    elif model == "buslogic":
        yield guest.find("controller-model-not-in-qemu", element, "@model", model=model)
    elif model == "ncr53c90":
        yield guest.find("controller-builtin", element, "@model", model=model)
    elif model == "dc390":
        yield guest.find("controller-misnamed", element, "@model")


def _no_model(guest: Guest, element: etree._Element, kind: str, known: Iterable[str]) -> Problem:
    model = element.get("model")
    told = {"type": kind, "model": model, "near": meant("controller/@model", model, [*known])}
    code = "controller-model-misspelt" if told["near"] else "controller-model"
    return guest.find(code, element, "@model", **told)


def _options(guest: Guest, element: etree._Element, kind: str) -> Iterator[Problem]:
    driver = element.find("driver")
    if driver is None:
        return
    machine, model = guest.domain.kind, element.get("model")
    if model in (None, "auto"):
        first = copied_controller(guest.domain)
        model = first.model if first else machine and machine.scsi
    is_virtio = kind == "scsi" and model in (*VIRTIO_SCSI_MODELS, None)
    for name in _VIRTIO_SCSI_ONLY:
        written = driver.get(name)
        is_taken = is_virtio or (kind == "nvme" and name in _ALSO_OF_NVME)
        if written and written.strip(" +0") and not is_taken:
            yield guest.find("controller-option", element, f"driver/@{name}", name=name)
    mapping = driver.find("iothreads/iothread")
    if mapping is not None and not is_virtio:
        yield guest.find("controller-mapping", element, "driver/iothreads")
    elif mapping is not None and driver.get("iothread"):
        yield guest.find("controller-iothread-twice", element, "driver/iothreads")
    elif mapping is not None:
        yield from _mapping(guest, element, driver.findall("iothreads/iothread"))
    thread = whole_number(driver.get("iothread"))
    if thread and is_virtio and guest.domain.is_whole:
        if machine and machine.mmio_if_asked and guest.domain.has_virtio_mmio:
            yield guest.find("controller-in-memory", element, "driver/@iothread")
        if not has_iothread(guest.domain, thread):
            yield guest.find("controller-iothread", element, "driver/@iothread", iothread=thread)


def _mapping(guest: Guest, element: etree._Element, threads: list) -> Iterator[Problem]:
    """Several threads share the queues of a virtio-scsi controller."""
    path, driver = "driver/iothreads", element.find("driver")
    if what := wrong_shares(threads, whole_number(driver.get("queues")) or 0):
        yield guest.find("controller-mapping-wrong", element, path, what=what)
    for thread in threads if guest.domain.is_whole else ():
        number = whole_number(thread.get("id"))
        if number and not has_iothread(guest.domain, number):
            yield guest.find("controller-mapping-undefined", element, path, iothread=number)


@of_guests
def nvme_serials(guest: Guest) -> Iterator[Problem]:
    """Each NVMe controller has a serial number: its own, or that of its disks."""
    drives = {n: one for (kind, n), one in guest.domain.controllers.items() if kind == "nvme"}
    if guest.domain.libvirt < NVME_SINCE:
        return
    serials = {index: written.serial or None for index, written in drives.items()}
    firsts: dict[int, Context] = {}
    for context in [one for one in guest.contexts if one.on("nvme") and one.controller]:
        index, serial = context.controller["index"], context.text("serial")
        firsts.setdefault(index, context)
        other = serials.get(index)
        if serial and other and serial != other:
            told = {"serial": serial, "index": index, "wanted": other}
            yield context.find("nvme-serials-differ", "serial", **told)
        serials[index] = other or serial
    if not guest.domain.is_whole:  # what is not here may still be in the guest
        return
    lines = {element.sourceline: element for element in guest.controllers if drives}
    for index in [index for index, serial in serials.items() if not serial]:
        if index in firsts:
            yield firsts[index].find("nvme-serial-missing", "serial", index=index)
        else:
            element = lines[drives[index].line]
            yield guest.find("nvme-serial-missing", element, "serial", index=index)
    most = max(serials, default=-1)
    skipped = next((index for index in range(most) if index not in serials), None)
    if skipped is not None and most in firsts:
        yield firsts[most].find("nvme-controller-skipped", "serial", index=skipped, most=most)
    elif skipped is not None:
        element, told = lines[drives[most].line], {"index": skipped, "most": most}
        yield guest.find("nvme-controller-skipped", element, "@index", **told)


@of_guests
def usb_controllers(guest: Guest) -> Iterator[Problem]:
    """USB is there or not; and of its controllers only the four parts of one share an index."""
    seen: dict[int | None, bool] = {}
    hosts = [e for e in guest.controllers if e.get("type") == "usb"]
    for element in hosts:
        model, index = element.get("model", ""), element.get("index")
        number, is_part = whole_number(index), model.startswith(_ICH9)
        if model and model not in facts("machines.toml")["usb_ports"]:
            yield _no_model(guest, element, "usb", facts("machines.toml")["usb_ports"])
        if model == "none" and len(hosts) > 1:
            yield guest.find("usb-none-and-more", element, "@model")
        elif number is not None and number in seen and not (is_part and seen[number]):
            yield guest.find("controller-twice", element, "@index", type="usb", index=index)
        seen[number] = is_part


@of_guests
def usb(guest: Guest) -> Iterator[Problem]:
    """A guest can be without USB, and then it has no USB disks."""
    plugged = [context for context in guest.contexts if context.on("usb")]
    if not plugged or not guest.domain.is_whole:
        return
    hosts = [e for e in guest.controllers if e.get("type") == "usb"]
    none = [host for host in hosts if host.get("model") == "none"]
    disabled = [host for host in none if whole_number(host.get("index") or "0") == 0]
    known = {whole_number(host.get("index")) for host in hosts}
    ports: dict[int | None, float] = {}
    for host in hosts:  # parts of one share an index
        index = whole_number(host.get("index") or "0")
        ports[index] = max(_ports(host), ports.get(index, 0))
    at = [hub.find("address") for hub in guest.devices("hub")]
    hubs = {(whole_number(a.get("bus") or "0"), _path(a)[0]) for a in at if a is not None}
    for context in plugged:
        machine = context.machine
        if disabled:
            yield context.find("usb-disabled", "target/@bus", other=disabled[0].sourceline)
        elif not hosts and machine and not machine.has_usb:
            yield context.find("usb-not-in-machine", "target/@bus", machine=machine.title)
        elif (bus := _missing_bus(context, known)) is not None:
            yield context.find("usb-bus-missing", "address/@bus", number=bus)
        elif context.get("type", "address") == "usb":
            yield from _port(context, ports, hubs)


def _missing_bus(context: Context, known: set[int | None]) -> int | None:
    """The bus of a USB address, if no controller has its number."""
    if context.get("type", "address") != "usb":
        return None
    number = whole_number(context.get("bus", "address") or "0")
    if number == 0 and (context.machine is None or context.machine.has_usb):
        return None
    return None if number is None or number in known or None in known else number


def _port(context: Context, ports: dict[int | None, float], hubs: set) -> Iterator[Problem]:
    """The port of a USB address: one of its controller, or of a hub that is there."""
    address = context.child("address")
    bus, (port, *behind) = whole_number(address.get("bus") or "0"), _path(address)
    told = {"number": bus, "port": port}
    if port > ports.get(bus, math.inf):
        yield context.find("usb-port-missing", "address/@port", **told)
    elif behind and behind[0] and (bus, port) not in hubs:
        yield context.find("usb-hub-missing", "address/@port", **told)


def _path(address: etree._Element) -> list[int]:
    """The ports that lead to a place on USB: that of the controller, and then those of hubs."""
    return [whole_number(part) or 0 for part in (address.get("port") or "").split(".", 3)]


def _ports(host: etree._Element) -> float:
    """How many ports a USB controller has; no end of them where that cannot be told."""
    model = host.get("model", "")
    written = whole_number(host.get("ports")) if model.endswith("xhci") else None
    return written or facts("machines.toml")["usb_ports"].get(model, math.inf)


@always
def machine(context: Context) -> Iterator[Problem]:
    """Not every machine has every bus."""
    machine = context.machine
    if machine is not None and context.bus in machine.lacks:
        yield context.find("bus-not-in-machine", "target/@bus", machine=machine.title)
    elif machine is not None and context.on("virtio") and not machine.transport:
        if context.child("address") is None:
            yield context.find("virtio-not-in-machine", "target/@bus", machine=machine.title)


@on_buses(*DRIVE_BUSES)
def far(context: Context) -> Iterator[Problem]:
    """libvirt adds every controller up to the one that a disk needs."""
    index, machine = context.controller.get("index", 0), context.machine
    on_pci = machine is not None and machine.transport == "pci" and machine.scsi != "ibmvscsi"
    if index > (_MOST_ON_PCI if on_pci else _MOST):
        path = "target/@dev" if context.child("address") is None else "address/@controller"
        yield context.find("controller-too-far", path, index=index)


@on_buses("scsi")
def scsi_places(context: Context) -> Iterator[Problem]:
    """Each card has so many targets and units; on the old LSI card there is one target."""
    place, model = context.place, context.controller.get("model")
    if model == "lsilogic" and (target := place.get("target", 0)) != 0:
        yield context.find("lsi-target", "address/@target", target=target)
    for part, most in facts("machines.toml")["scsi_places"].get(model, {}).items():
        if isinstance(value := place.get(part), int) and value > most:
            path = f"address/@{part}" if context.is_addressed else "target/@dev"
            told = {"model": model, "part": part, "value": value, "most": most}
            told |= {"roomy": "virtio-scsi"} if value < 256 and model != "ibmvscsi" else {}
            yield context.find("scsi-place-missing", path, **told)
