"""A disk on its way to another bus: what changes, what is left out, and what to do first."""

import textwrap
from collections.abc import Iterator

from ..inference import infer
from ..rewriting.conversion import Conversion
from ..rewriting.steps import Part, Step
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


def conversion_as_text(conversion: Conversion, colour: bool = False) -> str:
    """The disk, its XML, and the sentences and steps below their titles."""
    shown = [paint(unmarked(_title(conversion)), "1", colour), as_text(_lines(conversion), colour)]
    for part, is_numbered in _parts(conversion):
        lines = [paint(part.title, "1", colour)]
        for number, step in enumerate(part.steps, 1):
            lead = f"{number:3}. " if is_numbered else "  * "
            said = textwrap.fill(
                unmarked(step.say), WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead),
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
            lines += [said, *(f"       {line}" for line in step.run)]
        shown.append("\n".join(lines))
    return "\n\n".join(shown)


def _as_html(conversion: Conversion) -> str:
    shown = [prose("p", _title(conversion), "vl-verdict"), as_element(_lines(conversion))]
    for part, is_numbered in _parts(conversion):
        listed = (E.ol if is_numbered else E.ul)(*map(_step, part.steps))
        shown += [E.p({"class": "vl-part"}, E.strong(part.title)), listed]
    return root(*shown)


def _step(step: Step) -> Html:
    commands = E.pre({"class": "vl-run"}, "\n".join(step.run))
    return E.li(*with_code(step.say), *[commands] * bool(step.run))


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


def _parts(conversion: Conversion) -> Iterator[tuple[Part, bool]]:
    """What is said below the XML, and whether it is to be done in this order."""
    left_out = []
    for one in conversion.dropped:
        name = one.name if one.value is None else f"{one.name} = {one.value}"
        left_out.append(f"`{one_line(name, 100)}`: {one.why}")
    for title, sentences in (("Left out", left_out), ("To know", conversion.notes)):
        if sentences:
            yield Part(title, tuple(Step(sentence, ()) for sentence in sentences)), False
    yield from ((part, True) for part in conversion.steps)
