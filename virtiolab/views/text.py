"""Answers as plain text for a terminal, with or without colour."""

import re
import textwrap
from collections.abc import Sequence
from functools import lru_cache

from ..document import Disk, read
from ..explanation import Explanation, Row
from ..inference import Inference, Inferences
from ..xml import UnreadableXML, one_line, seen

WIDTH = 80
MAX_VALUE = 200  # characters of a value behind its name
MOST = 200  # disks, or problems, that are shown in one place: a page takes minutes for very many
# What a name in XML may hold of what is not seen: joiners, fillers, marks.
_IN_NAMES = re.compile(
    "[\u0300-\u1fff\u200c\u200d\u2070-\u218f\u3001-\ud7ff\uf900-\ufffd\U00010000-\U000effff]"
)
# The order of the questions: what people come for, then the rest.
ROWS = (
    "virtio", "bus", "format", "qemu_device", "controller", "address",
    "type", "device", "driver", "cache", "readonly", "snapshot",
)  # fmt: skip
SIGNS = {"stated": "=", "inferred": ">", "default": "~", "unknown": "?"}
_COLOURS = {"stated": "32", "inferred": "36", "default": "33", "unknown": "31"}
OVERVIEW = ("disk", "virtio?", "bus", "format")
NO_DISK = "There is no <disk> in it."
# Their reason would only repeat the value.
_SPEAK_FOR_THEMSELVES = (
    "type-stated",
    "device-stated",
    "driver-stated",
    "cache-stated",
    "snapshot-stated",
    "readonly-stated",
    "address-stated",
)


def value_as_text(value) -> str:
    """A value as people write it: yes, no, `drive 0:0:0:1`, `scsi 0 (lsilogic)`; – for none."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "–"
    if isinstance(value, str):
        return one_line(value if value and value == value.strip() else repr(value))
    if set(value) == {"type", "index", "model"}:
        model = f" ({value['model']})" if value["model"] else ""
        return one_line(f"{value['type']} {value['index']}{model}")
    parts = [str(part) for name, part in value.items() if name != "type"]
    return one_line(" ".join(filter(None, [value["type"], ":".join(parts)])))


def disk_name(disk: Disk) -> str:
    """What a disk is called: its target, if it has one."""
    return one_line(disk.target or "(no name)", 60)


def verdict(answers: Inferences) -> str:
    """The answer to the first question, in a few words: `virtio (virtio-blk)`, `not virtio`, …"""
    if answers.virtio.value is None:
        return "virtio or not: it depends" if answers.bus.value else "virtio or not: unknown"
    return f"virtio ({answers.virtio_device})" if answers.virtio.value else "not virtio"


def label(row: str) -> str:
    """The name of a row of answers, as a person reads it."""
    return row.replace("qemu_device", "QEMU device")


def answers_of(
    answered: list[tuple[Disk, Inferences]], colour: bool = False, rows: Sequence[str] = ROWS
) -> str:
    """The answers about each disk: a heading, then the rows, wrapped to 80 columns."""
    if not answered:
        return NO_DISK
    return "\n\n".join(_about(disk, answers, colour, rows) for disk, answers in answered)


def explanation_of(explained: Explanation, colour: bool = False) -> str:
    """A heading, then every name of the disk with its meaning."""
    title = _title(explained.disk, explained.answers)
    rows = [_explained_row(row, colour) for row in explained.rows]
    return "\n".join([paint(title, "1", colour), *rows])


def name_and_value(row: Row) -> str:
    """`driver/@cache = none`, or the name alone."""
    return row.name if row.value is None else f"{row.name} = {one_line(row.value, MAX_VALUE)}"


def decided(row: Row) -> str:
    """The word for who decided a row; of names that libvirt does not know, that it does not."""
    return row.origin if row.known else "not known"


def _explained_row(row: Row, colour: bool) -> str:
    origin = paint(decided(row), _COLOURS[row.origin], colour)
    matters = row.matters and f"Matters for: {row.matters}"
    default = None if row.added else row.default  # of what is added, the reason says more
    sentences = [row.meaning, row.here, matters, default]
    said = [wrapped(unmarked(sentence), 6) for sentence in sentences if sentence]
    return "\n".join([f"  {paint(name_and_value(row), '1', colour)}  [{origin}]", *said])


@lru_cache(maxsize=1024)  # most sentences come again and again, and wrapping is slow
def wrapped(sentence: str, indent: int) -> str:
    """A sentence in lines, each behind a margin."""
    margin = " " * indent
    return textwrap.fill(
        one_line(sentence, 600), WIDTH, initial_indent=margin, subsequent_indent=margin,
        break_on_hyphens=False,
    )  # fmt: skip


def overview_of(answered: list[tuple[Disk, Inferences]], left_out: int = 0) -> str:
    """One line a disk, in columns."""
    lines = [OVERVIEW, *(overview_row(disk, answers) for disk, answers in answered)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    shown = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines
    ]
    return "\n".join(shown + more(left_out)) if answered else NO_DISK


def overview_row(disk: Disk, answers: Inferences) -> tuple[str, ...]:
    """The cells of one disk, under OVERVIEW."""
    return (
        disk_name(disk),
        verdict(answers),
        value_as_text(answers.bus.value),
        value_as_text(answers.format.value),
    )


def more(left_out: int, of: str = "disk") -> list[str]:
    """The sentence that there are more of them than are shown, if there are."""
    return [f"… and {left_out} more {of}{'s' * (left_out > 1)}."] if left_out > 0 else []


def choices_of(question: str, options: list[str], answer: str | None) -> str:
    """A question, its options, and the answer below them."""
    lines = [unmarked(question), *(f"  ( ) {unmarked(option)}" for option in options)]
    return "\n".join(lines + (["", f"Answer: {answer}"] if answer else []))


def verdict_on(guess: str, right: str) -> str:
    """Whether a guess was right, marked with backticks as it was asked."""
    return f"✓ Right: {right}" if guess == right else f"✗ You said “{guess}”. It is: {right}"


def since(version: str | None) -> str:
    """From which libvirt on a sentence holds, to put behind it: `11.2.0`, or `after 9.0.0`."""
    if not version:
        return ""
    return f" ({'In' if version.startswith('after') else 'Since'} libvirt {version}.)"


def printable(xml: str) -> str:
    """The same XML with references for what a screen would obey or not show.

    A name cannot have them: of XML that they would break, what a name may hold stays as it is.
    """
    shown = _with_references(xml)
    if shown == xml or _is_readable(shown) or not _is_readable(xml):
        return shown
    return _with_references(xml, "".join({*_IN_NAMES.findall(xml)}))


def _with_references(xml: str, but_for: str = "") -> str:
    return seen(xml, layout=f"\n\t{but_for}", form="&#x{:x};")


def _is_readable(xml: str) -> bool:
    try:
        read(xml)
    except UnreadableXML:
        return False
    return True


def unmarked(prose: str) -> str:
    """Our own prose without the backticks that mark XML in it."""
    return prose.replace("`", "")


def _about(disk: Disk, answers: Inferences, colour: bool, rows: Sequence[str]) -> str:
    title = paint(_title(disk, answers), "1", colour)
    return f"{title}\n{rows_of(answers, rows, colour)}"


def rows_of(answers: Inferences, rows: Sequence[str], colour: bool = False) -> str:
    """These rows of the answers: who decided, the value, and why."""
    return "\n".join(_row(row, getattr(answers, row), colour) for row in rows)


def _title(disk: Disk, answers: Inferences) -> str:
    format = value_as_text(answers.format.value)
    return f"{disk_name(disk)} (line {disk.line}): {verdict(answers)}, {format}"


def _row(name: str, answer: Inference, colour: bool) -> str:
    mark = paint(
        f"{SIGNS[answer.origin]} {answer.origin}".ljust(10), _COLOURS[answer.origin], colour
    )
    head = f"  {label(name):11}  {mark}  {paint(value_as_text(answer.value), '1', colour)}"
    if answer.rule in _SPEAK_FOR_THEMSELVES:
        return head
    return f"{head}\n{wrapped(answer.reason, 15)}"


def paint(text: str, code: str, colour: bool) -> str:
    """The text in one of the terminal's colours, if colour is wanted."""
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
