"""What one sets a choice with: a menu, a line of text, or several lines. None is not written."""

from collections.abc import Callable

import ipywidgets

from ..build import Choice
from ..views.form import NOT_WRITTEN, shown

_WIDE = {"width": "100%"}


class Control:
    """A widget and the value that it stands for, which stays exact until somebody changes it."""

    watched = "value"

    def __init__(self, widget: ipywidgets.DOMWidget, changed: Callable[[], None]):
        self.widget, self.value, self._changed = widget, None, changed
        self._is_set = False
        widget.observe(self._take, self.watched)

    def set(self, value) -> None:
        """Show this value, and tell nobody."""
        self.value, self._is_set = value, True
        try:
            self._show(value)
        finally:
            self._is_set = False

    def _take(self, _) -> None:
        if not self._is_set:
            self.value = self._read()
            self._changed()

    def _show(self, value) -> None:
        raise NotImplementedError

    def _read(self):
        raise NotImplementedError


class Menu(Control):
    """A menu whose first entry is "not written"; a value that it does not know comes last."""

    watched = "index"

    def __init__(self, choice: Choice, changed: Callable[[], None]):
        self._known = [None, *([True] if choice.flag else choice.values)]
        self._entries = self._known
        known = [f"<{choice.path.strip('*')}/>"] if choice.flag else choice.values
        menu = ipywidgets.Dropdown(options=[NOT_WRITTEN, *known], layout=_WIDE)
        super().__init__(menu, changed)

    def _show(self, value) -> None:
        if value not in self._entries:
            self._entries = [*self._known, value]
            self.widget.options = [*self.widget.options[: len(self._known)], shown(value)]
        self.widget.index = self._entries.index(value)

    def _read(self):
        return self._entries[self.widget.index or 0]


class Line(Control):
    """A line of text; an empty one is not written."""

    def __init__(self, changed: Callable[[], None]):
        super().__init__(ipywidgets.Text(placeholder=NOT_WRITTEN, layout=_WIDE), changed)

    def _show(self, value) -> None:
        self.widget.value = "" if value is None else str(value)

    def _read(self) -> str | None:
        return self.widget.value or None


class Lines(Control):
    """For what can come more than once: a line for each element."""

    def __init__(self, changed: Callable[[], None]):
        hint = f"{NOT_WRITTEN}\none a line"
        super().__init__(ipywidgets.Textarea(placeholder=hint, rows=2, layout=_WIDE), changed)

    def _show(self, value) -> None:
        values = value if isinstance(value, list | tuple) else [value]
        self.widget.value = "\n".join("" if one is None else str(one) for one in values)

    def _read(self) -> list[str | None] | str | None:
        lines = [line or None for line in self.widget.value.rstrip("\n").split("\n")]
        return lines if len(lines) > 1 else lines[0]


def control_of(choice: Choice, changed: Callable[[], None]) -> Control:
    """The control that fits a choice."""
    if choice.flag or choice.values:
        return Menu(choice, changed)
    return Lines(changed) if choice.repeats else Line(changed)
