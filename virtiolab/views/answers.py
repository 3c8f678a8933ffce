"""The answers about disks: beside the XML of each, in rows, or one line a disk."""

from collections.abc import Sequence

from ..document import Disk, Domain
from ..explanation import Explanation
from ..inference import Inferences, infer
from ..refusals import Problem
from ..xml import one_line
from .annotated import annotated
from .elements import E, Html, heading, legend, origin_mark, root, row, table
from .problems import counted
from .text import (
    COLOURS,
    MOST,
    NO_DISK,
    disk_name,
    label,
    more,
    paint,
    title_of,
    value_as_text,
    verdict,
    wrapped,
)
from .view import View

# The order of the questions: what people come for, then the rest.
ROWS = (
    "virtio", "bus", "format", "qemu_device", "controller", "address",
    "type", "device", "driver", "cache", "readonly", "snapshot",
)  # fmt: skip
_OVERVIEW = ("disk", "virtio?", "bus", "format")
_SIGNS = {"stated": "=", "inferred": ">", "default": "~", "unknown": "?"}
# Their reason would only repeat the value.
_SPEAK_FOR_THEMSELVES = {
    f"{row}-stated"
    for row in ("type", "device", "driver", "cache", "snapshot", "readonly", "address")
}


def show(what: Domain | Disk, *rows: str) -> View:
    """The answers about a disk, or about each disk of a domain: these rows of them, or all."""
    disks = [what] if isinstance(what, Disk) else what.disks
    names, first, left_out = rows or ROWS, disks[:MOST], more(len(disks) - MOST)

    def html() -> str:
        about = [_about(Explanation(disk), names) for disk in first]
        return root(*about, *map(E.p, left_out), legend() if about else E.p(NO_DISK))

    def text() -> str:
        about = [answers_as_text(disk, infer(disk), rows=names) for disk in first]
        return "\n\n".join([*(about or [NO_DISK]), *left_out])

    return View(html, text)


def overview(
    disks: Sequence[Disk], most: int = MOST, problems: Sequence[Problem] | None = None
) -> View:
    """One line a disk: name, virtio or not, bus and format, and how many of the `problems` are its, if
    these are given; of at `most` so many disks."""
    titles, lines = _OVERVIEW + ("problems",) * (problems is not None), []
    found: dict[Disk | None, list[Problem]] = {}
    for problem in problems or ():
        found.setdefault(problem.disk, []).append(problem)
    for disk, said in ((disk, infer(disk)) for disk in disks[:most]):
        values = map(value_as_text, (said.bus.value, said.format.value))
        wrong = [counted(found.get(disk, ())) or "–"] * (problems is not None)
        lines.append((disk_name(disk), verdict(said), *values, *wrong))
    left_out = more(len(disks) - len(lines))

    def html() -> str:
        if not lines:
            return root(E.p(NO_DISK))
        rows = [row(E.code(name), *cells) for name, *cells in lines]
        return root(table("vl-overview", rows, titles), *map(E.p, left_out))

    def text() -> str:
        widths = [max(map(len, column)) for column in zip(titles, *lines)]
        shown = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
            for line in (titles, *lines)
        ]
        return "\n".join(shown + left_out) if lines else NO_DISK

    return View(html, text)


def interactive(explained: Explanation) -> str:
    """The XML with a tip for each name, and beside it the answers; needs style.css."""
    return root(_about(explained, ROWS, tips=True), legend())


def _about(explained: Explanation, rows: Sequence[str], tips: bool = False) -> Html:
    return E.div(
        {"class": "vl-disk vl-with-tips" if tips else "vl-disk"},
        heading(explained.disk, explained.answers),
        annotated(explained, tips),
        answers_table(explained.answers, rows),
    )


def answers_table(answers: Inferences, names: Sequence[str]) -> Html:
    """These rows of the answers: value, who decided it, and why."""
    said = ((name, getattr(answers, name)) for name in names)
    rows = [
        row(
            label(name), E.code(value_as_text(answer.value)), origin_mark(answer.origin),
            one_line(answer.reason, 600), kind=f"vl-row-{name}",
        )
        for name, answer in said
    ]  # fmt: skip
    return table("vl-answers", rows)


def answers_as_text(
    disk: Disk, answers: Inferences, colour: bool = False, rows: Sequence[str] = ROWS
) -> str:
    """A heading, then these rows of the answers, wrapped to 80 columns."""
    title = paint(title_of(disk, answers), "1", colour)
    return f"{title}\n{rows_as_text(answers, rows, colour)}"


def rows_as_text(answers: Inferences, rows: Sequence[str], colour: bool = False) -> str:
    """These rows of the answers: who decided, the value, and why."""
    lines = []
    for name, answer in ((name, getattr(answers, name)) for name in rows):
        mark = f"{_SIGNS[answer.origin]} {answer.origin}".ljust(10)
        value = paint(value_as_text(answer.value), "1", colour)
        lines.append(f"  {label(name):11}  {paint(mark, COLOURS[answer.origin], colour)}  {value}")
        if answer.rule not in _SPEAK_FOR_THEMSELVES:
            lines.append(wrapped(answer.reason, 15))
    return "\n".join(lines)
