"""What stands in a form for a disk: beside a field what is decided, and what is wrong with it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from lxml import etree
from lxml.builder import E

from ..build import Choice
from ..document import Disk
from ..inference import Inference, Inferences
from ..refusals import SEVERITIES, Problem
from ..syntax import Entry, lookup
from ..xml import one_line
from .changes import marked_as_html
from .elements import CELL, origin_mark, prose, underline, visible
from .html import root
from .problems import NONE, problem_item, problems_as_text
from .text import disk_name, since, unmarked, value_as_text, verdict

NOT_WRITTEN = "(not written)"
_SIGNS = {"error": "✗", "warning": "!", "note": "·"}
_TITLES = ("name", "in the XML", "decided", "why")


class Filled(NamedTuple):
    """One field as it is filled in: its `path`, its `value` (None: not written), the answer of the
    inference to it, if there is one, and whether libvirt would look at it in this disk."""

    choice: Choice
    path: str
    value: Any
    answer: Inference | None
    is_read: bool = True

    @property
    def entry(self) -> Entry:
        """What the vocabulary says of it."""
        return lookup(f"/disk/{self.path}") or self.choice.entry

    @property
    def meaning(self) -> str:
        """What it means; of a value that is written, what that one does."""
        entry = self.entry
        known = entry.values.get(self.value) if isinstance(self.value, str) else None
        return known or entry.meaning


def answer_to(choice: Choice, answers: Inferences) -> Inference | None:
    """The answer that says what a choice is where nobody wrote it."""
    if choice.name in answers._fields:
        return getattr(answers, choice.name)
    kind, _, part = choice.name.partition("_")
    place = answers.address
    known = kind == "address" and place.value and place.origin != "stated" and part in place.value
    return place._replace(value=str(place.value[part])) if known else None


def shown(value: Any) -> str:
    """A value as it stands in a menu or a table."""
    if value is None:
        return NOT_WRITTEN
    if value is True:
        return "written"
    if isinstance(value, list | tuple):
        return ", ".join("–" if one is None else shown(one) for one in value)
    return visible(str(value)) or "'' (empty)"


def tooltip(field: Filled) -> str:
    """What a field is about, in plain text."""
    entry = field.entry
    matters = f" Where it matters: {entry.matters}" if entry.matters else ""
    first = f" Since libvirt {entry.since}." if entry.since else ""
    return unmarked(entry.meaning + matters + first)


def hint(field: Filled) -> str:
    """What stands beside a field: who decides, and what; of what is written, what it does."""
    return root(E.p({"class": "vl-hint"}, *_hint(field)))


def _hint(field: Filled) -> Iterator[etree._Element]:
    entry, answer = field.entry, field.answer
    if not field.is_read:
        why = f" {entry.matters}" if entry.matters else ""
        yield prose("span", f"libvirt does not look at it in a disk of this kind.{why}")
    elif answer is not None and answer.origin != "stated":
        yield from [_decided(answer), E.span(f" {one_line(answer.reason, 600)}")]
    elif field.value is not None:
        yield from [origin_mark("stated"), prose("span", f" {field.meaning}")]
    else:
        yield prose("em", entry.default or "Not written, it is left out.")
        if entry.matters:
            yield prose("span", f" Where it matters: {entry.matters}")


def _decided(answer: Inference) -> etree._Element:
    """The value that stands where nobody wrote one, and the word for who decided."""
    style = f"{underline(answer.origin)}; font-style: italic"
    value = E.code(value_as_text(answer.value), {"class": f"vl-{answer.origin}", "style": style})
    return E.span(value, " ", E.span(f"({answer.origin})", {"class": "vl-by"}))


def refused(said: str) -> str:
    """The sentence about a value that cannot be written."""
    return root(E.p({"class": "vl-note vl-error"}, E.strong("✗ error"), f": {said}"))


def note(problem: Problem, path: str | None = None) -> str:
    """A problem beside its field, or (with its path) below the XML."""
    severity = problem.severity
    word = E.strong(f"{_SIGNS[severity]} {severity}", {"class": "vl-severity"})
    where = [E.code(one_line(path.removeprefix("/disk/"), 80)), " "] if path else []
    why = prose("span", f" {problem.why}{since(problem.since)}", "vl-why")
    said = prose("span", f": {problem.message}")
    return root(E.p({"class": f"vl-note vl-{severity}"}, *where, word, said, why))


def in_words(problem: Problem) -> str:
    """What its fix does: `remove driver/@io; target/@bus = sata`."""
    edits = (edit for edit in problem.edits if not _is_idle(edit, problem.disk))
    return one_line("; ".join(map(_edit, edits)), 200)


def _is_idle(edit: str, disk: Disk) -> bool:
    """Whether it would remove what is not there."""
    if edit[0] != "-":
        return False
    *above, last = edit[1:].split("/")
    holder = disk.element.find("/".join(above)) if above else disk.element
    if holder is None:
        return True
    return last[1:] not in holder.keys() if last[0] == "@" else holder.find(last) is None


def _edit(edit: str) -> str:
    scope, colon, line = edit.partition(":")
    where = f"{scope} " if colon and scope in ("controller", "domain") else ""
    line = line if where else edit
    path, _, value = line.lstrip("+~-").partition("=")
    match line[0]:
        case "-":
            return f"remove {where}{path}"
        case "~":
            return f"{where}{path} becomes {value}"
    return f"{where}{path} = {value}" if value else f"add {where}{path}"


def title_of(disk: Disk, answers: Inferences) -> str:
    """The disk in one line of text."""
    format = value_as_text(answers.format.value)
    return f"{disk_name(disk)}: {verdict(answers)}, format {format}"


def verdict_of(disk: Disk, answers: Inferences, problems: Sequence[Problem]) -> str:
    """Is it virtio, in which format is the image, and would libvirt take it?"""
    title = E.p(
        {"class": "vl-verdict"}, E.strong(E.code(disk_name(disk))), ": ",
        E.strong(verdict(answers)), ", format ", E.code(value_as_text(answers.format.value)),
    )  # fmt: skip
    reasons = [_reason("virtio", answers.virtio), _reason("format", answers.format)]
    return root(title, E.ul({"class": "vl-reasons"}, *reasons, _counted(problems)))


def _counted(problems: Sequence[Problem]) -> etree._Element:
    """How many problems there are of each kind; those of a field are said beside it."""
    found = Counter(problem.severity for problem in problems)
    said = (f"{_SIGNS[kind]} {_plural(found[kind], kind)}" for kind in SEVERITIES if found[kind])
    return E.li("problems: ", E.strong(", ".join(said) or "none found"))


def _plural(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _reason(name: str, answer: Inference) -> etree._Element:
    return E.li(f"{name}: ", origin_mark(answer.origin), f" {one_line(answer.reason, 600)}")


@lru_cache(maxsize=64)
def left_out(fields: tuple[tuple[Choice, str], ...]) -> str:
    """Which fields are not shown, because libvirt would not look at them, and where they matter."""
    if not fields:
        return ""
    number = _plural(len(fields), "more field")
    says = f"{number} not shown: libvirt does not look at them in a disk of this kind."
    items = [_left_out(choice, path) for choice, path in fields]
    return root(E.details({"class": "vl-left-out"}, E.summary(says), E.ul(*items)))


def _left_out(choice: Choice, path: str) -> etree._Element:
    entry = lookup(f"/disk/{path}") or choice.entry
    return E.li(E.code(path), ": ", prose("span", entry.matters or entry.meaning))


def file_of(xml: str) -> str:
    """A link that saves XML as a file; nothing is sent for it, as the file is in the link."""
    content = f"data:application/xml;charset=utf-8,{quote(xml)}"
    return root(E.p(E.a("Save it as disk.xml", href=content, download="disk.xml")))


def disk_as_html(title: str, fields: Sequence[Filled], xml: str, problems: Sequence[Problem]):
    """A disk in the making where no widget runs: what is chosen, what follows, XML, problems."""
    head = E.tr(*[E.th(name, CELL, scope="col") for name in _TITLES])
    table = E.table({"class": "vl-form"}, E.thead(head), E.tbody(*map(_row, fields)))
    wrong = E.ul({"class": "vl-problems"}, *map(problem_item, problems))
    said = wrong if problems else E.p(NONE)
    heading = E.p({"class": "vl-verdict"}, E.strong(title))
    return root(heading, table) + marked_as_html(xml, xml) + root(said)


def _row(field: Filled) -> etree._Element:
    cells = [E.td(E.code(shown(field.value)), CELL), E.td(CELL, *_origin(field))]
    return E.tr(
        E.th(E.code(field.path), CELL, scope="row"), *cells, E.td(CELL, *_hint_alone(field))
    )


def _origin(field: Filled) -> list[etree._Element]:
    if field.answer is not None and field.answer.origin != "stated":
        return [_decided(field.answer)]
    return [] if field.value is None else [origin_mark("stated")]


def _hint_alone(field: Filled) -> list[etree._Element]:
    """What stands beside a field, without what has a column of its own."""
    found = list(_hint(field))
    return found[1:] if len(_origin(field)) and field.is_read else found


def disk_as_text(title: str, fields: Sequence[Filled], xml: str, problems: Sequence[Problem]):
    """The same as text."""
    lines = [f"  {field.path:16} {shown(field.value)}{_follows(field)}" for field in fields]
    return "\n".join([title, *lines, "", xml, problems_as_text(problems)])


def _follows(field: Filled) -> str:
    answer = field.answer
    if answer is None or answer.origin == "stated":
        return ""
    return f" -> {value_as_text(answer.value)} ({answer.origin}): {one_line(answer.reason, 600)}"
