"""What is said of an answer: points that are right, points that are missing, and notes."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..parsing import one_line

SIGNS = {"right": "✓", "missing": "✗", "note": "!"}


class Point(NamedTuple):
    """One sentence about an answer: of what is `right`, of what is `missing`, or a `note`."""

    kind: str
    says: str


@dataclass(frozen=True, repr=False)
class Feedback:
    """What is said of an answer, in order; an `invitation` where none was given yet."""

    points: tuple[Point, ...] = ()
    invitation: str = ""

    @property
    def solved(self) -> bool:
        """Whether something was answered and nothing is missing."""
        return bool(self.points) and not self.missing

    @property
    def right(self) -> list[str]:
        """The sentences about what is right."""
        return self._of("right")

    @property
    def missing(self) -> list[str]:
        """The sentences about what is missing."""
        return self._of("missing")

    @property
    def headline(self) -> str:
        """The whole of it in a few words."""
        return self.invitation or sentence("solved" if self.solved else "not-yet")

    def _of(self, kind: str) -> list[str]:
        return [point.says for point in self.points if point.kind == kind]

    def __repr__(self) -> str:
        lines = [self.headline, *(f"{SIGNS[point.kind]} {point.says}" for point in self.points)]
        return "\n".join(lines).replace("`", "")


def say(kind: str, name: str, /, **facts) -> Point:
    """A point, in the words of sentences.toml."""
    return Point(kind, sentence(name, **facts))


def sentence(name: str, /, **facts) -> str:
    """One of the sentences, its braces filled in; what comes from somebody's XML fits a line."""
    shown = {key: _shown(value) for key, value in facts.items()}
    return _sentences()[name].format(**shown).rstrip()


def advice(code: str) -> str:
    """What to do about a problem of check() with this code; "" where its own words tell."""
    return _sentences()["advice"].get(code, "")


def label(row: str) -> str:
    """The name of a row of infer(), as a person reads it."""
    return _sentences()["labels"].get(row, row)


def _shown(value) -> str:
    words = {True: "yes", False: "no", None: "nothing"}
    return words[value] if isinstance(value, bool | None) else one_line(str(value), 600)


@cache
def _sentences() -> dict[str, str]:
    text = Path(__file__).with_name("sentences.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
