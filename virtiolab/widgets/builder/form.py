"""The form of the disk builder: the fields that are always there, and the groups that open."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

import ipywidgets

from ...build import choices
from ...refusals import Problem
from ...views.fields import Filled, answer_to, left_out
from ..draft import Draft, path_of
from .field import Field

ALWAYS_SHOWN = "Basics"
_NESTED = re.compile("(backingStore/)+")


class Form(ipywidgets.VBox):
    """The fields of these choices, or of all, in groups; those of a group are made when it opens.

    `changed` hears of a field that somebody set, `apply` of a problem to mend and of its field,
    `folded` that a group was opened or closed.
    """

    def __init__(
        self,
        names: Iterable[str] | None,
        changed: Callable[[Field], None],
        apply: Callable[[Problem, Field], None],
        folded: Callable[[], None],
    ):
        self._changed, self._apply, self._folded = changed, apply, folded
        self.fields: dict[str, Field] = {}
        self.always = _names_of(ALWAYS_SHOWN) if names is None else _in_order(names)
        self.chips = {} if names is not None else {group: Chip(group) for group in _groups()}
        self.panel = ipywidgets.VBox().add_class("vl-panel")
        self._left_out = ipywidgets.HTML()
        super().__init__([*map(self._field, self.always), *self._foldable()])
        self.add_class("vl-form")

    def _foldable(self) -> list[ipywidgets.Widget]:
        for chip in self.chips.values():
            chip.observe(self._fold, "value")
        row = ipywidgets.HBox([*self.chips.values()]).add_class("vl-chips")
        return [row, self.panel] if self.chips else []

    def _field(self, name: str) -> Field:
        if name not in self.fields:
            self.fields[name] = Field(choices()[name], self._changed, self._apply)
        return self.fields[name]

    @property
    def open_group(self) -> str | None:
        """The group that is open, if one is."""
        return next((group for group, chip in self.chips.items() if chip.value), None)

    @property
    def names(self) -> list[str]:
        """The choices that have a field now."""
        return self.always + _names_of(self.open_group)

    def _fold(self, change) -> None:
        """Open a group and close the one before it, or close it."""
        others = [c for c in self.chips.values() if c.value and c is not change["owner"]]
        if change["new"] and others:
            others[0].value = False  # which calls this again
        inside = [*map(self._field, _names_of(self.open_group))]
        self._folded()  # first, so that the fields come to the page with their labels
        self.panel.children = [*inside, self._left_out] if inside else []

    def show(self, draft: Draft, chosen: Mapping) -> list[Problem]:
        """Show what is chosen and what follows; gives back the problems that are of no field."""
        filled = {name: fill(draft, name) for name in self.names}
        hidden = {name for name, one in filled.items() if self._is_hidden(one)}
        there = [one.path for name, one in filled.items() if name not in hidden]
        beside, rest = _sorted_out(draft.problems, there)
        for name, one in filled.items():
            field = self.fields[name]
            field.value = chosen.get(name)
            field.show(one, beside.get(one.path, ()), name in hidden)
        self._left_out.value = left_out(
            tuple((one.choice, one.path) for name, one in filled.items() if name in hidden)
        )
        for group, chip in self.chips.items():
            chip.show(sum(name in chosen for name in _names_of(group)))
        return rest

    def _is_hidden(self, filled: Filled) -> bool:
        is_always = filled.choice.name in self.always
        return not is_always and not filled.is_read and filled.value is None

    def refuse(self, name: str, said: str) -> bool:
        """Say beside a field that its value cannot be written, if that field is there."""
        if name in self.names:
            self.fields[name].refuse(said)
        return name in self.names


class Chip(ipywidgets.ToggleButton):
    """The button that opens a group of fields; a sign says whether it is open."""

    def __init__(self, group: str):
        paths = ", ".join(path_of(choices()[name], None) for name in _names_of(group))
        super().__init__(tooltip=f"Show or hide: {paths}")
        self.group, self.written = group, 0
        self.add_class("vl-chip").add_class(f"vl-chip-{group.lower()}")
        self.observe(lambda _: self.show(self.written), "value")
        self.show(0)

    def show(self, written: int) -> None:
        """Say how many of its choices are written."""
        self.written = written
        count = f" ({written} written)" if written else ""
        self.description = f"{'▾' if self.value else '▸'} {self.group}{count}"


def fill(draft: Draft, name: str) -> Filled:
    """A choice as it stands in a draft."""
    choice, value = choices()[name], draft.chosen.get(name)
    kind = draft.chosen.get("backing_type" if name == "backing" else "type")
    path = path_of(choice, kind if isinstance(kind, str) else None)
    return Filled(choice, path, value, answer_to(choice, draft.answers), draft.is_read(choice))


def _sorted_out(
    problems: Sequence[Problem], paths: Sequence[str]
) -> tuple[dict[str, list[Problem]], list[Problem]]:
    """The problems by the path of the field beside which they belong, and those of no field."""
    beside: dict[str, list[Problem]] = {}
    rest = []
    for problem in problems:
        path = _NESTED.sub("backingStore/", problem.path.removeprefix("/disk/"))
        inside = (own for own in paths if own.startswith(f"{path}/"))
        place = path if path in paths else next(inside, None)
        (rest if place is None else beside.setdefault(place, [])).append(problem)
    return beside, rest


def _groups() -> list[str]:
    groups = dict.fromkeys(choice.group for choice in choices().values())
    return [group for group in groups if group != ALWAYS_SHOWN]


@cache
def _names_of(group: str | None) -> list[str]:
    return [name for name, choice in choices().items() if choice.group == group]


def _in_order(names: Iterable[str]) -> list[str]:
    wanted = set(names)
    return [name for name in choices() if name in wanted]
