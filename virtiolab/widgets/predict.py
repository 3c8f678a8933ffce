"""Predict, then reveal: a question that wants your guess before it shows the answer."""

import ipywidgets

from ..course.tasks import predictions
from ..views import View, choices, right_answer, unmarked, verdict_on
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
        question = ipywidgets.HTML(choices(self._asked["question"], []).html)
        super().__init__([question, self.guess, self.reveal, self.outcome])
        self.add_class("vl-predict")
        self.guess.observe(self._guessed, "value")
        self.reveal.on_click(self._revealed)

    def static_html(self) -> str:
        return self._folded().html

    def static_text(self) -> str:
        return self._folded().text

    def _folded(self) -> View:
        answer = right_answer(self._asked["answer"], self._asked["why"])
        return choices(self._asked["question"], self._asked["options"], answer)

    def _guessed(self, _) -> None:
        """A guess can be changed, and each is revealed anew."""
        self.reveal.disabled, self.reveal.tooltip = self.guess.value is None, ""
        self.outcome.value = ""

    def _revealed(self, _) -> None:
        asked = self._asked
        if self.guess.value is not None:
            self.outcome.value = verdict_on(self.guess.value, asked["answer"], asked["why"])
