"""Predict, then reveal: a question that wants your guess before it shows the answer and its proof."""

from collections.abc import Iterator
from functools import partial
from itertools import groupby

import ipywidgets

from ..course.progress import SURENESS
from ..course.tasks import predictions
from ..views.predictions import evidence, prediction, verdict_on
from ..views.text import unmarked
from ..views.view import View, sentence
from .progress import keep
from .static import WithStaticForm

_HOW_SURE = "How sure are you? Each button reveals the answer."


class Predict(WithStaticForm):
    """One of the predictions, by name, and what proves its answer: all that a cell could show, and
    lines of text. It opens with the answer."""

    def __init__(self, name: str, *proof):
        self._name, self._asked, self._proof = name, predictions()[name], proof
        options = [(unmarked(option), option) for option in self._asked["options"]]
        self.guess = ipywidgets.RadioButtons(options=options, index=None, layout={"width": "100%"})
        self.guess.add_class("vl-guess")
        self.reveals = {sure: ipywidgets.Button() for sure in SURENESS}
        for sure, button in self.reveals.items():
            button.description = sure.capitalize()
            button.on_click(partial(self._revealed, sure))
        self.outcome = ipywidgets.HTML()
        self.proof = ipywidgets.VBox([*_shown(proof)])
        question = ipywidgets.HTML(sentence(self._asked["question"], "vl-question").html)
        how_sure = ipywidgets.HTML(sentence(_HOW_SURE).html)
        buttons = ipywidgets.HBox([*self.reveals.values()]).add_class("vl-buttons")
        super().__init__([question, self.guess, how_sure, buttons, self.outcome, self.proof])
        self.add_class("vl-predict")
        self.guess.observe(self._guessed, "value")
        self._guessed()

    def static(self) -> View:
        asked = self._asked
        shown = [one.static() if isinstance(one, WithStaticForm) else one for one in self._proof]
        return prediction(asked["question"], asked["options"], asked["answer"], asked["why"], shown)

    def _guessed(self, _=None) -> None:
        """A guess can be changed, and each is revealed anew."""
        for button in self.reveals.values():
            button.disabled = self.guess.value is None
            button.tooltip = "Choose first" if button.disabled else "Reveal the answer"
        self.outcome.value, self.proof.layout.display = "", "none"

    def _revealed(self, sure: str, _) -> None:
        asked, guess = self._asked, self.guess.value
        if guess is not None:
            self.outcome.value = verdict_on(guess, asked["answer"], asked["why"])
            self.proof.layout.display = ""
            keep(lambda progress: progress.guessed(self._name, guess, sure))


def _shown(proof: tuple) -> Iterator[ipywidgets.Widget]:
    """What proves it as widgets."""
    for is_widget, pieces in groupby(proof, lambda one: isinstance(one, ipywidgets.Widget)):
        shown = [*pieces]
        yield from shown if is_widget else [ipywidgets.HTML(evidence(shown).html)]
