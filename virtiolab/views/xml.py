"""A disk's XML as HTML: each name in a span that tells who decided it and what it means."""

import copy
from collections.abc import Iterator
from functools import lru_cache
from html import escape

from lxml import etree
from lxml.builder import E

from ..explanation import Explanation, Row
from .elements import XML_STYLE, fill, meaning_of, row_origin, underline, visible
from .text import MAX_VALUE, name_and_value

_XML_PREFIX = {"http://www.w3.org/XML/1998/namespace": "xml"}
_NOT_WRITTEN_BACK = ("cache",)  # libvirt leaves it out, and QEMU's usual value is taken


def annotated(explained: Explanation, tips: bool = False) -> etree._Element:
    """The disk's XML: each name underlined by who decided it, what libvirt adds put in in italics.

    With `tips`, each name carries what there is to say of it, for a style sheet to show beside it.
    """
    pre = E.pre({"class": "vl-xml", "style": XML_STYLE})
    if explained.is_cut:
        pre.text = "(This disk has too many names to show.)"
        return pre
    fill(pre, _Writer(explained, tips).write())
    return pre


class _Writer:
    """Writes one disk's XML as text and marked-up spans, in the author's own layout."""

    def __init__(self, explained: Explanation, tips: bool):
        self.explained, self.tips, self.element = explained, tips, explained.disk.element
        last = self.element[-1].tail if len(self.element) else self.element.text
        self.margin = "\n" + (last or "").rpartition("\n")[2] if "\n" in (last or "") else "\n"

    def write(self) -> Iterator:
        """The parts of the whole disk; what libvirt adds stands where libvirt would write it."""
        inside = list(self._inside(self.element))
        end = inside.pop()  # the layout before the end tag
        first, last = list(self._driver_added()), list(self._elements_added())
        yield from self._start(self.element)
        if any([end, inside, first, last]):
            yield from [">", *first, *inside, *last, end, "</disk>"]
        else:
            yield "/>"

    def _layout(self, text: str | None) -> str:
        return visible(escape((text or "").replace(self.margin, "\n"), quote=False))

    def _inside(self, element) -> Iterator:
        yield self._layout(element.text)
        for child in element:
            yield from self._child(child)
            yield self._layout(child.tail)

    def _child(self, child) -> Iterator:
        if not isinstance(child.tag, str):  # a comment or a processing instruction
            yield visible(etree.tostring(child, encoding="unicode", with_tail=False))
            return
        yield from self._start(child)
        if len(child) or child.text:
            yield ">"
            yield from self._inside(child)
            yield f"</{_name(child)}>"
        else:
            yield "/>"

    def _start(self, element) -> Iterator:
        """`<name attribute='value'`, each in a span of its own, and what libvirt adds."""
        yield "<"
        yield self._span(self.explained.written[element, None], _name(element))
        for name, value in element.items():
            text = f"{_attribute_name(element, name)}={_quoted(value)}"
            yield " "
            yield self._span(self.explained.written[element, name], text)
        for row in self.explained.added.get(element, []):
            if row.answer not in _NOT_WRITTEN_BACK:
                yield " "
                yield self._added_attribute(row)

    def _driver_added(self) -> Iterator:
        """A <driver> with what libvirt would put into it, on a line of its own."""
        rows = [row for row in self.explained.added[None] if row.name.startswith("driver/")]
        if shown := [row for row in rows if row.answer not in _NOT_WRITTEN_BACK]:
            yield from [self._new_line(), "<driver"]
            for row in shown:
                yield from [" ", self._added_attribute(row)]
            yield "/>"

    def _elements_added(self) -> Iterator:
        """The other elements that libvirt would add, each on a line of its own."""
        for row in self.explained.added[None]:
            if not row.name.startswith("driver/"):
                attributes = f" {visible(row.value)}" if row.value else ""
                yield from [self._new_line(), self._span(row, f"<{row.name}{attributes}/>")]

    def _new_line(self) -> str:
        indent = self.element.text or ""
        return self._layout(indent if indent.isspace() else self.margin + "  ")

    def _added_attribute(self, row: Row) -> etree._Element:
        return self._span(row, f"{row.name.rpartition('@')[2]}={_quoted(row.value)}")

    def _span(self, row: Row, text: str) -> etree._Element:
        """Text that a row explains, underlined by who decided it."""
        origin = row.origin if row.known else "unknown"
        plain = origin == "stated" and row.answer is None
        style = "" if plain else underline(origin)
        if row.added:
            style += "; font-style: italic"
        kind = "vl-plain" if plain else f"vl-{origin}"
        mark = f" vl-mark-{row.answer}" if row.answer else ""
        span = E.span(text, {"class": f"vl-name {kind}{mark}", "tabindex": "0"})
        if style:
            span.set("style", style)
        if self.tips:
            span.append(copy.deepcopy(_tip(_brief(row))))
        return span


def _brief(row: Row) -> Row:
    """The row with no more of a long value than a tip shows: what is kept is small."""
    return row if row.value is None else row._replace(value=row.value[: MAX_VALUE + 1])


@lru_cache(maxsize=1024)  # while somebody types, most rows stay as they are
def _tip(row: Row) -> etree._Element:
    """What a row has to say, hidden until its name is pointed at or reached by keyboard."""
    head = E.span({"class": "vl-tip-head"}, E.code(name_and_value(row)), " ", row_origin(row))
    return E.span({"class": "vl-tip", "role": "tooltip"}, head, *meaning_of(row))


def _quoted(value: str) -> str:
    """A value as libvirt writes it, in single quotes where that can be."""
    shown = visible(value)
    escaped = escape(shown, quote=False).replace("\n", "&#10;").replace("\t", "&#9;")
    if "'" not in shown:
        return f"'{escaped}'"
    return '"' + escaped.replace('"', "&quot;") + '"'


def _name(element) -> str:
    """The name of an element as it is written; the tag `{uri}name` has lost its prefix."""
    local = element.tag.rpartition("}")[2]
    return visible(f"{element.prefix}:{local}" if element.prefix else local)


def _attribute_name(element, name: str) -> str:
    uri, _, local = name.rpartition("}")
    if not uri:
        return visible(name)
    prefixes = {uri: prefix for prefix, uri in element.nsmap.items() if prefix}
    return visible(f"{(prefixes | _XML_PREFIX).get(uri[1:], 'ns')}:{local}")
