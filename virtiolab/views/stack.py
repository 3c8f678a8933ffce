"""The layers of a disk, from the guest's programs down to the bytes: a picture, and in words."""

from collections.abc import Sequence
from itertools import groupby, pairwise

from ..course.layers import Layer, meeting, stack
from ..document import Disk
from ..xml import one_line
from .elements import CELL, E, Html, Part, legend, origin_mark, prose, root, table
from .fields import NOT_WRITTEN
from .pictures import TITLES, Picture
from .text import MOST, NO_DISK, disk_name, more, wrapped
from .view import View, sentence

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
    heights = [
        20 + (len(those) - 1) * _STEP + (_DRUM if those[-1].role == "source" else _HIGH)
        for _, those in places
    ]
    parts = [f"{layer.role} {one_line(layer.value or 'unknown', 60)}" for layer in layers[1:]]
    way = f"From the guest's programs down to the bytes of {disk_name(disk)}: {', '.join(parts)}."
    says = f"{way} How guest and QEMU meet: {meeting(disk)[0]}."
    picture = Picture(_WIDTH, 10 + sum(height + 20 for height in heights), says)
    y, bottoms = 10, []
    for (place, those), height in zip(places, heights):
        picture.place(place, 10, y, _INNER, height)
        bottoms += [_part(picture, layer, y + 10 + n * _STEP) for n, layer in enumerate(those)]
        y += height + 20
    for above, below in pairwise(bottoms):
        x = _LEFT + _BOX / 2
        picture.way((x, above), (x, below - _HIGH))
    guests = sum(layer.place == "guest" for layer in layers)  # below them it meets QEMU
    picture.write(24, bottoms[guests - 1] + 24, meeting(disk)[0], "vl-small")
    return picture


def _part(picture: Picture, layer: Layer, y: float) -> float:
    """Draw a layer and what decides it; returns where it ends."""
    kind = f"vl-{layer.decided.origin}" if layer.decided else ""
    is_drum = layer.role == "source"
    draw, height = (picture.store, _DRUM) if is_drum else (picture.part, _HIGH)
    name = one_line(layer.value or "?", 400)  # of a path the end, which is what tells images apart
    name = name if len(name) <= 28 else f"…{name[-27:]}"
    lines = filter(None, [name, _ROLES.get(layer.role, layer.role)])
    draw(_LEFT, y, _BOX, height, *lines, kind=f"vl-of-{layer.role} {kind}")
    if layer.path:
        picture.write(_INNER + 24, y + 19, layer.path, "vl-code")
        said = _origin(layer) or NOT_WRITTEN
        if layer.decided:
            value = layer.decided.value
            value = value.get("model") or value["index"] if isinstance(value, dict) else value
            said = f"{said}: {one_line('–' if value is None else str(value), 24)}"
        picture.write(_INNER + 24, y + 37, said, f"vl-small {kind}")
    return y + _HIGH


def stacks(disks: Sequence[Disk]) -> View:
    """The layers of each disk, where no widget runs."""
    first, notes = disks[:MOST], more(len(disks) - MOST) if disks else [NO_DISK]

    def html() -> str:
        pictures = (stack_as_html(disk, drawn(disk).image()) for disk in first)
        return "".join([*pictures, *(sentence(note).html for note in notes)])

    return View(html, lambda: "\n\n".join([*map(_as_text, first), *notes]))


def stack_as_html(disk: Disk, picture: Part) -> str:
    """The picture, inline or as an image, and the table beside it."""
    rows, (name, says) = [], meeting(disk)
    for layer in stack(disk):
        rows.append(_row(layer))
        if layer.role == "driver":
            between = E.td("between", CELL), E.th(name, CELL), E.td(CELL), E.td(says, CELL)
            rows.append(E.tr(*between))
    layers = table("vl-layers", rows, ("where", "what", "decided by", "why"))
    return root(E.div({"class": "vl-stack"}, picture, layers), legend())


def _row(layer: Layer) -> Html:
    role, decider = _ROLES.get(layer.role, layer.role), ["the guest"]
    if layer.path:
        origin = _origin(layer)
        decider = [E.code(layer.path), E.br(), origin_mark(origin) if origin else NOT_WRITTEN]
    why = [" ", one_line(layer.decided.reason, 400)] if layer.decided else []
    return E.tr(
        {"class": f"vl-layer-{layer.role}"},
        E.td(TITLES[layer.place], CELL),
        E.th(CELL, *[f"{role} "] * bool(role), E.code(one_line(layer.value or "?", 80))),
        E.td(CELL, *decider),
        E.td(CELL, prose("span", layer.says), *why),
    )


def _origin(layer: Layer) -> str | None:
    """Who decided it; None where only the XML could say it, and does not."""
    if layer.decided:
        return layer.decided.origin
    return "stated" if layer.value else None


def _as_text(disk: Disk) -> str:
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
