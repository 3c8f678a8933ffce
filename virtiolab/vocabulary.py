"""Looks names up in vocabulary.toml: what they mean, what their values do, which is the nearest."""

import os
import re
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import NamedTuple


class Entry(NamedTuple):
    """What is known of one name; see the head of vocabulary.toml."""

    meaning: str
    values: dict[str, str] = {}
    default: str | None = None
    matters: str | None = None
    since: str | None = None
    doc: str | None = None

    @property
    def url(self) -> str | None:
        """Where libvirt documents it."""
        return self.doc and f"https://libvirt.org/{self.doc}"


@cache
def _facts() -> dict:
    """The file, read when first asked for: it is 110 KB."""
    import tomllib

    with open(os.path.join(os.path.dirname(__file__), "vocabulary.toml"), "rb") as file:
        return tomllib.load(file)


@cache
def entries() -> dict[str, Entry]:
    """Every entry by its key, such as `driver/@cache`."""
    names = _facts()["names"]
    return {key: _entry(names, facts) for key, facts in names.items()}


def _entry(names: dict, facts: dict) -> Entry:
    own = {name: value for name, value in facts.items() if name != "same_as"}
    return Entry(**names.get(facts.get("same_as"), {}) | own)


@cache
def glossary() -> dict[str, str]:
    """The terms that the sentences use, and what they mean."""
    return _facts()["glossary"]


@cache
def _term_pattern() -> re.Pattern:
    longest_first = sorted(glossary(), key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})s?\b", re.IGNORECASE)


@lru_cache(maxsize=1024)
def terms_of(*sentences: str) -> tuple[str, ...]:
    """The terms of the glossary that sentences use, each once, in the order of their first use."""
    by_lower = {term.lower(): term for term in glossary()}
    found = _term_pattern().findall(" ".join(sentences))
    return tuple(dict.fromkeys(by_lower[term.lower()] for term in found))


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
    return nearest(name, _siblings().get((parent, name.startswith("@")), []))


def nearest_value(entry: Entry, value: str) -> str | None:
    """The known value that looks most like an unknown one."""
    return nearest(value, list(entry.values))


def nearest(word: str, known: list[str]) -> str | None:
    """The known word that looks most like an unknown one."""
    # Comparing takes time in the square of the length, and no name is longer than 30 letters.
    return next(iter(get_close_matches(word[:60], sorted(known), n=1, cutoff=0.6)), None)
