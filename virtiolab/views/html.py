"""Answers and explanations as HTML, built as element trees and written out once, so that nothing
from somebody's XML becomes markup."""

from collections.abc import Sequence

from lxml import etree
from lxml.builder import E
from lxml.html import fragments_fromstring

from ..document import Disk
from ..explanation import Explanation, Row
from ..inference import Inference, Inferences
from ..xml import one_line
from .elements import CELL, glossary_of, legend, meaning_of, origin_mark, prose, row_origin, visible
from .text import (
    NO_DISK,
    OVERVIEW,
    ROWS,
    disk_name,
    label,
    more,
    overview_row,
    value_as_text,
    verdict,
)
from .xml import annotated


def serialised(element: etree._Element) -> str:
    """The tree as HTML text."""
    return etree.tostring(element, method="html", encoding="unicode")


def root(*parts: etree._Element) -> str:
    """The outermost element, as text. Its classes keep MathJax from the dollar signs in paths."""
    return serialised(E.div({"class": "virtiolab mathjax_ignore tex2jax_ignore"}, *parts))


def told(*parts: etree._Element, kind: str = "") -> etree._Element:
    """What a screen reader tells as it comes. An alert, as a status has to be there before its text,
    and a widget's HTML is replaced whole."""
    return E.div({"role": "alert"}, {"class": kind} if kind else {}, *parts)


def doing(said: str, part: float | None) -> str:
    """What is being done, and how far it is, from 0 to 1."""
    bar = E.progress({"max": "1", "value": f"{part or 0:.2f}", "aria-label": said})
    return root(E.p({"class": "vl-doing"}, said), *[bar] * (part is not None))


def answers_of(explained: list[Explanation], rows: Sequence[str] = ROWS, left_out: int = 0) -> str:
    """The answers about each disk, one after the other, above one legend."""
    disks = [_about(disk, rows) for disk in explained]
    return root(*disks, *map(E.p, more(left_out)), legend() if disks else E.p(NO_DISK))


def interactive(explained: Explanation) -> str:
    """The XML with a tip for each name, and beside it the answers; needs style.css."""
    return root(_about(explained, ROWS, tips=True), legend())


def overview_of(answered: list[tuple[Disk, Inferences]], left_out: int) -> str:
    """A table with one line a disk."""
    if not answered:
        return root(E.p(NO_DISK))
    head = E.tr(*[E.th(title, CELL, scope="col") for title in OVERVIEW])
    rows = [_cells(*overview_row(disk, answers)) for disk, answers in answered]
    table = E.table({"class": "vl-overview"}, E.thead(head), E.tbody(*rows))
    return root(table, *map(E.p, more(left_out)))


def _cells(name: str, *others: str) -> etree._Element:
    return E.tr(E.th(E.code(name), CELL, scope="row"), *[E.td(other, CELL) for other in others])


def sentence(text: str, kind: str = "") -> str:
    """One paragraph, in which `backticks` mark what is XML."""
    return root(prose("p", text, kind))


def choices_of(question: str, options: list[str], answer: str | None) -> str:
    """A question, a list of its options, and the answer in something that unfolds."""
    parts = [prose("p", question, "vl-question")]
    if options:
        parts.append(E.ul(*[prose("li", option) for option in options]))
    if answer:
        unfolding = E.details(E.summary("Reveal"))
        unfolding.extend(fragments_fromstring(answer))
        parts.append(unfolding)
    return root(*parts)


def _about(explained: Explanation, rows: Sequence[str], tips: bool = False) -> etree._Element:
    return E.div(
        {"class": "vl-disk vl-with-tips" if tips else "vl-disk"},
        _heading(explained),
        annotated(explained, tips),
        answers_table(explained.answers, rows),
    )


def answers_table(answers: Inferences, rows: Sequence[str]) -> etree._Element:
    """These rows of the answers: value, who decided it, and why."""
    body = E.tbody(*[_row(row, getattr(answers, row)) for row in rows])
    return E.table({"class": "vl-answers"}, body)


def _heading(explained: Explanation) -> etree._Element:
    return E.p(
        {"class": "vl-verdict"},
        E.strong(E.code(disk_name(explained.disk))),
        ": ",
        E.strong(verdict(explained.answers)),
        ", format ",
        E.code(value_as_text(explained.answers.format.value)),
    )


def _row(row: str, answer: Inference) -> etree._Element:
    return E.tr(
        {"class": f"vl-row-{row}"},
        E.th(label(row), CELL, scope="row"),
        E.td(E.code(value_as_text(answer.value)), CELL),
        E.td(origin_mark(answer.origin), CELL),
        E.td(one_line(answer.reason, 600), CELL),
    )


def explanation_of(explained: Explanation) -> str:
    """The disk's XML, and a table of its names with their meanings."""
    return root(_heading(explained), annotated(explained), _names(explained.rows), legend())


def names_of(rows: Sequence[Row]) -> str:
    """The table of these names alone."""
    return root(_names(rows) if rows else E.p("No name of this disk is of that kind."))


def _names(rows: Sequence[Row]) -> etree._Element:
    titles = ("name", "value", "decided", "meaning")
    head = E.tr(*[E.th(title, CELL, scope="col") for title in titles])
    return E.table({"class": "vl-names"}, E.thead(head), E.tbody(*map(_explained_row, rows)))


def _explained_row(row: Row) -> etree._Element:
    value = [] if row.value is None else [E.code(visible(row.value))]
    words = [glossary_of(row.terms)] if row.terms else []
    meaning = E.td(CELL, *meaning_of(row), *words)
    return E.tr(
        E.th(E.code(row.name), CELL, scope="row"),
        E.td(CELL, *value),
        E.td(row_origin(row), CELL),
        meaning,
    )
