"""Answers as HTML, built as element trees, so that nothing from somebody's XML becomes markup.

It must also be readable where JupyterLab's sanitizer, GitHub or a screen reader leaves only the
structure: who decided a value is said by a word and by the style of an underline, never by colour
alone. What else a style sheet can do, style.css does in the widgets.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from xml.sax.saxutils import quoteattr

from lxml import etree
from lxml.builder import E
from lxml.html import fragments_fromstring

from ..document import Disk, one_line
from ..answers import ORIGINS, Inference, Inferences
from .text import NO_DISK, OVERVIEW, ROWS, label, more, overview_row, value_as_text, verdict

_LEFT = {"style": "text-align: left; vertical-align: top"}
MAX_ELEMENTS = 500  # of one disk that are shown; libvirt itself writes fewer than 100
_UNDERLINES = {"stated": "solid", "inferred": "dashed", "default": "dotted", "unknown": "double"}
_MEANINGS = {
    "stated": "the XML says so",
    "inferred": "libvirt concludes it from the rest",
    "default": "nothing is written, so the usual value is taken",
    "unknown": "this XML alone cannot tell",
}
# Where in a <disk> an answer would be written: an attribute of the disk itself or of a child.
_PLACES = {
    (None, "device"): "device",
    (None, "snapshot"): "snapshot",
    ("target", "bus"): "bus",
    ("driver", "name"): "driver",
    ("driver", "type"): "format",
    ("driver", "cache"): "cache",
}
_ELEMENTS = ("readonly", "address")  # answers that are an element of their own
_NOT_WRITTEN_BACK = ("cache",)  # libvirt leaves it out, and QEMU's habit decides


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
    name = one_line(disk.target or "(no name)")
    format = value_as_text(answers.format.value)
    head = E.p(
        {"class": "vl-verdict"},
        E.strong(E.code(name)),
        ": ",
        E.strong(verdict(answers)),
        ", format ",
        E.code(format),
    )
    table = E.table(
        {"class": "vl-answers"}, E.tbody(*[_row(row, getattr(answers, row)) for row in rows])
    )
    return E.div({"class": "vl-disk"}, head, annotated(disk, answers), table)


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


def annotated(disk: Disk, answers: Inferences) -> etree._Element:
    """The disk's XML: what decides an answer underlined, what libvirt adds put in in italics."""
    pre = E.pre({"class": "vl-xml", "style": "font-family: monospace"})
    if sum(1 for _ in islice(disk.element.iter(), MAX_ELEMENTS + 1)) > MAX_ELEMENTS:
        pre.text = f"(This disk has more than {MAX_ELEMENTS} elements, too many to show.)"
        return pre
    for part in _Writer(disk, answers).write():
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

    def __init__(self, disk: Disk, answers: Inferences):
        self.disk, self.element, self.answers = disk, disk.element, answers
        last = disk.element[-1].tail if len(disk.element) else disk.element.text
        self.margin = "\n" + (last or "").rpartition("\n")[2] if "\n" in (last or "") else "\n"

    def write(self) -> Iterator:
        """The parts of the whole disk."""
        yield from self._start(self.element, None)
        added = list(self._lines_added())
        if not len(self.element) and not self.element.text and not added:
            yield "/>"
            return
        yield ">"
        yield from added
        yield from self._inside(self.element)
        yield "</disk>"

    def _indent(self) -> str:
        text = self.element.text or ""
        return text if text.isspace() else self.margin + "  "

    def _layout(self, text: str | None) -> str:
        return _visible((text or "").replace(self.margin, "\n"))

    def _inside(self, element) -> Iterator:
        yield self._layout(element.text)
        for child in element:
            yield from self._child(child)
            yield self._layout(child.tail)

    def _child(self, child) -> Iterator:
        if not isinstance(child.tag, str):  # a comment or a processing instruction
            yield _visible(etree.tostring(child, encoding="unicode", with_tail=False))
            return
        is_read = self.disk.child(child.tag) is child  # not its namesakes, nor deeper ones
        if is_read and child.tag in _ELEMENTS:
            parts = [*self._start(child, ""), "/>"]
            yield self._span(child.tag, "".join(parts))
            return
        yield from self._start(child, child.tag if is_read else "")
        if len(child) or child.text:
            yield ">"
            yield from self._inside(child)
            yield f"</{_name(child)}>"
        else:
            yield "/>"

    def _start(self, element, place: str | None) -> Iterator:
        """`<name attribute='value'`, the attributes that answer something in spans of their own."""
        yield f"<{_name(element)}"
        for name, value in element.items():
            written = f"{_attribute_name(element, name)}={_quoted(value)}"
            row = _PLACES.get((place, name))
            yield " "
            yield self._span(row, written) if row else written
        for (where, name), row in _PLACES.items():
            if where == place and name not in element.attrib and self._is_added(row):
                yield " "
                yield self._added_span(row, f"{name}={_quoted(getattr(self.answers, row).value)}")

    def _is_added(self, row: str) -> bool:
        answer = getattr(self.answers, row)
        decided = answer.origin in ("inferred", "default") and answer.value not in (None, False)
        return decided and row not in _NOT_WRITTEN_BACK

    def _lines_added(self) -> Iterator:
        """The elements that nobody wrote and libvirt adds, each on a line of its own."""
        for line in self._elements_added():
            yield self._layout(self._indent())
            yield from line

    def _elements_added(self) -> Iterator[list]:
        if self.disk.child("driver") is None and (
            self._is_added("driver") or self._is_added("format")
        ):
            yield [*self._start(E.driver(), "driver"), "/>"]
        if self._is_added("readonly"):
            yield [self._added_span("readonly", "<readonly/>")]
        if self._is_added("address"):
            yield [self._added_span("address", _address(self.answers.address.value))]

    def _added_span(self, row: str, text: str) -> etree._Element:
        return self._span(row, text, "; font-style: italic")

    def _span(self, row: str, text: str, style: str = "") -> etree._Element:
        """Text that belongs to an answer, underlined by who decided it."""
        answer = getattr(self.answers, row)
        return E.span(
            text,
            {
                "class": f"vl-{answer.origin} vl-mark-{row}",
                "style": _underline(answer.origin) + style,
                "title": f"{answer.origin}: {one_line(answer.reason, 600)}",
                "tabindex": "0",
            },
        )


def _address(value: dict) -> str:
    if len(value) == 1:
        return f"<address type='{value['type']}' …/>"
    return f"<address{''.join(f' {name}={_quoted(str(part))}' for name, part in value.items())}/>"


def _quoted(value: str) -> str:
    """A value as libvirt writes it, in single quotes where that can be."""
    escaped = quoteattr(_visible(value))
    return f"'{escaped[1:-1]}'" if escaped[0] == '"' and "'" not in value else escaped


def _visible(text: str) -> str:
    """Text with its control and direction characters shown instead of obeyed."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\u{ord(c):04x}" for c in text)


def _name(element) -> str:
    local = etree.QName(element).localname
    return f"{element.prefix}:{local}" if element.prefix else local


def _attribute_name(element, name: str) -> str:
    qname = etree.QName(name)
    prefixes = {uri: prefix for prefix, uri in element.nsmap.items()}
    return f"{prefixes.get(qname.namespace, 'ns')}:{qname.localname}" if qname.namespace else name
