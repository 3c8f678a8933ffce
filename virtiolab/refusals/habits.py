"""What libvirt accepts and a careful admin would not: warnings, and notes about history."""

from collections.abc import Iterator

from ..document import SOURCE_ATTRIBUTES, whole_number
from ..targets import PREFIX_OF_BUS, prefix_of
from .context import Context, Guest, always, of_guests, on_buses, where_written
from .driver import limits_of
from .names import BUSES
from .problems import Problem

_OLD_FORMATS = ("qed", "qcow", "bochs", "cloop", "dmg")
_WRITTEN_THROUGH = ("writeback", "writethrough", "unsafe")
_SLOWEST, _FASTEST = 1025, 65534  # rotations a minute; 1 means that nothing turns
_PLACES = {"ide": {"bus": 2, "unit": 2}, "fdc": {"unit": 2}, "sata": {"unit": 6}}
_LSI_ITSELF = 7


@always
def name_and_bus(context: Context) -> Iterator[Problem]:
    """A name that suggests another bus misleads whoever reads it."""
    prefix = prefix_of(context.target)
    usual = PREFIX_OF_BUS.get(context.bus)
    suits = context.bus in BUSES.get(context.device, BUSES["disk"])  # else it has to move anyway
    if prefix and suits and usual not in (None, prefix):
        yield context.find("name-against-bus", "target/@dev")


@where_written("driver/@type")
def old_format(context: Context) -> Iterator[Problem]:
    """Formats that QEMU still reads and nobody should use."""
    if context.format in _OLD_FORMATS:
        yield context.find("format-old", "driver/@type", format=context.format)


@where_written("driver/@cache")
def unsafe(context: Context) -> Iterator[Problem]:
    """The mode that throws flushes away."""
    if context.get("cache", "driver") == "unsafe":
        yield context.find("cache-unsafe", "driver/@cache")


@where_written("shareable")
def shared_cache(context: Context) -> Iterator[Problem]:
    """Two hosts do not see each other's page cache."""
    cache = context.get("cache", "driver")
    if cache in _WRITTEN_THROUGH and not context.readonly:
        yield context.find("shared-and-cached", "driver/@cache", cache=cache)


@where_written("driver/@detect_zeroes")
def detect_zeroes(context: Context) -> Iterator[Problem]:
    """Zeroes are unmapped only where discarding is allowed."""
    told = context.get("detect_zeroes", "driver"), context.get("discard", "driver")
    if told[0] == "unmap" != told[1] and context.type != "vhostuser":
        yield context.find("zeroes-not-unmapped", "driver/@detect_zeroes")


@where_written("driver/@queue_size", "blockio")
def powers_of_two(context: Context) -> Iterator[Problem]:
    """QEMU takes only powers of two here, and finds out when the guest starts."""
    sizes = [("driver", "queue_size", 2, 1024)]
    sizes += [("blockio", f"{kind}_block_size", 512, 1 << 21) for kind in ("logical", "physical")]
    for holder, name, least, most in sizes:
        value = whole_number(context.get(name, holder)) or 0
        if value and (value & (value - 1) or not least <= value <= most):
            yield context.find("not-a-power-of-two", f"{holder}/@{name}", name=name, value=value)
    logical = whole_number(context.get("logical_block_size", "blockio")) or 0
    if context.on("ide", "sata") and logical > 512:
        yield context.find("blocks-of-512", "blockio/@logical_block_size")


@where_written("target/@rotation_rate")
def rotation_rate(context: Context) -> Iterator[Problem]:
    """1 for flash, else as many turns as real disks make."""
    rate = whole_number(context.get("rotation_rate", "target")) or 0
    if rate > 1 and not _SLOWEST <= rate <= _FASTEST:
        yield context.find("rotation-rate-odd", "target/@rotation_rate", rate=rate)


@where_written("iotune")
def bursts(context: Context) -> Iterator[Problem]:
    """A burst is allowed beyond a limit, for so long: each needs the one before."""
    found = limits_of(context)
    for name, value in found.items():
        base = name.removesuffix("_length" if name.endswith("_length") else "_max")
        if value and base != name and not found.get(base):
            yield context.find("burst-without-limit", f"iotune/{name}", name=name, base=base)


@where_written("address/@unit", "address/@bus")
def places(context: Context) -> Iterator[Problem]:
    """A place that the controller does not have is found out when the guest starts."""
    for part, count in _PLACES.get(context.bus, {}).items():
        value = context.place.get(part)
        if isinstance(value, int) and value >= count:
            yield context.find("address-nowhere", f"address/@{part}", part=part, value=value)
    if context.controller.get("model") == "lsilogic" and context.place.get("unit") == _LSI_ITSELF:
        yield context.find("address-of-controller", "address/@unit")


@on_buses("scsi")
def lsi_by_default(context: Context) -> Iterator[Problem]:
    """Whoever writes bus='scsi' mostly means virtio-scsi, and gets a card of 1995."""
    lacks = context.machine.lacks if context.machine else ()
    if context.domain.is_whole and not context.is_controller_chosen and "scsi" not in lacks:
        if context.controller.get("model") == "lsilogic":
            yield context.find("scsi-gets-lsi", "target/@bus", machine=context.machine.title)


@of_guests
def images(guest: Guest) -> Iterator[Problem]:
    """One image behind two disks that write is soon no image."""
    first: dict[tuple, Context] = {}
    for context in guest.contexts:
        if not context.path or context.readonly or context.child("shareable") is not None:
            continue
        other = first.setdefault((context.type, context.protocol, context.path), context)
        if other is not context:
            path = f"source/@{SOURCE_ATTRIBUTES[context.type]}"
            yield context.find("image-twice", path, other=other.line)
