"""A kernel and an initramfs for a guest that only looks at its disks: from the distribution's own
packages, fetched without being root, and kept in the user's cache."""

import contextlib
import lzma
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from . import PATH, NoAnswer, NotInstalled, Progress
from .sandbox import Sandbox

PACKAGES = ("linux-image-amd64", "busybox-static")
INIT = Path(__file__).with_name("init.sh")
DEADLINE = 600.0  # seconds, to fetch 70 MB
HOW_TO_GET_IT = (
    "the guest's kernel comes from Debian's packages linux-image-amd64 and busybox-static, fetched"
    " with apt-get and unpacked with dpkg-deb; one of these is missing here"
)
# The drivers of what libvirt can show a guest on x86; what they depend on comes with them.
MODULES = (
    "virtio_pci", "virtio_blk", "virtio_scsi", "ata_piix", "ahci", "floppy", "sym53c8xx", "mptspi",
    "mptsas", "megaraid_sas", "vmw_pvscsi", "uhci-hcd", "ehci-pci", "xhci-pci", "usb-storage",
    "sd_mod", "sr_mod",
)  # fmt: skip
_WANTED = re.compile(
    r"/vmlinuz-|/bin/busybox$"
    r"|/kernel/(arch|block|crypto|lib|drivers/(ata|block|cdrom|message|scsi|usb|virtio))/.*\.ko"
)
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class Kernel(NamedTuple):
    """What boots: two files, and the kernel's version."""

    image: Path
    initramfs: Path
    release: str


def kernel(sandbox: Sandbox, progress: Progress) -> Kernel:
    """From the cache; or fetched, which takes 70 MB and half a minute. NotInstalled where it cannot
    be had."""
    places = (_cache(), sandbox.folder / "kernel")  # not everybody has a place of his own
    if not any(map(Path.exists, places)):
        _fetch(sandbox, places, progress)
    kept = next(filter(Path.exists, places))
    release = (kept / "release").read_text(encoding="utf-8")
    return Kernel(kept / "vmlinuz", kept / "initramfs", release)


def _cache() -> Path:
    """Where it is kept; the name changes with what is in it."""
    above = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    inside = repr((PACKAGES, MODULES)).encode() + INIT.read_bytes()
    return above / "virtiolab" / f"guest-{zlib.crc32(inside):08x}"


def _fetch(sandbox: Sandbox, places: Iterable[Path], progress: Progress) -> None:
    """Put vmlinuz, initramfs and release, made from the packages, in the first place that takes
    them."""
    if not all(shutil.which(name, path=PATH) for name in ("apt-get", "apt-cache", "dpkg-deb")):
        raise NotInstalled(HOW_TO_GET_IT)
    with tempfile.TemporaryDirectory(dir=sandbox.folder) as folder:
        progress(0.0, "the guest's kernel is fetched, 70 MB, this once")
        packages = _download(sandbox, folder)
        progress(0.0, "the kernel is unpacked")
        files = {name: content for package in packages for name, content in _wanted(package)}
    image = next(name for name in files if "/vmlinuz-" in name)
    busybox = next(name for name in files if name.endswith("/busybox"))
    modules = {
        Path(name).name.partition(".")[0]: lzma.decompress(it) if name.endswith(".xz") else it
        for name, it in files.items()
        if ".ko" in name  # newer packages compress them
    }
    # What the kernel unpacks into memory: busybox, the modules in order, and `init`.
    inside = [File(name, mode=0o040755) for name in ("bin", "dev", "proc", "sys", "modules")]
    inside += [
        File("dev/console", mode=0o020600, device=(5, 1)),
        File("bin/busybox", files[busybox], 0o100755),
        File("init", INIT.read_bytes(), 0o100755),
    ]
    for number, name in enumerate(in_order(modules)):
        inside.append(File(f"modules/{number:03}-{name}.ko", modules[name], 0o100644))
    release = image.partition("vmlinuz-")[2].encode()
    made = {"vmlinuz": files[image], "initramfs": archive(*inside), "release": release}
    for place in places:
        with contextlib.suppress(OSError):  # it is no place, or another was quicker
            place.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=place.parent, ignore_cleanup_errors=True) as near:
                for name, content in made.items():
                    Path(near, name).write_bytes(content)
                os.rename(near, place)  # in one step, as others may be about to
        if place.exists():
            return


def _download(sandbox: Sandbox, folder: str) -> list[Path]:
    """The packages as files; with lists of our own where the system has none."""

    def run(*command: str) -> str:
        try:
            return sandbox.run(list(command), DEADLINE, proxies, cwd=folder).stdout
        except NoAnswer as silence:
            raise NotInstalled(f"{HOW_TO_GET_IT}: {silence}") from None

    proxies = {name: os.environ[name] for name in _PROXIES if name in os.environ}
    for options in ([], ["-o", f"Dir::State::Lists={folder}/lists", "-o", f"Dir::Cache={folder}"]):
        if options:
            for name in ("lists/partial", "archives/partial"):
                Path(folder, name).mkdir(parents=True)
            run("apt-get", *options, "-qq", "update")
        depends = run("apt-cache", *options, "depends", "--important", PACKAGES[0])
        if found := re.search(r"Depends: (linux-image-\S+)", depends):
            run("apt-get", *options, "-qq", "download", found[1], *PACKAGES[1:])
        packages = sorted(Path(folder).glob("*.deb"))
        if len(packages) == len(PACKAGES):
            return packages
    raise NotInstalled(f"{HOW_TO_GET_IT}, or cannot reach its packages")


def _wanted(package: Path) -> Iterator[tuple[str, bytes]]:
    """The kernel, its modules for disks, and busybox, out of a package."""
    unpack = [shutil.which("dpkg-deb", path=PATH), "--fsys-tarfile", str(package)]
    with subprocess.Popen(unpack, stdout=subprocess.PIPE) as opened:
        with tarfile.open(fileobj=opened.stdout, mode="r|") as files:
            for file in files:
                if file.isfile() and _WANTED.search(file.name):
                    yield file.name, files.extractfile(file).read()


def in_order(modules: dict[str, bytes]) -> list[str]:
    """The wanted modules and all that they depend on, each after what it depends on."""
    by_name = {name.replace("-", "_"): name for name in modules}
    ordered: dict[str, None] = {}

    def put(name: str) -> None:
        known = by_name.get(name.replace("-", "_"))
        if known is None or known in ordered:  # None: it is built into the kernel
            return
        # What it depends on, it says in its .modinfo.
        found = re.search(rb"\0depends=([^\0]+)\0", b"\0" + modules[known])
        for other in found[1].decode().split(",") if found else ():
            put(other)
        ordered[known] = None

    for name in MODULES:
        put(name)
    return list(ordered)


class File(NamedTuple):
    """A file, a folder or a device, by its mode."""

    name: str
    content: bytes = b""
    mode: int = 0
    device: tuple[int, int] = (0, 0)


def archive(*files: File) -> bytes:
    """A cpio archive in the `newc` format (the kernel's Documentation, initramfs buffer format)."""
    written = bytearray()
    for number, file in enumerate((*files, File("TRAILER!!!")), 1):
        name, size = file.name.encode() + b"\0", len(file.content)
        fields = (number, file.mode, 0, 0, 1, 0, size, 0, 0, *file.device, len(name), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        for part in (header + name, file.content):
            written += part + b"\0" * (-len(part) % 4)
    return bytes(written)
