"""The syntax of a `<disk>`: which names libvirt reads in it, in which order it writes them back, and
what it takes each value for. The facts stand in syntax.toml; nothing here judges."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, lru_cache
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from lxml import etree

from .data import NEWEST, Version, facts, holds, version
from .document import whole_number

_WHEN = ("since", "until")
_IN_WORDS = {"readonly": "read-only", "is_empty": "empty", "is_addressed": "with an address"}


class Only(NamedTuple):
    """Where a name may stand: the head of vocabulary.toml says how it is written there.

    `code` is that of the problem anywhere else, `when` the values that it is about (None: any),
    `beside` the attributes of the same element without which libvirt does not look at it.
    """

    code: str
    when: tuple[str, ...] | None
    beside: tuple[str, ...]
    ways: tuple[tuple[dict[str, tuple[bool, tuple]], dict[str, str]], ...]

    def __str__(self) -> str:
        """It in words, such as `bus scsi or ide`."""
        ways = (
            " and ".join(map(_in_words, way, way.values())) + _in_brackets(when)
            for way, when in self.ways
        )
        value = f"with `{'`, `'.join(self.when)}`, " if self.when else ""
        return value + ", or ".join(ways)

    def allows(self, disk: object, value: str | None, libvirt: Version = NEWEST) -> bool:
        """Whether a disk, whose facts are its attributes, may have the name with this value."""
        if self.when is not None and value not in self.when:
            return True
        for way, when in self.ways:  # plain loops: each name that is written goes through here
            for fact, (wanted, known) in way.items():
                if (getattr(disk, fact) in known) is not wanted:
                    break
            else:
                if not when or holds(when, libvirt):
                    return True
        return False


def _in_brackets(when: dict[str, str]) -> str:
    return f" ({', '.join(f'{word} {version}' for word, version in when.items())})" if when else ""


def _in_words(fact: str, told: tuple[bool, tuple]) -> str:
    wanted, known = told
    if fact in _IN_WORDS:
        return ("" if known[0] else "not ") + _IN_WORDS[fact]
    words = [f"`{word}`" for word in known if word]
    return f"{'' if wanted else 'not '}{fact} {', '.join(words[:-1])}{' or ' * (len(words) > 1)}{words[-1]}"


def _only(code: str, when: str | None = None, **ways) -> Only:
    others, beside = ways.pop("or", []), ways.pop("with", "").split()
    values = tuple(when.split()) if when else None
    return Only(code, values, tuple(beside), tuple(map(_way, [ways, *others])))


def _way(told: dict) -> tuple[dict[str, tuple[bool, tuple]], dict[str, str]]:
    facts = {fact: _words(fact, words) for fact, words in told.items() if fact not in _WHEN}
    return facts, {word: told[word] for word in _WHEN if word in told}


def _words(fact: str, told: str | bool) -> tuple[bool, tuple]:
    """Whether a fact shall be one of these words, or none of them; a bus that nobody knows may be any."""
    if isinstance(told, bool):
        return True, (told,)
    words = tuple(told.lstrip("!").split())
    return (False, words) if told[0] == "!" else (True, (*words, None) if fact == "bus" else words)


class Entry(NamedTuple):
    """What is known of one name; see the head of vocabulary.toml."""

    meaning: str
    values: Mapping[str, str] = MappingProxyType({})
    default: str | None = None
    matters: str | None = None
    since: str | None = None
    doc: str | None = None
    only: tuple[Only, ...] = ()
    running: bool = False

    def since_of(self, value: str) -> str | None:
        """The libvirt that first took a value, where it came later than the name: it says so."""
        found = _SINCE.search(self.values.get(value, ""))
        return found[1] if found else None

    def came_after(self, libvirt: Version, value: str | None = None) -> str | None:
        """The libvirt that first had the name, or this value of it, if that is newer than this one."""
        found = filter(None, (self.since, self.since_of(value or "")))
        return next((since for since in found if version(since) > libvirt), None)


@cache
def entries() -> dict[str, Entry]:
    """Every entry by its key, such as `driver/@cache`."""
    names = facts("vocabulary.toml")["names"]
    return {key: _entry(names, known) for key, known in names.items()}


def _entry(names: dict, known: dict) -> Entry:
    told = names.get(known.get("same_as"), {}) | known
    told.pop("same_as", None)
    told["only"] = tuple(_only(**one) for one in told.get("only", ()))
    places = "; ".join(map(str, told["only"]))
    said = [places and f"{places[0].upper()}{places[1:]}.", told.get("matters")]
    if places.startswith("not "):  # what it is for comes before what it is not for
        said.reverse()
    return Entry(**told | {"matters": " ".join(filter(None, said)) or None})


@lru_cache(maxsize=1024)
def lookup(path: str) -> Entry | None:
    """The entry of a path such as `/disk/source/host/@port`, by the longest key that ends it."""
    parts = path.strip("/").split("/")
    for start in range(len(parts)):
        if entry := entries().get("/".join(parts[start:])):
            return entry
    return None


@cache
def _siblings() -> dict[tuple[str, bool], list[str]]:
    """The names that stand in an element: its attributes, and the elements."""
    found: dict[tuple[str, bool], list[str]] = {}
    for parent, name in sorted({tuple(key.split("/")[-2:]) for key in entries() if "/" in key}):
        found.setdefault((parent, name.startswith("@")), []).append(name)
    return found


@lru_cache(maxsize=1024)
def nearest_name(path: str) -> str | None:
    """The known name beside an unknown one that looks most like it: `@type` for `@typo`."""
    *_, parent, name = path.split("/")
    near = _nearest(name, _siblings().get((parent, name.startswith("@")), []))
    return near[0] if near else None


def meant(name: str, text: str, known: Sequence[str]) -> str | None:
    """The known value of a name such as `driver/@cache` that somebody meant, or None; behind a bus, with
    a blank, the model of the controller that was written in its place."""
    word, tables = text.strip().lower()[:60], facts("vocabulary.toml")["words"]
    others = (*tables.get(name, {}).items(), *tables["any"].items())
    found = [one for one in known if one.lower() == word]
    found += [one for one, words in others if word in words and one.split()[0] in known]
    like = [one for one in known if one not in tables["never"]]  # too much depends on it
    return next(iter(found or _nearest(word, like, 0.88 if len(word) < 5 else 0.7)), None)


def _nearest(word: str, known: Sequence[str], cutoff: float = 0.6) -> list[str]:
    # Comparing takes time in the square of the length, and no name is longer than 30 letters.
    return get_close_matches(word[:60], sorted(known), n=1, cutoff=cutoff)


# A reader gives a value as libvirt writes it back, or None where it is as good as not written, and
# raises ValueError where libvirt refuses it.
Reader = Callable[[str], str | None]

_SINCE = re.compile(r"\(since (\d+\.\d+\.\d+)\)\.$")
_PORTS = re.compile(r"\s*\+?[0-9]+(\.[0-9]+){0,3}")
_NODES = re.compile(r"\s*(\^?)([0-9]{1,3})(?:-([0-9]{1,3}))?\s*")
_UUID = re.compile(r"\s*(?:[- ]*[0-9a-fA-F]{2}){16}\s*")
_PREFIXES = "kmgtpe"
_TOLD_APART = ("source", "backingStore", "host", "address", "identity", "reconnect")


class Child(NamedTuple):
    """An element inside another: whether it may come again, and for which protocols it counts."""

    name: str
    again: bool
    protocols: tuple[str, ...]


class Shape(NamedTuple):
    """What an element may hold; see the head of syntax.toml."""

    attributes: dict[str, Reader]
    children: tuple[Child, ...]
    places: dict[str, list[Child]]  # the children by name
    text: Reader | None
    required: tuple[str, ...]
    where: dict[str, str]
    keep: bool
    open: bool
    only: dict[str, tuple[Only, ...]]  # where its attributes may stand,
    only_inside: dict[str, tuple[Only, ...]]  # and the elements in it
    libvirt: Version


def _number(text: str, bits: int = 32, c: bool = False) -> int:
    value = whole_number(text, bits, c, minus_zero=False)
    return _refuse(text) if value is None else value


def _refuse(value):
    raise ValueError(value)


def in_bytes(text: str, unit: str | None) -> int:
    """A size with its unit, such as `1` and `MiB`, in bytes. Raises ValueError as libvirt would."""
    size, suffix = _number(text, 64), (unit or "").lower()
    if suffix in ("", "b", "byte", "bytes"):
        return size
    base = 1000 if suffix[1:] == "b" else 1024
    if suffix[0] not in _PREFIXES or suffix[1:] not in ("", "b", "ib"):
        _refuse(unit)
    size *= base ** (_PREFIXES.index(suffix[0]) + 1)
    return size if size < 1 << 64 else _refuse(text)


def _uuid(text: str) -> str:
    if not _UUID.fullmatch(text):
        _refuse(text)
    digits = re.sub(r"[-\s]", "", text).lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _nodes(text: str) -> str:
    """A set of numbers as libvirt writes it back: in order, and each range as one."""
    found: set[int] = set()
    for part in text.split(","):
        out, first, last = (_NODES.fullmatch(part) or _refuse(text)).groups()
        numbers = {*range(int(first), int(last or first) + 1)} or _refuse(text)
        found = found - numbers if out else found | numbers
    starts = [n for n in sorted(found) if n - 1 not in found] or _refuse(text)
    ends = (n for n in sorted(found) if n + 1 not in found)
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends))


_string = etree.XPath("string()")


def text_of(element: etree._Element) -> str:
    """What libvirt reads as the text of an element: all of it, that of the elements in it too."""
    return _string(element) if len(element) else element.text or ""


def _unless_zero(value: int) -> str | None:
    return str(value) if value else None


_READERS: dict[str, Reader] = {
    "text": str,
    "some": lambda text: text or None,
    "number": lambda text: _unless_zero(_number(text)),
    "positive": lambda text: str(_number(text) or _refuse(text)),
    "any": lambda text: str(_number(text)),
    "long": lambda text: _unless_zero(_number(text, 64)) if text else None,
    "offset": lambda text: str(_number(text, 64)),
    "size": lambda text: str(_number(text, 64)) if text else None,  # in_bytes() knows its unit
    "port": lambda text: _unless_zero(_number(text, 16)),
    "uuid": _uuid,
    "nodes": _nodes,
    "ports": lambda text: text if _PORTS.fullmatch(text) else _refuse(text),
}


def _reader(kind: str | dict, path: str, libvirt: Version) -> Reader:
    if isinstance(kind, dict):
        since = {version(one): changed for one, changed in kind["since"].items()}
        known = [changed for one, changed in since.items() if one <= libvirt]  # the oldest first
        return _reader([kind["kind"], *known][-1], path, libvirt)
    name, *words = kind.split()
    if name == "hex":
        return lambda text: words[0] % _number(text, c=True)
    return _one_of(path, words, libvirt) if name == "choice" else _READERS[name]


class OneOf(dict):
    """A reader of a fixed list of words; each with how libvirt writes it, None where it does not."""

    def __call__(self, text: str) -> str | None:
        """As every reader."""
        return self[text] if text in self else _refuse(text)

    @property
    def known(self) -> list[str]:
        """The words that say something."""
        return [word for word, written in self.items() if written]


def _one_of(path: str, exceptions: list[str], libvirt: Version) -> OneOf:
    """What the vocabulary lists, but for -refused, +known and 0unwritten values."""
    entry = lookup(path)
    known = (value for value in entry.values if not entry.came_after(libvirt, value))
    written: dict[str, str | None] = {value: value for value in known}
    for sign, value in ((word[0], word[1:]) for word in exceptions):
        written[value] = None if sign == "0" else value
        if sign == "-":
            del written[value]
    return OneOf(written)


@lru_cache(maxsize=1024)
def _shape(key: str, libvirt: Version) -> Shape:
    told = facts("syntax.toml")
    own = told.get(key, {"text": "long"})
    behind = told.get(own.get("also"), {})
    # `source.reservations` is the source in reservations, so that is where its names stand.
    path = "/".join(reversed(key.split(".")))
    attributes = own.get("attributes", {}) | behind.get("attributes", {})
    attributes = {n: kind for n, kind in attributes.items() if _is_known(f"{path}/@{n}", libvirt)}
    inside = own.get("children", []) + behind.get("children", [])
    children = tuple(
        Child(name.rstrip("*"), name.endswith("*"), tuple(protocols))
        for name, *protocols in map(str.split, inside)
        if _is_known(f"{path}/{name.rstrip('*')}", libvirt)
    )
    return Shape(
        {name: _reader(kind, f"{path}/@{name}", libvirt) for name, kind in attributes.items()},
        children,
        {child.name: [c for c in children if c.name == child.name] for child in children},
        _READERS.get(own.get("text")),
        tuple(own.get("required", ())),
        own.get("where", {}),
        own.get("keep", False),
        own.get("open", False),
        _only_of({name: f"{path}/@{name}" for name in attributes}),
        _only_of({child.name: f"{path}/{child.name}" for child in children}),
        libvirt,
    )


def _is_known(path: str, libvirt: Version) -> bool:
    entry = lookup(path)
    return entry is None or not entry.came_after(libvirt)


def _only_of(paths: dict[str, str]) -> dict[str, tuple[Only, ...]]:
    found = ((name, lookup(path)) for name, path in paths.items())
    return {name: entry.only for name, entry in found if entry and entry.only}


def shape_of(element: etree._Element, libvirt: Version = NEWEST) -> Shape:
    """What this element may hold, by its name and by what decides about it."""
    tag = element.tag
    if tag in _TOLD_APART:
        key = f"{tag}.{_decider(element)}"
        tag = key if key in facts("syntax.toml") else tag  # what is kept is not somebody's own text
    return _shape(tag, libvirt)


def _decider(element: etree._Element) -> str | None:
    """What the names in an element depend on: the type of its disk, a protocol, its own type."""
    parent, tag = element.getparent(), element.tag
    if tag == "source":
        return "reservations" if parent.tag == "reservations" else parent.get("type", "file")
    if tag == "address":
        return "source" if parent.tag == "source" else element.get("type")
    if tag == "host":
        return element.get("transport")
    if tag == "backingStore":
        return None if element.get("type") is None else "image"
    if tag == "identity":
        return parent.get("protocol")
    if _decider(parent) == "network":  # a reconnect
        return "network"
    return "yes" if element.get("enabled") == "yes" else "no"


def children_of(element: etree._Element, libvirt: Version = NEWEST) -> Iterator[etree._Element]:
    """The elements in it that libvirt reads, in the order in which it writes them back."""
    written = {child.tag for child in element.iterchildren("*")}
    for place in shape_of(element, libvirt).children:
        if place.name in written:
            same = element.iterchildren(place.name)
            found = (child for child in same if _counts(child, shape_of(child, libvirt), place))
            yield from found if place.again else islice(found, 1)


def inside(element: etree._Element, shape: Shape) -> Iterator[tuple[etree._Element, Shape | None]]:
    """The elements in one of this shape, each with its own, or None if libvirt ignores it."""
    places, seen = shape.places, set()
    for child in element:  # plain loops: each element of each disk goes through here
        tag = child.tag
        if tag not in places:
            if isinstance(tag, str):  # that of a comment is a function
                yield child, None
            continue
        counting = None
        for place in places[tag]:
            if place.again or tag not in seen:
                inner = shape_of(child, shape.libvirt)
                if not (place.protocols or inner.where) or _counts(child, inner, place):
                    seen.add(tag)
                    counting = inner
                    break
        yield child, counting


def _counts(element: etree._Element, shape: Shape, place: Child) -> bool:
    if place.protocols and element.getparent().get("protocol") not in place.protocols:
        return False
    return not shape.where or all(element.get(n) == value for n, value in shape.where.items())
