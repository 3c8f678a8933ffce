"""Four guests that nobody has seen, to be read, mended and moved, and a verdict."""

from random import randrange

import ipywidgets

from ..course.cases import cases, words
from ..views.exercises import four_cases, verdict_on_cases
from ..views.view import View, sentence
from .exercise import Exercise, button
from .static import WithStaticForm

_EXAMPLE = 4  # the number of the four that stand where no widget runs
_MANY = 1 << 32


class YourCase(WithStaticForm):
    """Four drawn tasks, and others at the press of a button; the first are those of the number `seed`,
    if it is given."""

    def __init__(self, seed: int | None = None):
        self.guests = ipywidgets.VBox()
        self.verdict = ipywidgets.HTML()
        again = button("Draw four others", "What you have done with these is gone", self._draw)
        intro = ipywidgets.HTML(sentence(words("intro")).html)
        buttons = ipywidgets.HBox([again]).add_class("vl-buttons")
        super().__init__([intro, self.guests, self.verdict, buttons])
        self._show(randrange(_MANY) if seed is None else seed)

    def static(self) -> View:
        return four_cases(cases(_EXAMPLE))

    def _draw(self, _) -> None:
        self._show(randrange(_MANY))

    def _show(self, number: int) -> None:
        self.guests.children = [Exercise(task) for task in cases(number)]
        for one in self.guests.children:
            one.observe(self._tell, ["tries", "hints_seen"])
        self._tell()

    def _tell(self, _=None) -> None:
        solved = sum(one.solved for one in self.guests.children)
        tries = sum(one.tries for one in self.guests.children)
        hints = sum(one.hints_seen for one in self.guests.children)
        self.verdict.value = verdict_on_cases(solved, tries, hints)
