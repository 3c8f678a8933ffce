"""What was made of pasted text: what had to be set right, and where in it the disks stand."""

from collections.abc import Mapping, Sequence

from ..pastes import Remark
from .elements import E, Html, folded, prose, root, visible, xml_box
from .view import View

_MOST_LINES = 400  # of a text that are shown
_MOST_NAMES = 12  # of disks in a sentence


def remarks(said: Sequence[Remark]) -> View:
    """What was set right or left out, each with its line."""
    lines = [f"Line {one.line}: {one.message}" for one in said]
    kinds = ["vl-error" if one.refused else "vl-remark" for one in said]
    return View(
        lambda: (
            root(*[prose("p", line, kind) for line, kind in zip(lines, kinds)]) if lines else ""
        ),
        lambda: "\n".join(lines),
    )


def places(text: str, disks: Mapping[str, range]) -> View:
    """Where in a text its disks stand, by name: in a sentence, and marked in the text itself."""
    names = ", ".join(f"{name} in {_lines(found)}" for name, found in disks.items())
    said = f"Found: {names if len(disks) <= _MOST_NAMES else f'{len(disks)} disks'}."
    # A disk that is all there is needs no sign to it.
    is_told = bool(disks) and [len(text.strip().split("\n"))] != [*map(len, disks.values())]

    def html() -> str:
        return root(folded(said, _marked(text, disks), kind="vl-places")) if is_told else ""

    return View(html, lambda: said if is_told else "")


def _lines(found: range) -> str:
    return f"line {found[0]}" if len(found) == 1 else f"lines {found[0]} to {found[-1]}"


def _marked(text: str, disks: Mapping[str, range]) -> Html:
    lines = text.split("\n")
    inside = {number: name for name, found in disks.items() for number in found}
    numbers = [*range(1, len(lines) + 1)]
    if len(lines) > _MOST_LINES:  # then the disks, and what stands next to them
        numbers = [n for n in numbers if {n - 1, n, n + 1} & inside.keys()][:_MOST_LINES]
    width, last, shown = len(str(len(lines))), 0, []
    for number in numbers:
        shown.append("⋮\n" * (number > last + 1))
        line = visible(lines[number - 1])
        marked = E.mark(line, title=inside[number]) if number in inside and line else line
        shown += [E.span(f"{number:{width}}", {"class": "vl-line-number"}), "  ", marked, "\n"]
        last = number
    return xml_box([*shown, "⋮" * (last < len(lines))], "vl-pasted")
