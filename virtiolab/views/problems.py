"""What is wrong with a guest's disks, as text and as HTML: problems, and the lines to change."""

from collections.abc import Iterator, Sequence

from lxml import etree
from lxml.builder import E

from ..refusals import Problem
from .changes import changed_lines, changed_lines_as_text
from .elements import prose
from .html import root
from .text import MOST, disk_name, more, paint, since, unmarked, wrapped

NONE = "No problem found."
_SIGNS = {"error": "✗", "warning": "!", "note": "·"}
_COLOURS = {"error": "31", "warning": "33", "note": "36"}


def problems_as_text(problems: Sequence[Problem], colour: bool = False) -> str:
    """One paragraph a problem: where and what, why, and the lines that would mend it."""
    return "\n\n".join(_as_text(problem, colour) for problem in problems) or NONE


def _as_text(problem: Problem, colour: bool) -> str:
    severity = paint(problem.severity, _COLOURS[problem.severity], colour)
    head = f"line {problem.line}: {severity}: {unmarked(problem.message)} [{problem.code}]"
    lines = [head, f"  {_where(problem)}", wrapped(unmarked(_why(problem)), 2)]
    old, new = problem.change
    if new:
        lines += ["  fix:", changed_lines_as_text(old, new, colour, indent="    ")]
    return "\n".join(lines)


def _where(problem: Problem) -> str:
    return problem.path + (f" of {disk_name(problem.disk)}" if problem.disk else "")


def _why(problem: Problem) -> str:
    return problem.why + since(problem.since)


def problems_as_html(problems: Sequence[Problem]) -> str:
    """A list of them, the worst first on each line."""
    if not problems:
        return root(prose("p", NONE))
    items = map(problem_item, problems[:MOST])
    left_out = more(len(problems) - MOST, "problem")
    return root(E.ul({"class": "vl-problems"}, *items), *map(E.p, left_out))


def problem_item(problem: Problem) -> etree._Element:
    """One problem as an item of a list."""
    word = E.strong(f"{_SIGNS[problem.severity]} {problem.severity}", {"class": "vl-severity"})
    where = E.span(f" (line {problem.line}, ", E.code(_where(problem)), ")")
    item = E.li({"class": f"vl-{problem.severity}"}, word, ": ")
    item.extend([prose("span", problem.message), where, prose("div", _why(problem), "vl-why")])
    item.extend(_fix(problem))
    return item


def _fix(problem: Problem) -> Iterator[etree._Element]:
    old, new = problem.change
    if new:
        yield E.div({"class": "vl-fix"}, "To mend it:", changed_lines(old, new))
