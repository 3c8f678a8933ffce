"""Predictions: a question with its options, and what is said of a guess."""

from collections.abc import Sequence

from .elements import E, folded, page, prose, root, told
from .text import unmarked
from .view import View


def question_of(question: str) -> str:
    """A question alone, for a widget."""
    return root(prose("p", question, "vl-question"))


def prediction(question: str, options: Sequence[str], right: str, why: str) -> View:
    """A question with its options, and the answer folded away below them."""

    def html() -> str:
        answer = [page(prose("p", right, "vl-outcome")), page(prose("p", why))]
        listed = E.ul(*[prose("li", option) for option in options])
        return root(prose("p", question, "vl-question"), listed, folded("Reveal", *answer))

    def text() -> str:
        lines = [question, *options_as_text(options), "", f"Answer: {right}", why]
        return unmarked("\n".join(lines))

    return View(html, text)


def options_as_text(options: Sequence[str]) -> list[str]:
    """A line each."""
    return [f"  ( ) {option}" for option in options]


def verdict_on(guess: str, right: str, why: str) -> str:
    """Whether a guess was right, the right answer, and why: for a widget, which tells it."""
    return root(told(prose("p", said_of(guess, right), "vl-outcome"), prose("p", why)))


def said_of(guess: str, right: str) -> str:
    """Whether a guess was right, marked with backticks as it was asked."""
    return f"✓ Right: {right}" if guess == right else f"✗ You said “{guess}”. It is: {right}"
