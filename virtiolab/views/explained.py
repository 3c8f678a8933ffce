"""Every name of a disk with what it means: as rows of text, or as a table below the XML."""

from collections.abc import Sequence
from functools import lru_cache

from ..document import Disk
from ..explanation import Explanation, Row
from .annotated import annotated
from .elements import CELL, E, Html, cells_of, heading, legend, root, table, visible
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
    name = E.th(E.code(one.name), CELL, scope="row")
    value = [] if one.value is None else [E.code(visible(one.value))]
    return E.tr(name, E.td(CELL, *value), *cells_of(one.bare))


def explanation_as_text(explained: Explanation, colour: bool = False) -> str:
    """A heading, then every name of the disk with its meaning."""
    lines = [paint(title_of(explained.disk, explained.answers), "1", colour)]
    for one in explained.rows:
        lines.append(f"  {paint(name_and_value(one), '1', colour)}  {_rest(one.bare, colour)}")
    return "\n".join(lines)


@lru_cache(maxsize=1024)
def _rest(one: Row, colour: bool) -> str:
    """What stands behind name and value: who decided it, and what it means."""
    origin = paint(decided(one), COLOURS[one.origin], colour)
    lines = [wrapped(unmarked(sentence), 6) for _, sentence in sentences_of(one)]
    return "\n".join([f"[{origin}]", *lines])
