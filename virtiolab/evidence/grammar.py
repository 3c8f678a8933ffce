"""Libvirt's own schema (RELAX NG), walked from <disk> down: which paths it allows, which values."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

_RNG = "{http://relaxng.org/ns/structure/1.0}"
_FOLDERS = (Path("/usr/share"), Path("/usr/local/share"), Path(sys.prefix) / "share")


def schema_file() -> Path | None:
    """The schema of a domain, which libvirt's library brings along; None where it is not."""
    files = (folder / "libvirt/schemas/domain.rng" for folder in _FOLDERS)
    return next(filter(Path.exists, files), None)


@dataclass
class Grammar:
    """What the schema says of <disk>: `values` are the listed ones by path, such as
    `/disk/driver/@cache`; at the paths in `open` other text will do too."""

    values: dict[str, set[str]] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def below(self, path: str) -> list[str]:
        """The paths of what may stand in an element."""
        found = [known for known in self.values if known.rpartition("/")[0] == path]
        return sorted(found)


def grammar(file: Path) -> Grammar:
    """Of <disk>. A <backingStore> may hold another: such loops are walked once."""
    definitions = _definitions(file, set())
    found = Grammar()

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


def _definitions(file: Path, seen: set[str]) -> dict[str, list]:
    """Every <define> of a schema file and of those that it includes."""
    found: dict[str, list] = {}
    seen.add(file.name)
    root = etree.parse(file).getroot()
    for include in root.iter(f"{_RNG}include"):
        if include.get("href") not in seen:
            for name, more in _definitions(file.with_name(include.get("href")), seen).items():
                found.setdefault(name, []).extend(more)
    for definition in root.iter(f"{_RNG}define"):
        found.setdefault(definition.get("name"), []).append(definition)
    return found
