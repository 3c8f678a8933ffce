"""Every name of a disk with what it means: as rows of text, or as a table below the XML."""

from collections.abc import Sequence

from ..document import Disk
from ..explanation import Explanation, Row, glossary
from .annotated import annotated
from .elements import (
    E,
    Html,
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
from .text import COLOURS, decided, name_and_value, paint, sentences_of, title_of, unmarked, wrapped
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


def _table(rows: Sequence[Row]) -> Html:
    return table("vl-names", map(_row, rows), ("name", "value", "decided", "meaning"))


def _row(one: Row) -> Html:
    value = [] if one.value is None else E.code(visible(one.value))
    words = [part for t in one.terms for part in (E.dt(t), prose("dd", glossary()[t]))]
    terms = [folded(", ".join(one.terms), E.dl(*words), kind="vl-terms")] if words else []
    return row(E.code(one.name), value, row_origin(one), [*meaning_of(one), *terms])


def explanation_as_text(explained: Explanation, colour: bool = False) -> str:
    """A heading, then every name of the disk with its meaning."""
    lines = [paint(title_of(explained.disk, explained.answers), "1", colour)]
    for one in explained.rows:
        origin = paint(decided(one), COLOURS[one.origin], colour)
        lines.append(f"  {paint(name_and_value(one), '1', colour)}  [{origin}]")
        lines += [wrapped(unmarked(sentence), 6) for _, sentence in sentences_of(one)]
    return "\n".join(lines)
