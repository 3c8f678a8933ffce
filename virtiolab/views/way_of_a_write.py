"""The way of one write and of one flush with a cache mode, as a picture and in words."""

from collections.abc import Iterator

from ..course.writes import Way, facts
from .pictures import TITLES, Picture
from .text import unmarked

_WIDTH, _HEIGHT = 720, 562
_PLACES = {"guest": (10, 178), "qemu": (200, 132), "host": (344, 208)}  # from where, how high
_LEFT, _BOX = 180, 270
_MIDDLE, _RIGHT = _LEFT + _BOX / 2, _LEFT + _BOX
_ANSWER, _PAST, _FLUSH = 150, 472, 494  # the lanes beside the boxes
_BESIDE = 508  # where what is written beside a lane begins
# Each box: from where, how high. Those that can hold bytes are called as their places.
_BOXES = {
    "program": (22, 34), "guest": (74, 40), "driver": (132, 44), "device": (212, 44),
    "image": (276, 44), "page_cache": (362, 44), "disk_cache": (426, 36), "disk": (482, 58),
}  # fmt: skip


def drawn(way: Way, origin: str, io: str | None = None, moment: str = "nothing") -> Picture:
    """The way from a program in the guest down to the host's disk, and what `moment` takes away.

    `origin` is that of the mode; `io` the means by which QEMU writes, if that is written.
    """
    picture = Picture(_WIDTH, _HEIGHT, in_words(way, io, moment))
    for place, (top, height) in _PLACES.items():
        picture.place(place, 10, top, _WIDTH - 20, height)
        if place in facts()["moments"][moment]["stopped"]:
            picture.write(_WIDTH - 24, top + 22, "✗ stopped", "vl-end vl-strong")
    _draw_boxes(picture, way, origin, moment)
    _draw_bytes(picture, way)
    # The answer: from where the bytes are when QEMU says that the write is done, up to the driver.
    here, guest = _centre(way.done), _centre("driver")
    picture.way((_LEFT, here), (_ANSWER, here), (_ANSWER, guest), (_LEFT, guest), kind="vl-answer")
    number = "4b" if way.flush == "every" else "4"
    _write_lines(picture, 24, here, f"{number}  “done”, once", "the bytes are here")
    _draw_flush(picture, way)
    if io:
        picture.write(24, _centre("image") + 4, f"io='{io}'", "vl-code")
    return picture


def in_words(way: Way, io: str | None = None, moment: str = "nothing") -> str:
    """What the picture shows."""
    return unmarked(" ".join([f"{title(way.mode)}.", *sentences(way, io, moment)]))


def sentences(way: Way, io: str | None, moment: str) -> Iterator[str]:
    """The same step by step, and what is lost."""
    for number, step in enumerate(way.steps, 1):
        yield f"{number}. {step.says}"
    if way.done != "disk":
        yield f"From {facts()['places'][way.done]} the bytes go on {facts()['later'][way.flush]}."
    if io:
        yield f"QEMU writes by io='{io}'."
    known = facts()["moments"][moment]
    if known["lost"]:
        stopped = ", ".join(TITLES[place] for place in known["stopped"])
        lost = ", ".join(facts()["places"][place] for place in way.lost(moment))
        kept = facts()["kept"][way.flush]
        yield f"{capital(known['name'])}. Stopped: {stopped}. Lost: {lost}. On the disk: {kept}."


def _draw_boxes(picture: Picture, way: Way, origin: str, moment: str) -> None:
    lost = way.lost(moment)
    for name, (first, *others) in _labels(way, moment).items():
        kinds = [f"vl-{origin}"] * (name in ("device", "image")) + ["vl-gone"] * (name in lost)
        kinds += ["vl-idle"] * (name == way.passed)
        top, height = _BOXES[name]
        draw = picture.store if name == "disk" else picture.part
        first = f"{first}  ✗ lost" if name in lost else first
        draw(_LEFT, top, _BOX, height, first, *others, kind=" ".join(kinds))


def _labels(way: Way, moment: str) -> dict[str, tuple[str, ...]]:
    """What stands in the boxes."""
    places, is_trouble = facts()["places"], facts()["moments"][moment]["lost"]
    has = "it has a write cache" if way.told else "it has no write cache"
    image = _switch(way, "cache.direct", "off") + ", no-flush=true" * way.no_flush
    return {
        "program": ("a program",),
        "guest": (places["guest"],),
        "driver": ("driver: virtio_blk", f"was told of its disk: {has}"),
        "device": ("device: virtio-blk-pci", _switch(way, "write-cache", "on")),
        "image": ("the image, opened", image),
        "page_cache": (places["page_cache"], "not on the way" if way.direct else "memory"),
        "disk_cache": (places["disk_cache"],),
        "disk": (
            places["disk"],
            facts()["kept"][way.flush] if is_trouble else "keeps it without power",
        ),
    }


def _switch(way: Way, name: str, usual: str) -> str:
    value = way.given.get(name)
    return f"{name}={value}" if value else f"{name} not given: {usual}"


def _draw_bytes(picture: Picture, way: Way) -> None:
    """The way down; where it goes on by itself some time, it is dotted."""
    _down(picture, "program", "guest", number="1")
    _down(picture, "guest", "driver", "vl-later", "2")
    _down(picture, "driver", "device")
    _down(picture, "device", "image")
    later = "" if way.flush == "every" else "vl-later"
    if way.direct:
        start, end = _bottom("image"), _BOXES["disk_cache"][0]
        lane = [(_MIDDLE, start + 18), (_PAST, start + 18), (_PAST, end - 12), (_MIDDLE, end - 12)]
        picture.way((_MIDDLE, start), *lane, (_MIDDLE, end))
        picture.write(_MIDDLE + 8, start + 15, "3", "vl-number")
        picture.write(_BESIDE, _centre("page_cache") + 4, "past it: O_DIRECT", "vl-small")
    else:
        _down(picture, "image", "page_cache", number="3")
        _down(picture, "page_cache", "disk_cache", later)
    _down(picture, "disk_cache", "disk", later)
    if later:
        says = facts()["later"][way.flush]
        picture.write(_MIDDLE + 8, _bottom(way.done) + 14, says, "vl-small")


def _down(picture: Picture, above: str, below: str, kind: str = "", number: str = "") -> None:
    end, _ = _BOXES[below]
    picture.way((_MIDDLE, _bottom(above)), (_MIDDLE, end), kind=kind)
    if number:
        picture.write(_MIDDLE + 8, (_bottom(above) + end) / 2 + 5, number, "vl-number")


def _draw_flush(picture: Picture, way: Way) -> None:
    """From who asks for it, down to where it ends."""
    start = _centre("image" if way.flush == "every" else "driver")
    end = _centre("device" if way.flush == "thrown" else "disk")
    lane = [(_RIGHT, start), (_FLUSH, start), (_FLUSH, end), (_RIGHT, end)]
    picture.way(*lane, kind="vl-flush")
    said = {
        "asked": ("5  a flush, when the", "guest asks for one"),
        "every": ("4a  a flush or FUA with", "each write, before “done”"),
        "thrown": ("5  a flush: ✗ QEMU", "throws it away"),
    }[way.flush]
    _write_lines(picture, _BESIDE, start, *said)
    if way.flush == "every":
        _write_lines(picture, _BESIDE, _centre("driver"), "5  fsync in the guest", "needs no flush")


def _write_lines(picture: Picture, x: float, y: float, *lines: str) -> None:
    for number, line in enumerate(lines):
        picture.write(x, y + 5 + 17 * number, line, "vl-small vl-strong")


def _bottom(box: str) -> float:
    top, height = _BOXES[box]
    return top + height


def _centre(box: str) -> float:
    top, height = _BOXES[box]
    return top + height / 2


def title(mode: str | None) -> str:
    """A mode as it is written."""
    return f"cache='{mode}'" if mode else "cache not written"


def capital(text: str) -> str:
    """As the beginning of a sentence."""
    return text[0].upper() + text[1:]
