"""The way of one write and of one flush from the guest to the disk, as a cache mode makes it.

All of it follows from the three switches that libvirt gives to QEMU for the mode, and these are read
from the record of the real ones. What is said of it stands in writes.toml.
"""

from functools import cache
from typing import Any, NamedTuple

from .. import data
from ..evidence.record import recorded

# The switches as QEMU calls them, and what it writes.
_SWITCHES = {"direct": "cache.direct", "no_flush": "cache.no-flush", "write_cache": "write-cache"}
_WORDS = {True: "true", False: "false"}


def facts() -> dict[str, Any]:
    """What is said of it."""
    return data.facts("course/writes.toml")


class Step(NamedTuple):
    """One of them: its `name`, and which of its forms it has here ("all" if there is only one)."""

    name: str
    form: str

    @property
    def says(self) -> str:
        """It, in a sentence or two."""
        return facts()["steps"][self.name][self.form]


class Way(NamedTuple):
    """What a cache mode (None: not written) does: `direct`, whether QEMU goes past the host's page
    cache; `told`, whether the guest is told of a write cache; `no_flush`, whether QEMU throws flushes
    away; and `given`, the switches of these that libvirt gives to QEMU, by QEMU's names."""

    mode: str | None
    direct: bool
    told: bool
    no_flush: bool
    given: dict[str, str]

    @property
    def road(self) -> str:
        """How it gets to the host: "direct" or "cached"."""
        return "direct" if self.direct else "cached"

    @property
    def flush(self) -> str:
        """When QEMU flushes: "asked", after "every" write, or never ("thrown")."""
        if self.no_flush:
            return "thrown"
        return "asked" if self.told else "every"

    @property
    def done(self) -> str:
        """The place in which the bytes are when QEMU answers that a write is done."""
        return "disk" if self.flush == "every" else self._reached

    @property
    def flushed(self) -> str:
        """The place in which they are when a flush is done."""
        return self._reached if self.no_flush else "disk"

    @property
    def _reached(self) -> str:
        return "disk_cache" if self.direct else "page_cache"

    @property
    def steps(self) -> list[Step]:
        """From the program to the disk."""
        forms = {"image": self.road, "done": self.done, "flush": self.flush}
        return [Step(name, forms.get(name, "all")) for name in facts()["steps"]]

    @property
    def passed(self) -> str | None:
        """The place that its bytes leave aside."""
        return "page_cache" if self.direct else None

    @property
    def others(self) -> list["Way"]:
        """The modes to compare it with: they tell the most, and go another way."""
        known = map(ways().__getitem__, facts()["telling"])
        return [way for way in known if (way.road, way.flush) != (self.road, self.flush)]

    @property
    def row(self) -> list[str]:
        """What is said of it in the comparison: a text for each column, or one for all."""
        table = facts()["table"]
        if self.mode is None:
            return [table["unwritten"]]
        switches = (table[name][self.flush] for name in ("told", "safe", "loses"))
        return [table["through"][self.road], *switches, facts()["uses"][self.mode]]

    def lost(self, moment: str) -> list[str]:
        """The places on its way whose bytes are lost when the moment comes."""
        lost = set(facts()["moments"][moment]["lost"]) - {self.passed}
        return [place for place in facts()["places"] if place in lost]

    def fate(self, stage: str, moment: str) -> str:
        """What becomes of a write that has come to this stage when the moment comes: "safe",
        "lost" (perhaps), or "raw" (safe only if the image is raw)."""
        # QEMU keeps the tables of a qcow2 image to itself until a flush.
        done = {self.done} | (set() if self.flush == "every" else {"qemu"})
        needed = {"written": {"guest"}, "done": done}.get(stage, {self.flushed})
        lost = needed & set(facts()["moments"][moment]["lost"])
        if lost == {"qemu"}:
            return "raw"
        return "lost" if lost else "safe"


@cache
def ways() -> dict[str | None, Way]:
    """Every mode that is on record, and None for none written."""
    found = {}
    for said in recorded()["experiments"]["caches"]:
        given = {name: said[name] for name in _SWITCHES if said[name] is not None}
        switches = facts()["defaults"] | given
        as_qemu = {_SWITCHES[name]: _WORDS.get(value, value) for name, value in given.items()}
        told = switches["write_cache"] == "on"
        way = Way(said["mode"], switches["direct"], told, switches["no_flush"], as_qemu)
        found[way.mode] = way
    return found
