"""Answers as HTML, built as element trees, so that nothing from somebody's XML becomes markup.

It must also be readable where JupyterLab's sanitizer, GitHub or a screen reader leaves only the
structure: who decided a value is said by a word and by the style of an underline, never by colour
alone. What else a style sheet can do, style.css does in the widgets.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from lxml.builder import E
from lxml.html import fragments_fromstring

from ..answers import ORIGINS, Inference, Inferences
from ..document import Disk
from ..explanation import Explanation, Row
from ..parsing import one_line
from ..vocabulary import glossary
from .text import NO_DISK, OVERVIEW, ROWS, label, more, overview_row, value_as_text, verdict

_LEFT = {"style": "text-align: left; vertical-align: top"}
MAX_TEXT = 4096  # of one piece of text that is shown: as long as a path can be
MAX_ELEMENTS = 500  # of one disk that are shown; libvirt itself writes fewer than 100
_XML_PREFIX = {"http://www.w3.org/XML/1998/namespace": "xml"}
_UNDERLINES = {"stated": "solid", "inferred": "dashed", "default": "dotted", "unknown": "double"}
_MEANINGS = {
    "stated": "the XML says so",
    "inferred": "libvirt concludes it from the rest",
    "default": "nothing is written, so the usual value is taken",
    "unknown": "this XML alone cannot tell",
}
_NOT_WRITTEN_BACK = ("cache",)  # libvirt leaves it out, and QEMU's usual value is taken


def serialised(element: etree._Element) -> str:
    """The tree as HTML text."""
    return etree.tostring(element, method="html", encoding="unicode")


def _root(*parts) -> str:
    """The outermost element, as text. Its classes keep MathJax from the dollar signs in paths."""
    return serialised(E.div({"class": "virtiolab mathjax_ignore tex2jax_ignore"}, *parts))


def answers_of(answered: list[tuple[Disk, Inferences]], rows: Sequence[str] = ROWS) -> str:
    """The answers about each disk, one after the other, above one legend."""
    disks = [_about(disk, answers, rows) for disk, answers in answered]
    return _root(*disks, legend() if disks else E.p(NO_DISK))


def overview_of(answered: list[tuple[Disk, Inferences]], left_out: int) -> str:
    """A table with one line a disk."""
    if not answered:
        return _root(E.p(NO_DISK))
    head = E.tr(*[E.th(title, _LEFT, scope="col") for title in OVERVIEW])
    rows = [_cells(*overview_row(disk, answers)) for disk, answers in answered]
    table = E.table({"class": "vl-overview"}, E.thead(head), E.tbody(*rows))
    return _root(table, *[E.p(more(left_out))] * bool(left_out))


def _cells(name: str, *others: str) -> etree._Element:
    return E.tr(E.th(E.code(name), _LEFT, scope="row"), *[E.td(other, _LEFT) for other in others])


def sentence(text: str, kind: str = "") -> str:
    """One paragraph, in which `backticks` mark what is XML."""
    return _root(_prose("p", text, kind))


def choices_of(question: str, options: list[str], answer: str | None) -> str:
    """A question, a list of its options, and the answer in something that unfolds."""
    parts = [_prose("p", question, "vl-question")]
    if options:
        parts.append(E.ul(*[_prose("li", option) for option in options]))
    if answer:
        unfolding = E.details(E.summary("Reveal"))
        unfolding.extend(fragments_fromstring(answer))
        parts.append(unfolding)
    return _root(*parts)


def _prose(tag: str, text: str, kind: str = "") -> etree._Element:
    """Our own text as an element; every other piece between backticks is code."""
    element = E(tag, {"class": kind} if kind else {})
    for number, piece in enumerate(text.split("`")):
        _append(element, E.code(piece) if number % 2 else piece)
    return element


def legend() -> etree._Element:
    """What the four underlines mean."""
    entries = [E.span(_origin(origin), f" {_MEANINGS[origin]}") for origin in ORIGINS]
    return E.p({"class": "vl-legend"}, *_joined(entries, " · "))


def _joined(entries: list, separator: str) -> Iterator:
    for number, entry in enumerate(entries):
        yield from [separator, entry] if number else [entry]


def _about(disk: Disk, answers: Inferences, rows: Sequence[str]) -> etree._Element:
    table = E.tbody(*[_row(row, getattr(answers, row)) for row in rows])
    return E.div(
        {"class": "vl-disk"},
        _heading(disk, answers),
        annotated(Explanation(disk)),
        E.table({"class": "vl-answers"}, table),
    )


def _heading(disk: Disk, answers: Inferences) -> etree._Element:
    name = one_line(disk.target or "(no name)", 60)
    format = value_as_text(answers.format.value)
    verdict_ = E.strong(verdict(answers))
    return E.p(
        {"class": "vl-verdict"}, E.strong(E.code(name)), ": ", verdict_, ", format ", E.code(format)
    )


def _row(row: str, answer: Inference) -> etree._Element:
    return E.tr(
        {"class": f"vl-row-{row}"},
        E.th(label(row), _LEFT, scope="row"),
        E.td(E.code(value_as_text(answer.value)), _LEFT),
        E.td(_origin(answer.origin), _LEFT),
        E.td(one_line(answer.reason, 600), _LEFT),
    )


def _origin(origin: str) -> etree._Element:
    return E.span(origin, {"class": f"vl-{origin}", "style": _underline(origin)})


def _underline(origin: str) -> str:
    return f"border-bottom: {'4px' if origin == 'unknown' else '2px'} {_UNDERLINES[origin]}"


def explanation_of(explained: Explanation) -> str:
    """The disk's XML, and a table of its names with their meanings."""
    heading = _heading(explained.disk, explained.answers)
    return _root(heading, annotated(explained), _names(explained.rows), legend())


def interactive(explained: Explanation) -> str:
    """The XML with a tip for each name, and beside it the answers; needs style.css."""
    answers = [_row(row, getattr(explained.answers, row)) for row in ROWS]
    table = E.table({"class": "vl-answers"}, E.tbody(*answers))
    heading = _heading(explained.disk, explained.answers)
    return _root(
        E.div({"class": "vl-disk vl-with-tips"}, heading, annotated(explained, tips=True), table),
        legend(),
    )


def names_of(rows: Sequence[Row]) -> str:
    """The table of these names alone."""
    return _root(_names(rows) if rows else E.p("No name of this disk is of that kind."))


def _names(rows: Sequence[Row]) -> etree._Element:
    titles = ("name", "value", "decided", "meaning")
    head = E.tr(*[E.th(title, _LEFT, scope="col") for title in titles])
    return E.table({"class": "vl-names"}, E.thead(head), E.tbody(*map(_explained_row, rows)))


def _explained_row(row: Row) -> etree._Element:
    value = "" if row.value is None else _visible(row.value)
    words = [_glossary(row.terms)] if row.terms else []
    meaning = E.td(_LEFT, *_meaning(row), *words)
    return E.tr(
        E.th(E.code(row.name), _LEFT, scope="row"),
        E.td(E.code(value), _LEFT),
        E.td(_origin_of(row), _LEFT),
        meaning,
    )


def _origin_of(row: Row) -> etree._Element:
    return _origin(row.origin) if row.known else E.span("not known", {"class": "vl-unknown"})


def _meaning(row: Row) -> Iterator[etree._Element]:
    """What a row has to say: the sentences, and where to read more."""
    yield _prose("span", row.meaning)
    if row.here:
        yield _prose("strong", f" {row.here}", "vl-here")
    if row.matters:
        yield _prose("span", f" Matters for: {row.matters}")
    more = [E.span(f"since libvirt {row.since}")] if row.since else []
    if row.doc:
        more.append(E.a("documentation", href=row.doc, target="_blank", rel="noopener"))
    if more:
        yield E.span({"class": "vl-more"}, " (", *_joined(more, ", "), ")")


def _glossary(terms: Sequence[str]) -> etree._Element:
    """The terms of a sentence, which unfold to what they mean."""
    known = glossary()
    entries = [part for term in terms for part in (E.dt(term), _prose("dd", known[term]))]
    return E.details({"class": "vl-terms"}, E.summary(", ".join(terms)), E.dl(*entries))


def annotated(explained: Explanation, tips: bool = False) -> etree._Element:
    """The disk's XML: each name underlined by who decided it, what libvirt adds put in in italics.

    With `tips`, each name carries what there is to say of it, for a style sheet to show beside it.
    """
    pre = E.pre({"class": "vl-xml", "style": "font-family: monospace"})
    element = explained.disk.element
    if sum(1 for _ in islice(element.iter(), MAX_ELEMENTS + 1)) > MAX_ELEMENTS:
        pre.text = f"(This disk has more than {MAX_ELEMENTS} elements, too many to show.)"
        return pre
    for part in _Writer(explained, tips).write():
        _append(pre, part)
    return pre


def _append(parent: etree._Element, part: str | etree._Element) -> None:
    """Add text or an element behind what the parent already holds."""
    if not isinstance(part, str):
        parent.append(part)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + part
    else:
        parent.text = (parent.text or "") + part


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
        return _visible(escape((text or "").replace(self.margin, "\n")))

    def _inside(self, element) -> Iterator:
        yield self._layout(element.text)
        for child in element:
            yield from self._child(child)
            yield self._layout(child.tail)

    def _child(self, child) -> Iterator:
        if not isinstance(child.tag, str):  # a comment or a processing instruction
            yield _visible(etree.tostring(child, encoding="unicode", with_tail=False))
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
                attributes = f" {_visible(row.value)}" if row.value else ""
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
        style = "" if plain else _underline(origin)
        if row.added:
            style += "; font-style: italic"
        kind = "vl-plain" if plain else f"vl-{origin}"
        mark = f" vl-mark-{row.answer}" if row.answer else ""
        span = E.span(text, {"class": f"vl-name {kind}{mark}", "tabindex": "0"})
        if style:
            span.set("style", style)
        if self.tips:
            span.append(_tip(row))
        return span


def _tip(row: Row) -> etree._Element:
    """What a row has to say, hidden until its name is pointed at or reached by keyboard."""
    value = "" if row.value is None else f" = {one_line(row.value, 200)}"
    head = E.span({"class": "vl-tip-head"}, E.code(row.name + value), " ", _origin_of(row))
    return E.span({"class": "vl-tip", "role": "tooltip"}, head, *_meaning(row))


def _quoted(value: str) -> str:
    """A value as libvirt writes it, in single quotes where that can be."""
    escaped = quoteattr(_visible(value))
    return f"'{escaped[1:-1]}'" if escaped[0] == '"' and "'" not in value else escaped


def _visible(text: str) -> str:
    """Text with its control and direction characters shown instead of obeyed, and not too long."""
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT] + "…"
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\u{ord(c):04x}" for c in text)


def _name(element) -> str:
    """The name of an element as it is written; the tag `{uri}name` has lost its prefix."""
    local = element.tag.rpartition("}")[2]
    return f"{element.prefix}:{local}" if element.prefix else local


def _attribute_name(element, name: str) -> str:
    uri, _, local = name.rpartition("}")
    if not uri:
        return name
    prefixes = {uri: prefix for prefix, uri in element.nsmap.items() if prefix}
    return f"{(prefixes | _XML_PREFIX).get(uri[1:], 'ns')}:{local}"
