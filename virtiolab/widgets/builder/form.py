"""The form of the disk builder: the fields that are always there, and the groups that open."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

import ipywidgets

from ...build import choices
from ...refusals import Problem
from ...views.fields import left_out
from ..draft import Draft, path_of
from .controls import Field, Toggle

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
        self.always, self.chips = _names_of(ALWAYS_SHOWN), {}
        if names is None:
            groups = dict.fromkeys(choice.group for choice in choices().values())
            for group in [group for group in groups if group != ALWAYS_SHOWN]:
                paths = ", ".join(path_of(choices()[name], None) for name in _names_of(group))
                chip = self.chips[group] = Toggle(group, f"Show or hide: {paths}")
                chip.add_class("vl-chip").add_class(f"vl-chip-{group.lower()}")
                chip.observe(self._fold, "value")
        else:
            wanted = set(names)
            self.always = [name for name in choices() if name in wanted]
        self.panel = ipywidgets.VBox().add_class("vl-panel")
        self._left_out = ipywidgets.HTML()
        row = ipywidgets.HBox([*self.chips.values()]).add_class("vl-chips")
        foldable = [row, self.panel] if self.chips else []
        super().__init__([*map(self._field, self.always), *foldable])
        self.add_class("vl-form")

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
        filled = {name: draft.filled(name) for name in self.names}
        idle = {n for n, one in filled.items() if not one.is_read and one.value is None}
        hidden = idle - {*self.always}
        there = [one.path for name, one in filled.items() if name not in hidden]
        beside: dict[str | None, list[Problem]] = {}  # by the path of a field, or of none
        for problem in draft.problems:
            path = _NESTED.sub("backingStore/", problem.path.removeprefix("/disk/"))
            inside = (own for own in there if own.startswith(f"{path}/"))
            beside.setdefault(path if path in there else next(inside, None), []).append(problem)
        for name, one in filled.items():
            field = self.fields[name]
            field.value = chosen.get(name)
            field.show(one, beside.get(one.path, ()), name in hidden)
        self._left_out.value = left_out(
            tuple((one.choice, one.path) for name, one in filled.items() if name in hidden)
        )
        for group, chip in self.chips.items():
            written = sum(name in chosen for name in _names_of(group))
            chip.tell(f" ({written} written)" if written else "")
        return beside.get(None, [])


@cache
def _names_of(group: str | None) -> list[str]:
    return [name for name, choice in choices().items() if choice.group == group]
