"""What the exercises are: kept in a file for each notebook, their names unique over all.

Between `backticks` stands XML. Of a guest that is only a part, `machine` says what the rest is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ..data import facts
from ..document import Domain, read
from ..evidence.guests import in_guest


class Wanted(NamedTuple):
    """What an answer of infer(), or what libvirt writes back at a path (`driver/@io`), shall be:
    one of these values, and of this origin if one is named."""

    name: str
    values: tuple
    origin: str | None = None


class Option(NamedTuple):
    """One thing to choose: `says` what it is (prose, or the XML of a guest), `why` it is right or
    not, and the `code` of the problem that it names, if it names one."""

    says: str
    why: str = ""
    is_right: bool = False
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task with hints, each stronger than the last; `why` goes with the answer that is shown.

    `given` is XML to look at, or to begin with.
    """

    name: str
    notebook: str
    title: str
    task: str
    hints: tuple[str, ...]
    why: str
    given: str = ""
    machine: str = "pc"

    def guest(self, xml: str) -> Domain:
        """The guest that XML stands for in this exercise. Raises UnreadableXML."""
        return in_guest(read(xml), self.machine)


@dataclass(frozen=True, kw_only=True)
class Write(Task):
    """XML is to be written: a disk for each image, with what is wanted of it.

    What stands at the paths of `stays` is to be left as it was given.
    """

    disks: Mapping[str, tuple[Wanted, ...]]
    solution: str
    stays: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Choose(Task):
    """One option, by its name, is right."""

    options: Mapping[str, Option]


@dataclass(frozen=True, kw_only=True)
class Mark(Task):
    """Of some guests, by name, those are to be marked that libvirt accepts, and whose every disk is
    as wanted."""

    options: Mapping[str, Option]
    wanted: tuple[Wanted, ...] = ()


@cache
def exercises() -> dict[str, Task]:
    """All, by name, in the order of the notebooks."""
    found = {}
    for notebook, file in _of_notebooks("exercises"):
        for name, told in file.items():
            known = {key: _frozen(key, value) for key, value in told.items() if key != "kind"}
            found[name] = _KINDS[told["kind"]](name=name, notebook=notebook, **known)
    return found


@cache
def predictions() -> dict[str, dict]:
    """All, by name: notebook, title, question, options, answer, and why."""
    files = _of_notebooks("predictions")
    return {
        name: {**told, "notebook": notebook}
        for notebook, file in files
        for name, told in file.items()
    }


def _of_notebooks(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """By notebook, in their order, the facts in its file."""
    for file in sorted((Path(__file__).parent / folder).glob("*.toml")):
        yield file.stem, facts(f"course/{folder}/{file.name}")


def exercise(name: str) -> Task:
    """One of them. Raises ValueError, one sentence, for a name that none has."""
    if name not in exercises():
        near = get_close_matches(name, exercises(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ValueError(f"There is no exercise {name!r}{hint}")
    return exercises()[name]


def _frozen(key: str, value: Any) -> Any:
    """A fact of a file as the exercises hold it."""
    if key == "options":
        return {name: Option(**option) for name, option in value.items()}
    if key == "disks":
        return {image: wanted_rows(rows) for image, rows in value.items()}
    if key == "wanted":
        return wanted_rows(value)
    return tuple(value) if isinstance(value, list) else value


def wanted_rows(rows: Mapping[str, Any]) -> tuple[Wanted, ...]:
    """What a file wants of a disk: by name, a value, a list of which one will do, or `{ value = …, origin = … }`."""
    wanted = []
    for name, told in rows.items():
        value, origin = told, None
        if isinstance(told, dict):
            value, origin = told["value"], told["origin"]
        wanted.append(Wanted(name, tuple(value) if isinstance(value, list) else (value,), origin))
    return tuple(wanted)


_KINDS = {"write": Write, "choose": Choose, "mark": Mark}
