"""What copying does to XML, undone: steps from text to text, which keep its lines.

Patterns are compiled when they are first used, as most runs of the command line need none of them.
"""

import html
import re
from collections.abc import Callable, Mapping
from itertools import pairwise

from ..xml import UnreadableXML, escaped, parse
from .tags import COMMENT, GAP, LEFT_OUT, NAME

# A line break that only comes to light, as `\n` in JSON does: it begins a line for the steps, and none for
# whoever counts the lines of the paste.
SOFT = "\r"
_DEEPEST = 4  # times that a text can be escaped

_QUOTED = r""""[^"<＜]*+"|'[^'<＜]*+'"""
_TAG_START = "<[/!?A-Za-z]"


def _changed_lines(text: str, change: Callable[[list[str]], list[str]]) -> str:
    parts = re.split(f"([\n{SOFT}])", text)
    parts[::2] = change(parts[::2])
    return "".join(parts)


def _soft(text: str) -> str:
    return re.sub("\r?\n", SOFT, text)


# ------------------------------------------------------------------------------------ ways to escape it

# Signs of a string in a program: a quote or a `<` escaped, or a line break that is written out.
_IN_STRING = r"""=[ \t]*+\\++["']|\\u003[cC]|\\x3[cC]|>\\++[nrt]|["']\\++[nr](?=[\s\\])|(?<!\\)\\++n[ \t]*+<"""
_ESCAPE = r"""\\(?:u(?![dD][89a-fA-F])([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(["'\\/bfnrt]))"""
_LETTERS = {"b": "", "f": "", "n": SOFT, "r": "", "t": "\t"}


def unstrung(text: str) -> str:
    """A string as JSON, Go, Python or C write it becomes what it stands for."""
    for _ in range(_DEEPEST):
        if not re.search(_IN_STRING, text):
            break
        text = re.sub(_ESCAPE, _letter, text)
    return text


def _letter(escape: re.Match[str]) -> str:
    code, byte, letter = escape.groups()
    return _LETTERS.get(letter, letter) if letter else _soft(chr(int(code or byte, 16)))


# Elements of HTML that no guest has outside of its metadata; the first of them begin a line.
_BREAKS = "blockquote|br|dd|div|dt|h[1-6]|hr|li|p|pre|section|table|tr|ul|ol"
_PAGE = rf"(?P<breaks>{_BREAKS})|a|article|b|big|body|center|code|del|dl|em|font|html|i|img|ins|kbd|main|mark|s|samp|small|span|strong|tbody|td|th|thead|tt|u"
_PAGE_TAG = rf"(?i)</?(?:{_PAGE})(?=[\s/>])(?:{_QUOTED}|[^<>\"'])*+>"


def without_page(text: str) -> str:
    """Without tags of HTML."""
    return re.sub(_PAGE_TAG, _of_page, text)


def _of_page(tag: re.Match[str]) -> str:
    return (SOFT if tag["breaks"] else "") + "\n" * tag[0].count("\n")


_OURS = r"(?:disk|domain|devices)\b"
_ENTITY = "&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"


def unescaped(text: str) -> str:
    """HTML that shows XML becomes that XML, if there is no other in it."""
    for _ in range(_DEEPEST):
        is_shown = re.search(f"&(?:amp;)*+(?:lt|#0*+60|#[xX]0*+3[cC]);/?{_OURS}", text)
        if not is_shown or re.search(f"<{_OURS}", text):
            break
        text = re.sub(_ENTITY, lambda one: _soft(html.unescape(one[0])).replace("\xa0", " "), text)
    return re.sub("(?<==)&(quot|apos|#34|#39);([^<>&]*+)&\\1;", r'"\2"', text)


# ---------------------------------------------------------------------------- what stands at line starts

_OBEYED = (
    r"(?:\x1b\[|\x9b|\^\[\[)[0-9;:?]{0,40}+[ -/]{0,4}+[@-~]|\x1b\][^\x07\x1b\n]*+(?:\x07|\x1b\\)?"
    r"|\x1b[@-Z\\^_]?|\[[0-9][0-9;]{0,11}+m|\[m(?![\w\]])|.\x08|\^M(?=[\n\r]|\Z)|[\0-\x08\x0b\x0c\x0e-\x1f]"
)
_MAIL = r"[ \t]*+(?:>[ \t]?)*>[ \t]++(?=</?[A-Za-z!?])"
_MAIL_MARK = r"[ \t]{0,3}(?:>[ \t]?)+"
_NUMBER = (
    r"""[ \t]*+(?:[^\s:<>'"=]{1,100}?[:-])?([0-9]{1,7})(?:[ \t]+[0-9]{1,7})?(?:[:|.)-]|(?=[ \t<]|$))"""
    r"(?:[ \t]*+(?=[+-][ \t]*+<)|[ \t]?)"  # before the sign of a diff there may be another column
)
_HUNK = r"[ \t]*+@@ -[0-9,]{1,20} \+[0-9,]{1,20} @@"
_SIGN = rf"[ \t]*+([+-])[ \t]*+{_TAG_START}"


def uncoloured(text: str) -> str:
    """Without what a terminal obeys."""
    return re.sub(_OBEYED, "", text)


def unquoted(text: str) -> str:
    """Without the `>` of a mail that is quoted."""

    def change(lines: list[str]) -> list[str]:
        if not any(re.match(_MAIL, line) for line in lines):
            return lines
        return [re.sub(rf"\A{_MAIL_MARK}", "", line) for line in lines]

    return _changed_lines(text, change)


def unnumbered(text: str) -> str:
    """Without the line numbers, if most lines have one and they rise."""

    def change(lines: list[str]) -> list[str]:
        tags = [line for line in lines if re.search(_TAG_START, line)]
        found = [int(match[1]) for line in tags if (match := re.match(_NUMBER, line))]
        rising = sum(1 for one, next_one in pairwise(found) if one < next_one)
        if len(found) < 2 or 2 * len(found) < len(tags) or 4 * rising < 3 * (len(found) - 1):
            return lines
        return [re.sub(rf"\A{_NUMBER}", "", line) for line in lines]

    return _changed_lines(text, change)


def new_side(text: str) -> str:
    """The new side of a diff: a GAP where a hunk begins, and an empty line for each that is removed."""
    outside = re.sub(COMMENT, lambda comment: re.sub("[^\n\r]+", " ", comment[0]), text)
    lines = re.split(f"[\n{SOFT}]", outside)
    has_hunks = any(re.match(_HUNK, line) for line in lines)
    signs = {sign[1] for line in lines if (sign := re.match(_SIGN, line))}
    if not signs and not has_hunks:
        return text
    new = _changed_lines(text, lambda lines: [*map(_new, lines)])
    if (
        signs == {"-"} and not has_hunks
    ):  # as in a list in YAML, without whose items there is no XML
        try:
            parse(new)
        except UnreadableXML:
            return text
    return new


def _new(line: str) -> str:
    if re.match(_HUNK, line):
        return GAP
    if re.match(r"[ \t]*+(?:diff|---|\+\+\+) \S", line):
        return GAP * 2
    return "" if re.match("[ \t]*+-(?!->)", line) else re.sub(r"\A([ \t]*+)\+", r"\1 ", line)


# ------------------------------------------------------------------------------------- what stands in tags

_SINGLE, _DOUBLE = "‘’‚‛′＇`´ʼ", "“”„‟″＂«»"
_SIGNS = str.maketrans("＜＞＝／", "<>=/")
_SEEN = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\ufeff"
_BLANKS = str.maketrans(dict.fromkeys(_SEEN, " ") | dict.fromkeys(_UNSEEN, ""))
# A value in straight quotes ends where something can follow; else one of its quotes is of typography.
_VALUE = rf"""(?:{_QUOTED})(?=[\s/>?＞／.…\[{_SEEN}{_UNSEEN}])
    |[{_SINGLE}'][^<>＜＞{_SINGLE}']*+[{_SINGLE}']|[{_DOUBLE}"][^<>＜＞{_DOUBLE}"]*+[{_DOUBLE}"]"""
_LOOSE_TAG = rf"""(?x){COMMENT}
    |[<＜][/／]?{NAME}(?:{_VALUE}|[^<>＜＞"'{_SINGLE}{_DOUBLE}])*+[>＞]"""
_IN_TAG = rf"""(?x)({_VALUE})|[^"'{_SINGLE}{_DOUBLE}]++"""
_LOOSE_COMMENT = r"<!-?[–—]++-*+((?s:.*?))(?:(?:--|-?[–—])>|\Z)"


def straightened(text: str) -> str:
    """Signs of typography and full-width ones in tags become XML's."""
    return _in_tags(re.sub(_LOOSE_COMMENT, r"<!--\1-->", text), _straight, _SIGNS)


def _straight(value: str) -> str:
    is_straight = value[0] == value[-1] and value[0] in "'\""
    return value if is_straight else '"' + value[1:-1].replace('"', "&quot;") + '"'


def plain_blanks(text: str) -> str:
    """Blanks in tags become plain ones, and what nobody sees there goes."""
    return _in_tags(text, str, _BLANKS)


def _in_tags(
    text: str, of_value: Callable[[str], str], of_rest: Mapping[int, int | str | None]
) -> str:
    def changed(tag: re.Match[str]) -> str:
        if tag[0].startswith("<!--"):
            return tag[0]
        return re.sub(
            _IN_TAG, lambda it: of_value(it[1]) if it[1] else it[0].translate(of_rest), tag[0]
        )

    return re.sub(_LOOSE_TAG, changed, text)


_DOTS = r"[\[(]?(?:\.{3,}+|…++)[\])]?"
_TAG = rf"{COMMENT}|</?\s*+{_DOTS}\s*+/?>|<(/?)({NAME})((?:{_QUOTED}|[^<>\"'])*+)>"
_DOTS_IN_TAG = rf"({_QUOTED}|[\w:-]++(?!\s*+=\s*+{_DOTS}))|(?:[\w:-]++\s*+=\s*+)?{_DOTS}"


def elided(text: str) -> str:
    """`...` in a tag moves behind it, where XML can have it: into the element."""
    return re.sub(_TAG, _elided, text)


def _elided(tag: re.Match[str]) -> str:
    if tag[0].startswith("<!--"):
        return tag[0]
    end, name, inside = tag.groups()
    if name is None:
        return LEFT_OUT
    rest = re.sub(_DOTS_IN_TAG, lambda it: it[1] or "", inside)
    if rest == inside:
        return tag[0]
    if end:
        return f"</{name}>"
    rest = rest.rstrip()
    start = f"<{name}{rest.removesuffix('/')}>{LEFT_OUT}"
    return f"{start}</{name}>" if rest.endswith("/") else start


_AMPERSAND = rf"{COMMENT}|<!\[CDATA\[(?s:.*?)(?:]]>|\Z)|{_ENTITY}|&"


def with_ampersands(text: str) -> str:
    """An `&` that begins nothing becomes `&amp;`, and names that only HTML has become their letters."""
    return re.sub(_AMPERSAND, _ampersand, text)


def _ampersand(found: re.Match[str]) -> str:
    if found[0][0] == "<" or re.match("&(?:(?:lt|gt|amp|quot|apos);|#)", found[0]):
        return found[0]
    return escaped(html.unescape(found[0]) if found[0] != "&" else "&")


# In this order. What is escaped in JSON may be JSON that is escaped, and a page can show one.
STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("json", unstrung), ("page", without_page), ("escaped", unescaped), ("page", without_page),
    ("json", unstrung), ("coloured", uncoloured), ("quoted", unquoted), ("numbered", unnumbered),
    ("diff", new_side), ("signs", straightened), ("blanks", plain_blanks), ("elisions", elided),
    ("ampersands", with_ampersands),
)  # fmt: skip

_BETWEEN_TAGS = re.compile(r">\s*+\\++[nrt](?:\s|\\++[nrt])*+<")


def is_misread(text: str) -> bool:
    """Whether what is XML is that of a mail, a listing, a diff or a string, and a part would be lost, or
    wrong, without a word."""
    changed = any(step(text) != text for step in (unquoted, unnumbered, new_side))
    return changed or bool(_BETWEEN_TAGS.search(text))
