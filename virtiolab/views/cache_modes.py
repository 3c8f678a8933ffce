"""What a cache mode does: the way of a write as a picture, step by step, and all modes side by side."""

from collections.abc import Sequence

from ..course.writes import Way, facts, ways
from ..document import Disk
from ..inference import infer
from ..refusals import Problem
from ..syntax import lookup
from ..xml import written
from .elements import CELL, E, Html, folded, origin_mark, prose, root, table, with_code
from .fields import NOT_WRITTEN
from .problems import problems_as_html, problems_as_text
from .text import unmarked, wrapped
from .view import View
from .way_of_a_write import capital, drawn, sentences, title

_SIGNS = {"safe": "✓", "raw": "(✓)", "lost": "✗"}
_LINES = (
    "Solid lines are bytes, dotted ones bytes that follow later, dashed ones a flush. The line up on"
    " the left is the answer “done”. The switches in QEMU's boxes are those that libvirt gave it."
)
_COLUMNS = (
    "cache", "through the host's page cache", "guest is told of a write cache", "a write is safe",
    "perhaps lost when the host loses power", "use it for",
)  # fmt: skip


def explorer(disk: Disk, moment: str) -> str:
    """A disk's mode for a widget: the picture, the steps and what survives beside it, and below
    them all modes."""
    way, about, origin, io = _of(disk)
    words = E.div({"class": "vl-words"}, *_words(way, about, origin, moment))
    picture = E.div(drawn(way, origin, io, moment).inline(), prose("p", _LINES, "vl-legend"))
    return root(E.div(E.div({"class": "vl-way-drawn"}, picture, words), _comparison(way.mode)))


def explored(disk: Disk, moment: str, problems: Sequence[Problem]) -> View:
    """The same where no widget runs: the picture before and after `moment` (a loss of power, if
    nothing else goes wrong), and folded away the other modes after it."""
    way, about, origin, io = _of(disk)
    trouble = "power" if moment == "nothing" else moment

    def after(way: Way) -> str:
        return f"{title(way.mode)}, and {facts()['moments'][trouble]['name']}:"

    def html() -> str:
        others = {after(other): drawn(other, "stated", moment=trouble) for other in way.others}
        return root(
            *_words(way, about, origin, moment),
            drawn(way, origin, io).image(),
            prose("p", _LINES),
            E.p(after(way)),
            drawn(way, origin, io, trouble).image(),
            _comparison(way.mode),
            *(folded(said, picture.image()) for said, picture in others.items()),
        ) + (problems_as_html(problems) if problems else "")

    def text() -> str:
        lines = [f"{title(way.mode)}: {about}", *sentences(way, io, moment)]
        for stage, said in facts()["stages"].items():
            moments = facts()["moments"].items()
            fates = (f"{known['name']}: {_fate(way, stage, name)}" for name, known in moments)
            lines.append(f"{said} {'; '.join(fates)}.")
        lines.append(facts()["reasons"]["raw"])
        for other in _every_mode():
            told = (f"{column}: {fact}" for column, fact in zip(_COLUMNS[1:], other.row))
            said = "; ".join(told) if other.mode else other.row[0]
            lines.append(f"{_name(other.mode)}. {said}")
        shown = [wrapped(unmarked(line), 0) for line in lines]
        return "\n".join(shown + [problems_as_text(problems)] * bool(problems))

    return View(html, text)


def _of(disk: Disk) -> tuple[Way, str, str, str | None]:
    """The way of its cache mode, what that means (or who decides where none is chosen), who decided
    it, and its io."""
    mode, answer = disk.get("cache", "driver"), infer(disk).cache
    known = lookup("/disk/driver/@cache").values
    about = known[mode] if answer.origin == "stated" else answer.reason
    return ways()[mode], about, answer.origin, disk.get("io", "driver")


def _words(way: Way, about: str, origin: str, moment: str) -> list[Html]:
    """The mode and who decided it, its steps, and what survives."""
    name, mark = E.strong(E.code(title(way.mode))), origin_mark(origin)
    return [
        E.p({"class": "vl-about"}, name, " (", mark, ") ", prose("span", about)),
        E.ol({"class": "vl-steps"}, *(prose("li", step.says) for step in way.steps)),
        _survival(way, moment),
        prose("p", facts()["reasons"]["raw"], "vl-legend"),
    ]


def _survival(way: Way, moment: str) -> Html:
    """What becomes of a write, by how far it has come and what happens then."""
    moments = {name: known for name, known in facts()["moments"].items() if known["lost"]}
    marks = {name: CELL | ({"class": "vl-chosen"} if name == moment else {}) for name in moments}
    head = [
        E.th(("▶ " if name == moment else "") + capital(known["name"]), marks[name], scope="col")
        for name, known in moments.items()
    ]
    rows = [
        E.tr(
            E.th(CELL, {"scope": "row"}, *with_code(said)),
            *(E.td(_fate(way, stage, name), marks[name]) for name in moments),
        )
        for stage, said in facts()["stages"].items()
    ]
    corner = E.th("A write, when …", CELL, scope="col")
    return E.table({"class": "vl-survival"}, E.thead(E.tr(corner, *head)), E.tbody(*rows))


def _fate(way: Way, stage: str, moment: str) -> str:
    fate = way.fate(stage, moment)
    return f"{_SIGNS[fate]} {facts()['fates'][fate]}"


def _comparison(chosen: str | None) -> Html:
    """All modes, a row each, with a mark at the chosen one; of none written, one cell for all, for
    then it is another's."""
    rows = []
    for way in _every_mode():
        is_chosen = way.mode == chosen or (way.mode, chosen) == (None, "default")
        wide = {} if way.mode else {"colspan": str(len(_COLUMNS) - 1)}
        rows.append(
            E.tr(
                {"class": "vl-chosen"} if is_chosen else {},
                E.th("▶ " if is_chosen else "", E.code(_name(way.mode)), CELL, scope="row"),
                *(E.td(CELL, wide, *with_code(fact)) for fact in way.row),
            )
        )
    return table("vl-modes", rows, _COLUMNS)


def _every_mode() -> list[Way]:
    """The modes that have a row: `default` shares that of none written."""
    return [way for mode, way in ways().items() if mode != "default"]


def _name(mode: str | None) -> str:
    return mode or f"{NOT_WRITTEN}, default"


def driver_line(disk: Disk) -> str:
    """The `<driver>` of a disk as a piece of XML to look at."""
    return root(E.pre({"class": "vl-xml vl-wrapped"}, written(disk.child("driver")).strip()))
