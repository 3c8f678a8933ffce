"""What a problem is, what is said of it, and what would mend it."""

import copy
import re
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree

from ..data import Version, facts, holds
from ..document import QEMUS_TYPES, Disk, Domain
from ..targets import PREFIX_OF_BUS
from ..xml import one_line, path_name
from .fixes import Place, apply, changed, child_of

_TEMPLATE = re.compile(r"\{\{|\{%|\$\{")
_AT_THE_END = re.compile(r"^ +| +$")
_OF_QEMU = ("libvirt: qemu", "QEMU: ")
_LONGER = 400  # for a list of our own

SEVERITIES = ("error", "warning", "note")  # from the worst to the mildest


class Problem(NamedTuple):
    """Something that is wrong: which (`code`), where, and the facts that its sentence names.

    `path` begins with `/disk` inside a disk and with `/domain` elsewhere; `element` is the element
    at which it stands, `disk` the disk that it concerns, or None. Of the many problems that one disk
    can have, not each `shows_fix`: it would be the whole disk again.
    """

    code: str
    path: str
    element: etree._Element
    disk: Disk | None
    facts: dict[str, Any]
    shows_fix: bool = True

    @property
    def attribute(self) -> str | None:
        """The name of the attribute that it is about; None where it is about the element."""
        _, sign, name = self.path.rpartition("/@")
        return name if sign and name in self.element.keys() else None

    @property
    def is_of_what_is_written(self) -> bool:
        """Whether it stays where something was left out of the disk, and may be written there."""
        last = self.path.rpartition("/")[2]
        is_written = self.attribute is not None if last[0] == "@" else self.element.tag == last
        return is_written and not sentences()[self.code].get("lacking", False)

    @property
    def is_of_a_template(self) -> bool:
        """Whether its value is still to be filled in, as `{{ name }}` is, so that nobody can tell."""
        text = self.element.get(self.attribute) if self.attribute else self.element.text
        return "{" in (text or "") and _TEMPLATE.search(text) is not None

    @property
    def severity(self) -> str:
        """`error`: libvirt or QEMU refuses it; `warning`: surely not meant so; `note`: history."""
        return sentences()[self.code].get("severity", "error")

    @property
    def line(self) -> int:
        """The line of the element; 0 in XML that no text stands behind."""
        return self.element.sourceline or 0

    @property
    def message(self) -> str:
        """What is wrong, in one sentence."""
        return self._filled(sentences()[self.code]["message"])

    @property
    def why(self) -> str:
        """Why libvirt cares."""
        said = sentences()[self.code]["why"]
        return self._filled(said if isinstance(said, str) else said[self.facts["bus"]])

    @property
    def source(self) -> str:
        """Where libvirt decides it."""
        return sentences()[self.code]["source"]

    @property
    def since(self) -> str | None:
        """The libvirt that first refused it, where older ones did not."""
        return sentences()[self.code].get("since")

    @property
    def edits(self) -> tuple[str, ...]:
        """What would mend it, in the words of `fixes.py`; nothing where no rule can know."""
        if self.disk is None:
            return ()
        try:
            words = _Words(self.facts, 4096)
            return tuple(edit.format_map(words) for edit in sentences()[self.code].get("fix", ()))
        except KeyError:  # of a name or a bus that is not to be had
            return ()

    @property
    def keeps_hardware(self) -> bool:
        """Whether its fix leaves the guest the device, the bus and the controllers that it knows."""
        bus = self.facts.get("bus")
        others = (
            e for e in self.edits if e.startswith(("controller:", "target/@bus=", "@device=cdrom"))
        )
        return all(bus not in PREFIX_OF_BUS or edit == f"target/@bus={bus}" for edit in others)

    @property
    def asks(self) -> bool:
        """Whether its fix is for an admin to decide: it could cost the guest its driver, or take away
        what protects an image, or it guesses."""
        return not self.keeps_hardware or sentences()[self.code].get("asks", False)

    @property
    def place(self) -> Place:
        """Where its edits are made."""
        return Place(self.path.removeprefix("/disk/"), self.element)

    @property
    def fix(self) -> str | None:
        """The XML as it should be: of the disk, or of what else has to change."""
        return self.change[1] or None

    @property
    def change(self) -> tuple[str, str]:
        """The XML of what has to change, before and after; empty where nothing is known to."""
        edits = self.edits if self.shows_fix else ()
        return changed(self.disk, edits, self.place) if edits else ("", "")

    def mended(self) -> Disk:
        """The disk in a copy of its guest, with its edits made there and in what is around it."""
        root, libvirt = self.disk.domain.element, self.disk.domain.libvirt
        every, copied = [*root.iter()], [*copy.deepcopy(root).iter()]
        element = copied[every.index(self.disk.element)]
        place = self.place._replace(element=copied[every.index(self.element)])
        apply(self.edits, Disk(element, Domain(copied[0], libvirt)), place)
        return Disk(element, Domain(copied[0], libvirt))

    def as_dict(self) -> dict[str, Any]:
        """What the JSON of the command line says of it."""
        names = ("severity", "code", "path", "line", "message", "why", "fix", "source", "since")
        said = {name: getattr(self, name) for name in names}
        return said | {"target": self.disk.target if self.disk else None}

    def _filled(self, sentence: str) -> str:
        return sentence.format_map(_Shown(self.facts, 80))


class _Words(dict):
    """The words for the braces of a sentence, each fit for one line."""

    def __init__(self, facts: dict[str, Any], limit: int):
        super().__init__(facts)
        self.limit = limit

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name)
        said = "unknown" if value is None else str(value) or "(empty)"
        return one_line(said, _LONGER if name == "known" else self.limit)


class _Shown(_Words):
    """The same to be read: a blank at an end of a value, which libvirt takes as it is, can be seen."""

    def __getitem__(self, name: str) -> str:
        return _AT_THE_END.sub(lambda found: "\u2423" * len(found[0]), super().__getitem__(name))


def path_of(element: etree._Element, attribute: str | None = None) -> str:
    """The path of a name below its disk, as it stands in a problem."""
    above = [element, *element.iterancestors()]
    tags = [one.tag for one in reversed(above)]
    inside = tags[tags.index("disk") + 1 :]  # the outermost; one inside a disk is nothing
    return "/".join([*map(path_name, inside), *([f"@{path_name(attribute)}"] if attribute else [])])


def deepest(element: etree._Element, path: str) -> etree._Element:
    """The first element of a path below this one, or the nearest above it that is written."""
    for name in path.split("/"):
        inner = child_of(element, name)
        if inner is None:
            return element
        element = inner
    return element


def codes_beyond(domain: Domain) -> frozenset[str]:
    """The problems that nobody has with this guest: those of newer libvirts or of older ones, and where
    it is not QEMU's, those of QEMU and of libvirt's driver for it."""
    return _codes_beyond(domain.libvirt, domain.type in QEMUS_TYPES)


@lru_cache(maxsize=64)
def _codes_beyond(libvirt: Version, is_of_qemu: bool) -> frozenset[str]:
    return frozenset(
        code
        for code, said in sentences().items()
        if not holds(said, libvirt) or (said["source"].startswith(_OF_QEMU) and not is_of_qemu)
    )


def sentences() -> dict[str, dict]:
    """What is said of each problem."""
    return facts("refusals/refusals.toml")
