"""Which questions decide about a disk's bus, and which way they go for this one: as a picture, and
in words.

The questions stand in bus_questions.toml. Which way was taken is read off the rules of the answers,
so the picture cannot say something else than they do.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from ..data import facts
from ..inference import Inferences
from ..refusals import Problem
from ..targets import BUS_OF_PREFIX
from ..xml import one_line
from .answers import answers_table, rows_as_text
from .changes import marked
from .elements import Html, legend, prose, root
from .pictures import Picture, Point
from .problems import problems_as_html, problems_as_text
from .text import label, value_as_text, verdict
from .view import View

ENDS = ("bus", "controller", "qemu_device", "virtio")

_WIDTH, _EDGE, _GAP = 880, 12, 6
_BOX = 40  # the height of a box; between two rows there is room for a way
_PITCH = 66
_ASKED = 258  # the width of a question
_MIDDLE = _EDGE + _ASKED / 2
_WAYS = (288, 842)  # between which the ways of a question stand
_WIDEST = 180
_RAIL = 856  # down which a way leads that leaves questions out
_TURN = 11  # how far below its box a way turns
_END = 74  # the height of the end
_BORDERS = (
    "The boxes of the picture have these lines as their borders; that of unknown is thick there."
)


class Way(NamedTuple):
    """One way on from a question: `to` is the next one, `says` None if it leads straight down, and
    `taken` what it is called where it is taken, if that is more than its name."""

    says: str | None = None
    to: str | None = None
    taken: str | None = None


class Question(NamedTuple):
    """What is asked, the answer that it is `about`, and the ways on by their name."""

    asks: str
    about: str
    ways: dict[str, Way]


@cache
def questions() -> dict[str, Question]:
    """The questions by name, in the order in which they are asked."""
    found = {}
    for name, known in facts("views/bus_questions.toml")["questions"].items():
        ways = {way: Way(**kept) for way, kept in known["ways"].items()}
        if name == "name":
            ways = {prefix: Way(bus, "bus") for prefix, bus in BUS_OF_PREFIX.items()} | ways
        found[name] = Question(known["asks"], known["about"], ways)
    return found


def path(answers: Inferences) -> dict[str, str]:
    """The way that each question takes for this disk; only those that are asked, in their order."""
    taken: dict[str, str] = {}
    for answer in (answers.bus, answers.controller, answers.virtio):
        ways = facts("views/bus_questions.toml")["rules"].get(answer.rule, {})
        taken |= {name: way.format_map(answer.facts) for name, way in ways.items()}
    found, name = {}, next(iter(questions()))
    while name:
        found[name] = taken[name]
        name = questions()[name].ways[taken[name]].to
    return found


def picture(answers: Inferences) -> Picture:
    """The questions one below the other, the ways that were taken, and where they end."""
    drawn = Picture(_WIDTH, _EDGE + len(questions()) * _PITCH + _END, in_words(answers))
    taken = path(answers)
    for (name, way), other in _others().items():
        if taken.get(name) != way:
            drawn.draw(other)
    for row, (name, question) in enumerate(questions().items()):
        if name in taken:  # drawn over the rest
            _draw_way(drawn, row, question, taken[name], answers)
    for row, (name, question) in enumerate(questions().items()):
        asked = f"{row + 1}  {question.asks}"
        drawn.part(_EDGE, _top(row), _ASKED, _BOX, asked, kind="" if name in taken else "vl-other")
    top, each = _top(len(questions())), (_WIDTH - 2 * _EDGE) / len(ENDS)
    drawn.part(_EDGE, top, _WIDTH - 2 * _EDGE, _END - _EDGE)
    for number, (end, answer) in enumerate((end, getattr(answers, end)) for end in ENDS):
        lines = (_brief(answer.value), f"{label(end)}: {answer.origin}")
        left, size = _EDGE + number * each + _GAP, (each - 2 * _GAP, _END - _EDGE - 16)
        drawn.part(left, top + 8, *size, *lines, kind=f"vl-{answer.origin}")
    return drawn


@cache
def _others() -> dict[tuple[str, str], Picture]:
    """Each way of each question as it looks where it is not taken, which is always the same."""
    found = {}
    for row, (name, question) in enumerate(questions().items()):
        for way in question.ways:
            found[name, way] = Picture(_WIDTH, 0, "")
            _draw_way(found[name, way], row, question, way, None)
    return found


def _top(row: int) -> float:
    return _EDGE + row * _PITCH


def _draw_way(
    drawn: Picture, row: int, question: Question, name: str, answers: Inferences | None
) -> None:
    """A way, and its box if it has one; with the `answers`, as the one that was taken."""
    way, kind, top = question.ways[name], "" if answers else "vl-other", _top(row)
    if way.says is None:
        drawn.way((_MIDDLE, top + _BOX), (_MIDDLE, top + _PITCH), kind=kind)
        drawn.write(_MIDDLE + 10, top + _BOX + 18, name, f"vl-small {kind}")
        return
    boxes, (first, right) = [n for n, w in question.ways.items() if w.says is not None], _WAYS
    width = min(_WIDEST, (right - first - _GAP * (len(boxes) - 1)) / len(boxes))
    left = first + boxes.index(name) * (width + _GAP)
    drawn.way((_EDGE + _ASKED, top + _BOX / 2), (_WAYS[0], top + _BOX / 2), kind=kind)
    drawn.way(*_onwards(row, left + width / 2, way.to), kind=kind)
    if answers is None:
        drawn.part(left, top, width, _BOX, name, way.says, kind=kind)
    else:
        origin = getattr(answers, question.about).origin
        lines = _taken(question, name, answers)
        drawn.part(left, top, width, _BOX, *lines, kind=f"vl-{origin}")


def _taken(question: Question, name: str, answers: Inferences) -> tuple[str, str]:
    """What a way is called where it is taken, by the facts of the answer that the question is about,
    and what that answer says."""
    answer = getattr(answers, question.about)
    called = (question.ways[name].taken or name).format_map(answer.facts)
    if question.about == "virtio":
        return called, verdict(answers)
    return called, _brief(answer.value["model"] if isinstance(answer.value, dict) else answer.value)


def _brief(value) -> str:
    """A value, as long as a box is wide."""
    return one_line(value_as_text(value), 24)


def _onwards(row: int, x: float, to: str | None) -> Iterator[Point]:
    """From the bottom of a box to the question `to`, or to the end."""
    order = [*questions(), None]
    below, goal = _top(row) + _BOX, _top(order.index(to))
    turn = goal - _PITCH + _BOX + _TURN
    yield x, below
    if order.index(to) > row + 1:
        yield from [(x, below + _TURN), (_RAIL, below + _TURN)]
        x = _RAIL
    if to is not None:
        yield from [(x, turn), (_MIDDLE, turn)]
        x = _MIDDLE
    yield x, goal


def in_words(answers: Inferences) -> str:
    """The same path as sentences."""
    steps = []
    for name, way in path(answers).items():
        question = questions()[name]
        called, said = _taken(question, way, answers)
        said = "" if question.ways[way].says is None else f": {said}"
        steps.append(f"{question.asks} {called}{said}.")
    rows = ((row, getattr(answers, row)) for row in ENDS)
    ends = (f"{label(row)} {_brief(a.value)} ({a.origin})" for row, a in rows)
    return f"{' '.join(steps)} So: {', '.join(ends)}."


def ends(answers: Inferences) -> list[Html]:
    """The answers as a table, with who decided each, and what the lines mean."""
    borders = prose("p", _BORDERS, "vl-legend")
    return [answers_table(answers, ENDS), legend(), borders]


def explored(answers: Inferences, xml: str, problems: Sequence[Problem]) -> View:
    """Picture, answers, problems and XML where no widget runs."""

    def html() -> str:
        shown = root(picture(answers).image(), *ends(answers))
        asked = root(prose("p", "This is what was asked about:"))
        return shown + problems_as_html(problems) + asked + marked(xml, xml).html

    def text() -> str:
        said = [in_words(answers), rows_as_text(answers, ENDS), problems_as_text(problems)]
        return "\n\n".join([*said, xml.rstrip()])

    return View(html, text)
