"""What stands in a form for a disk: beside a field what is decided, below all what follows."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ..build import Choice
from ..document import Disk
from ..inference import Inference, Inferences
from ..refusals import Problem
from ..syntax import Entry, Only, lookup
from ..xml import one_line
from .changes import marked
from .elements import E, Html, folded, heading, origin_mark, prose, root, row, table, visible
from .problems import NONE, counted, plural, problem_list, problems_as_text
from .text import disk_name, unmarked, value_as_text, verdict
from .view import View

NOT_WRITTEN = "(not written)"


class Filled(NamedTuple):
    """One field as it is filled in: its `path`, its `value` (None: not written), the answer of the
    inference to it, if there is one, whether libvirt would look at it in this disk, and where alone
    it would take it, if not there."""

    choice: Choice
    path: str
    value: Any
    answer: Inference | None
    is_read: bool = True
    only: Only | None = None

    @property
    def is_greyed_out(self) -> bool:
        """Whether there is nothing to set here: what is written can still be taken away."""
        return self.only is not None and self.value is None

    @property
    def entry(self) -> Entry:
        """What the vocabulary says of it."""
        return lookup(f"/disk/{self.path}") or self.choice.entry

    @property
    def decided(self) -> Inference | None:
        """The answer, where it is not the XML that gives it."""
        is_stated = self.answer is None or self.answer.origin == "stated"
        return None if is_stated else self.answer


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
    origin = [] if field.is_greyed_out or not field.is_read else _origin(field)
    return root(E.p({"class": "vl-hint"}, *origin, *_why(field)))


def _origin(field: Filled) -> list[Html]:
    """The word for who decided; before it the value that stands where nobody wrote one."""
    if not (answer := field.decided):
        return [] if field.value is None else [origin_mark("stated")]
    value = origin_mark(answer.origin, value_as_text(answer.value))
    return [E.span(value, " ", E.span(f"({answer.origin})", {"class": "vl-by"}))]


def _why(field: Filled) -> Iterator[Html]:
    entry = field.entry
    if not field.is_read:
        why = f" {entry.matters}" if entry.matters else ""
        yield prose("span", f"libvirt does not look at it in a disk of this kind.{why}")
    elif field.is_greyed_out:
        yield prose(
            "em", f"Not in this disk: libvirt would refuse it. Where it may stand: {field.only}."
        )
    elif field.decided:
        yield E.span(f" {one_line(field.decided.reason, 600)}")
    elif field.value is not None:  # what this value does, if that is known
        known = entry.values.get(field.value) if isinstance(field.value, str) else None
        yield prose("span", f" {known or entry.meaning}")
    else:
        yield prose("em", entry.default or "Not written, it is left out.")
        if entry.matters:
            yield prose("span", f" Where it matters: {entry.matters}")


def verdict_on(disk: Disk, answers: Inferences, problems: Sequence[Problem]) -> str:
    """Is it virtio, in which format is the image, and would libvirt take it?"""
    reasons = [
        E.li(f"{name}: ", origin_mark(answer.origin), f" {one_line(answer.reason, 600)}")
        for name, answer in (("virtio", answers.virtio), ("format", answers.format))
    ]
    said = E.li("problems: ", E.strong(counted(problems) or "none found"))
    return root(heading(disk, answers), E.ul({"class": "vl-reasons"}, *reasons, said))


@lru_cache(maxsize=64)
def left_out(fields: tuple[tuple[Choice, str], ...]) -> str:
    """Which fields are not shown, because libvirt would not look at them, and where they matter."""
    if not fields:
        return ""
    says = f"{plural(len(fields), 'more field')} not shown: libvirt does not look at them in a disk"
    known = [(path, lookup(f"/disk/{path}") or choice.entry) for choice, path in fields]
    items = [E.li(E.code(p), ": ", prose("span", e.matters or e.meaning)) for p, e in known]
    return root(folded(f"{says} of this kind.", E.ul(*items), kind="vl-left-out"))


def form(
    disk: Disk,
    answers: Inferences,
    fields: Sequence[Filled],
    xml: str,
    problems: Sequence[Problem],
) -> View:
    """A disk in the making where no widget runs: what is chosen, what follows, XML, problems."""
    format = value_as_text(answers.format.value)
    title = f"{disk_name(disk)}: {verdict(answers)}, format {format}"

    def html() -> str:
        rows = [
            row(E.code(field.path), E.code(shown(field.value)), _origin(field), [*_why(field)])
            for field in fields
        ]
        chosen = table("vl-form", rows, ("name", "in the XML", "decided", "why"))
        wrong = problem_list(problems) if problems else E.p(NONE)
        head = E.p({"class": "vl-verdict"}, E.strong(title))
        return root(head, chosen) + marked(xml, xml).html + root(wrong)

    def text() -> str:
        lines = []
        for field in fields:
            lines.append(f"  {field.path:16} {shown(field.value)}")
            if answer := field.decided:
                said = f"({answer.origin}): {one_line(answer.reason, 600)}"
                lines[-1] += f" -> {value_as_text(answer.value)} {said}"
        return "\n".join([title, *lines, "", xml, problems_as_text(problems)])

    return View(html, text)
