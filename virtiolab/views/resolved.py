"""A disk as libvirt would write it back, as text and as HTML, with a mark at what libvirt added."""

from collections.abc import Iterable, Iterator

from lxml import etree
from lxml.builder import E

from ..rewriting.resolution import Resolution
from ..xml import ALWAYS_ENDED, escaped, opened, written
from .elements import append, fill, prose, visible, xml_box
from .html import root
from .text import MOST

_ADDED = {"title": "libvirt adds this"}


def resolved_as_text(resolution: Resolution) -> str:
    """The XML, with comments at what libvirt added, so that it stays XML."""
    lines = list(_lines(resolution, resolution.element, ""))
    lines += [f"<!-- left out: {_comment(name)} -->" for name in _left_out(resolution)]
    return "\n".join(lines)


def _left_out(resolution: Resolution) -> list[str]:
    """The names that libvirt leaves out, each once; of very many the first."""
    names = [*dict.fromkeys(resolution.left_out)]
    return names[:MOST] + ["…"] * (len(names) > MOST)


def controllers_as_text(resolutions: Iterable[Resolution]) -> str:
    """The controllers that libvirt adds for all of these disks, each once."""
    found = dict.fromkeys(written(one).rstrip() for r in resolutions for one in r.controllers)
    return "\n".join(f"{one}  <!-- added -->" for one in found)


def _comment(name: str) -> str:
    return visible(name).replace("--", "- -")


def _lines(resolution: Resolution, element: etree._Element, indent: str) -> Iterator[str]:
    remark = _remark(resolution, element)
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


def _remark(resolution: Resolution, element: etree._Element) -> str:
    names = resolution.added(element)
    if names is None:
        return "  <!-- added -->"
    return f"  <!-- added: {', '.join(names)} -->" if names else ""


def resolved_as_html(resolution: Resolution) -> str:
    """The XML with `<ins>` around what libvirt added, and what it leaves out below."""
    pre = xml_box()
    fill(pre, _parts(resolution, resolution.element, ""))
    for controller in resolution.controllers:
        append(pre, E.ins(visible(written(controller).strip()), _ADDED))
        append(pre, "\n")
    names = ", ".join(f"`{name}`" for name in _left_out(resolution))
    return root(pre, *[prose("p", f"Left out: {names}.")] * bool(names))


def _parts(resolution: Resolution, element: etree._Element, indent: str) -> Iterator:
    names = resolution.added(element)
    if names is None:
        yield indent
        yield E.ins(visible(written(element, indent).strip()), _ADDED)
        yield "\n"
        return
    yield f"{indent}<{element.tag}"
    for name, value in element.items():
        text = visible(f"{name}='{escaped(value)}'")
        yield " "
        yield E.ins(text, _ADDED) if name in names else text
    if _has_end(element):
        yield ">\n"
        for child in element:
            yield from _parts(resolution, child, indent + "  ")
        yield f"{indent}</{element.tag}>\n"
    else:
        yield f">{visible(escaped(element.text))}</{element.tag}>\n" if element.text else "/>\n"
