"""How answers look: as text, and as HTML. A view shows what it is given and decides nothing."""

from collections.abc import Mapping, Sequence

from ..document import Disk, Domain
from ..evidence.lessons import Lesson
from ..explanation import Explanation, Row
from ..inference import infer
from ..refusals import Problem
from ..rewriting.conversion import Conversion
from ..rewriting.resolution import Resolution
from ..xml import UnreadableXML, one_line, written
from . import html, text
from .changes import (
    changes_as_html,
    changes_as_text,
    conversion_as_html,
    conversion_as_text,
    marked_as_html,
    marked_as_text,
)
from .elements import prose
from .problems import problems_as_html, problems_as_text
from .resolved import controllers_as_text, resolved_as_html, resolved_as_text
from .text import disk_name, printable, unmarked

__all__ = [
    "Converted", "Explained", "Problems", "Resolved", "View", "changes", "choices", "disk_name",
    "explain", "interactive", "marked", "names", "nothing_yet", "overview", "problem",
    "proof", "proof_note", "right_answer", "show", "unmarked", "verdict_on",
]  # fmt: skip


class View:
    """Something to look at: HTML in a notebook, text everywhere else."""

    def __init__(self, html: str, text: str):
        self.html, self.text = html, text

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def show(what: Domain | Disk, *rows: str) -> View:
    """The answers about a disk, or about each disk of a domain: these rows of them, or all."""
    disks = [what] if isinstance(what, Disk) else what.disks
    explained = [Explanation(disk) for disk in disks[: text.MOST]]
    answered = [(disk.disk, disk.answers) for disk in explained]
    rows, left_out = rows or text.ROWS, len(disks) - len(explained)
    said = [text.answers_of(answered, rows=rows), *text.more(left_out)]
    return View(html.answers_of(explained, rows, left_out), "\n\n".join(said))


class Explained(View, Sequence):
    """The rows about a disk, that show themselves."""

    def __init__(self, explained: Explanation):
        self.rows = explained.rows
        super().__init__(html.explanation_of(explained), text.explanation_of(explained))

    def __getitem__(self, index):
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)


def explain(disk: Disk) -> Explained:
    """Every name of a disk with its meaning, and what is decided although nobody wrote it."""
    return Explained(Explanation(disk))


class Resolved(View):
    """A disk as libvirt would write it back: its `xml`, its `element`, and the `controllers` that
    libvirt adds for it; shows itself with a mark at all that was added."""

    def __init__(self, disk: Disk):
        resolution = Resolution(disk)
        self.xml, self.element = resolution.xml, resolution.element
        self.controllers = [written(controller) for controller in resolution.controllers]
        shown = [resolved_as_text(resolution), controllers_as_text([resolution])]
        super().__init__(resolved_as_html(resolution), printable("\n".join(filter(None, shown))))


class Problems(list[Problem]):
    """Problems that show themselves: each with why, and with the lines to change."""

    def _repr_html_(self) -> str:
        return problems_as_html(self)

    def __repr__(self) -> str:
        left_out = text.more(len(self) - text.MOST, "problem")
        return "\n\n".join([problems_as_text(self[: text.MOST]), *left_out])


class Converted(View):
    """A Conversion (`.conversion`) that shows itself: what changes, and what to do first."""

    def __init__(self, conversion: Conversion):
        self.conversion = conversion
        super().__init__(conversion_as_html(conversion), conversion_as_text(conversion))


def interactive(explained: Explanation) -> str:
    """The XML of a disk with tips on its names, for a widget that has the style sheet."""
    return html.interactive(explained)


def names(rows: Sequence[Row]) -> str:
    """A table of names with their meanings, for a widget."""
    return html.names_of(rows)


def overview(disks: Sequence[Disk], most: int = text.MOST) -> View:
    """One line a disk: name, virtio or not, bus and format; of at `most` so many disks."""
    answered = [(disk, infer(disk)) for disk in disks[:most]]
    left_out = len(disks) - len(answered)
    return View(html.overview_of(answered, left_out), text.overview_of(answered, left_out))


def problem(error: UnreadableXML) -> View:
    """The one sentence that says why XML cannot be read."""
    said = str(error)
    return View(html.sentence(said, "vl-error"), said)


def nothing_yet() -> View:
    """What stands where no XML has been given."""
    said = "Nothing to explain yet."
    return View(html.sentence(said), said)


def changes(old: str, new: str) -> View:
    """What changes from one XML text to another: lines that go, lines that come."""
    return View(changes_as_html(old, new), changes_as_text(old, new))


def marked(old: str, new: str) -> View:
    """The new XML text alone, with the lines marked that are new or changed."""
    return View(marked_as_html(old, new), marked_as_text(old, new))


def choices(question: str, options: list[str], answer: View | None = None) -> View:
    """A question with its options, and the answer folded away below them."""
    shown = html.choices_of(question, options, answer and answer.html)
    return View(shown, text.choices_of(question, options, answer and answer.text))


def proof(lesson: Lesson, said: Mapping[str, Mapping], source: str | None = None) -> View:
    """What the rungs of the ladder say of a lesson; `source` is where from, else the record."""
    from .rungs import from_the_record, rungs_as_html, rungs_as_text

    source = source or from_the_record()
    return View(rungs_as_html(lesson, source, said), rungs_as_text(lesson, source, said))


def proof_note(said: str, part: float | None = None) -> str:
    """What is happening on the ladder, for a widget; with a bar if it says which part is done."""
    return html.doing(one_line(said, 400), part)


def right_answer(right: str, why: str) -> View:
    """The right answer to a question, and why."""
    shown = html.sentence(right, "vl-outcome") + html.sentence(why)
    return View(shown, unmarked(f"{right}\n{why}"))


def verdict_on(guess: str, right: str, why: str) -> str:
    """Whether a guess was right, the right answer, and why: for a widget, which tells it."""
    said = prose("p", text.verdict_on(guess, right), "vl-outcome")
    return html.root(html.told(said, prose("p", why)))
