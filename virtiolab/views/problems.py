"""What is wrong with a guest's disks: problems, and what would mend them."""

from collections import Counter
from collections.abc import Iterable, Sequence

from lxml import etree

from ..document import Disk
from ..refusals import SEVERITIES, Problem
from ..refusals.fixes import child_of
from ..xml import one_line
from .changes import as_element, as_text, lines_of
from .elements import E, Html, prose, root
from .text import MOST, disk_name, more, paint, since, unmarked, wrapped

NONE = "No problem found."
SIGNS = {"error": "✗", "warning": "!", "note": "·"}
_COLOURS = {"error": "31", "warning": "33", "note": "36"}


class Problems(list[Problem]):
    """Problems that show themselves: each with why, and with the lines to change."""

    def _repr_html_(self) -> str:
        return problems_as_html(self)

    def __repr__(self) -> str:
        left_out = more(len(self) - MOST, "problem")
        return "\n\n".join([problems_as_text(self[:MOST]), *left_out])


def problems_as_text(problems: Sequence[Problem], colour: bool = False) -> str:
    """One paragraph a problem: where and what, why, and the lines that would mend it."""
    shown = []
    for problem in problems:
        severity = paint(problem.severity, _COLOURS[problem.severity], colour)
        head = f"line {problem.line}: {severity}: {unmarked(problem.message)} [{problem.code}]"
        lines = [head, f"  {_where(problem)}", wrapped(unmarked(_why(problem)), 2)]
        old, new = problem.change
        if new:
            lines += ["  fix:", as_text(lines_of(old, new, "-+"), colour, indent="    ")]
        shown.append("\n".join(lines))
    return "\n\n".join(shown) or NONE


def counted(problems: Iterable[Problem]) -> str:
    """How many there are of each severity, with its sign; empty if there is none."""
    found = Counter(problem.severity for problem in problems)
    said = (f"{SIGNS[kind]} {plural(found[kind], kind)}" for kind in SEVERITIES if found[kind])
    return ", ".join(said)


def plural(number: int, word: str) -> str:
    """A number of things."""
    return f"{number} {word}{'s' * (number != 1)}"


def _where(problem: Problem) -> str:
    return problem.path + (f" of {disk_name(problem.disk)}" if problem.disk else "")


def _why(problem: Problem) -> str:
    return problem.why + since(problem.since)


def problems_as_html(problems: Sequence[Problem]) -> str:
    """A list of them, the worst first on each line."""
    if not problems:
        return root(E.p(NONE))
    return root(problem_list(problems[:MOST]), *map(E.p, more(len(problems) - MOST, "problem")))


def problem_list(problems: Sequence[Problem]) -> Html:
    """Each with where it is, why, and the lines to change."""
    return E.ul({"class": "vl-problems"}, *map(_item, problems))


def _item(problem: Problem) -> Html:
    where = E.span(f" (line {problem.line}, ", E.code(_where(problem)), ")")
    old, new = problem.change
    fix = ["To mend it:", as_element(lines_of(old, new, "-+"))] if new else []
    return E.li(
        {"class": f"vl-{problem.severity}"}, _severity(problem.severity), ": ",
        prose("span", problem.message), where, prose("div", _why(problem), "vl-why"),
        *[E.div({"class": "vl-fix"}, *fix)] * bool(fix),
    )  # fmt: skip


def _severity(severity: str) -> Html:
    return E.strong(f"{SIGNS[severity]} {severity}", {"class": "vl-severity"})


def note(problem: Problem, path: str | None = None) -> str:
    """A problem beside its field, or (with its path) below the XML."""
    where = [E.code(one_line(path.removeprefix("/disk/"), 80)), " "] if path else []
    said = [prose("span", f": {problem.message}"), prose("span", f" {_why(problem)}", "vl-why")]
    kind = f"vl-note vl-{problem.severity}"
    return root(E.p({"class": kind}, *where, _severity(problem.severity), *said))


def refused(said: str) -> str:
    """The sentence about a value that cannot be written."""
    return root(E.p({"class": "vl-note vl-error"}, E.strong("✗ error"), f": {said}"))


def fix_in_words(problem: Problem) -> str:
    """What its fix does: `remove driver/@io; target/@bus = sata`."""
    edits = (edit for edit in problem.edits if not _is_idle(edit, problem.disk))
    return one_line("; ".join(map(_edit, edits)), 200)


def _is_idle(edit: str, disk: Disk) -> bool:
    """Whether it would remove what is not there."""
    if edit[0] != "-":
        return False
    *names, last = edit[1:].split("/")
    found: etree._Element | None = disk.element
    for name in names if last[0] == "@" else [*names, last]:
        found = None if found is None else child_of(found, name)
    return found is None or (last[0] == "@" and last[1:] not in found.keys())


def _edit(edit: str) -> str:
    scope, _, line = edit.partition(":")
    where, line = (f"{scope} ", line) if scope in ("controller", "domain") else ("", edit)
    path, _, value = line.lstrip("+~-").partition("=")
    if line[0] == "-":
        return f"remove {where}{path}"
    if line[0] == "~":
        return f"{where}{path} becomes {value}"
    return f"{where}{path} = {value}" if value else f"add {where}{path}"
