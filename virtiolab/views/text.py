"""What text views are made of: values, names, sentences, for a terminal with or without colour."""

import re
import textwrap
from collections.abc import Iterator
from functools import lru_cache

from ..document import Disk, read
from ..explanation import Row
from ..inference import Inferences
from ..xml import UnreadableXML, one_line, seen

WIDTH = 80
MAX_VALUE = 200  # characters of a value behind its name
MOST = 200  # disks, or problems, that are shown in one place: a page takes minutes for very many
# What a name in XML may hold of what is not seen: joiners, fillers, marks.
_IN_NAMES = re.compile(
    "[\u0300-\u1fff\u200c\u200d\u2070-\u218f\u3001-\ud7ff\uf900-\ufffd\U00010000-\U000effff]"
)
_REFERENCE = "&#x{:x};"  # of XML, to a character
COLOURS = {"stated": "32", "inferred": "36", "default": "33", "unknown": "31"}
NO_DISK = "There is no <disk> in it."


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


def name_and_value(row: Row) -> str:
    """`driver/@cache = none`, or the name alone."""
    return row.name if row.value is None else f"{row.name} = {one_line(row.value, MAX_VALUE)}"


def decided(row: Row) -> str:
    """The word for who decided a row; of names that libvirt does not know, that it does not."""
    return row.origin if row.known else "not known"


def sentences_of(row: Row) -> Iterator[tuple[str, str]]:
    """What a row has to say, each sentence with the name of what it is."""
    yield "meaning", row.meaning
    if row.here:
        yield "here", row.here
    if row.matters:
        yield "matters", f"Matters for: {row.matters}"
    if row.default and not row.added:  # of what is added, the reason says more
        yield "default", row.default


@lru_cache(maxsize=1024)  # most sentences come again and again, and wrapping is slow
def wrapped(sentence: str, indent: int) -> str:
    """A sentence in lines, each behind a margin."""
    margin = " " * indent
    return textwrap.fill(
        one_line(sentence, 600), WIDTH, initial_indent=margin, subsequent_indent=margin,
        break_on_hyphens=False,
    )  # fmt: skip


def more(left_out: int, of: str = "disk") -> list[str]:
    """The sentence that there are more of them than are shown, if there are."""
    return [f"… and {left_out} more {of}{'s' * (left_out > 1)}."] if left_out > 0 else []


def since(version: str | None) -> str:
    """From which libvirt on a sentence holds, to put behind it."""
    return f" (Since libvirt {version}.)" if version else ""


def printable(xml: str) -> str:
    """The same XML with references for what a screen would obey or not show.

    A name cannot have them: of XML that they would break, what a name may hold stays as it is.
    """
    shown = seen(xml, "\n\t", _REFERENCE)
    if shown == xml or _is_readable(shown) or not _is_readable(xml):
        return shown
    return seen(xml, "\n\t" + "".join({*_IN_NAMES.findall(xml)}), _REFERENCE)


def _is_readable(xml: str) -> bool:
    try:
        read(xml)
    except UnreadableXML:
        return False
    return True


def unmarked(prose: str) -> str:
    """Our own prose without the backticks that mark XML in it."""
    return prose.replace("`", "")


def title_of(disk: Disk, answers: Inferences) -> str:
    """The disk in one line: which it is, whether it is virtio, and its format."""
    format = value_as_text(answers.format.value)
    return f"{disk_name(disk)} (line {disk.line}): {verdict(answers)}, {format}"


def paint(text: str, code: str, colour: bool) -> str:
    """The text in one of the terminal's colours, if colour is wanted."""
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
