"""A disk as libvirt would write it back, as text and as HTML, with a mark at what libvirt added."""

from collections.abc import Iterable, Iterator

from lxml import etree

from ..document import Disk
from ..rewriting.resolution import Resolution
from ..xml import ALWAYS_ENDED, escaped, written
from .elements import E, prose, root, visible, xml_box
from .text import MOST, printable
from .view import View

Piece = tuple[str, bool]  # some XML, and whether libvirt added it


class Resolved(View):
    """A disk as libvirt would write it back: its `xml`, its `element`, and the `controllers` that
    libvirt adds for it; shows itself with a mark at all that was added."""

    def __init__(self, disk: Disk):
        resolution = Resolution(disk)
        self.xml, self.element = resolution.xml, resolution.element
        self.controllers = [written(controller) for controller in resolution.controllers]
        super().__init__(
            lambda: resolved_as_html(resolution),
            lambda: printable(resolved_as_text([resolution])),
        )


def resolved_as_text(resolutions: Iterable[Resolution]) -> str:
    """The XML, with comments at what libvirt added, so that it stays XML; last the controllers that
    it adds for all of these disks, each once."""
    lines: list[str] = []
    controllers: dict[str, None] = {}
    for resolution in resolutions:
        for pieces, names in _lines(resolution, resolution.element):
            added = f": {', '.join(names)}" if names else ""
            remark = "" if names == [] else f"  <!-- added{added} -->"
            lines.append("".join(text for text, _ in pieces) + remark)
        left_out = (visible(name).replace("--", "- -") for name in _left_out(resolution))
        lines += [f"<!-- left out: {name} -->" for name in left_out]
        controllers |= dict.fromkeys(written(one).rstrip() for one in resolution.controllers)
    return "\n".join([*lines, *(f"{one}  <!-- added -->" for one in controllers)])


def resolved_as_html(resolution: Resolution) -> str:
    """The XML with `<ins>` around what libvirt added, and what it leaves out below."""
    lines = [pieces for pieces, _ in _lines(resolution, resolution.element)]
    lines += [[(written(controller).strip(), True)] for controller in resolution.controllers]
    parts = []
    for text, is_added in (piece for pieces in lines for piece in [*pieces, ("\n", False)]):
        shown = visible(text)
        parts.append(E.ins(shown, {"title": "libvirt adds this"}) if is_added else shown)
    names = ", ".join(f"`{name}`" for name in _left_out(resolution))
    return root(xml_box(parts), *[prose("p", f"Left out: {names}.")] * bool(names))


def _left_out(resolution: Resolution) -> list[str]:
    """The names that libvirt leaves out, each once; of very many the first."""
    names = [*dict.fromkeys(resolution.left_out)]
    return names[:MOST] + ["…"] * (len(names) > MOST)


def _lines(
    resolution: Resolution, element: etree._Element, indent: str = ""
) -> Iterator[tuple[list[Piece], list[str] | None]]:
    """Each line of an element in pieces, and the names in it that libvirt added; None for all."""
    names = resolution.added(element)
    if names is None:
        yield [(indent, False), (written(element).strip(), True)], None
        return
    start, end = [(f"{indent}<{element.tag}", False)], (f"</{element.tag}>", False)
    for name, value in element.items():
        start += [(" ", False), (f"{name}='{escaped(value)}'", name in names)]
    if len(element) or element.tag in ALWAYS_ENDED:  # on a line of its own
        yield [*start, (">", False)], names
        for child in element:
            yield from _lines(resolution, child, indent + "  ")
        yield [(indent, False), end], []
    elif element.text:
        yield [*start, (">", False), (escaped(element.text), False), end], names
    else:
        yield [*start, ("/>", False)], names
