"""What libvirt accepts and a careful admin would not: warnings, and notes about history."""

from collections.abc import Iterator

from ..form import number
from ..names import PREFIX_OF_BUS, prefix_of
from .driver import limits_of
from .problems import Problem
from .sights import PATHS, Guest, Sight, always, of_guests, where_written

# What the end of a file's name says about its format, where it says anything.
_FORMAT_OF_SUFFIX = {
    "qcow2": "qcow2", "qcow": "qcow", "qed": "qed", "vmdk": "vmdk", "vdi": "vdi", "vhdx": "vhd",
    "vhd": "vpc", "vpc": "vpc", "raw": "raw", "iso": "raw",
}  # fmt: skip
_OLD_FORMATS = ("qed", "qcow", "bochs", "cloop", "dmg")
_WRITTEN_THROUGH = ("writeback", "writethrough", "unsafe")
_SLOWEST, _FASTEST = 1025, 65534  # rotations a minute; 1 means that nothing turns
_PLACES = {"ide": {"bus": 2, "unit": 2}, "fdc": {"unit": 2}, "sata": {"unit": 6}}
_LSI_ITSELF = 7


@always
def name_and_bus(sight: Sight) -> Iterator[Problem]:
    """A name that suggests another bus misleads whoever reads it."""
    prefix = prefix_of(sight.disk.target)
    usual = PREFIX_OF_BUS.get(sight.bus)
    if prefix and usual not in (None, prefix) and sight.suits:  # else it has to move anyway
        yield sight.find("name-against-bus", "target/@dev")


@always
def newer(sight: Sight) -> Iterator[Problem]:
    """What only the newest libvirt knows."""
    if sight.on("nvme") or (sight.disk.target or "").startswith("nvme"):
        yield sight.find("nvme-is-new", "target/@dev")


@always
def suffix_and_format(sight: Sight) -> Iterator[Problem]:
    """The end of the path says one format, the disk gets another."""
    wanted = _FORMAT_OF_SUFFIX.get((sight.path or "").rpartition(".")[2].lower())
    if wanted and sight.type in ("file", "network") and sight.format not in (wanted, None):
        code = "format-unwritten" if sight.get("type", "driver") is None else "format-other"
        yield sight.find(code, "driver/@type", suffix=wanted, format=sight.format)


@where_written("driver/@type")
def old_format(sight: Sight) -> Iterator[Problem]:
    """Formats that QEMU still reads and nobody should use."""
    if sight.format in _OLD_FORMATS:
        yield sight.find("format-old", "driver/@type", format=sight.format)


@where_written("driver/@cache")
def unsafe(sight: Sight) -> Iterator[Problem]:
    """The mode that throws flushes away."""
    if sight.get("cache", "driver") == "unsafe":
        yield sight.find("cache-unsafe", "driver/@cache")


@where_written("shareable")
def shared_cache(sight: Sight) -> Iterator[Problem]:
    """Two hosts do not see each other's page cache."""
    cache = sight.get("cache", "driver")
    if cache in _WRITTEN_THROUGH and not sight.readonly:
        yield sight.find("shared-and-cached", "driver/@cache", cache=cache)


@where_written("driver/@detect_zeroes")
def detect_zeroes(sight: Sight) -> Iterator[Problem]:
    """Zeroes are unmapped only where discarding is allowed."""
    told = sight.get("detect_zeroes", "driver"), sight.get("discard", "driver")
    if told[0] == "unmap" != told[1] and sight.type != "vhostuser":
        yield sight.find("zeroes-not-unmapped", "driver/@detect_zeroes")


@where_written("driver/@queue_size", "blockio")
def powers_of_two(sight: Sight) -> Iterator[Problem]:
    """QEMU takes only powers of two here, and finds out when the guest starts."""
    sizes = [("driver", "queue_size", 2, 1024)]
    sizes += [("blockio", f"{kind}_block_size", 512, 1 << 21) for kind in ("logical", "physical")]
    for holder, name, least, most in sizes:
        value = _number(sight.get(name, holder))
        if value and (value & (value - 1) or not least <= value <= most):
            yield sight.find("not-a-power-of-two", f"{holder}/@{name}", name=name, value=value)
    if sight.on("ide", "sata") and _number(sight.get("logical_block_size", "blockio")) > 512:
        yield sight.find("blocks-of-512", "blockio/@logical_block_size")


def _number(text: str | None) -> int:
    try:
        return number(text or "0")
    except ValueError:
        return 0


@where_written("target/@rotation_rate")
def rotation_rate(sight: Sight) -> Iterator[Problem]:
    """1 for flash, else as many turns as real disks make."""
    rate = _number(sight.get("rotation_rate", "target"))
    if rate > 1 and not _SLOWEST <= rate <= _FASTEST:
        yield sight.find("rotation-rate-odd", "target/@rotation_rate", rate=rate)


@where_written("iotune")
def bursts(sight: Sight) -> Iterator[Problem]:
    """A burst is allowed beyond a limit, for so long: each needs the one before."""
    found = limits_of(sight)
    for name, value in found.items():
        base = name.removesuffix("_length" if name.endswith("_length") else "_max")
        if value and base != name and not found.get(base):
            yield sight.find("burst-without-limit", f"iotune/{name}", name=name, base=base)


@where_written("address/@unit", "address/@bus")
def places(sight: Sight) -> Iterator[Problem]:
    """A place that the controller does not have is found out when the guest starts."""
    for part, count in _PLACES.get(sight.bus, {}).items():
        value = sight.place.get(part)
        if isinstance(value, int) and value >= count:
            yield sight.find("address-nowhere", f"address/@{part}", part=part, value=value)
    if sight.controller.get("model") == "lsilogic" and sight.place.get("unit") == _LSI_ITSELF:
        yield sight.find("address-of-controller", "address/@unit")


@always
def lsi_by_default(sight: Sight) -> Iterator[Problem]:
    """Whoever writes bus='scsi' mostly means virtio-scsi, and gets a card of 1995."""
    if sight.on("scsi") and sight.domain.complete and not sight.is_controller_chosen:
        if sight.controller.get("model") == "lsilogic":
            yield sight.find("scsi-gets-lsi", "target/@bus", machine=sight.machine.title)


@of_guests
def images(guest: Guest) -> Iterator[Problem]:
    """One image behind two disks that write is soon no image."""
    first: dict[tuple, Sight] = {}
    for sight in guest.sights:
        if not sight.path or sight.readonly or sight.child("shareable") is not None:
            continue
        other = first.setdefault((sight.type, sight.protocol, sight.path), sight)
        if other is not sight:
            path = f"source/@{PATHS[sight.type]}"
            yield sight.find("image-twice", path, other=other.disk.line)
