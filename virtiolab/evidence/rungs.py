"""The five rungs of the ladder of proof: what each says of a guest, in a form that can be kept.

Each takes a guest and gives what JSON can hold. A refusal is an answer: `{"refusal": …}`.
"""

import re
import threading
from collections.abc import Callable, Mapping
from functools import partial

from ..document import Domain
from . import Progress, no_progress
from .arguments import devices, given
from .guest import BlockDevice, boot
from .images import stand_ins, with_images
from .libvirt import Answer, Libvirt
from .qemu import Qemu, Refused
from .schema import Schema

RUNGS = ("schema", "libvirt", "arguments", "qemu", "guest")


class Climber:
    """The tools to climb with; a context manager. NotInstalled where libvirt or its schema is."""

    def __init__(self, progress: Progress = no_progress):
        self.libvirt = Libvirt(progress)
        try:
            self.schema = Schema()
        except BaseException:
            self.libvirt.close()
            raise

    def __enter__(self) -> "Climber":
        return self

    def __exit__(self, *_) -> None:
        self.libvirt.close()
        self.schema.close()

    def climb(
        self,
        rung: str,
        domain: Domain,
        formats: Mapping[str, str] = {},
        progress: Progress = no_progress,
    ) -> dict:
        """What a rung says of a guest. Where libvirt refuses it, no rung above says anything."""
        if rung == "schema":
            return {
                "faults": [fault._asdict() for d in domain.disks for fault in self.schema.faults(d)]
            }
        answer = self.libvirt.ask(domain, generic=True)
        if rung == "libvirt":
            return _libvirt(answer)
        if answer.is_refused:
            by = "arguments" if answer.is_defined else "libvirt"  # the rung that refuses
            return {"refusal": answer.refusal, "by": by}
        if rung == "arguments":
            return _arguments(answer)
        look = _qemu if rung == "qemu" else partial(_guest, progress)
        return self._on_images(look, answer, formats)

    def _on_images(self, rung: Callable, answer: Answer, formats: Mapping[str, str]) -> dict:
        with with_images() as sandbox:
            made = stand_ins(sandbox, answer, formats)
            try:
                said = rung(sandbox, self.libvirt.ask(made.domain))
            except Refused as refusal:
                return {"refusal": str(refusal), "by": "QEMU"}
            return said | {"notes": made.notes}


_made: list["Climber"] = []
_making = threading.Lock()


def shared(progress: Progress = no_progress) -> Climber:
    """One for all who ask in this process, until it ends."""
    with _making:
        if not _made:
            _made.append(Climber(progress))
    return _made[0]


# As libvirt writes them back: the disks, and the controllers that decide about SCSI.
_WRITTEN = re.compile(
    r"^    <(disk|controller)(?: type='scsi'|(?<=disk) )[^>]*(?:/>|>.*?^    </\1>)", re.M | re.S
)


def _libvirt(answer: Answer) -> dict:
    written = [found[0] for found in _WRITTEN.finditer(answer.xml or "")]
    return {
        "generic_refusal": answer.generic_refusal,
        "refusal": answer.refusal,
        "xml": [re.sub("^    ", "", xml, flags=re.M) for xml in written],
    }


def _arguments(answer: Answer) -> dict:
    """By target: flag, argument, and the path of the image that it is about."""
    targets = devices(answer)
    return {"arguments": {target: [*map(list, given(answer, target))] for target in targets}}


def _qemu(sandbox, answer: Answer) -> dict:
    """By target: what QEMU calls the disk, where it is, what it opened for it, and how."""
    with Qemu(sandbox, answer) as qemu:
        blocks, opened = qemu.blocks(), qemu.opened()
        found = {}
        for target, device in devices(answer).items():
            block = blocks.get(device["id"], {}).get("inserted") or {}
            found[target] = {
                "device": device["driver"],
                "place": qemu.place(device["id"]),
                "format": block.get("drv"),
                "size": block.get("image", {}).get("virtual-size"),
                "cache": block.get("cache"),
            }
        files = [one._asdict() | {"path": one.path.name} for one in opened]
        return {"disks": found, "files": files}


def _guest(progress: Progress, sandbox, answer: Answer) -> dict:
    """What the booted guest sees."""
    found = boot(sandbox, answer, progress)
    return {"disks": [one._asdict() | _for_json(one) for one in found]}


def _for_json(seen: BlockDevice) -> dict:
    return {"start": seen.start.hex(), "drivers": list(seen.drivers)}
