"""What copying does to XML, undone: steps from text to text, which keep its lines.

A line break that only comes to light, as `\\n` in JSON does, is a `SOFT` one: a new line for the steps, and
a blank for whoever counts lines. A `GAP` stands where lines are missing.
"""

import html
import json
import re
from collections.abc import Callable
from itertools import pairwise

from ..data import facts
from ..xml import escaped
from .tags import COMMENT, GAP, NAME, is_balanced

SOFT = "\v"  # which no XML can hold, like GAP
_DEEPEST = 4  # times that a text can be escaped

_FACTS = facts("pastes/pastes.toml")
_LINES = re.compile(f"([\n{SOFT}])")
_QUOTED = r""""[^"<＜]*+"|'[^'<＜]*+'"""
_TAG = rf"<(/?)({NAME})((?:{_QUOTED}|[^<>\"'])*+)>"


def _changed_lines(text: str, change: Callable[[list[str]], list[str]]) -> str:
    parts = _LINES.split(text)
    parts[::2] = change(parts[::2])
    return "".join(parts)


def _soft(text: str) -> str:
    return re.sub("\r?\n|\r", SOFT, text)


# ------------------------------------------------------------------------------------ ways to escape it

_ESCAPED_MARKUP = re.compile(r"&(?:amp;)*+(?:lt|#0*+60|#[xX]0*+3[cC]);/?(?:disk|domain|devices)\b")
_MARKUP = re.compile(r"<(?:disk|domain|devices)\b")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_QUOTES = re.compile(r"(?<==)&(quot|apos|#34|#39);([^<>&]*+)&\1;")
_ANY_TAG = re.compile(rf"{COMMENT}|</?([A-Za-z][\w:.-]*+)(?:{_QUOTED}|[^<>\"'])*+>")
_PAGE_TAG = re.compile(
    rf"</?({_FACTS['page_of']['names'].replace(' ', '|')})(?=[\s/>])(?:{_QUOTED}|[^<>\"'])*+>",
    re.IGNORECASE,
)
_BREAKS = frozenset(_FACTS["page_of"]["breaks"].split())


def unescaped(text: str) -> str:
    """HTML that shows XML becomes that XML, if there is no other in it."""
    for _ in range(_DEEPEST):
        if _MARKUP.search(text) or not _ESCAPED_MARKUP.search(text):
            break
        text = _ENTITY.sub(_meant, _ANY_TAG.sub(_of_page, text))
    return _QUOTES.sub(lambda found: f'"{found[2]}"', text)


def _meant(entity: re.Match[str]) -> str:
    return _soft(html.unescape(entity[0])).replace("\xa0", " ")


def _of_page(tag: re.Match[str]) -> str:
    """What a tag of a page looks like there: nothing, or a line break."""
    return (SOFT if (tag[1] or "").lower() in _BREAKS else "") + "\n" * tag[0].count("\n")


def without_page(text: str) -> str:
    """Without tags of HTML."""
    return _PAGE_TAG.sub(_of_page, text)


# Signs of a string in a program: a quote or a `<` escaped, or a line break that is written out.
_IN_STRING = re.compile(
    r"""=[ \t]*+\\++["']|\\u003[cC]|\\x3[cC]|>\\++[nrt]|["']\\++[nr](?=[\s\\])|(?<!\\)\\++n[ \t]*+<"""
)
_ESCAPES = re.compile(r"""(?:\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|["'\\/bfnrt]))++""")
_ESCAPE = re.compile(r"\\(?:u.{4}|x.{2}|.)")


def unstrung(text: str) -> str:
    """A string as JSON, Go, Python or C write it becomes what it stands for."""
    for _ in range(_DEEPEST):
        if not _IN_STRING.search(text):
            break
        text = _ESCAPES.sub(
            lambda run: _soft(json.loads(_ESCAPE.sub(_as_json, f'"{run[0]}"'))), text
        )
    return text


def _as_json(escape: re.Match[str]) -> str:
    if escape[0][1] == "x":
        return f"\\u00{escape[0][2:]}"
    return "'" if escape[0] == r"\'" else escape[0]


# ---------------------------------------------------------------------------- what stands at line starts

_OBEYED = re.compile(
    r"(?:\x1b\[|\x9b|\^\[\[)[0-9;:?]{0,40}+[ -/]{0,4}+[@-~]|\x1b\][^\x07\x1b\n]*+(?:\x07|\x1b\\)?"
    r"|\x1b[@-Z\\^_]?|\[[0-9][0-9;]{0,11}+m|\[m(?![\w\]])|.\x08|\^M(?=[\n\v]|\Z)|[\0-\x08\x0e-\x1f]"
)
_MAIL = re.compile(r"[ \t]*+(?:>[ \t]?)*>[ \t]++(?=</?[A-Za-z!?])")
_MAIL_MARK = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+")
_NUMBER = re.compile(
    r"""[ \t]*+(?:[^\s:<>'"=]{1,100}?[:-])?([0-9]{1,7})(?:[ \t]+[0-9]{1,7})?(?:[:|.)-]|(?=[ \t<]|$))"""
    r"(?:[ \t]*+(?=[+-][ \t]*+<)|[ \t]?)"  # before the sign of a diff there may be another column
)
_HAS_TAG = re.compile("<[/!?A-Za-z]")
_HUNK = re.compile(r"[ \t]*+@@ -[0-9,]{1,20} \+[0-9,]{1,20} @@")
_FILE = re.compile(r"[ \t]*+(?:diff|---|\+\+\+) \S")
_SIGN = re.compile(r"([ \t]*+)([+-])[ \t]*+<[/!?A-Za-z]")


def uncoloured(text: str) -> str:
    """Without what a terminal obeys."""
    return _OBEYED.sub("", text)


def unquoted(text: str) -> str:
    """Without the `>` of a mail that is quoted."""

    def change(lines: list[str]) -> list[str]:
        if not any(map(_MAIL.match, lines)):
            return lines
        return [_MAIL_MARK.sub("", line, count=1) for line in lines]

    return _changed_lines(text, change)


def unnumbered(text: str) -> str:
    """Without the line numbers, if most lines have one and they rise."""

    def change(lines: list[str]) -> list[str]:
        tags = [line for line in lines if _HAS_TAG.search(line)]
        found = [int(match[1]) for match in map(_NUMBER.match, tags) if match]
        rising = sum(1 for one, next_one in pairwise(found) if one < next_one)
        if len(found) < 2 or 2 * len(found) < len(tags) or 4 * rising < 3 * (len(found) - 1):
            return lines
        return [_NUMBER.sub("", line, count=1) if _NUMBER.match(line) else line for line in lines]

    return _changed_lines(text, change)


def new_side(text: str) -> str:
    """The new side of a diff, with empty lines for those that it removes, and a GAP before each hunk."""
    if "+" not in text and "-" not in text:
        return text
    outside = re.sub(COMMENT, lambda comment: re.sub("[^\n\v]+", " ", comment[0]), text)
    lines = _LINES.split(outside)[::2]
    signs = [sign for sign in map(_SIGN.match, lines) if sign]
    has_hunks = any(map(_HUNK.match, lines))
    if not signs and not has_hunks:
        return text
    indent = min((sign[1] for sign in signs), key=len, default="")
    new = _changed_lines(text, lambda lines: [_new(line, indent) for line in lines])
    if not has_hunks and all(sign[2] == "-" for sign in signs):
        # A list in YAML looks the same, but for what stays without these lines.
        return new if _MARKUP.search(new) and is_balanced(new) else text
    return new


def _new(line: str, indent: str) -> str:
    if _HUNK.match(line):
        return GAP
    if _FILE.match(line):
        return GAP * 2
    if line.startswith(f"{indent}-"):
        return ""
    return line.replace("+", " ", 1) if line.startswith(f"{indent}+") else line


# ------------------------------------------------------------------------------------- what stands in tags

_SINGLE, _DOUBLE = (_FACTS["signs_of"][kind] for kind in ("single", "double"))
_OTHERS = str.maketrans(_FACTS["signs_of"]["others"])
_SEEN, _UNSEEN = (_FACTS["blanks_of"][kind] for kind in ("seen", "unseen"))
_BLANKS = str.maketrans(dict.fromkeys(_SEEN, " ") | dict.fromkeys(_UNSEEN, ""))
_DOTS = r"[\[(]?(?:\.{3,}+|…++)[\])]?"
# A value in straight quotes ends where something can follow; else one of its quotes is of typography.
_LOOSE_VALUE = rf"""(?:{_QUOTED})(?=[\s/>?＞／.…\[{_SEEN}{_UNSEEN}])
    |[{_SINGLE}'][^<>＜＞{_SINGLE}']*+[{_SINGLE}']|[{_DOUBLE}"][^<>＜＞{_DOUBLE}"]*+[{_DOUBLE}"]"""
_LOOSE = re.compile(
    rf"""{COMMENT}|<!-?[–—]++-*+(?P<comment>(?s:.*?))(?:(?:--|-?[–—])>|\Z)
    |[<＜][/／]?{NAME}(?:{_LOOSE_VALUE}|[^<>＜＞"'{_SINGLE}{_DOUBLE}])*+[>＞]""",
    re.VERBOSE,
)
_IN_LOOSE = re.compile(rf"""({_LOOSE_VALUE})|[^"'{_SINGLE}{_DOUBLE}]++""", re.VERBOSE)
_ELIDED_TAG = re.compile(rf"{COMMENT}|</?\s*+(?:{_DOTS}|snip(?:ped)?)\s*+/?>|{_TAG}")
_DOTS_IN_TAG = re.compile(rf"{_QUOTED}|[\w:-]++(?:\s*+=\s*+({_DOTS}))?|({_DOTS})")
_AMPERSAND = re.compile(rf"{COMMENT}|<!\[CDATA\[(?s:.*?)(?:]]>|\Z)|{_ENTITY.pattern}|&")
_OF_XML = re.compile("&(?:lt|gt|amp|quot|apos|#.*);")


def straightened(text: str) -> str:
    """Signs of typography and full-width ones in tags become XML's."""
    return _LOOSE.sub(_straightened, text)


def _straightened(tag: re.Match[str]) -> str:
    if tag["comment"] is not None and tag[0][-1] == ">":
        return f"<!--{tag['comment']}-->"
    if tag[0][:2] == "<!":
        return tag[0]
    return _IN_LOOSE.sub(
        lambda part: _sign(part[0]) if part[1] else part[0].translate(_OTHERS), tag[0]
    )


def _sign(value: str) -> str:
    straight = value[0] == value[-1] and value[0] in "'\""
    return value if straight else '"' + value[1:-1].replace('"', "&quot;") + '"'


def plain_blanks(text: str) -> str:
    """Blanks in tags become plain ones, and what nobody sees there goes."""
    return _LOOSE.sub(lambda tag: tag[0] if tag[0][:2] == "<!" else _plain(tag[0]), text)


def _plain(tag: str) -> str:
    return _IN_LOOSE.sub(lambda part: part[0] if part[1] else part[0].translate(_BLANKS), tag)


def elided(text: str) -> str:
    """`...` in a tag moves behind it, where XML can have it: into the element."""
    return _ELIDED_TAG.sub(_elided, text)


def _elided(tag: re.Match[str]) -> str:
    if tag[0][:4] == "<!--":
        return tag[0]
    end, name, inside = tag.groups()
    if name is None:
        return "..."
    dots = any(found[1] or found[2] for found in _DOTS_IN_TAG.finditer(inside))
    if not dots:
        return tag[0]
    rest = _DOTS_IN_TAG.sub(lambda found: "" if found[1] or found[2] else found[0], inside).rstrip()
    if end:
        return f"</{name}>"
    start = f"<{name}{rest.removesuffix('/')}>..."
    return f"{start}</{name}>" if rest[-1:] == "/" else start


def with_ampersands(text: str) -> str:
    """An `&` that begins nothing becomes `&amp;`, and names that only HTML has become their letters."""
    return _AMPERSAND.sub(_ampersand, text)


def _ampersand(found: re.Match[str]) -> str:
    if found[0][0] == "<" or _OF_XML.fullmatch(found[0]):
        return found[0]
    return escaped(html.unescape(found[0]) if found[0] != "&" else "&")


# In this order; what is escaped in JSON may be JSON that is escaped.
STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("json", unstrung), ("escaped", unescaped), ("json", unstrung), ("page", without_page),
    ("coloured", uncoloured), ("quoted", unquoted), ("numbered", unnumbered), ("diff", new_side),
    ("signs", straightened), ("blanks", plain_blanks), ("elisions", elided),
    ("ampersands", with_ampersands),
)  # fmt: skip

_BETWEEN_TAGS = re.compile(r">\s*+\\++[nrt](?:\s|\\++[nrt])*+<")


def is_misread(text: str) -> bool:
    """Whether what is XML is that of a mail, a listing, a diff or a string, and a part would be lost, or
    wrong, without a word."""
    changed = any(step(text) != text for step in (unquoted, unnumbered, new_side))
    return changed or bool(_BETWEEN_TAGS.search(text))
