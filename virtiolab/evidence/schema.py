"""Libvirt's own schema (RELAX NG): what it allows in a <disk>, and what it says of one, as
`virsh define --validate` would."""

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from ..document import Disk
from . import NotInstalled
from .client import Client
from .guests import as_text
from .sandbox import Sandbox

PACKAGES = Path(__file__).parents[2]
DEADLINE = 10.0  # seconds; for a <driver> with 15 attributes libxml2 needs more than a minute
HOW_TO_GET_IT = "libvirt's schema is not installed; on Debian: apt-get install libvirt0"
_RNG = "{http://relaxng.org/ns/structure/1.0}"
_FOLDERS = (Path("/usr/share"), Path("/usr/local/share"), Path(sys.prefix) / "share")


def schema_file() -> Path | None:
    """The schema of a domain, which libvirt's library brings along; None where it is not."""
    files = (folder / "libvirt/schemas/domain.rng" for folder in _FOLDERS)
    return next(filter(Path.exists, files), None)


class Fault(NamedTuple):
    """A name that the schema does not accept: its path, its line, and why, as a sentence."""

    path: str
    line: int | None
    why: str


class Schema:
    """Libvirt's schema, asked in a sandbox. NotInstalled, with how to get it, where there is none.

    Whoever has no answer within the deadline gets NoAnswer.
    """

    def __init__(self, sandbox: Sandbox):
        if schema_file() is None:
            raise NotInstalled(HOW_TO_GET_IT)
        command = [sys.executable, "-s", "-m", f"{__package__}.validator"]
        self._client = Client(sandbox, command, "libxml2", {"PYTHONPATH": str(PACKAGES)})

    def faults(self, disk: Disk) -> list[Fault]:
        """What is wrong with a disk; nothing if it is valid."""
        lines = [element.sourceline or 1 for element in disk.element.iter("*")]
        question = {"disk": as_text(disk.element), "lines": lines}
        answer = self._client.ask(question, DEADLINE)
        return [Fault(**fault) for fault in answer["faults"]]


@dataclass
class Grammar:
    """What the schema says of <disk>: `values` are the listed ones by path, such as
    `/disk/driver/@cache`; at the paths in `open` other text will do too."""

    values: dict[str, set[str]] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def below(self, path: str) -> list[str]:
        """The paths of what may stand in an element."""
        return sorted(known for known in self.values if known.rpartition("/")[0] == path)


def grammar(file: Path) -> Grammar:
    """Of <disk>. A <backingStore> may hold another: such loops are walked once."""
    found, definitions = Grammar(), defaultdict(list)
    files = [file]
    for file in files:  # and those that they include
        for node in etree.parse(file).getroot().iter(f"{_RNG}define", f"{_RNG}include"):
            if node.tag == f"{_RNG}define":
                definitions[node.get("name")].append(node)
            elif (other := file.with_name(node.get("href"))) not in files:
                files.append(other)

    def walk(node, path, place, inside):
        for child in node.iterchildren("*"):
            kind, name = child.tag.removeprefix(_RNG), child.get("name")
            if kind in ("element", "attribute"):
                step = ("" if kind == "element" else "@") + (name or child.findtext(f"{_RNG}name"))
                if path.split("/").count(step) < 2:
                    found.values.setdefault(f"{path}/{step}", set())
                    here = f"{path}/{step}" if kind == "element" else path
                    walk(child, here, f"{path}/{step}", inside)
                    if kind == "attribute" and len(child) == 0:
                        found.open.add(f"{path}/{step}")
            elif kind == "except":
                continue  # what a value must not be
            elif kind == "value":
                found.values[place].add(child.text)
            elif kind in ("data", "text"):
                found.open.add(place)
            elif kind == "ref" and name not in inside:
                for definition in definitions[name]:
                    walk(definition, path, place, inside | {name})
            else:
                walk(child, path, place, inside)

    for definition in definitions["disk"]:
        walk(definition, "", "", frozenset(["disk"]))
    return found
