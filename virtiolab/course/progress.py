"""What a learner guessed, how surely, and which tasks were solved: theirs alone, in one file."""

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from .tasks import exercises, predictions

SURENESS = ("guessing", "fairly sure", "certain")


class Guess(NamedTuple):
    """What was said first to a prediction, and how surely: a word of SURENESS."""

    said: str
    sure: str


class Tries(NamedTuple):
    """How often a task was tried until it was solved, if it is."""

    number: int
    solved: bool


@dataclass(frozen=True)
class Progress:
    """By name, the guesses and the tasks that were tried. The first guess counts: only it was one."""

    guesses: dict[str, Guess] = field(default_factory=dict)
    tasks: dict[str, Tries] = field(default_factory=dict)

    def guessed(self, name: str, said: str, sure: str) -> "Progress":
        """With one more guess, unless there is one of this prediction."""
        return replace(self, guesses={name: Guess(said, sure)} | self.guesses)

    def tried(self, name: str, solved: bool) -> "Progress":
        """With one more try at a task, unless it is solved."""
        before = self.tasks.get(name, Tries(0, False))
        now = before if before.solved else Tries(before.number + 1, solved)
        return replace(self, tasks=self.tasks | {name: now})

    def __or__(self, other: "Progress") -> "Progress":
        """Both; where they differ, the other's."""
        return Progress(self.guesses | other.guesses, self.tasks | other.tasks)

    def is_right(self, name: str) -> bool:
        """Whether the guess at a prediction was."""
        return self.guesses[name].said == predictions()[name]["answer"]

    def to_json(self) -> str:
        """As it is kept and given away."""
        as_tables = {
            part: {name: told._asdict() for name, told in kept.items()}
            for part, kept in asdict(self).items()
        }
        return json.dumps(as_tables, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> "Progress":
        """What was kept, without what this edition of the course does not ask. Raises ValueError, one
        sentence, for text that is no progress."""
        try:
            told = json.loads(text)
            guesses = {name: Guess(**one) for name, one in told["guesses"].items()}
            tasks = {name: Tries(**one) for name, one in told["tasks"].items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError("This is no progress that virtiolab has saved.") from error
        asked, set_ = predictions(), exercises()
        return cls(
            {
                name: guess
                for name, guess in guesses.items()
                if name in asked and guess.said in asked[name]["options"] and guess.sure in SURENESS
            },
            {
                name: tries
                for name, tries in tasks.items()
                if name in set_ and type(tries.number) is int and type(tries.solved) is bool
            },
        )


class Keeper:
    """Keeps the progress in a file, and where that cannot be, as long as it lives itself.

    `hindrance` is why nothing is written, in a sentence, or empty. A file that is not ours stays as it is.
    """

    def __init__(self, file: Path):
        self._file, self._own, self.hindrance = file, Progress(), ""

    def progress(self) -> Progress:
        """What is kept now; another notebook may have written it."""
        self.hindrance = ""
        try:
            self._own = Progress.from_json(self._file.read_bytes())
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            self.hindrance = f"Nothing is kept beyond this session: {self._file.name}: {error}"
        return self._own

    def keep(self, change: Callable[[Progress], Progress]) -> None:
        """Keep what a change makes of it."""
        self._own = change(self.progress())
        if self.hindrance:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._file.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as written:
                written.write(self._own.to_json())
            Path(name).replace(self._file)  # so that whoever reads sees the old or the new
        except OSError as error:
            self.hindrance = f"Nothing is kept beyond this session: {error.strerror}."
