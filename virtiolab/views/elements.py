"""The pieces that HTML views are made of. Only what `E` built is HTML: it escapes any other text, so
that nothing from somebody's XML becomes markup.

They must also be readable where JupyterLab's sanitizer, GitHub or a screen reader leaves only the
structure: who decided a value is said by a word and by the style of an underline, never by colour
alone. What else a style sheet can do, style.css does in the widgets.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from typing import TypeAlias
from urllib.parse import quote

from lxml import etree

from ..document import Disk
from ..explanation import Row, glossary
from ..inference import ORIGINS, Inferences
from ..xml import seen
from .text import decided, disk_name, sentences_of, value_as_text, verdict

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
_QUOTE = '"'
_EMPTY = ("br", "img")  # the elements without an end


class Html(str):
    """Text that is HTML already. Whatever is made of it, but by `E`, is plain text again."""

    __slots__ = ()


# A str is plain text, to be escaped; an element is a picture.
Part: TypeAlias = Html | str | etree._Element


class _Builder:
    """As lxml's own, but some ten times faster: `E.p({"class": "x"}, "a", E.em("b"))`."""

    def __getattr__(self, tag: str):
        make = partial(_element, tag)
        setattr(self, tag, make)
        return make


E = _Builder()


def _element(tag: str, /, *parts: Part | dict[str, str], **attributes: str) -> Html:
    inside: list[str] = []
    for part in parts:
        if isinstance(part, Html):
            inside.append(part)
        elif isinstance(part, str):
            inside.append(_escaped(part))
        elif isinstance(part, dict):
            attributes |= part
        else:
            inside.append(etree.tostring(part, method="html", encoding="unicode"))
    names = [f' {n}="{_escaped(v).replace(_QUOTE, "&quot;")}"' for n, v in attributes.items()]
    end = "" if tag in _EMPTY else f"</{tag}>"
    return Html(f"<{tag}{''.join(names)}>{''.join(inside)}{end}")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def page(*parts: Part) -> Html:
    """The outermost element. Its classes keep MathJax from the dollar signs in paths."""
    return E.div({"class": "virtiolab mathjax_ignore tex2jax_ignore"}, *parts)


def root(*parts: Part) -> str:
    """The same as HTML text."""
    return str(page(*parts))


def told(*parts: Part, kind: str = "") -> Html:
    """What a screen reader tells as it comes. An alert, as a status has to be there before its text,
    and a widget's HTML is replaced whole."""
    return E.div({"role": "alert"}, {"class": kind} if kind else {}, *parts)


def prose(tag: str, text: str, kind: str = "") -> Html:
    """Our own text as an element."""
    return getattr(E, tag)({"class": kind} if kind else {}, *with_code(text))


def with_code(text: str) -> Iterator[Part]:
    """Our own text in parts; every other piece between backticks is code."""
    for number, piece in enumerate(text.split("`")):
        yield E.code(piece) if number % 2 else piece


def xml_box(parts: Iterable[Part], *kinds: str) -> Html:
    """XML in a box that scrolls sideways: by keyboard too, so it can be tabbed to."""
    kind = " ".join(["vl-xml", *kinds])
    return E.pre({"class": kind, "style": XML_STYLE, "tabindex": "0"}, *parts)


def table(kind: str, rows: Iterable[Html], titles: Sequence[str] = ()) -> Html:
    """A table of these rows, with a head if there are titles."""
    head = E.thead(E.tr(*[E.th(title, CELL, scope="col") for title in titles]))
    return E.table({"class": kind} if kind else {}, *[head] * bool(titles), E.tbody(*rows))


def row(name: Part, *cells: Part | list[Part], kind: str = "") -> Html:
    """A row of a table: its name, and the cells, each a part or a list of parts."""
    lists = (cell if isinstance(cell, list) else [cell] for cell in cells)
    return E.tr(
        {"class": kind} if kind else {},
        E.th(name, CELL, scope="row"),
        *[E.td(CELL, *parts) for parts in lists],
    )


def folded(summary: str, *parts: Part, kind: str = "") -> Html:
    """What unfolds below its summary."""
    return E.details({"class": kind} if kind else {}, E.summary(summary), *parts)


def file_link(says: str, name: str, text: str) -> str:
    """A link that saves text as a file of this name; nothing is sent for it, as the file is in the link."""
    kind = name.rpartition(".")[2]
    content = f"data:application/{kind};charset=utf-8,{quote(text)}"
    return root(E.p(E.a(says, href=content, download=name)))


def heading(disk: Disk, answers: Inferences) -> Html:
    """Which disk it is, whether it is virtio, and in which format the image is."""
    return E.p(
        {"class": "vl-verdict"}, E.strong(E.code(disk_name(disk))), ": ",
        E.strong(verdict(answers)), ", format ", E.code(value_as_text(answers.format.value)),
    )  # fmt: skip


def legend() -> Html:
    """What the four underlines mean."""
    entries = [E.span(origin_mark(origin), f" {_MEANINGS[origin]}") for origin in ORIGINS]
    return E.p({"class": "vl-legend"}, *joined(entries, " · "))


def joined(entries: Iterable[Part], separator: str) -> Iterator[Part]:
    """The entries with something between each two."""
    for number, entry in enumerate(entries):
        yield from [separator, entry] if number else [entry]


def origin_mark(origin: str, value: str | None = None) -> Html:
    """The word for who decided something, or the value that nobody wrote, underlined as all is that
    was decided so."""
    about = {"class": f"vl-{origin}", "style": underline(origin, added=value is not None)}
    return E.span(origin, about) if value is None else E.code(value, about)


def underline(origin: str, added: bool = False) -> str:
    """The style that says the same, and that nobody wrote it."""
    line = f"{'4px' if origin == 'unknown' else '2px'} {_UNDERLINES[origin]}"
    return f"border-bottom: {line}{'; font-style: italic' * added}"


def row_origin(row: Row) -> Html:
    """Who decided what a row is about; of a name that libvirt does not know, that it does not."""
    return origin_mark(row.origin) if row.known else E.span(decided(row), {"class": "vl-unknown"})


@lru_cache(maxsize=1024)  # most rows say what many others say of another value
def meaning_of(bare: Row) -> tuple[Html, ...]:
    """What a row has to say, given bare: the sentences, and where to read more."""
    looks = {"here": ("strong", "vl-here"), "default": ("span", "vl-default-value")}
    said = []
    for number, (name, sentence) in enumerate(sentences_of(bare)):
        tag, kind = looks.get(name, ("span", ""))
        said.append(prose(tag, f" {sentence}" if number else sentence, kind))
    more = [E.span(f"since libvirt {bare.since}")] if bare.since else []
    if bare.doc:
        more.append(E.a("documentation", href=bare.doc, target="_blank", rel="noopener"))
    if more:
        said.append(E.span({"class": "vl-more"}, " (", *joined(more, ", "), ")"))
    return tuple(said)


@lru_cache(maxsize=1024)
def cells_of(bare: Row) -> tuple[Html, Html]:
    """Who decided it, and what it has to say, with its terms of the glossary folded away."""
    words = [part for term in bare.terms for part in (E.dt(term), prose("dd", glossary()[term]))]
    terms = [folded(", ".join(bare.terms), E.dl(*words), kind="vl-terms")] if words else []
    return E.td(CELL, row_origin(bare)), E.td(CELL, *meaning_of(bare), *terms)


def visible(text: str) -> str:
    """Text with its control and direction characters shown instead of obeyed, and not too long."""
    return seen(text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…", layout="\n\t")
