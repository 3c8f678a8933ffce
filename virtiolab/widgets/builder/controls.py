"""What one sets a choice with: a menu, a line of text, or several lines. None is not written."""

import ipywidgets

from ...build import Choice
from ...views.fields import NOT_WRITTEN, shown

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

    def read(self):
        """The value that is shown."""
        return self._entries[self.widget.index or 0]


class Line:
    """A line of text; an empty one is not written."""

    watched = "value"

    def __init__(self):
        self.widget = ipywidgets.Text(placeholder=NOT_WRITTEN, layout=_WIDE)

    def show(self, value) -> None:
        """Show this value."""
        self.widget.value = "" if value is None else str(value)

    def read(self) -> str | None:
        """The value that is shown."""
        return self.widget.value or None


class Lines:
    """For what can come more than once: a line for each element."""

    watched = "value"

    def __init__(self):
        hint = f"{NOT_WRITTEN}\none a line"
        self.widget = ipywidgets.Textarea(placeholder=hint, rows=2, layout=_WIDE)

    def show(self, value) -> None:
        """Show these values, or this one."""
        values = value if isinstance(value, list | tuple) else [value]
        self.widget.value = "\n".join("" if one is None else str(one) for one in values)

    def read(self) -> list[str | None] | str | None:
        """The values that are shown; of one alone, that one."""
        lines = [line or None for line in self.widget.value.rstrip("\n").split("\n")]
        return lines if len(lines) > 1 else lines[0]


def control_of(choice: Choice) -> Menu | Line | Lines:
    """The control that fits a choice."""
    if choice.flag or choice.values:
        return Menu(choice)
    return Lines() if choice.repeats else Line()
