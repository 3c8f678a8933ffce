"""What a cache mode does: the way of a write as a picture, step by step, and all modes side by side."""

from collections.abc import Iterator, Sequence

from lxml import etree
from lxml.builder import E

from ..course.writes import Way, facts, ways
from ..document import Disk
from ..inference import infer
from ..refusals import Problem
from ..syntax import lookup
from ..xml import written
from .cache_picture import capital, drawn, sentences, title
from .elements import CELL, origin_mark, prose
from .form import NOT_WRITTEN
from .html import root
from .problems import problems_as_html, problems_as_text
from .text import unmarked, wrapped

_SIGNS = {"safe": "✓", "raw": "(✓)", "lost": "✗"}
_LINES = (
    "Solid lines are bytes, dotted ones bytes that follow later, dashed ones a flush. The line up on"
    " the left is the answer “done”. The switches in QEMU's boxes are those that libvirt gave it."
)


def explored(disk: Disk, moment: str) -> etree._Element:
    """A disk's mode for a widget: the picture, the steps and what survives beside it, and below
    them all modes."""
    way, origin, io = _of(disk)
    words = E.div({"class": "vl-words"}, *_words(way, disk, moment))
    picture = E.div(drawn(way, origin, io, moment).inline(), prose("p", _LINES, "vl-legend"))
    return E.div(E.div({"class": "vl-way-drawn"}, picture, words), _comparison(way.mode))


def explored_as_html(disk: Disk, moment: str, problems: Sequence[Problem]) -> str:
    """The same where no widget runs: the picture before and after `moment` (a loss of power, if
    nothing else goes wrong), and folded away the other modes after it."""
    way, origin, io = _of(disk)
    trouble = "power" if moment == "nothing" else moment
    return root(
        *_words(way, disk, moment),
        drawn(way, origin, io).image(),
        prose("p", _LINES),
        E.p(_after(way, trouble)),
        drawn(way, origin, io, trouble).image(),
        _comparison(way.mode),
        *(_folded(other, trouble) for other in way.others),
    ) + (problems_as_html(problems) if problems else "")


def explored_as_text(disk: Disk, moment: str, problems: Sequence[Problem]) -> str:
    """The same as text."""
    way, _, io = _of(disk)
    lines = [f"{title(way.mode)}: {_about(disk)}", *sentences(way, io, moment)]
    lines += [f"{stage} {fates}." for stage, fates in _fates_as_text(way)]
    lines += [facts()["reasons"]["raw"], *map(_row_as_text, _rows())]
    said = [problems_as_text(problems)] if problems else []
    return "\n".join([*(wrapped(unmarked(line), 0) for line in lines), *said])


def _folded(way: Way, moment: str) -> etree._Element:
    return E.details(E.summary(_after(way, moment)), drawn(way, "stated", moment=moment).image())


def _after(way: Way, moment: str) -> str:
    return f"{title(way.mode)}, and {facts()['moments'][moment]['name']}:"


def _of(disk: Disk) -> tuple[Way, str, str | None]:
    """The way of its cache mode, who decided that, and its io."""
    way = ways()[disk.get("cache", "driver")]
    return way, infer(disk).cache.origin, disk.get("io", "driver")


def _words(way: Way, disk: Disk, moment: str) -> Iterator[etree._Element]:
    """The mode and who decided it, its steps, and what survives."""
    origin = origin_mark(infer(disk).cache.origin)
    name = E.strong(E.code(title(way.mode)))
    yield E.p({"class": "vl-about"}, name, " (", origin, ") ", prose("span", _about(disk)))
    yield E.ol({"class": "vl-steps"}, *(prose("li", step.says) for step in way.steps))
    yield _survival(way, moment)
    yield prose("p", facts()["reasons"]["raw"], "vl-legend")


def _about(disk: Disk) -> str:
    """What the mode means, or who decides where none is chosen."""
    mode, answer = disk.get("cache", "driver"), infer(disk).cache
    if answer.origin == "stated":
        return lookup("/disk/driver/@cache").values[mode]
    return answer.reason


def _survival(way: Way, moment: str) -> etree._Element:
    """What becomes of a write, by how far it has come and what happens then."""
    moments = {name: known for name, known in facts()["moments"].items() if known["lost"]}
    marks = {name: _marked(name == moment) for name in moments}
    corner = E.th("A write, when …", CELL, scope="col")
    head = [
        E.th(("▶ " if name == moment else "") + capital(known["name"]), marks[name], scope="col")
        for name, known in moments.items()
    ]
    rows = [
        E.tr(
            _cell("th", said, scope="row"),
            *(E.td(_fate(way, stage, name), marks[name]) for name in moments),
        )
        for stage, said in facts()["stages"].items()
    ]
    return E.table({"class": "vl-survival"}, E.thead(E.tr(corner, *head)), E.tbody(*rows))


def _cell(tag: str, text: str, **more: str) -> etree._Element:
    cell = prose(tag, text)
    cell.attrib.update(CELL | more)
    return cell


def _marked(is_chosen: bool) -> dict[str, str]:
    return CELL | ({"class": "vl-chosen"} if is_chosen else {})


def _fate(way: Way, stage: str, moment: str) -> str:
    fate = way.fate(stage, moment)
    return f"{_SIGNS[fate]} {facts()['fates'][fate]}"


def _fates_as_text(way: Way) -> Iterator[tuple[str, str]]:
    moments = facts()["moments"]
    for stage, said in facts()["stages"].items():
        known = (f"{moments[name]['name']}: {_fate(way, stage, name)}" for name in moments)
        yield said, "; ".join(known)


_COLUMNS = (
    "cache", "through the host's page cache", "guest is told of a write cache", "a write is safe",
    "perhaps lost when the host loses power", "use it for",
)  # fmt: skip


def _comparison(chosen: str | None) -> etree._Element:
    """All modes, a row each, with a mark at the chosen one."""
    rows = []
    for way in _rows():
        is_chosen = way.mode == chosen or (way.mode, chosen) == (None, "default")
        name = E.th("▶ " if is_chosen else "", E.code(_name(way.mode)), CELL, scope="row")
        rows.append(E.tr({"class": "vl-chosen"} if is_chosen else {}, name, *_cells(way)))
    head = E.tr(*(E.th(title, CELL, scope="col") for title in _COLUMNS))
    return E.table({"class": "vl-modes"}, E.thead(head), E.tbody(*rows))


def _rows() -> Iterator[Way]:
    """The modes that have a row: `default` shares that of none written."""
    return (way for mode, way in ways().items() if mode != "default")


def _cells(way: Way) -> list[etree._Element]:
    """The cells of a mode's row; one for all where none is written, for then it is another's."""
    if way.mode is None:
        return [_cell("td", *way.row, colspan=str(len(_COLUMNS) - 1))]
    return [_cell("td", fact) for fact in way.row]


def _row_as_text(way: Way) -> str:
    if way.mode is None:
        return f"{_name(None)}. {way.row[0]}"
    said = (f"{title}: {fact}" for title, fact in zip(_COLUMNS[1:], way.row))
    return f"{_name(way.mode)}. {'; '.join(said)}"


def _name(mode: str | None) -> str:
    return mode or f"{NOT_WRITTEN}, default"


def driver_line(disk: Disk) -> str:
    """The `<driver>` of a disk as a piece of XML to look at."""
    pre = E.pre({"class": "vl-xml vl-wrapped"}, written(disk.child("driver")).strip())
    return root(pre)
