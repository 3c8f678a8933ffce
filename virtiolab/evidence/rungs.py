"""The five rungs of the ladder of proof: what each says of a guest, in a form that can be kept.

Each takes a guest and gives what JSON can hold. A refusal is an answer: `{"refusal": …}`.
"""

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property

from ..document import Domain
from ..xml import dedented
from . import Progress, no_progress
from .arguments import devices, given, holder
from .guest import boot
from .guests import as_text
from .images import StandIns, stand_ins
from .libvirt import Answer, Libvirt
from .qemu import Qemu, Refused
from .schema import Schema

RUNGS = ("schema", "libvirt", "arguments", "qemu", "guest")
KEPT = 16  # answers; a climb has two, about a guest and about it with images of ours


class Climber(AbstractContextManager):
    """The tools to climb with, all in one sandbox; a context manager. NotInstalled where there is
    no libvirt."""

    def __init__(self, progress: Progress = no_progress):
        self.libvirt = Libvirt(progress)
        self._answers: dict[str, Answer] = {}

    def __exit__(self, *_) -> None:
        self.libvirt.sandbox.close()

    @cached_property
    def schema(self) -> Schema:
        """The schema; NotInstalled where there is none."""
        return Schema(self.libvirt.sandbox)

    def ask(self, domain: Domain) -> Answer:
        """What libvirt makes of a guest, with QEMU and without; about the same it is asked once."""
        guest = as_text(domain.element)
        answer = self._answers.get(guest) or self.libvirt.ask(domain, generic=True)
        if answer.answered:  # else it may be another the next time
            self._answers = dict([*self._answers.items(), (guest, answer)][-KEPT:])
        return answer

    def climb(
        self,
        rung: str,
        domain: Domain,
        formats: Mapping[str, str] = {},
        progress: Progress = no_progress,
    ) -> dict:
        """What a rung says of a guest. Where libvirt refuses it, no rung above says anything."""
        if rung == "schema":
            faults = (fault for disk in domain.disks for fault in self.schema.faults(disk))
            return {"faults": [fault._asdict() for fault in faults]}
        answer = self.ask(domain)
        if rung == "libvirt":
            return _libvirt(answer)
        if answer.is_refused:
            by = "arguments" if answer.is_defined else "libvirt"  # the rung that refuses
            return {"refusal": answer.refusal, "by": by}
        if rung == "arguments":
            told = {target: [*map(list, given(answer, target))] for target in devices(answer)}
            return {"arguments": told}
        with stand_ins(self.libvirt.sandbox, answer, formats) as made:
            shown = self.ask(made.domain)
            try:
                said = _qemu(made, shown) if rung == "qemu" else _guest(made, shown, progress)
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


def _libvirt(answer: Answer) -> dict:
    """The refusals; and written back: the disks, and the controllers that decide about SCSI."""
    counting = "devices/disk | devices/controller[@type='scsi']"
    written = answer.root.xpath(counting) if answer.is_defined else []
    return {
        "generic_refusal": answer.generic_refusal,
        "refusal": answer.refusal,
        "xml": [dedented(element) for element in written],
    }


def _qemu(made: StandIns, answer: Answer) -> dict:
    """By target: what QEMU calls the disk, where it is, what it opened for it, and how."""
    with Qemu(made, answer) as qemu:
        blocks, found = qemu.blocks(), {}
        for target, device in devices(answer).items():
            inner = holder(answer, device)
            block = blocks.get(inner["id"], {}).get("inserted") or {}
            image = answer.blocks.get(inner.get("drive"), {})
            is_raw = image and "file" not in image  # no format stands on what fetches the bytes
            found[target] = {
                "device": device["driver"],
                "place": qemu.place(inner["id"]),
                "format": "raw" if is_raw else block.get("drv"),
                "size": block.get("image", {}).get("virtual-size"),
                "cache": block.get("cache"),
            }
        files = [one._asdict() | {"path": one.path.name} for one in qemu.opened()]
        return {"disks": found, "files": files}


def _guest(made: StandIns, answer: Answer, progress: Progress) -> dict:
    """What the booted guest sees."""
    found = boot(made, answer, progress)
    for_json = ({"start": one.start.hex(), "drivers": list(one.drivers)} for one in found)
    return {"disks": [one._asdict() | more for one, more in zip(found, for_json)]}
