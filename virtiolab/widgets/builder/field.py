"""One field of the disk builder: a control, and beside it what is decided and what is wrong."""

from collections.abc import Callable, Sequence

import ipywidgets

from ...build import Choice
from ...refusals import Problem
from ...views.fields import Filled, hint, tooltip
from ...views.problems import refused
from ..notes import Notes
from .controls import control_of


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
        self._shows = control_of(choice)
        self.control = self._shows.widget
        self._value, self._is_set = None, False
        self.control.observe(self._take, self._shows.watched)
        self.hint = ipywidgets.HTML()
        self.notes: Notes | None = None
        self._shown: tuple | None = None
        super().__init__([self.control, self.hint])
        for name in ("vl-field", f"vl-field-{choice.name.replace('_', '-')}"):
            self.add_class(name)

    @property
    def value(self):
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
            self._value = self._shows.read()
            self._changed(self)

    @property
    def path(self) -> str:
        """Its path in the XML, which is its label."""
        return self.control.description

    @property
    def is_shown(self) -> bool:
        """Whether it is there to see."""
        return self.layout.display != "none"

    def show(self, filled: Filled, problems: Sequence[Problem], hidden: bool) -> None:
        """Show what is decided here, and what is wrong; what is there already costs nothing."""
        self.layout.display = "none" if hidden else ""
        self._note(problems)
        shown = (filled, bool(problems))
        if not hidden and shown != self._shown:
            self._shown = shown
            self.control.description, self.control.tooltip = filled.path, tooltip(filled)
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
