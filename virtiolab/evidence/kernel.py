"""A kernel and an initramfs for a guest that only looks at its disks: from the distribution's own
packages, fetched without being root, and kept in the user's cache."""

import contextlib
import io
import lzma
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
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
    kept = _cache()
    if not (kept / "initramfs").exists():
        made = _fetch(sandbox, progress)
        try:
            return _keep(made, kept)
        except OSError:  # no place of the user's own to keep it
            return _known(made)
    return _known(kept)


def _known(folder: Path) -> Kernel:
    release = (folder / "release").read_text(encoding="utf-8")
    return Kernel(folder / "vmlinuz", folder / "initramfs", release)


def _cache() -> Path:
    """Where it is kept; the name changes with what is in it."""
    above = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    inside = repr((PACKAGES, MODULES)).encode() + INIT.read_bytes()
    return above / "virtiolab" / f"guest-{zlib.crc32(inside):08x}"


def _keep(made: Path, kept: Path) -> Kernel:
    """Copy it into the cache, in one step, as others may be about to."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as near:
        shutil.copytree(made, f"{near}/guest")
        with contextlib.suppress(OSError):  # another was quicker
            os.rename(f"{near}/guest", kept)
    return _known(kept)


def _fetch(sandbox: Sandbox, progress: Progress) -> Path:
    """A folder with vmlinuz, initramfs and release, made from the packages."""
    if not all(shutil.which(name, path=PATH) for name in ("apt-get", "apt-cache", "dpkg-deb")):
        raise NotInstalled(HOW_TO_GET_IT)
    progress(0.0, "the guest's kernel is fetched, 70 MB, this once")
    packages = _download(sandbox)
    progress(0.0, "the kernel is unpacked")
    files = {name: content for package in packages for name, content in _wanted(package)}
    made = sandbox.folder / "guest"
    made.mkdir()
    modules = {Path(n).name.partition(".")[0]: _plain(n, c) for n, c in files.items() if ".ko" in n}
    image = next(name for name in files if "/vmlinuz-" in name)
    busybox = next(name for name in files if name.endswith("/busybox"))
    (made / "vmlinuz").write_bytes(files[image])
    (made / "initramfs").write_bytes(_initramfs(files[busybox], modules))
    (made / "release").write_text(image.partition("vmlinuz-")[2], encoding="utf-8")
    return made


def _download(sandbox: Sandbox) -> list[Path]:
    """The packages as files; with lists of our own where the system has none."""
    for own_lists in (False, True):
        apt = _apt(sandbox) if own_lists else []
        if own_lists:
            _run(sandbox, ["apt-get", *apt, "-qq", "update"])
        depends = _run(sandbox, ["apt-cache", *apt, "depends", "--important", PACKAGES[0]])
        found = re.search(r"Depends: (linux-image-\S+)", depends.stdout)
        if found:
            _run(sandbox, ["apt-get", *apt, "-qq", "download", found[1], *PACKAGES[1:]])
        packages = sorted(sandbox.folder.glob("*.deb"))
        if len(packages) == len(PACKAGES):
            return packages
    raise NotInstalled(f"{HOW_TO_GET_IT}, or cannot reach its packages")


def _apt(sandbox: Sandbox) -> list[str]:
    """Options with which apt keeps all that it writes in the sandbox."""
    for name in ("lists/partial", "cache/archives/partial"):
        (sandbox.folder / name).mkdir(parents=True, exist_ok=True)
    return [
        "-o", f"Dir::State::Lists={sandbox.folder}/lists",
        "-o", f"Dir::Cache={sandbox.folder}/cache",
    ]  # fmt: skip


def _run(sandbox: Sandbox, command: list[str]) -> subprocess.CompletedProcess:
    proxies = {name: os.environ[name] for name in _PROXIES if name in os.environ}
    try:
        return sandbox.run(command, DEADLINE, proxies)
    except NoAnswer as silence:
        raise NotInstalled(f"{HOW_TO_GET_IT}: {silence}") from None


def _wanted(package: Path) -> Iterator[tuple[str, bytes]]:
    """The kernel, its modules for disks, and busybox, out of a package."""
    unpack = [shutil.which("dpkg-deb", path=PATH), "--fsys-tarfile", package]
    with subprocess.Popen(unpack, stdout=subprocess.PIPE) as opened:
        with tarfile.open(fileobj=opened.stdout, mode="r|") as files:
            for file in files:
                if file.isfile() and _WANTED.search(file.name):
                    yield file.name, files.extractfile(file).read()


def _plain(name: str, content: bytes) -> bytes:
    """A module as the kernel takes it: newer packages compress them."""
    return lzma.decompress(content) if name.endswith(".xz") else content


def _initramfs(busybox: bytes, modules: dict[str, bytes]) -> bytes:
    """An archive that the kernel unpacks into memory: busybox, the modules in order, and `init`."""
    archive = Archive()
    for folder in ("bin", "dev", "proc", "sys", "modules"):
        archive.add(folder, mode=0o040755)
    archive.add("dev/console", mode=0o020600, device=(5, 1))
    archive.add("bin/busybox", busybox, 0o100755)
    archive.add("init", INIT.read_bytes(), 0o100755)
    for number, name in enumerate(in_order(modules)):
        archive.add(f"modules/{number:03}-{name}.ko", modules[name], 0o100644)
    return archive.bytes()


def in_order(modules: dict[str, bytes]) -> list[str]:
    """The wanted modules and all that they depend on, each after what it depends on."""
    by_name = {name.replace("-", "_"): name for name in modules}
    ordered: dict[str, None] = {}

    def put(name: str) -> None:
        known = by_name.get(name.replace("-", "_"))
        if known is None or known in ordered:  # None: it is built into the kernel
            return
        for other in _depends(modules[known]):
            put(other)
        ordered[known] = None

    for name in MODULES:
        put(name)
    return list(ordered)


def _depends(module: bytes) -> list[str]:
    """What a module says that it depends on (its .modinfo)."""
    found = re.search(rb"\0depends=([^\0]*)\0", b"\0" + module)
    return found[1].decode().split(",") if found and found[1] else []


class Archive:
    """A cpio archive in the `newc` format (the kernel's Documentation, initramfs buffer format)."""

    def __init__(self):
        self._written, self._number = io.BytesIO(), 0

    def add(self, name: str, content: bytes = b"", mode: int = 0, device: tuple = (0, 0)) -> None:
        """A file, a folder or a device, by its mode."""
        self._number += 1
        nul_ended = name.encode() + b"\0"
        fields = (
            self._number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(nul_ended), 0,
        )  # fmt: skip
        self._write(b"070701" + b"".join(b"%08x" % field for field in fields) + nul_ended)
        self._write(content)

    def bytes(self) -> bytes:
        """The whole archive."""
        self.add("TRAILER!!!")
        return self._written.getvalue()

    def _write(self, part: bytes) -> None:
        self._written.write(part + b"\0" * (-len(part) % 4))
