"""A disk as libvirt would write it back, as text and as HTML, with a mark at what libvirt added."""

from collections.abc import Iterable, Iterator

from lxml import etree

from ..document import Disk
from ..rewriting.resolution import Resolution
from ..xml import ALWAYS_ENDED, escaped, opened, written
from .elements import E, Part, prose, root, visible, xml_box
from .text import MOST, printable
from .view import View


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
    lines, controllers = [], {}
    for resolution in resolutions:
        lines += _lines(resolution, resolution.element, "")
        names = (visible(name).replace("--", "- -") for name in _left_out(resolution))
        lines += [f"<!-- left out: {name} -->" for name in names]
        controllers |= dict.fromkeys(written(one).rstrip() for one in resolution.controllers)
    return "\n".join([*lines, *(f"{one}  <!-- added -->" for one in controllers)])


def _left_out(resolution: Resolution) -> list[str]:
    """The names that libvirt leaves out, each once; of very many the first."""
    names = [*dict.fromkeys(resolution.left_out)]
    return names[:MOST] + ["…"] * (len(names) > MOST)


def _lines(resolution: Resolution, element: etree._Element, indent: str) -> Iterator[str]:
    names = resolution.added(element)
    remark = f": {', '.join(names)}" if names else ""
    remark = "" if names == [] else f"  <!-- added{remark} -->"
    if not _has_end(element):
        yield written(element, indent).rstrip("\n") + remark
        return
    yield f"{indent}{opened(element)}>{remark}"
    for child in element:
        yield from _lines(resolution, child, indent + "  ")
    yield f"{indent}</{element.tag}>"


def _has_end(element: etree._Element) -> bool:
    """Whether its end tag stands on a line of its own."""
    return len(element) > 0 or element.tag in ALWAYS_ENDED


def resolved_as_html(resolution: Resolution) -> str:
    """The XML with `<ins>` around what libvirt added, and what it leaves out below."""
    parts = [*_parts(resolution, resolution.element, "")]
    for controller in resolution.controllers:
        parts += [_added(written(controller).strip()), "\n"]
    names = ", ".join(f"`{name}`" for name in _left_out(resolution))
    return root(xml_box(parts), *[prose("p", f"Left out: {names}.")] * bool(names))


def _parts(resolution: Resolution, element: etree._Element, indent: str) -> Iterator[Part]:
    names = resolution.added(element)
    if names is None:
        yield from [indent, _added(written(element, indent).strip()), "\n"]
        return
    yield f"{indent}<{element.tag}"
    for name, value in element.items():
        text = f"{name}='{escaped(value)}'"
        yield from [" ", _added(text) if name in names else visible(text)]
    if _has_end(element):
        yield ">\n"
        for child in element:
            yield from _parts(resolution, child, indent + "  ")
        yield f"{indent}</{element.tag}>\n"
    else:
        yield f">{visible(escaped(element.text))}</{element.tag}>\n" if element.text else "/>\n"


def _added(text: str) -> etree._Element:
    return E.ins(visible(text), {"title": "libvirt adds this"})
