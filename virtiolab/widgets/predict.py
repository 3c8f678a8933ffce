"""Predict, then reveal: a question that wants your guess before it shows the answer."""

import ipywidgets

from ..course.tasks import predictions
from ..views.predictions import prediction, verdict_on
from ..views.text import unmarked
from ..views.view import View, sentence
from .static import WithStaticForm


class Predict(WithStaticForm):
    """One of the predictions, by name: a question, its options, and the answer after a guess."""

    def __init__(self, name: str):
        self._asked = predictions()[name]
        options = [(unmarked(option), option) for option in self._asked["options"]]
        self.guess = ipywidgets.RadioButtons(options=options, index=None, layout={"width": "100%"})
        self.guess.add_class("vl-guess")
        self.reveal = ipywidgets.Button(description="Reveal", disabled=True, tooltip="Choose first")
        self.outcome = ipywidgets.HTML()
        question = ipywidgets.HTML(sentence(self._asked["question"], "vl-question").html)
        super().__init__([question, self.guess, self.reveal, self.outcome])
        self.add_class("vl-predict")
        self.guess.observe(self._guessed, "value")
        self.reveal.on_click(self._revealed)

    def static(self) -> View:
        asked = self._asked
        return prediction(asked["question"], asked["options"], asked["answer"], asked["why"])

    def _guessed(self, _) -> None:
        """A guess can be changed, and each is revealed anew."""
        self.reveal.disabled, self.reveal.tooltip = self.guess.value is None, ""
        self.outcome.value = ""

    def _revealed(self, _) -> None:
        asked = self._asked
        if self.guess.value is not None:
            self.outcome.value = verdict_on(self.guess.value, asked["answer"], asked["why"])
