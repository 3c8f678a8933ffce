"""What a cache mode does: the way of one write and of one flush as a picture, step by step, and all
modes side by side."""

from collections.abc import Iterator, Sequence

from lxml import etree
from lxml.builder import E

from ..caching import Way, facts, ways
from ..document import Disk
from ..inference import infer
from ..refusals import Problem
from ..vocabulary import lookup
from ..writing import written
from .elements import origin_mark, prose
from .form import NOT_WRITTEN
from .html import root
from .pictures import Picture
from .problems import problems_as_html, problems_as_text
from .text import unmarked, wrapped

_WIDTH, _HEIGHT = 720, 562
_PLACES = {"guest": (10, 178), "qemu": (200, 132), "host": (344, 208)}  # from where, how high
_LEFT, _BOX = 180, 270
_MIDDLE, _RIGHT = _LEFT + _BOX / 2, _LEFT + _BOX
_ANSWER, _PAST, _FLUSH = 150, 472, 494  # the lanes beside the boxes
_BESIDE = 508  # where what is written beside a lane begins
# Each box: from where, how high, and the place whose loss it shares.
_BOXES = {
    "program": (22, 34, "guest"),
    "guest": (74, 40, "guest"),
    "driver": (132, 44, "guest"),
    "device": (212, 44, "qemu"),
    "image": (276, 44, "qemu"),
    "page_cache": (362, 44, "page_cache"),
    "disk_cache": (426, 36, "disk_cache"),
    "disk": (482, 58, "disk"),
}
_TOP = {"style": "text-align: left; vertical-align: top"}
_SIGNS = {"safe": "✓", "raw": "(✓)", "lost": "✗"}
_LINES = (
    "Solid lines are bytes, dotted ones bytes that follow later, dashed ones a flush. The line up on"
    " the left is the answer “done”. The switches in QEMU's boxes are those that libvirt gave it."
)


def drawn(way: Way, origin: str, io: str | None = None, moment: str = "nothing") -> Picture:
    """The way from a program in the guest down to the host's disk, and what `moment` takes away.

    `origin` is that of the mode; `io` the means by which QEMU writes, if that is written.
    """
    picture = Picture(_WIDTH, _HEIGHT, in_words(way, io, moment))
    for place, (top, height) in _PLACES.items():
        picture.place(place, 10, top, _WIDTH - 20, height)
    _draw_boxes(picture, way, origin, facts()["moments"][moment]["lost"])
    _draw_bytes(picture, way)
    _draw_answer(picture, way)
    _draw_flush(picture, way)
    if io:
        picture.write(24, _centre("image") + 4, f"io='{io}'", "vl-code")
    return picture


def in_words(way: Way, io: str | None = None, moment: str = "nothing") -> str:
    """What the picture shows."""
    return unmarked(" ".join([f"{_title(way.mode)}.", *_sentences(way, io, moment)]))


def _sentences(way: Way, io: str | None, moment: str) -> Iterator[str]:
    for number, step in enumerate(way.steps, 1):
        yield f"{number}. {step.says}"
    if io:
        yield f"QEMU writes by io='{io}'."
    known = facts()["moments"][moment]
    if known["lost"]:
        lost = ", ".join(facts()["places"][place] for place in known["lost"])
        yield f"{_capital(known['name'])}. Lost: {lost}."


def _draw_boxes(picture: Picture, way: Way, origin: str, lost: Sequence[str]) -> None:
    for name, lines in _labels(way).items():
        top, height, place = _BOXES[name]
        first, *others = lines
        kinds = [f"vl-{origin}"] * (name in ("device", "image")) + ["vl-gone"] * (place in lost)
        if name == "page_cache" and way.direct:
            kinds.append("vl-idle")
        draw = picture.store if name == "disk" else picture.part
        first = f"{first}  ✗ lost" if place in lost else first
        draw(_LEFT, top, _BOX, height, first, *others, kind=" ".join(kinds))


def _labels(way: Way) -> dict[str, tuple[str, ...]]:
    """What stands in the boxes."""
    has = "it has a write cache" if way.told else "it has no write cache"
    return {
        "program": ("a program",),
        "guest": ("the guest's page cache",),
        "driver": ("driver: virtio_blk", f"was told of its disk: {has}"),
        "device": ("device: virtio-blk-pci", _switch(way, "write-cache", "on")),
        "image": ("the image, opened", _switches_of_image(way)),
        "page_cache": ("the host's page cache", "not on the way" if way.direct else "memory"),
        "disk_cache": ("the disk's own cache",),
        "disk": ("the disk", "keeps it without power"),
    }


def _switch(way: Way, name: str, usual: str) -> str:
    value = way.given.get(name)
    return f"{name}={value}" if value else f"{name} not given: {usual}"


def _switches_of_image(way: Way) -> str:
    flush = ", no-flush=true" if way.no_flush else ""
    return f"{_switch(way, 'cache.direct', 'off')}{flush}"


def _draw_bytes(picture: Picture, way: Way) -> None:
    """The way down; where it goes on by itself some time, it is dotted."""
    later = "" if way.flush == "every" else "vl-later"
    _down(picture, "program", "guest", "", "1")
    _down(picture, "guest", "driver", "vl-later", "2")
    _down(picture, "driver", "device", "", "")
    _down(picture, "device", "image", "", "")
    if way.direct:
        _past_the_cache(picture)
    else:
        _down(picture, "image", "page_cache", "", "3")
        _down(picture, "page_cache", "disk_cache", later, "")
    _down(picture, "disk_cache", "disk", later, "")


def _down(picture: Picture, above: str, below: str, kind: str, number: str) -> None:
    end = _BOXES[below][0]
    picture.way((_MIDDLE, _bottom(above)), (_MIDDLE, end), kind=kind)
    if number:
        picture.write(_MIDDLE + 8, (_bottom(above) + end) / 2 + 5, number, "vl-number")


def _past_the_cache(picture: Picture) -> None:
    start, end = _bottom("image"), _BOXES["disk_cache"][0]
    turns = [(x, y) for y, x in ((start + 18, _MIDDLE), (start + 18, _PAST), (end - 12, _PAST))]
    picture.way((_MIDDLE, start), *turns, (_MIDDLE, end - 12), (_MIDDLE, end))
    picture.write(_MIDDLE + 8, start + 15, "3", "vl-number")
    picture.write(_BESIDE, _centre("page_cache") + 4, "past it: O_DIRECT", "vl-small")


def _draw_answer(picture: Picture, way: Way) -> None:
    """From where the bytes are when QEMU says that the write is done, up to the guest's driver."""
    here, guest = _centre(way.done), _centre("driver")
    picture.way((_LEFT, here), (_ANSWER, here), (_ANSWER, guest), (_LEFT, guest), kind="vl-answer")
    for number, line in enumerate(("4  “done”, once", "the bytes are here")):
        picture.write(24, here + 5 + 17 * number, line, "vl-small vl-strong")


def _draw_flush(picture: Picture, way: Way) -> None:
    """From who asks for it, down to where it ends."""
    start = _centre("image" if way.flush == "every" else "driver")
    end = _centre("device" if way.flush == "thrown" else "disk")
    lane = [(_RIGHT, start), (_FLUSH, start), (_FLUSH, end), (_RIGHT, end)]
    picture.way(*lane, kind="vl-flush")
    said = {
        "asked": ("5  a flush, when the", "guest asks for one"),
        "every": ("4  a flush after every", "write, before “done”"),
        "thrown": ("5  a flush: ✗ QEMU", "throws it away"),
    }[way.flush]
    for number, line in enumerate(said):
        picture.write(_BESIDE, start + 5 + 17 * number, line, "vl-small vl-strong")


def _bottom(box: str) -> float:
    top, height, _ = _BOXES[box]
    return top + height


def _centre(box: str) -> float:
    top, height, _ = _BOXES[box]
    return top + height / 2


def explored(disk: Disk, moment: str) -> etree._Element:
    """A disk's mode for a widget: the picture, the steps and what survives beside it, and below
    them all modes."""
    way, origin, io = _of(disk)
    words = E.div({"class": "vl-words"}, *_words(way, disk, moment))
    picture = E.div(drawn(way, origin, io, moment).inline(), prose("p", _LINES, "vl-legend"))
    return E.div(E.div({"class": "vl-way-drawn"}, picture, words), _comparison(way.mode))


def explored_as_html(disk: Disk, moment: str, problems: Sequence[Problem]) -> str:
    """The same where no widget runs, with the pictures of the other modes folded away."""
    way, origin, io = _of(disk)
    others = [one for mode, one in ways().items() if mode not in (None, "default", way.mode)]
    return root(
        *_words(way, disk, moment),
        drawn(way, origin, io, moment).image(),
        prose("p", _LINES),
        _comparison(way.mode),
        *(E.details(E.summary(_title(one.mode)), drawn(one, "stated").image()) for one in others),
    ) + (problems_as_html(problems) if problems else "")


def explored_as_text(disk: Disk, moment: str, problems: Sequence[Problem]) -> str:
    """The same as text."""
    way, _, io = _of(disk)
    lines = [f"{_title(way.mode)}: {_about(disk)}", *_sentences(way, io, moment)]
    lines += [f"{stage} {fates}." for stage, fates in _fates_as_text(way)]
    for one in ways().values():
        said = (f"{title}: {fact}" for title, fact in zip(_COLUMNS[1:], _facts_of(one)))
        lines.append(f"{_name(one.mode)}. {'; '.join(said)}")
    said = [problems_as_text(problems)] if problems else []
    return "\n".join([*(wrapped(unmarked(line), 0) for line in lines), *said])


def _of(disk: Disk) -> tuple[Way, str, str | None]:
    """The way of its cache mode, who decided that, and its io."""
    way = ways()[disk.get("cache", "driver")]
    return way, infer(disk).cache.origin, disk.get("io", "driver")


def _words(way: Way, disk: Disk, moment: str) -> Iterator[etree._Element]:
    """The mode and who decided it, its steps, and what survives."""
    origin = origin_mark(infer(disk).cache.origin)
    title = E.strong(E.code(_title(way.mode)))
    yield E.p({"class": "vl-about"}, title, " (", origin, ") ", prose("span", _about(disk)))
    yield E.ol({"class": "vl-steps"}, *(prose("li", step.says) for step in way.steps))
    yield _survival(way, moment)


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
    corner = E.th("A write, when …", _TOP, scope="col")
    head = [
        E.th(("▶ " if name == moment else "") + _capital(known["name"]), marks[name], scope="col")
        for name, known in moments.items()
    ]
    rows = [
        E.tr(_stage(said), *(E.td(_fate(way, stage, name), marks[name]) for name in moments))
        for stage, said in facts()["stages"].items()
    ]
    return E.table({"class": "vl-survival"}, E.thead(E.tr(corner, *head)), E.tbody(*rows))


def _stage(said: str) -> etree._Element:
    head = prose("th", said)
    head.attrib.update(_TOP | {"scope": "row"})
    return head


def _marked(is_chosen: bool) -> dict[str, str]:
    return _TOP | ({"class": "vl-chosen"} if is_chosen else {})


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
    for mode, way in ways().items():
        sign = "▶ " if mode == chosen else ""
        name = E.th(sign, E.code(_name(mode)), _TOP, scope="row")
        cells = [E.td(fact, _TOP) for fact in _facts_of(way)]
        rows.append(E.tr({"class": "vl-chosen"} if mode == chosen else {}, name, *cells))
    head = E.tr(*(E.th(title, _TOP, scope="col") for title in _COLUMNS))
    return E.table({"class": "vl-modes"}, E.thead(head), E.tbody(*rows))


def _facts_of(way: Way) -> list[str]:
    """The cells of a mode's row."""
    table = facts()["table"]
    said = [
        table["through"][way.road],
        *(table[name][way.flush] for name in ("told", "safe", "loses")),
    ]
    return [*said, facts()["uses"][way.mode or ""]]


def _name(mode: str | None) -> str:
    return mode or NOT_WRITTEN


def _title(mode: str | None) -> str:
    return f"cache='{mode}'" if mode else "cache not written"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def driver_line(disk: Disk) -> str:
    """The `<driver>` of a disk as a piece of XML to look at."""
    pre = E.pre({"class": "vl-xml vl-wrapped"}, written(disk.child("driver")).strip())
    return root(pre)
