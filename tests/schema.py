"""Libvirt's own schema (RELAX NG), walked from <disk> down: which paths it allows, which values."""

from pathlib import Path

from lxml import etree

SCHEMAS = Path("/usr/share/libvirt/schemas")
_RNG = "{http://relaxng.org/ns/structure/1.0}"


def names_and_values() -> dict[str, set[str]]:
    """The listed values by path, such as `/disk/driver/@cache`; no values where any text will do.

    A <backingStore> may hold another: such loops are walked once.
    """
    definitions = _definitions("domain.rng", set())
    found: dict[str, set[str]] = {}

    def walk(node, path, place, inside):
        for child in node.iterchildren("*"):
            kind, name = child.tag.removeprefix(_RNG), child.get("name")
            if kind in ("element", "attribute"):
                step = ("" if kind == "element" else "@") + (name or child.findtext(f"{_RNG}name"))
                if path.split("/").count(step) < 2:
                    found.setdefault(f"{path}/{step}", set())
                    here = f"{path}/{step}" if kind == "element" else path
                    walk(child, here, f"{path}/{step}", inside)
            elif kind == "except":
                continue  # what a value must not be
            elif kind == "value":
                found[place].add(child.text)
            elif kind == "ref" and name not in inside:
                for definition in definitions[name]:
                    walk(definition, path, place, inside | {name})
            else:
                walk(child, path, place, inside)

    for definition in definitions["disk"]:
        walk(definition, "", "", frozenset(["disk"]))
    return found


def _definitions(file: str, seen: set[str]) -> dict[str, list]:
    """Every <define> of a schema file and of those that it includes."""
    found: dict[str, list] = {}
    seen.add(file)
    root = etree.parse(SCHEMAS / file).getroot()
    for include in root.iter(f"{_RNG}include"):
        if include.get("href") not in seen:
            for name, more in _definitions(include.get("href"), seen).items():
                found.setdefault(name, []).extend(more)
    for definition in root.iter(f"{_RNG}define"):
        found.setdefault(definition.get("name"), []).append(definition)
    return found
