"""Every name of a disk with what it means: as rows of text, or as a table below the XML."""

from collections.abc import Sequence

from lxml import etree

from ..document import Disk
from ..explanation import Explanation, Row, glossary
from .annotated import annotated
from .elements import (
    E,
    folded,
    heading,
    legend,
    meaning_of,
    prose,
    root,
    row,
    row_origin,
    table,
    visible,
)
from .text import COLOURS, decided, name_and_value, paint, title_of, unmarked, wrapped
from .view import View


class Explained(View, Sequence):
    """The rows about a disk, that show themselves."""

    def __init__(self, disk: Disk):
        explained = Explanation(disk)
        self.rows = explained.rows
        super().__init__(
            lambda: root(
                heading(disk, explained.answers), annotated(explained), _table(self.rows), legend()
            ),
            lambda: explanation_as_text(explained),
        )

    def __getitem__(self, index):
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)


def names(rows: Sequence[Row]) -> str:
    """The table of these names alone, for a widget."""
    return root(_table(rows) if rows else E.p("No name of this disk is of that kind."))


def _table(rows: Sequence[Row]) -> etree._Element:
    return table("vl-names", map(_row, rows), ("name", "value", "decided", "meaning"))


def _row(one: Row) -> etree._Element:
    value = [] if one.value is None else E.code(visible(one.value))
    words = [_glossary_of(one.terms)] if one.terms else []
    return row(E.code(one.name), value, row_origin(one), [*meaning_of(one), *words])


def _glossary_of(terms: Sequence[str]) -> etree._Element:
    """The terms of a sentence, which unfold to what they mean."""
    entries = [part for term in terms for part in (E.dt(term), prose("dd", glossary()[term]))]
    return folded(", ".join(terms), E.dl(*entries), kind="vl-terms")


def explanation_as_text(explained: Explanation, colour: bool = False) -> str:
    """A heading, then every name of the disk with its meaning."""
    title = title_of(explained.disk, explained.answers)
    rows = [_row_as_text(row, colour) for row in explained.rows]
    return "\n".join([paint(title, "1", colour), *rows])


def _row_as_text(row: Row, colour: bool) -> str:
    origin = paint(decided(row), COLOURS[row.origin], colour)
    matters = row.matters and f"Matters for: {row.matters}"
    default = None if row.added else row.default  # of what is added, the reason says more
    sentences = [row.meaning, row.here, matters, default]
    said = [wrapped(unmarked(sentence), 6) for sentence in sentences if sentence]
    return "\n".join([f"  {paint(name_and_value(row), '1', colour)}  [{origin}]", *said])
