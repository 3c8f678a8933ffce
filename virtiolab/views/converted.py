"""A disk on its way to another bus: what changes, what is left out, and what to do first."""

import textwrap
from collections.abc import Iterator, Sequence

from ..inference import infer
from ..rewriting.conversion import Conversion
from ..rewriting.steps import Step
from ..xml import one_line
from .changes import Line, as_element, as_text, lines_of
from .elements import E, prose, root
from .text import WIDTH, disk_name, paint, unmarked
from .view import View


class Converted(View):
    """A Conversion (`.conversion`) that shows itself: what changes, and what to do first."""

    def __init__(self, conversion: Conversion):
        self.conversion = conversion
        super().__init__(lambda: _as_html(conversion), lambda: conversion_as_text(conversion))


def conversion_as_text(conversion: Conversion, colour: bool = False) -> str:
    """The disk, its XML, and the sentences and steps below their titles."""
    parts = [paint(unmarked(_title(conversion)), "1", colour)]
    parts.append(as_text(_lines(conversion), colour))
    for title, said in _parts(conversion):
        numbered = isinstance(said[0], Step)
        items = (
            _item_as_text(f"{number:3}. " if numbered else "  * ", item)
            for number, item in enumerate(said, 1)
        )
        parts.append("\n".join([paint(title, "1", colour), *items]))
    return "\n\n".join(parts)


def _item_as_text(lead: str, item: Step | str) -> str:
    """A sentence in lines behind its bullet or number; of a step, the commands in one piece."""
    say, run = (item.say, item.run) if isinstance(item, Step) else (item, ())
    said = textwrap.fill(
        unmarked(say), WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return "\n".join([said, *(f"       {line}" for line in run)])


def _as_html(conversion: Conversion) -> str:
    shown = [prose("p", _title(conversion), "vl-verdict"), as_element(_lines(conversion))]
    for title, said in _parts(conversion):
        make = E.ol if isinstance(said[0], Step) else E.ul
        shown += [E.p({"class": "vl-part"}, E.strong(title)), make(*map(_item, said))]
    return root(*shown)


def _item(item: Step | str):
    if not isinstance(item, Step):
        return prose("li", item)
    element = prose("li", item.say)
    element.extend([E.pre({"class": "vl-run"}, "\n".join(item.run))] if item.run else [])
    return element


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


def _parts(conversion: Conversion) -> Iterator[tuple[str, Sequence[str] | Sequence[Step]]]:
    """What is said below the XML: titles, and under each sentences or steps."""
    left_out = [
        f"`{one_line(one.name if one.value is None else f'{one.name} = {one.value}', 100)}`: {one.why}"
        for one in conversion.dropped
    ]
    every = [("Left out", left_out), ("To know", conversion.notes)]
    every += [(part.title, part.steps) for part in conversion.steps]
    yield from ((title, said) for title, said in every if said)
