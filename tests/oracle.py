"""What the real libvirt says of a domain's disks, in the words of our answers, to compare them."""

from lxml import etree

from virtiolab import infer

# QEMU's binaries for all machines that are asked about.
PACKAGES = "qemu-system-x86 qemu-system-arm qemu-system-ppc qemu-system-misc"

DISK_DRIVERS = (
    "virtio-blk",
    "vhost-user-blk",
    "ide-",
    "scsi-hd",
    "scsi-cd",
    "scsi-block",
    "usb-storage",
    "floppy",
)


def what_libvirt_says(answer) -> dict[str, dict]:
    """By target: what libvirt wrote back, and the QEMU device, in the words of our answers."""
    root = etree.fromstring(answer.xml)
    models = {
        (c.get("type"), c.get("index")): c.get("model") for c in root.iterfind("devices/controller")
    }
    # Libvirt gives QEMU the disks in the order in which it writes them back.
    devices = iter(
        [device for device in answer.devices if device["driver"].startswith(DISK_DRIVERS)]
    )
    by_id = {device.get("id"): device["driver"] for device in answer.devices}
    said = {}
    for disk in root.iterfind("devices/disk"):
        bus, address = disk.find("target").get("bus"), disk.find("address")
        device = next(devices)
        place = dict(address.items()) if address is not None else None
        readonly = disk.find("readonly") is not None
        said[disk.find("target").get("dev")] = {
            # An empty drive is written back as type='file', whatever it was.
            "type": None if disk.find("source") is None else disk.get("type"),
            "bus": bus,
            "device": disk.get("device"),
            "driver": disk.find("driver").get("name"),
            "format": disk.find("driver").get("type"),
            "readonly": readonly,
            # virDomainDiskDefFormat does not write the "no" of a read-only disk.
            "snapshot": disk.get("snapshot") or ("no" if readonly else None),
            "address": _address(place),
            "controller": _controller(bus, place, models),
            "qemu_device": device["driver"],
            "virtio": device["driver"].startswith(("virtio-blk", "vhost-user-blk"))
            or by_id.get(device.get("bus", "").partition(".")[0], "").startswith("virtio-scsi"),
        }
    return said


def _address(place: dict | None) -> dict | None:
    """Of a drive's address everything; of others the type, as libvirt picks the numbers."""
    if place is None or place["type"] != "drive":
        return place and {"type": place["type"]}
    return {name: value if name == "type" else int(value) for name, value in place.items()}


def _controller(bus: str, place: dict | None, models: dict) -> dict | None:
    if place is None or place["type"] != "drive":
        return None
    return {
        "type": bus,
        "index": int(place["controller"]),
        "model": models[bus, place["controller"]],
    }


def what_we_say(disk) -> dict:
    """The same answers, from infer()."""
    answers = infer(disk)
    said = {name: getattr(answers, name).value for name in answers._fields}
    del said["cache"]  # libvirt writes back only what was written
    if disk.child("source") is None:
        said["type"] = None
    return said | {"address": _address(said["address"])}
