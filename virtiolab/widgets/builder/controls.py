"""What one sets a choice with: a field, with a menu or a box for text; and what opens more."""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from ...build import Choice
from ...refusals import Problem
from ...views.fields import NOT_WRITTEN, Filled, hint, shown, tooltip
from ...views.problems import refused
from ..notes import Notes

_WIDE = {"width": "100%"}


class Menu:
    """A menu whose first entry is "not written"; a value that it does not know comes last."""

    watched = "index"

    def __init__(self, choice: Choice):
        self._known = [None, *([True] if choice.flag else choice.values)]
        self._entries = self._known
        known = [f"<{choice.path.strip('*')}/>"] if choice.flag else choice.values
        self.widget = ipywidgets.Dropdown(options=[NOT_WRITTEN, *known], layout=_WIDE)

    def show(self, value) -> None:
        """Show this value."""
        if value not in self._entries:
            self._entries = [*self._known, value]
            self.widget.options = [*self.widget.options[: len(self._known)], shown(value)]
        self.widget.index = self._entries.index(value)

    def read(self) -> Any:
        """The value that is shown."""
        return self._entries[self.widget.index or 0]


class Text:
    """A line of text, or of what `repeats` a line for each element; an empty one is not written."""

    watched = "value"

    def __init__(self, repeats: bool):
        self._repeats = repeats
        if repeats:
            placeholder = f"{NOT_WRITTEN}\none a line"
            self.widget = ipywidgets.Textarea(placeholder=placeholder, rows=2, layout=_WIDE)
        else:
            self.widget = ipywidgets.Text(placeholder=NOT_WRITTEN, layout=_WIDE)

    def show(self, value) -> None:
        """Show this value, or these values."""
        values = value if self._repeats and isinstance(value, list | tuple) else [value]
        self.widget.value = "\n".join("" if one is None else str(one) for one in values)

    def read(self) -> list[str | None] | str | None:
        """The values that are shown; of one alone, that one."""
        if not self._repeats:
            return self.widget.value or None
        lines = [line or None for line in self.widget.value.rstrip("\n").split("\n")]
        return lines if len(lines) > 1 else lines[0]


class Field(ipywidgets.HBox):
    """A choice: `value` is None where it is not written, and exact until somebody sets another, of
    which `changed` hears."""

    def __init__(
        self,
        choice: Choice,
        changed: Callable[["Field"], None],
        apply: Callable[[Problem, "Field"], None],
    ):
        self.choice, self._changed, self._apply = choice, changed, apply
        is_menu = choice.flag or choice.values
        self._shows = Menu(choice) if is_menu else Text(choice.repeats)
        self.control = self._shows.widget
        self._value: Any = None
        self._is_set = self._was_used = False
        self.control.observe(self._take, self._shows.watched)
        self.hint = ipywidgets.HTML()
        self.notes: Notes | None = None
        self._shown: tuple | None = None
        super().__init__([self.control, self.hint])
        self.add_class("vl-field").add_class(f"vl-field-{choice.name.replace('_', '-')}")

    @property
    def value(self) -> Any:
        """What is chosen here; None where nothing is written."""
        return self._value

    @value.setter
    def value(self, value) -> None:
        if value == self._value:
            return
        self._value, self._is_set = value, True
        try:
            self._shows.show(value)
        finally:
            self._is_set = False

    def _take(self, _) -> None:
        if not self._is_set:
            self._value, self._was_used = self._shows.read(), True
            self._changed(self)

    @property
    def path(self) -> str:
        """Its path in the XML, which is its label."""
        return self.control.description

    def show(self, filled: Filled, problems: Sequence[Problem], hidden: bool) -> None:
        """Show what is decided here, and what is wrong; what is there already costs nothing."""
        self.layout.display = "none" if hidden else ""
        self._note(problems)
        shown = (filled, bool(problems))
        if not hidden and shown != self._shown:
            self._shown = shown
            self.control.description, self.control.tooltip = filled.path, tooltip(filled)
            # Not under the fingers of who has just emptied it: the keyboard would be on nothing.
            self.control.disabled = filled.is_greyed_out and not self._was_used
            stated = filled.value is not None
            self.hint.value = "" if stated and problems else hint(filled)

    def refuse(self, said: str) -> None:
        """Say that this value cannot be written."""
        self._shown = None
        self.hint.value = refused(said)
        self._note([])

    def _note(self, problems: Sequence[Problem]) -> None:
        if self.notes is None and problems:
            self.notes = Notes(lambda problem: self._apply(problem, self))
            self.children = [*self.children, self.notes]
        if self.notes is not None:
            self.notes.show(problems)


class Toggle(ipywidgets.ToggleButton):
    """A button that opens something: a sign says whether it is open, and `more` what is in it."""

    def __init__(self, title: str, tooltip: str):
        super().__init__(tooltip=tooltip)
        self._title = title
        self.observe(lambda _: self.tell(self._more), "value")
        self.tell()

    def tell(self, more: str = "") -> None:
        """Say it."""
        self._more = more
        self.description = f"{'▾' if self.value else '▸'} {self._title}{more}"
