"""A disk on its way to another bus: what changes, what is left out, and what to do first."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..inference import infer
from ..rewriting.conversion import Conversion
from ..rewriting.steps import Step
from ..xml import one_line
from .changes import Line, as_element, as_text, lines_of
from .elements import E, Html, prose, root, with_code
from .text import WIDTH, disk_name, paint, unmarked
from .view import View


class Converted(View):
    """A Conversion (`.conversion`) that shows itself: what changes, and what to do first."""

    def __init__(self, conversion: Conversion):
        self.conversion = conversion
        super().__init__(lambda: _as_html(conversion), lambda: conversion_as_text(conversion))


class _Part(NamedTuple):
    """What is said below the XML: a title, and sentences, some with commands to run."""

    title: str
    steps: Sequence[Step]
    numbered: bool = False


def conversion_as_text(conversion: Conversion, colour: bool = False) -> str:
    """The disk, its XML, and the sentences and steps below their titles."""
    shown = [paint(unmarked(_title(conversion)), "1", colour), as_text(_lines(conversion), colour)]
    for part in _parts(conversion):
        lines = [paint(part.title, "1", colour)]
        for number, step in enumerate(part.steps, 1):
            lead = f"{number:3}. " if part.numbered else "  * "
            said = textwrap.fill(
                unmarked(step.say), WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead),
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
            lines += [said, *(f"       {line}" for line in step.run)]
        shown.append("\n".join(lines))
    return "\n\n".join(shown)


def _as_html(conversion: Conversion) -> str:
    shown = [prose("p", _title(conversion), "vl-verdict"), as_element(_lines(conversion))]
    for part in _parts(conversion):
        items = [E.li(*with_code(step.say), *_commands(step)) for step in part.steps]
        listed = (E.ol if part.numbered else E.ul)(*items)
        shown += [E.p({"class": "vl-part"}, E.strong(part.title)), listed]
    return root(*shown)


def _commands(step: Step) -> list[Html]:
    return [E.pre({"class": "vl-run"}, "\n".join(step.run))] if step.run else []


def _title(conversion: Conversion) -> str:
    bus = one_line(infer(conversion.disk).bus.value or "no bus", 20)
    was = f"`{disk_name(conversion.disk)}` on {bus}"
    return f"{was} becomes `{conversion.target}` on {conversion.bus}."


def _lines(conversion: Conversion) -> Iterator[Line]:
    """The XML of before and after; behind the disk stand the controller that it needs, and the
    other parts of the guest that change."""
    added = [conversion.controller] if conversion.controller else []
    old, new = zip(*conversion.also) if conversion.also else ((), ())
    return lines_of("\n".join([conversion.old, *old]), "\n".join([conversion.new, *added, *new]))


def _parts(conversion: Conversion) -> Iterator[_Part]:
    left_out = []
    for one in conversion.dropped:
        name = one.name if one.value is None else f"{one.name} = {one.value}"
        left_out.append(Step(f"`{one_line(name, 100)}`: {one.why}", ()))
    if left_out:
        yield _Part("Left out", left_out)
    if conversion.notes:
        yield _Part("To know", [Step(note, ()) for note in conversion.notes])
    yield from (_Part(part.title, part.steps, True) for part in conversion.steps)
