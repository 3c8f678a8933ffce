"""The quiz: disks drawn at random, one question about each, as long as you like, with a score."""

from random import randrange

import ipywidgets

from ..course.quiz import Question, Score, draw
from ..views.exercises import question_as_html, quiz, verdict_as_html
from ..views.view import View, sentence
from .exercise import button
from .static import WithStaticForm

_EXAMPLE = 31  # the number of the question that stands where no widget runs
_MANY = 1 << 32
_TRIES = 30  # to find a disk that was not there yet


class Quiz(WithStaticForm):
    """Question after question; the first is the one with the number `seed`, if it is given."""

    def __init__(self, seed: int | None = None):
        self.asked, self.score_now = ipywidgets.HTML(), Score()
        self._seen: set[tuple[str, str]] = set()
        self.guess = ipywidgets.RadioButtons(
            options=[], tooltip="Your answer", layout={"width": "100%"}
        )
        self.check = button("Check", "Choose first", self._check)
        self.next = button("Next", "Another disk, another question", self._next)
        self.score, self.outcome = ipywidgets.HTML(), ipywidgets.HTML()
        buttons = ipywidgets.HBox([self.check, self.next, self.score]).add_class("vl-buttons")
        self.asked.add_class("vl-asked")
        self.guess.add_class("vl-guess").add_class("vl-answers-to")
        self.outcome.add_class("vl-said")
        super().__init__([self.asked, self.guess, buttons, self.outcome])
        self.add_class("vl-exercise").add_class("vl-quiz")
        self.guess.observe(self._tell, "value")
        self._ask(randrange(_MANY) if seed is None else seed)

    def static(self) -> View:
        return quiz(draw(_EXAMPLE))

    @property
    def question(self) -> Question:
        """The question that is asked now."""
        return draw(self._number)

    def _ask(self, number: int) -> None:
        self._number, self._is_checked = number, False
        self._seen.add(self.question.disk)
        self.asked.value = question_as_html(self.question)
        self.guess.options, self.guess.disabled = self.question.options, False
        self.guess.index = None
        self.outcome.value = ""
        self._tell()

    def _check(self, _) -> None:
        """An answer counts once; what is right is told with its reason."""
        question, guess = self.question, self.guess.value
        self._is_checked = self.guess.disabled = True
        self.score_now = self.score_now.after(guess == question.right)
        self.outcome.value = verdict_as_html(guess, question)
        self._tell()
        self.next.focus()  # the keyboard would get lost with a button that cannot be pressed

    def _next(self, _) -> None:
        numbers = [randrange(_MANY) for _ in range(_TRIES)]
        new = (number for number in numbers if draw(number).disk not in self._seen)
        self._ask(next(new, numbers[0]))

    def _tell(self, _=None) -> None:
        """Say the score, and which buttons can be pressed."""
        self.check.disabled = self._is_checked or self.guess.value is None
        self.check.tooltip = "Choose first" if self.guess.value is None else "See whether it is so"
        self.score.value = sentence(self.score_now.says, "vl-nothing").html
