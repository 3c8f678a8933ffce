"""Predict, then reveal: a question that wants your guess before it shows the answer."""

import ipywidgets

from ..views import View, choices, verdict_on
from .static import WithStaticForm


class Predict(WithStaticForm):
    """A question with options, the right one among them, and the reason, shown after a guess.

    `why` is a sentence or a View. In question and sentence, `backticks` mark what is XML.
    """

    def __init__(self, question: str, options: list[str], answer: str, why: str | View):
        if answer not in options:
            raise ValueError(f"the answer {answer!r} is none of the options")
        self._question, self._right, self._why = question, answer, why
        self.guess = ipywidgets.RadioButtons(options=options, index=None, layout={"width": "100%"})
        self.guess.add_class("vl-guess")
        self.reveal = ipywidgets.Button(description="Reveal", disabled=True, tooltip="Choose first")
        self.outcome = ipywidgets.HTML()
        asked = ipywidgets.HTML(choices(question, []).html)
        super().__init__([asked, self.guess, self.reveal, self.outcome])
        self.add_class("vl-predict")
        self.guess.observe(self._guessed, "value")
        self.reveal.on_click(self._revealed)

    def static_html(self) -> str:
        return self._static().html

    def static_text(self) -> str:
        return self._static().text

    def _static(self) -> View:
        answered = verdict_on(None, self._right, self._why)
        return choices(self._question, list(self.guess.options), answered)

    def _guessed(self, _) -> None:
        """A guess can be changed, and each is revealed anew."""
        self.reveal.disabled, self.reveal.tooltip = self.guess.value is None, ""
        self.outcome.value = ""

    def _revealed(self, _) -> None:
        self.outcome.value = verdict_on(self.guess.value, self._right, self._why).html
