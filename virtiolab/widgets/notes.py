"""Problems as one meets them while building: what is wrong, why, and a button that mends it."""

from collections.abc import Callable, Sequence

import ipywidgets

from ..refusals import Problem
from ..views.problems import fix_in_words, note


class Note(ipywidgets.VBox):
    """One problem, with its fix as a button where one is known."""

    def __init__(self, apply: Callable[[Problem], None]):
        self._said = ipywidgets.HTML()
        self.button = ipywidgets.Button()
        self.button.on_click(lambda _: apply(self.problem))
        self.problem: Problem | None = None
        super().__init__([self._said])
        self.add_class("vl-problem")

    def show(self, problem: Problem, path: str | None) -> None:
        """Say what this problem is, with its path if it stands beside no field."""
        self.problem = problem
        self._said.value = note(problem, path)
        button = [self.button] if problem.fix is not None else []
        if button:
            self.button.description = self.button.tooltip = f"Apply: {fix_in_words(problem)}"
        children = (self._said, *button)
        if self.children != children:
            self.children = children


class Notes(ipywidgets.VBox):
    """A list of problems; its widgets are used again for the next ones."""

    def __init__(self, apply: Callable[[Problem], None]):
        self._apply = apply
        self._made: list[Note] = []
        super().__init__()
        self.add_class("vl-notes")

    def show(self, problems: Sequence[Problem], with_path: bool = False) -> None:
        """Show these problems and no others."""
        while len(self._made) < len(problems):
            self._made.append(Note(self._apply))
        for made, problem in zip(self._made, problems):
            made.show(problem, problem.path if with_path else None)
        shown = tuple(self._made[: len(problems)])
        if self.children != shown:
            self.children = shown
