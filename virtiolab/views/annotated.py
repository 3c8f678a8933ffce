"""A disk's XML as HTML: each name in a span that tells who decided it and what it means."""

from collections.abc import Iterator

from lxml import etree

from ..explanation import Explanation, Row
from .elements import XML_STYLE, E, Html, Part, meaning_of, row_origin, underline, visible
from .text import name_and_value

_XML = "http://www.w3.org/XML/1998/namespace"
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_VALUE = _IN_TEXT | str.maketrans({"\n": "&#10;", "\t": "&#9;"})
_NOT_WRITTEN_BACK = ("cache",)  # libvirt leaves it out, and QEMU's usual value is taken


def annotated(explained: Explanation, tips: bool = False) -> Html:
    """The disk's XML: each name underlined by who decided it, what libvirt adds put in in italics.

    With `tips`, each name carries what there is to say of it, for a style sheet to show beside it.
    """
    cut = ["(This disk has too many names to show.)"]
    parts = cut if explained.is_cut else _Writer(explained, tips).disk()
    return E.pre({"class": "vl-xml", "style": XML_STYLE}, *parts)


class _Writer:
    """Writes one disk's XML as text and marked-up spans, in the author's own layout; what stands on one
    line gets one."""

    def __init__(self, explained: Explanation, tips: bool):
        self.explained, self.tips, self.element = explained, tips, explained.disk.element
        last = self.element[-1].tail if len(self.element) else self.element.text
        texts = [
            self.element.text,
            *(t for one in self.element.iterdescendants() for t in (one.text, one.tail)),
        ]
        self.is_flat = len(self.element) > 0 and not any("\n" in (text or "") for text in texts)
        self.margin = "\n" + (last or "").rpartition("\n")[2] if "\n" in (last or "") else "\n"

    def disk(self) -> Iterator[Part]:
        """The parts of the whole disk; what libvirt adds stands where libvirt would write it."""
        *inside, end = self._inside(self.element)  # the last is the layout before the end tag
        added = [row for row in self.explained.added[None] if row.answer not in _NOT_WRITTEN_BACK]
        driver = [row for row in added if row.name.startswith("driver/")]
        others = [row for row in added if not row.name.startswith("driver/")]
        yield from self._start(self.element)
        if not any([end, inside, driver, others]):
            yield "/>"
            return
        yield ">"
        if driver:  # what libvirt would put into it, on a line of its own
            yield from [self._new_line(), "<driver", *self._added(driver), "/>"]
        yield from inside
        for row in others:
            attributes = f" {visible(row.value)}" if row.value else ""
            yield from [self._new_line(), self._span(row, f"<{row.name}{attributes}/>")]
        yield from [end, "</disk>"]

    def _inside(self, element, depth: int = 1) -> Iterator[Part]:
        yield self._layout(element.text, depth if len(element) else None)
        for number, child in enumerate(element, 1):
            if not isinstance(child.tag, str):  # a comment or a processing instruction
                yield visible(etree.tostring(child, encoding="unicode", with_tail=False))
            else:
                yield from self._start(child)
                is_empty = not len(child) and not child.text
                inner = self._inside(child, depth + 1)
                yield from ["/>"] if is_empty else [">", *inner, f"</{_name(child)}>"]
            yield self._layout(child.tail, depth - (number == len(element)))

    def _start(self, element) -> Iterator[Part]:
        """`<name attribute='value'`, each in a span of its own, and what libvirt adds."""
        yield from ["<", self._span(self.explained.written[element, None], _name(element))]
        for name, value in element.items():
            text = f"{_attribute_name(element, name)}={_quoted(value)}"
            yield from [" ", self._span(self.explained.written[element, name], text)]
        yield from self._added(self.explained.added.get(element, []))

    def _added(self, rows: list[Row]) -> Iterator[Part]:
        """The attributes that libvirt would add."""
        for row in rows:
            if row.answer not in _NOT_WRITTEN_BACK:
                text = f"{row.name.rpartition('@')[2]}={_quoted(row.value)}"
                yield from [" ", self._span(row, text)]

    def _layout(self, text: str | None, depth: int | None = None) -> str:
        if self.is_flat and depth is not None and not (text or "").strip():
            return "\n" + "  " * depth
        return visible((text or "").replace(self.margin, "\n").translate(_IN_TEXT))

    def _new_line(self) -> str:
        indent = self.element.text or ""
        if self.is_flat:
            return "\n  "
        return self._layout(indent if indent.isspace() else self.margin + "  ")

    def _span(self, row: Row, text: str) -> Html:
        """Text that a row explains, underlined by who decided it."""
        origin = row.origin if row.known else "unknown"
        plain = origin == "stated" and row.answer is None
        style = {} if plain else {"style": underline(origin, row.added)}
        kind = "vl-plain" if plain else f"vl-{origin}"
        mark = f" vl-mark-{row.answer}" if row.answer else ""
        about = {"class": f"vl-name {kind}{mark}", "tabindex": "0"} | style
        return E.span(text, about, *[_tip(row)] if self.tips else [])


def _tip(row: Row) -> Html:
    """What a row has to say, hidden until its name is pointed at or reached by keyboard."""
    head = E.span({"class": "vl-tip-head"}, E.code(name_and_value(row)), " ", row_origin(row))
    return E.span({"class": "vl-tip", "role": "tooltip"}, head, *meaning_of(row.bare))


def _quoted(value: str) -> str:
    """A value as libvirt writes it, in single quotes where that can be."""
    escaped = visible(value).translate(_IN_VALUE)
    return f"'{escaped}'" if "'" not in escaped else '"' + escaped.replace('"', "&quot;") + '"'


def _name(element) -> str:
    """The name of an element as it is written; the tag `{uri}name` has lost its prefix."""
    local = element.tag.rpartition("}")[2]
    return visible(f"{element.prefix}:{local}" if element.prefix else local)


def _attribute_name(element, name: str) -> str:
    uri, _, local = name.rpartition("}")
    if not uri:
        return visible(name)
    prefixes = {uri: prefix for prefix, uri in element.nsmap.items() if prefix} | {_XML: "xml"}
    return visible(f"{prefixes.get(uri[1:], 'ns')}:{local}")
