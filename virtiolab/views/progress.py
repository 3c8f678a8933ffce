"""A learner's progress as a map: what was guessed, how surely, and what surprised."""

from collections.abc import Iterator

from ..course.progress import SURENESS, Progress
from ..course.tasks import exercises, predictions
from .elements import E, Html, prose, root, row, table
from .text import wrapped
from .view import View

_RIGHT = {True: "and right", False: "and wrong"}
# What a place on the map says of those that are in it.
_MEANS = {
    ("certain", True): "What you know",
    ("certain", False): "What surprised you, and deserves a second visit",
    ("fairly sure", True): "What you almost know",
    ("fairly sure", False): "What is not quite as you thought",
    ("guessing", True): "Where you were lucky",
    ("guessing", False): "What is new to you",
}


def progress_map(progress: Progress, notebook: str | None = None) -> View:
    """What was guessed, by how surely and whether it was right, and the tasks: of a notebook, or all."""
    said = [*_sums(progress, notebook)]
    found = _found(progress, notebook)

    def html() -> str:
        rows = [
            row(f"You were {sure}", *[[*_place(sure, right, found)] for right in _RIGHT])
            for sure in reversed(SURENESS)
        ]
        map_ = table("vl-progress", rows, ["", *_RIGHT.values()])
        return root(map_, *[prose("p", sentence) for sentence in said])

    def text() -> str:
        lines = [
            wrapped(
                f"You were {sure}, {_RIGHT[right]}. {_MEANS[sure, right]}: {'; '.join(titles) or '–'}",
                0,
            )
            for (sure, right), titles in found.items()
        ]
        return "\n".join([*lines, "", *(wrapped(sentence, 0) for sentence in said)])

    return View(html, text)


def _found(progress: Progress, notebook: str | None) -> dict[tuple[str, bool], list[str]]:
    """The titles of what was guessed, each in its place on the map."""
    found: dict = {(sure, right): [] for sure in reversed(SURENESS) for right in _RIGHT}
    for name, asked in predictions().items():
        if name in progress.guesses and notebook in (None, asked["notebook"]):
            place = progress.guesses[name].sure, progress.is_right(name)
            number = "" if notebook else f" ({asked['notebook'][:2]})"
            found[place].append(asked["title"] + number)
    return found


def _place(sure: str, right: bool, found: dict[tuple[str, bool], list[str]]) -> Iterator[Html]:
    """One place on the map: what it means, and what is in it."""
    yield prose("p", _MEANS[sure, right], "vl-nothing")
    if titles := found[sure, right]:
        yield E.ul(*[prose("li", title) for title in titles])


def _sums(progress: Progress, notebook: str | None) -> Iterator[str]:
    """How many were guessed, and solved, in sentences."""
    asked = [name for name, told in predictions().items() if notebook in (None, told["notebook"])]
    guessed = [name for name in asked if name in progress.guesses]
    right = f", {sum(map(progress.is_right, guessed))} of them right" if guessed else ""
    yield f"Guessed: {len(guessed)} of {len(asked)} predictions{right}."
    tasks = [name for name, task in exercises().items() if notebook in (None, task.notebook)]
    tried = [progress.tasks[name] for name in tasks if name in progress.tasks]
    solved = [tries.number for tries in tried if tries.solved]
    at_once = f", {solved.count(1)} of them at the first try" if solved else ""
    yield f"Solved: {len(solved)} of {len(tasks)} exercises{at_once}."
