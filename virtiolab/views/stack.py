"""The layers of a disk as a picture, as a table and as text."""

from collections.abc import Sequence
from itertools import groupby

from lxml import etree
from lxml.builder import E

from ..course.layers import Layer, meeting, stack
from ..document import Disk
from ..xml import one_line
from .elements import CELL, legend, origin_mark, prose
from .form import NOT_WRITTEN
from .html import root
from .pictures import TITLES, Picture
from .text import disk_name, wrapped

_WIDTH, _INNER = 640, 380  # of the picture, and of its places
_BOX, _LEFT = 226, 142  # of a part
_HIGH, _STEP = 44, 62  # of a part, and from one part to the next
_DRUM = 56  # the last part, which stands for the bytes themselves
# What roles are called in a box; the others are called what they are.
_ROLES = {"programs": "", "outside": "served by", "cache": "", "source": "image"}


def drawn(disk: Disk) -> Picture:
    """The layers from the guest down to the host, and beside each what decides it."""
    layers = stack(disk)
    places = [(place, list(those)) for place, those in groupby(layers, lambda one: one.place)]
    height = 20 + sum(_height(those) + 20 for _, those in places) - 10
    picture = Picture(_WIDTH, height, _in_words(disk, layers))
    y, bottoms = 10, []
    for place, those in places:
        picture.place(place, 10, y, _INNER, _height(those))
        bottoms += [_part(picture, layer, y + 10 + n * _STEP) for n, layer in enumerate(those)]
        y += _height(those) + 20
    _ways(picture, bottoms)
    _meeting(picture, disk, layers, bottoms)
    return picture


def _height(layers: Sequence[Layer]) -> int:
    last = _DRUM if layers[-1].role == "source" else _HIGH
    return 20 + (len(layers) - 1) * _STEP + last


def _part(picture: Picture, layer: Layer, y: float) -> float:
    """Draw a layer and what decides it; returns where it ends."""
    kind = f"vl-{layer.decided.origin}" if layer.decided else ""
    is_drum = layer.role == "source"
    draw, height = (picture.store, _DRUM) if is_drum else (picture.part, _HIGH)
    role = _ROLES.get(layer.role, layer.role)
    lines = filter(None, [_short(layer), role])
    draw(_LEFT, y, _BOX, height, *lines, kind=f"vl-of-{layer.role} {kind}")
    if layer.path:
        picture.write(_INNER + 24, y + 19, layer.path, "vl-code")
        said = _origin(layer) or NOT_WRITTEN
        if layer.decided:
            said = f"{said}: {_value(layer)}"
        picture.write(_INNER + 24, y + 37, said, f"vl-small {kind}")
    return y + _HIGH


def _short(layer: Layer) -> str:
    """Its name, of a path the end, which is what tells images apart."""
    name = one_line(layer.value or "?", 400)
    return name if len(name) <= 28 else f"…{name[-27:]}"


def _value(layer: Layer) -> str:
    value = layer.decided.value
    named = value.get("model") or value["index"] if isinstance(value, dict) else value
    return one_line("–" if named is None else str(named), 24)


def _ways(picture: Picture, bottoms: Sequence[float]) -> None:
    x = _LEFT + _BOX / 2
    for above, below in zip(bottoms, bottoms[1:]):
        picture.way((x, above), (x, below - _HIGH))


def _meeting(picture, disk: Disk, layers: Sequence[Layer], bottoms: Sequence[float]) -> None:
    """What stands between the guest and QEMU."""
    last = max(n for n, layer in enumerate(layers) if layer.place == "guest")
    picture.write(24, bottoms[last] + 24, meeting(disk)[0], "vl-small")


def _in_words(disk: Disk, layers: Sequence[Layer]) -> str:
    """The same as one paragraph."""
    parts = [f"{layer.role} {one_line(layer.value or 'unknown', 60)}" for layer in layers[1:]]
    name, _ = meeting(disk)
    return (
        f"From the guest's programs down to the bytes of {disk_name(disk)}: {', '.join(parts)}."
        f" How guest and QEMU meet: {name}."
    )


def table(disk: Disk) -> etree._Element:
    """The same as a table, with the reasons."""
    head = E.tr(
        *[E.th(title, CELL, scope="col") for title in ("where", "what", "decided by", "why")]
    )
    rows = []
    for layer in stack(disk):
        rows.append(_row(layer))
        if layer.role == "driver":
            rows.append(_between(disk))
    return E.table({"class": "vl-layers"}, E.thead(head), E.tbody(*rows))


def _row(layer: Layer) -> etree._Element:
    role = _ROLES.get(layer.role, layer.role)
    what = E.th(CELL, *([f"{role} "] if role else []), E.code(one_line(layer.value or "?", 80)))
    why = one_line(layer.decided.reason, 400) if layer.decided else ""
    return E.tr(
        {"class": f"vl-layer-{layer.role}"},
        E.td(TITLES[layer.place], CELL),
        what,
        E.td(CELL, *_decider(layer)),
        E.td(CELL, prose("span", layer.says), *([" ", why] if why else [])),
    )


def _decider(layer: Layer) -> list:
    if not layer.path:
        return ["the guest"]
    return [
        E.code(layer.path),
        E.br(),
        origin_mark(origin) if (origin := _origin(layer)) else NOT_WRITTEN,
    ]


def _origin(layer: Layer) -> str | None:
    """Who decided it; None where only the XML could say it, and does not."""
    if layer.decided:
        return layer.decided.origin
    return "stated" if layer.value else None


def _between(disk: Disk) -> etree._Element:
    name, says = meeting(disk)
    return E.tr(E.td("between", CELL), E.th(name, CELL), E.td(CELL), E.td(says, CELL))


def stack_as_html(disk: Disk, picture: etree._Element) -> str:
    """The picture, inline or as an image, and the table beside it."""
    return root(E.div({"class": "vl-stack"}, picture, table(disk)), legend())


def stack_as_text(disk: Disk) -> str:
    """A line a layer, with what decides it and why."""
    lines = []
    for layer in stack(disk):
        decided = f"  [{layer.path}: {layer.decided.origin}]" if layer.decided else ""
        lines.append(f"{layer.place:6} {layer.role}: {one_line(layer.value or '?', 200)}{decided}")
        if layer.decided:
            lines.append(wrapped(layer.decided.reason, 9))
        if layer.role == "driver":
            lines.append(f"       | {meeting(disk)[0]}")
    return "\n".join(lines)
