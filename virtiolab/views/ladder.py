"""What the five rungs of the ladder of proof say of one configuration, in sentences."""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..evidence.arguments import Key, explained
from ..evidence.lessons import Lesson
from ..evidence.record import recorded
from ..xml import one_line
from .elements import E, Html, folded, prose, root, row, table, visible
from .text import unmarked, wrapped
from .view import View

TITLES = {
    "schema": "Schema", "libvirt": "libvirt", "arguments": "QEMU's arguments",
    "qemu": "QEMU, stopped", "guest": "The guest",
}  # fmt: skip
_NO_ARGUMENTS = "Not reached: libvirt makes no arguments for this guest."
_UNEXPLAINED = "virtiolab cannot explain this one: libvirt or QEMU may be newer than it."
_QCOW2 = "514649fb"  # "QFI" and a byte: how a qcow2 image begins


class Line(NamedTuple):
    """One thing that is said: prose with `backticks`, or code to be shown as it is; `marked` if it
    settles whether the disk is virtio. `keys` explain what stands in the code."""

    text: str
    is_code: bool = False
    marked: bool = False
    keys: tuple[Key, ...] = ()


def lines(rung: str, said: Mapping, lesson: Lesson) -> list[Line]:
    """What a rung said of a lesson's configuration, in sentences."""
    if said.get("by") == "libvirt":
        return [Line("Not reached: libvirt refuses this guest.")]
    if said.get("by") == "arguments":
        refused = f"Refused: {_plain(said['refusal'])}."
        return [Line(refused if rung == "arguments" else _NO_ARGUMENTS)]
    if said.get("by") == "QEMU":
        return [Line(f"QEMU refuses it: {_plain(said['refusal'])}.")]
    return list(_LINES[rung](said, lesson))


def _schema(said: Mapping, _lesson: Lesson) -> Iterator[Line]:
    if not said["faults"]:
        yield Line("Valid: libvirt's schema knows every name and every value.")
    for fault in said["faults"]:
        yield Line(f"Not valid: `{_plain(fault['path'])}`: {_plain(fault['why'])}.")


def _libvirt(said: Mapping, _lesson: Lesson) -> Iterator[Line]:
    if said["refusal"] and not said["xml"]:
        yield Line(f"Refused: {_plain(said['refusal'])}.")
        also = "refuses it too" if said["generic_refusal"] else "accepts it"
        yield Line(f"libvirt's test driver, which has no hypervisor, {also}.")
    else:
        yield Line("Accepted, and written back as:")
        yield from (Line(xml, is_code=True) for xml in said["xml"])


def _arguments(said: Mapping, lesson: Lesson) -> Iterator[Line]:
    disks = {disk.target: disk for disk in lesson.domain.disks}
    for target, given in said["arguments"].items():
        shown = explained(given, disks[target])
        for (flag, one, _), argument in zip(given, shown, strict=True):
            yield Line(f"{flag} {json.dumps(one)}", True, argument.settles, argument.keys)


def _qemu(said: Mapping, _lesson: Lesson) -> Iterator[Line]:
    for target, disk in said["disks"].items():
        place = " › ".join(f"`{_plain(part)}`" for part in disk["place"])
        yield Line(f"`{target}` is at {place}.", marked=True)
        yield Line(f"Its format is `{disk['format']}`, its size {size(disk['size'])}.")
    for file in said["files"]:
        how = "past the host's page cache (`O_DIRECT`)" if file["direct"] else "without `O_DIRECT`"
        writable = "reading and writing" if file["writable"] else "reading"
        yield Line(f"QEMU holds `{file['path']}` open, for {writable}, {how}.")
    yield from map(Line, said["notes"])


def _guest(said: Mapping, lesson: Lesson) -> Iterator[Line]:
    only = lesson.domain.disks[0].target
    for disk in said["disks"]:
        target = disk["target"] or only
        drivers = " › ".join(f"`{_plain(name)}`" for name in disk["drivers"])
        same = disk["name"] == target
        calls = "happens to call it the same" if same else f"calls it `{target}`"
        yield Line(f"The guest calls it `{disk['name']}`; the XML {calls}.")
        yield Line(f"Its drivers, from the bus to the disk: {drivers}.", marked=True)
        yield Line(f"Its size is {size(disk['bytes'])}.")
        if disk["start"] == _QCOW2:
            yield Line(
                "It begins with `QFI`, as every qcow2 file does: the guest sees the file, not the"
                " disk inside it."
            )
    yield from map(Line, said["notes"])


_LINES = dict(zip(TITLES, (_schema, _libvirt, _arguments, _qemu, _guest), strict=True))


def size(number: int) -> str:
    """A size as people say it: `16 MiB`, `384 KiB`."""
    return f"{number >> 20:,} MiB" if number % (1 << 20) == 0 else f"{number / 1024:,g} KiB"


def in_words(versions: Mapping[str, str]) -> str:
    """Which libvirt and which QEMU."""
    return f"libvirt {versions['libvirt']} with QEMU {versions['QEMU']}"


def proof(lesson: Lesson, said: Mapping[str, Mapping], source: str | None = None) -> View:
    """What the rungs say of a lesson. `source` is where from; if it is not the record, the record is
    shown too, on each rung of which it says something else."""
    kept = recorded()["lessons"].get(lesson.name, {}) if source else {}
    if source is None:
        source = f"This is a record of {in_words(recorded()['versions'])}."
    titles = {rung: f"{number} {title}" for number, (rung, title) in enumerate(TITLES.items(), 1)}
    rungs = []
    for rung, answer in said.items():
        other = kept.get(rung, answer)
        otherwise = lines(rung, other, lesson) if other != answer else []
        rungs.append((titles[rung], lines(rung, answer, lesson), otherwise))
    known = f"What {in_words(recorded()['versions'])} said, as recorded:"

    def html() -> str:
        rows = []
        for title, told, otherwise in rungs:
            parts = [e for line in told for e in _elements(line)]
            if otherwise:
                parts.append(folded(known, *(e for line in otherwise for e in _elements(line))))
            rows.append(row(title, parts))
        heading = E.p({"class": "vl-verdict"}, E.strong(lesson.says), ". ", E.em(source))
        return root(heading, table("vl-rungs", rows))

    def text() -> str:
        parts = [f"{lesson.says}. {source}"]
        for title, told, otherwise in rungs:
            parts += [title, *map(_line_as_text, told)]
            parts += [wrapped(known, 2), *map(_line_as_text, otherwise)] if otherwise else []
        return "\n".join(parts)

    return View(html, text)


def doing(said: str, part: float | None = None) -> str:
    """What is being done on the ladder, for a widget; and how far it is, from 0 to 1."""
    said = one_line(said, 400)
    bar = E.progress({"max": "1", "value": f"{part or 0:.2f}", "aria-label": said})
    return root(E.p({"class": "vl-doing"}, said), *[bar] * (part is not None))


def _line_as_text(line: Line) -> str:
    if not line.is_code:
        return wrapped(unmarked(line.text), 2)
    sign = "=>" if line.marked else "  "
    shown = [f"{sign}  {visible(part)}" for part in line.text.splitlines()]
    return "\n".join(shown + [wrapped(f"{key.name}: {meaning(key)}", 6) for key in line.keys])


def meaning(key: Key) -> str:
    """What a key means, and the names in the XML that it comes from."""
    if not key.meaning:
        return _UNEXPLAINED
    names = [f"disk/{path}" if path[0] == "@" else path for path in key.paths]
    if not names:
        return key.meaning
    if key.written:
        told = [  # a name that counts only where something else is not written
            f"{name} (as no {' and no '.join(unless)} is written)" if unless else name
            for name, unless in zip(names, key.unless)
        ]
        return f"{key.meaning} From {', '.join(told)}."
    are = "is" if len(names) == 1 else "are"
    return f"{key.meaning} libvirt chose it, as {', '.join(names)} {are} not written."


def _elements(line: Line) -> Iterator[Html]:
    if not line.is_code:
        yield prose("p", line.text, "vl-settles" if line.marked else "")
        return
    shown = E.mark(visible(line.text)) if line.marked else visible(line.text)
    yield E.pre({"class": "vl-xml vl-wrapped", "style": "white-space: pre-wrap"}, shown)
    if line.keys:
        known = (part for k in line.keys for part in (E.dt(E.code(k.name)), E.dd(meaning(k))))
        yield folded("what each key means", E.dl(*known))


def _plain(text: str) -> str:
    """Text of another's in our prose, where backticks mark code."""
    return visible(text).replace("`", "'")
