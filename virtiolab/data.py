"""Facts stand in TOML files beside the code that reads them, and some hold only for some libvirts."""

import os
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

_PACKAGE = os.path.dirname(__file__)

Version = tuple[int, ...]
NEWEST: Version = (12, 9, 0)  # of the libvirts that CI asks
_VERSION = re.compile("[0-9]{1,4}(\\.[0-9]{1,4}){0,2}")


@cache
def facts(file: str) -> dict[str, Any]:
    """The facts in a file, by its path in the package, such as `refusals/refusals.toml`; read once."""
    import tomllib  # when the first is asked for: an import should cost little

    with open(os.path.join(_PACKAGE, file), "rb") as opened:
        return tomllib.load(opened)


@lru_cache(maxsize=256)
def version(text: str) -> Version:
    """A libvirt's version as three numbers, from `12.9.0` or `12.9`. Raises ValueError for others."""
    if not _VERSION.fullmatch(text):
        raise ValueError(f"A version of libvirt is written like 12.9.0, not like {text[:40]!r}.")
    return tuple([*map(int, text.split(".")), 0, 0][:3])


def dotted(libvirt: Version) -> str:
    """A version as people write it."""
    return ".".join(map(str, libvirt))


def holds(told: Mapping[str, Any], libvirt: Version) -> bool:
    """Whether a fact holds for this libvirt: not before its `since`, no longer from its `until` on."""
    since, until = told.get("since"), told.get("until")
    return (not since or version(since) <= libvirt) and (not until or libvirt < version(until))
