"""The pieces that HTML views are made of, as element trees.

They must also be readable where JupyterLab's sanitizer, GitHub or a screen reader leaves only the
structure: who decided a value is said by a word and by the style of an underline, never by colour
alone. What else a style sheet can do, style.css does in the widgets.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from lxml import etree
from lxml.builder import E

from ..explanation import Row, glossary
from ..inference import ORIGINS
from ..xml import seen
from .text import decided

CELL = {"style": "text-align: left; vertical-align: top"}  # of a table: also without a style sheet
# Letters stand in their order, also those that are written from right to left.
XML_STYLE = "font-family: monospace; unicode-bidi: bidi-override"
MAX_TEXT = 4096  # of one piece of text that is shown: as long as a path can be
_UNDERLINES = {"stated": "solid", "inferred": "dashed", "default": "dotted", "unknown": "double"}
_MEANINGS = {
    "stated": "the XML says so",
    "inferred": "libvirt concludes it from the rest",
    "default": "nothing is written, so the usual value is taken",
    "unknown": "this XML alone cannot tell",
}


def legend() -> etree._Element:
    """What the four underlines mean."""
    entries = [E.span(origin_mark(origin), f" {_MEANINGS[origin]}") for origin in ORIGINS]
    return E.p({"class": "vl-legend"}, *joined(entries, " · "))


def joined(entries: list, separator: str) -> Iterator:
    for number, entry in enumerate(entries):
        yield from [separator, entry] if number else [entry]


def prose(tag: str, text: str, kind: str = "") -> etree._Element:
    """Our own text as an element; every other piece between backticks is code."""
    element = E(tag, {"class": kind} if kind else {})
    for number, piece in enumerate(text.split("`")):
        append(element, E.code(piece) if number % 2 else piece)
    return element


def xml_box(*kinds: str) -> etree._Element:
    """A place for XML, which scrolls sideways: by keyboard too, so it can be tabbed to."""
    kind = " ".join(["vl-xml", *kinds])
    return E.pre({"class": kind, "style": XML_STYLE, "tabindex": "0"})


def append(parent: etree._Element, part: str | etree._Element) -> None:
    """Add text or an element behind what the parent already holds."""
    last = next(parent.iterchildren(reversed=True), None)  # at once; len() counts them all
    if not isinstance(part, str):
        parent.append(part)
    elif last is None:
        parent.text = (parent.text or "") + part
    else:
        last.tail = (last.tail or "") + part


def fill(parent: etree._Element, parts: Iterable[str | etree._Element]) -> None:
    """Add many: neighbouring texts as one, for each that is added alone copies all before it."""
    for is_text, some in groupby(parts, lambda part: isinstance(part, str)):
        if is_text:
            append(parent, "".join(some))
        else:
            parent.extend(some)


def origin_mark(origin: str) -> etree._Element:
    return E.span(origin, {"class": f"vl-{origin}", "style": underline(origin)})


def underline(origin: str) -> str:
    return f"border-bottom: {'4px' if origin == 'unknown' else '2px'} {_UNDERLINES[origin]}"


def row_origin(row: Row) -> etree._Element:
    return origin_mark(row.origin) if row.known else E.span(decided(row), {"class": "vl-unknown"})


def meaning_of(row: Row) -> Iterator[etree._Element]:
    """What a row has to say: the sentences, and where to read more."""
    yield prose("span", row.meaning)
    if row.here:
        yield prose("strong", f" {row.here}", "vl-here")
    if row.matters:
        yield prose("span", f" Matters for: {row.matters}")
    if row.default and not row.added:  # of what is added, the reason says more
        yield prose("span", f" {row.default}", "vl-default-value")
    more = [E.span(f"since libvirt {row.since}")] if row.since else []
    if row.doc:
        more.append(E.a("documentation", href=row.doc, target="_blank", rel="noopener"))
    if more:
        yield E.span({"class": "vl-more"}, " (", *joined(more, ", "), ")")


def glossary_of(terms: Sequence[str]) -> etree._Element:
    """The terms of a sentence, which unfold to what they mean."""
    known = glossary()
    entries = [part for term in terms for part in (E.dt(term), prose("dd", known[term]))]
    return E.details({"class": "vl-terms"}, E.summary(", ".join(terms)), E.dl(*entries))


def visible(text: str) -> str:
    """Text with its control and direction characters shown instead of obeyed, and not too long."""
    return seen(text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…", layout="\n\t")
