"""What the rungs of the ladder of proof say of each disk, as text for a terminal."""

import json
from collections.abc import Iterator

from ..evidence.arguments import Key
from ..evidence.libvirt import dotted
from ..ladder import Climb, Ladder
from ..parsing import one_line
from .rungs import told
from .text import NO_DISK, disk_name, label, paint, value_as_text, wrapped

_GREEN, _RED, _BOLD = "32", "31", "1"
_PLACED = "This is no whole guest, so libvirt was asked about an ordinary one with it: x86_64, machine pc."


def ladder_as_text(ladder: Ladder, colour: bool = False) -> str:
    """What became of the whole guest, then each disk, rung by rung."""
    if not ladder.climbs:
        return NO_DISK
    disks = (_disk(one, ladder, colour) for one in ladder.climbs)
    head = [_PLACED] * ladder.placed + list(_guest(ladder, colour))
    return "\n\n".join(["\n".join(wrapped(line, 0) for line in head), *disks])


def _guest(ladder: Ladder, colour: bool) -> Iterator[str]:
    libvirt = f"libvirt {dotted(ladder.version)}"
    differing = [one for one in ladder.climbs if one.disagreements]
    if ladder.refusal:
        yield paint(f"{libvirt} refuses this guest: {_line(ladder.refusal)}", _RED, colour)
        if len(ladder.climbs) > 1:
            yield "So each disk is asked about alone."
    if differing:
        names = ", ".join(disk_name(one.disk) for one in differing)
        yield paint(f"DISAGREEMENT: {libvirt} says something else about {names}.", _RED, colour)
    elif any(one.said for one in ladder.climbs):
        every = "every disk that it accepts" if ladder.refusal else "every disk"
        yield paint(f"{libvirt} says the same as virtiolab about {every}.", _GREEN, colour)


def _disk(climb: Climb, ladder: Ladder, colour: bool) -> str:
    title = paint(f"{disk_name(climb.disk)} (line {climb.disk.line})", _BOLD, colour)
    lines = [title, *_schema(climb, colour), *_libvirt(climb, ladder, colour)]
    return "\n".join([*lines, *_arguments(climb, colour)])


def _schema(climb: Climb, colour: bool) -> Iterator[str]:
    if isinstance(climb.faults, str):
        yield f"  1 schema     no answer: {_line(climb.faults)}"
    elif not climb.faults:
        yield f"  1 schema     {paint('valid', _GREEN, colour)}"
    else:
        yield f"  1 schema     {paint('not valid', _RED, colour)}"
        for fault in climb.faults:
            yield wrapped(f"line {fault.line}: {fault.path}: {fault.why}", 15)


def _libvirt(climb: Climb, ladder: Ladder, colour: bool) -> Iterator[str]:
    answer, alone = climb.answer, "alone, " * bool(ladder.refusal and len(ladder.climbs) > 1)
    if answer.refusal:
        yield f"  2 libvirt    {alone}{paint('refused', _RED, colour)}"
        yield wrapped(_line(answer.refusal), 15)
    else:
        yield f"  2 libvirt    {alone}{paint('accepted', _GREEN, colour)}"
    if answer.generic_refusal and answer.generic_refusal != answer.refusal:
        yield wrapped(f"without a hypervisor refused: {_line(answer.generic_refusal)}", 15)
    elif answer.refusal and not answer.generic_refusal:
        yield wrapped("only by its QEMU driver: libvirt without a hypervisor accepts it", 15)
    yield from _rows(climb, colour)


def _rows(climb: Climb, colour: bool) -> Iterator[str]:
    """The answers side by side."""
    if not climb.said:
        return
    ours = {row: value_as_text(climb.inferred[row]) for row in climb.said}
    width = min(40, max(map(len, ours.values())))
    yield f"               {'':11}  {'virtiolab'.ljust(width)}  libvirt"
    for row, value in climb.said.items():
        differs = row in climb.disagreements
        mark = paint("  <-- NOT THE SAME", _RED, colour) if differs else ""
        said = f"{label(row):11}  {ours[row].ljust(width)}  {value_as_text(value)}"
        yield f"               {said}{mark}"


def _arguments(climb: Climb, colour: bool) -> Iterator[str]:
    if climb.arguments:
        yield "  3 QEMU gets"
    for argument in climb.arguments:
        settles = paint("  <-- this settles it: " + _verdict(climb), _BOLD, colour)
        yield f"     {argument.flag} {_line(argument.driver)}{settles * argument.settles}"
        yield from (line for key in argument.keys for line in _key(key))


def _verdict(climb: Climb) -> str:
    return "virtio" if climb.said["virtio"] else "not virtio"


def _key(key: Key) -> Iterator[str]:
    yield f"       {key.name} = {_line(json.dumps(key.value, ensure_ascii=False))}"
    if key.meaning:
        yield wrapped(told(key), 15)


def _line(text: str) -> str:
    return one_line(text, 400)
