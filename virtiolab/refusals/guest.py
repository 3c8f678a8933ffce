"""What libvirt refuses in how the disks of a guest go together, and with the rest of it."""

from collections import defaultdict
from collections.abc import Iterator

from lxml import etree

from ..document import whole_number
from ..targets import DRIVE_BUSES, DRIVE_PARTS
from .context import Context, Guest, of_guests
from .driver import limits_of
from .problems import Problem


@of_guests
def targets(guest: Guest) -> Iterator[Problem]:
    """A name is for one disk."""
    first: dict[str, Context] = {}
    for context in guest.contexts:
        dev = context.target
        if dev is not None and first.setdefault(dev, context) is not context:
            yield context.find("target-twice", "target/@dev", other=first[dev].line)


@of_guests
def drive_addresses(guest: Guest) -> Iterator[Problem]:
    """A place on a controller is for one disk, or for one SCSI device of the host."""
    taken: dict[tuple, int] = {}
    if any(context.on("scsi") for context in guest.contexts):
        for device in guest.devices("hostdev"):
            address = device.find("address")
            is_drive = address is not None and address.get("type") == "drive"
            if device.get("type") == "scsi" and is_drive:
                parts = (whole_number(address.get(part, "0")) for part in DRIVE_PARTS)
                taken["scsi", *parts] = device.sourceline
    for context in guest.contexts:
        place = context.place
        if context.bus in DRIVE_BUSES and place.get("type") == "drive":
            key = (context.bus, *(place[part] for part in DRIVE_PARTS))
            if key in taken:
                path = "target/@dev" if context.child("address") is None else "address"
                yield context.find("address-twice", path, other=taken[key])
            taken.setdefault(key, context.line)


@of_guests
def boot_orders(guest: Guest) -> Iterator[Problem]:
    """Each device has its own turn, and none where <os> tells what to boot from."""
    found = guest.beside("boot")
    by_os = guest.root.find("os/boot") if found and guest.domain.complete else None
    seen: dict[int, etree._Element] = {}
    for boot in found:
        order = whole_number(boot.get("order"))
        other = seen.setdefault(order, boot) if order else boot
        if other is not boot:
            facts = {"order": order, "other": other.sourceline}
            yield guest.find_in(boot.getparent(), "boot-order-twice", "boot/@order", **facts)
        elif order and by_os is not None:
            other = by_os.sourceline
            yield guest.find_in(boot.getparent(), "boot-order-and-os", "boot", other=other)


@of_guests
def aliases(guest: Guest) -> Iterator[Problem]:
    """A name that the user gives is for one device."""
    seen: dict[str, etree._Element] = {}
    for alias in guest.beside("alias"):
        name = alias.get("name", "")
        other = seen.setdefault(name, alias)
        devices = {alias.getparent(), other.getparent()}
        if name.startswith("ua-") and other is not alias and devices & guest.context_of.keys():
            told = {"other": other.sourceline}
            yield guest.find_in(alias.getparent(), "alias-twice", "alias/@name", **told)


@of_guests
def groups_of_limits(guest: Guest) -> Iterator[Problem]:
    """Disks that share limits have the same ones, and somebody has to say which."""
    groups: dict[str, list[Context]] = defaultdict(list)
    for context in guest.contexts:
        limits = context.child("iotune")
        if limits is not None and limits.findtext("group_name"):
            groups[limits.findtext("group_name")].append(context)
    for name, contexts in groups.items():
        told = [(s, found) for s in contexts if any((found := _limits(s)).values())]
        for context in contexts if not told else ():
            yield context.find("limits-group-alone", "iotune/group_name", group=name)
        for context, found in told[1:]:
            if found != told[0][1]:
                other = told[0][0].line
                yield context.find("limits-differ", "iotune", group=name, other=other)


def _limits(context: Context) -> dict[str, int]:
    return {name: value for name, value in limits_of(context).items() if value}


@of_guests
def throttle_groups(guest: Guest) -> Iterator[Problem]:
    """A filter names a group of limits that the guest has."""
    if "throttlefilters" not in guest.written:
        return
    groups = guest.root.iterfind("throttlegroups/throttlegroup")
    known = {group.findtext("group_name"): len(group.findall("*")) > 1 for group in groups}
    for context in guest.contexts:
        if context.child("throttlefilters") is not None:
            yield from _filters(context, known)


def _filters(context: Context, known: dict[str | None, bool]) -> Iterator[Problem]:
    """`known` are the groups of the guest by name, and whether limits are written in each."""
    found = context.child("throttlefilters").findall("throttlefilter")
    seen: set[str | None] = set()
    iotune = context.child("iotune")
    if found and iotune is not None and (_limits(context) or iotune.findtext("group_name")):
        yield context.find("throttle-filters-and-limits", "iotune")
    for one in found:
        path, name = "throttlefilters/throttlefilter/@group", one.get("group")
        facts = {"element": one, "group": name}
        if name in seen:
            yield context.find("throttle-filter-twice", path, **facts)
        elif context.domain.is_whole and name not in known:
            yield context.find("throttle-group-missing", path, **facts)
        elif context.domain.is_whole and not known[name]:
            yield context.find("throttle-group-empty", path, **facts)
        seen.add(name)


@of_guests
def shared_memory(guest: Guest) -> Iterator[Problem]:
    """The server of a vhost-user disk reads and writes the guest's memory."""
    served = [context for context in guest.contexts if context.type in ("vhostuser", "vhostvdpa")]
    if served and guest.domain.is_whole and not _is_shared(guest.root):
        for context in served:
            yield context.find("memory-not-shared", "@type", type=context.type)


def _is_shared(root: etree._Element) -> bool:
    access = root.find("memoryBacking/access")
    of_all = None if access is None else access.get("mode")
    modes = [cell.get("memAccess", of_all) for cell in root.iterfind("cpu/numa/cell")]
    return {*(modes or [of_all])} == {"shared"}
