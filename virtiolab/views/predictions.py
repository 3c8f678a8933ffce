"""Predictions: a question with its options, what is said of a guess, and what proves the answer."""

from collections.abc import Sequence

from .elements import E, Html, folded, page, prose, root, told
from .text import unmarked
from .view import View

_WRAPPED = {"style": "white-space: pre-wrap; word-break: normal"}  # a sentence may go on below


def prediction(
    question: str, options: Sequence[str], right: str, why: str, proof: Sequence = ()
) -> View:
    """A question with its options; the answer and its proof are folded away below them."""

    def html() -> str:
        said = [page(prose("p", right, "vl-outcome")), page(prose("p", why))]
        listed = E.ul(*[prose("li", option) for option in options])
        return root(
            prose("p", question, "vl-question"),
            listed,
            folded("Reveal", *said, Html(evidence(proof).html)),
        )

    def text() -> str:
        asked = "\n".join([question, *(f"  ( ) {option}" for option in options)])
        told = [unmarked(asked), unmarked(f"Answer: {right}\n{why}"), evidence(proof).text]
        return "\n\n".join(filter(None, told))

    return View(html, text)


def verdict_on(guess: str, right: str, why: str, kind: str = "") -> str:
    """Whether a guess was right, the right answer, and why: for a widget, which tells it."""
    said = f"✓ Right: {right}" if guess == right else f"✗ You said “{guess}”. It is: {right}"
    return root(told(prose("p", said, "vl-outcome"), prose("p", why), kind=kind))


def evidence(shown: Sequence) -> View:
    """What a prediction is proved with, one below the other: what a cell could show, or lines."""
    views = [_lines(one) if isinstance(one, str) else one for one in _joined(shown)]
    return View(
        lambda: "".join(one._repr_html_() for one in views),
        lambda: "\n\n".join(repr(one) for one in views),
    )


def _joined(shown: Sequence) -> list:
    """Lines that follow each other as one text."""
    joined: list = []
    for one in shown:
        if isinstance(one, str) and joined and isinstance(joined[-1], str):
            joined[-1] += f"\n{one}"
        else:
            joined.append(one)
    return joined


def _lines(text: str) -> View:
    return View(lambda: root(E.pre(_WRAPPED, text)), lambda: text)
