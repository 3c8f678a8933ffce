"""Hostile text from payloads.toml, every place in a guest where it can stand, and what is ours in a page.

Views, widgets and the real page are held to the same: of the text there is only text.
"""

import re
import tomllib
from base64 import b64decode
from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from xml.sax.saxutils import escape

from lxml import etree, html

from virtiolab.build import choices
from virtiolab.xml import seen

_FACTS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_PLACES = _FACTS["places"]
GROUPS: dict[str, list[str]] = _FACTS["payloads"]
PAYLOADS = [payload for group in GROUPS.values() for payload in group]

# What is too much rather than something else: 100 kB each of a letter with marks on it, of a word
# without a break, of wide letters, of short words, lines, and so on.
FLOODS = {
    "marks": "a" + "\u0301\u0489\u20dd" * 14_000,
    "word": "W" * 100_000,
    "wide": "\ufdfd" * 30_000,
    "words": "W " * 50_000,
    "lines": "W\n" * 20_000,
    "leftwards": "\u05d0 1 " * 20_000,
    "backticks": "`" * 100_000,
    "controls": "\u202e\u0085" * 20_000,
}

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_A_NAME = re.compile(
    r"[^-.\w\u00b7\u0300-\u037d\u200c\u200d\u2070-\u218f\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd]"
)
_REFERENCES = {"'": "&apos;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_SHORT = 150  # for what may be no longer: a machine's name


def in_xml(text: str) -> str:
    """What of a text XML can hold at all."""
    return _NOT_XML.sub("", text)


def name_of(text: str) -> str:
    """The nearest name that an element or an attribute can have."""
    return "x" + _NOT_A_NAME.sub("", text)[:5000]


def _fitted(text: str) -> dict[str, str]:
    """A payload as it can stand in each kind of place."""
    fit = in_xml(text)
    return {
        "payload": text,
        "text": escape(fit, _REFERENCES),
        "short": escape(fit[:_SHORT], _REFERENCES),
        "name": name_of(text),
        "comment": re.sub("-(?=-|$)", "- ", fit),
        "data": fit.replace("?>", ""),
        "cdata": fit.replace("]]>", ""),
        "raw": fit if _is_xml(fit) else "",
    }


def _is_xml(text: str) -> bool:
    try:
        etree.fromstring(f"<x>{text}</x>")
    except etree.XMLSyntaxError:
        return False
    return True


def guests(text: str) -> list[str]:
    """Guests with a payload wherever XML has room for it: of QEMU, and of some other hypervisor."""
    fitted = _fitted(text)
    for place in ("markup", "disk", "more"):
        fitted[place] = _PLACES[place].format_map(fitted)
    kinds = {"type": "kvm"}, {"type": fitted["short"], "more": ""}
    return [_PLACES["guest"].format_map(fitted | kind) for kind in kinds]


def disk(text: str, place: str = "disk") -> str:
    """The first disk of these guests alone, or a `small` one."""
    fitted = _fitted(text)
    return _PLACES[place].format_map(fitted | {"markup": _PLACES["markup"].format_map(fitted)})


def disks(texts: Iterable[str], place: str = "disk") -> str:
    """A part of a guest with such a disk for each payload."""
    return f"<devices>{''.join(disk(text, place) for text in texts)}</devices>"


def broken(text: str) -> list[str]:
    """XML that mostly cannot be read, so that a part of the payload comes into the reason."""
    fitted = _fitted(text)
    return [wrong.format_map(fitted) for wrong in _PLACES["broken"]]


def chosen(texts: Iterable[str]) -> dict[str, str]:
    """For each thing that can be chosen in a disk and is no flag, one of these payloads in turn."""
    lines = cycle(re.sub("[\t\n\r]", "", in_xml(text)) for text in texts)
    named = {name: line for (name, one), line in zip(choices().items(), lines) if not one.flag}
    return named | {"type": "file", "backing_type": "file"}


# ------------------------------------------------------------------------------- what is ours in a page

ELEMENTS = {
    *("div", "p", "pre", "span", "strong", "em", "code", "br", "a", "ul", "ol", "li", "dl", "dt", "dd"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary", "mark", "ins", "del", "img"),
    *("svg", "rect", "path", "polygon", "text", "progress"),
}  # fmt: skip
ATTRIBUTES = {
    *("class", "style", "tabindex", "scope", "role", "colspan", "title", "aria-label", "aria-live"),
    *("href", "target", "rel", "download", "src", "alt", "width", "height", "value", "max"),
    *("xmlns", "viewbox", "x", "y", "rx", "d", "points"),
}  # fmt: skip
_CLASS = re.compile(r"((vl-[\w-]+|virtiolab|mathjax_ignore|tex2jax_ignore)( |$))*")
_STYLE = re.compile(r"[a-z0-9:;% -]*")  # no url(), no escapes
LINK = r"https://libvirt\.org/[a-z]+\.html(#[\w-]*)?|data:application/(?:xml|json);charset=utf-8,[\w.~/%-]*"
_IMAGE = "data:image/svg+xml;base64,"
_ALLOWED = {"class": _CLASS, "style": _STYLE, "href": re.compile(LINK)}


def strange(page: str) -> list[str]:
    """What is in some HTML that is none of ours, or that nobody would see as it is."""
    tree = html.fragment_fromstring(page, create_parent="div")
    return [
        *_not_seen(tree.text_content()),
        *(fault for part in tree.iter() for fault in _of(part)),
    ]


def _of(part: etree._Element) -> Iterator[str]:
    if part.tag not in ELEMENTS:
        yield f"<{part.tag}>"
    for name, value in part.items():
        allowed = _ALLOWED.get(name)
        if name not in ATTRIBUTES or (allowed and not allowed.fullmatch(value)):
            yield f"{name}={value!r}"
        yield from _not_seen(value)
        if name == "src":
            yield from _of_image(value)


def _of_image(source: str) -> Iterator[str]:
    """The picture in an `<img>`, which has a style sheet of its own."""
    if not source.startswith(_IMAGE):
        yield f"src={source!r}"
        return
    picture = b64decode(source.removeprefix(_IMAGE)).decode()
    start, style, rest = re.split("<style>(.*?)</style>", picture, maxsplit=1, flags=re.DOTALL)
    if "@" in style or "evil" in style:
        yield style
    yield from strange(start + rest)


def _not_seen(text: str) -> Iterator[str]:
    if unseen(text):
        yield f"not to be seen: {text!r}"


def unseen(text: str) -> bool:
    """Whether a text has something in it that a screen would obey, hide or pile up."""
    return seen(text, layout="\n\t") != text
