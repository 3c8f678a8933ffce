"""What is inferred of each disk beside what the real libvirt says, as text for a terminal."""

import json
from collections.abc import Iterator
from itertools import chain

from ..evidence.comparison import Compared, Comparison
from ..xml import one_line
from .ladder import meaning
from .text import NO_DISK, disk_name, label, paint, value_as_text, wrapped

_GREEN, _RED, _BOLD = "32", "31", "1"
# Of what libvirt accepts, and cannot make arguments for here.
_OPEN = (
    "QEMU's arguments need a secret, a storage pool or a vDPA device of the host, and the host is not"
    " asked."
)


def comparison_as_text(comparison: Comparison, colour: bool = False) -> str:
    """What became of the whole guest, then each disk, rung by rung."""
    if not comparison.disks:
        return NO_DISK
    parts = [[wrapped(line, 0) for line in (*comparison.notes, *_guest(comparison, colour))]]
    for one in comparison.disks:
        title = paint(f"{disk_name(one.disk)} (line {one.disk.line})", _BOLD, colour)
        rungs = _schema(one, colour), _libvirt(one, comparison, colour), _arguments(one, colour)
        parts.append([title, *chain(*rungs)])
    return "\n\n".join(map("\n".join, parts))


def _guest(comparison: Comparison, colour: bool) -> Iterator[str]:
    libvirt = " with ".join(f"{name} {version}" for name, version in comparison.versions.items())
    differing = [one for one in comparison.disks if one.disagreements]
    if comparison.answer.is_refused:
        answer = comparison.answer
        does = "refuses this guest" if answer.answered else "has no answer about this guest"
        if answer.is_defined:
            does = "accepts this guest, and makes no arguments for QEMU"
        yield paint(f"{libvirt} {does}: {_line(answer.refusal)}", _RED, colour)
        if len(comparison.disks) > 1:
            yield "So each disk is asked about alone."
    if differing:
        names = ", ".join(disk_name(one.disk) for one in differing)
        yield paint(f"DISAGREEMENT: {libvirt} says something else about {names}.", _RED, colour)
    elif any(one.said for one in comparison.disks):
        every = "every disk that it accepts" if comparison.answer.is_refused else "every disk"
        yield paint(f"{libvirt} says the same as virtiolab about {every}.", _GREEN, colour)


def _schema(compared: Compared, colour: bool) -> Iterator[str]:
    if isinstance(compared.faults, str):
        yield f"  1 schema     no answer: {_line(compared.faults)}"
    elif not compared.faults:
        yield f"  1 schema     {paint('valid', _GREEN, colour)}"
    else:
        yield f"  1 schema     {paint('not valid', _RED, colour)}"
        for fault in compared.faults:
            yield wrapped(f"line {fault.line}: {fault.path}: {fault.why}", 15)


def _libvirt(compared: Compared, comparison: Comparison, colour: bool) -> Iterator[str]:
    answer = compared.answer
    alone = "alone, " * bool(comparison.answer.refusal and len(comparison.disks) > 1)
    said = paint("refused" if answer.answered else "no answer", _RED, colour)
    said = paint("accepted", _GREEN, colour) if answer.is_defined else said
    yield f"  2 libvirt    {alone}{said}"
    if answer.is_open:
        yield wrapped(_OPEN, 15)
    elif answer.refusal and not answer.is_defined:
        yield wrapped(_line(answer.refusal), 15)
    if answer.generic_refusal and answer.generic_refusal != answer.refusal:
        yield wrapped(f"without a hypervisor refused: {_line(answer.generic_refusal)}", 15)
    elif not answer.is_defined and answer.answered and not answer.generic_refusal:
        yield wrapped("only by its QEMU driver: libvirt without a hypervisor accepts it", 15)
    if not compared.said:
        return
    ours = {row: value_as_text(compared.inferred[row]) for row in compared.said}
    width = min(40, max(map(len, ours.values())))
    yield f"               {'':11}  {'virtiolab'.ljust(width)}  libvirt"
    for row, value in compared.said.items():
        differs = row in compared.disagreements
        mark = paint("  <-- NOT THE SAME", _RED, colour) if differs else ""
        said = f"{label(row):11}  {ours[row].ljust(width)}  {value_as_text(value)}"
        yield f"               {said}{mark}"
    if compared.elsewhere:
        others = (f"{label(row)} {value_as_text(v)}" for row, v in compared.elsewhere.items())
        yield wrapped(f"with libvirt {comparison.meant}: {', '.join(others)}", 15)


def _arguments(compared: Compared, colour: bool) -> Iterator[str]:
    if compared.answer.is_defined and compared.answer.is_refused:
        yield f"  3 QEMU gets  {paint('nothing: refused', _RED, colour)}"
        yield wrapped(_line(compared.answer.refusal), 15)
    if compared.arguments:
        yield "  3 QEMU gets"
    for argument in compared.arguments:
        settled = "virtio" if compared.said["virtio"] else "not virtio"
        settles = paint(f"  <-- this settles it: {settled}", _BOLD, colour)
        yield f"     {argument.flag} {_line(argument.driver)}{settles * argument.settles}"
        for key in argument.keys:
            yield f"       {key.name} = {_line(json.dumps(key.value, ensure_ascii=False))}"
            yield wrapped(meaning(key), 15)


def _line(text: str) -> str:
    return one_line(text, 400)
