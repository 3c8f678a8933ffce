"""Predictions: a question with its options, and what is said of a guess."""

from collections.abc import Sequence

from .elements import E, folded, page, prose, root, told
from .text import unmarked
from .view import View


def prediction(question: str, options: Sequence[str], right: str, why: str) -> View:
    """A question with its options, and the answer folded away below them."""

    def html() -> str:
        answer = [page(prose("p", right, "vl-outcome")), page(prose("p", why))]
        listed = E.ul(*[prose("li", option) for option in options])
        return root(prose("p", question, "vl-question"), listed, folded("Reveal", *answer))

    def text() -> str:
        asked = [question, *(f"  ( ) {option}" for option in options)]
        return unmarked("\n".join([*asked, "", f"Answer: {right}", why]))

    return View(html, text)


def verdict_on(guess: str, right: str, why: str, kind: str = "") -> str:
    """Whether a guess was right, the right answer, and why: for a widget, which tells it."""
    said = f"✓ Right: {right}" if guess == right else f"✗ You said “{guess}”. It is: {right}"
    return root(told(prose("p", said, "vl-outcome"), prose("p", why), kind=kind))
