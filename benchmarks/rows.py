"""The rows of the cost table: what something takes, beside a floor, against its limit."""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from operator import sub, truediv
from typing import NamedTuple

# What is limited: how many times as much as the floor, or how much more.
_MEASURED = {
    "×": truediv,
    "ms": lambda takes, floor: sub(takes, floor) * 1e3,
    "s": sub,
}
_COLUMNS = "{:52} {:>8} {:>8} {:>10} {:>8}"
HEAD = _COLUMNS.format("", "takes", "floor", "measured", "at most")


class Row(NamedTuple):
    """Samples in seconds, those of the floor taken in turn with them: the machine's moods hit both.

    Without a floor, it is the time itself that is measured; without a limit, the row is there to
    compare with.
    """

    what: str
    takes: Sequence[float]
    limit: float | None = None
    unit: str = "×"
    floor: Sequence[float] | None = None

    @property
    def measured(self) -> float:
        """The median, in the unit of the limit."""
        floor = self.floor or [0.0] * len(self.takes)
        return statistics.median(map(_MEASURED[self.unit], self.takes, floor))

    @property
    def is_over(self) -> bool:
        """Whether it takes more than it may."""
        return self.limit is not None and self.measured > self.limit

    def __str__(self) -> str:
        floor = readable(statistics.median(self.floor)) if self.floor else ""
        digits = ".3g" if self.unit == "×" else ".1f"
        measured = f"{self.measured:{digits}} {self.unit}" if self.floor or self.limit else ""
        limit = "" if self.limit is None else f"{self.limit:g} {self.unit}"
        takes = readable(statistics.median(self.takes))
        line = _COLUMNS.format(f"  {self.what}", takes, floor, measured, limit)
        return f"{line.rstrip()}{'  OVER' if self.is_over else ''}"


def readable(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.{0 if seconds >= 20 * size else 1}f} {unit}"
    return f"{seconds * 1e6:.0f} µs"


def seconds_of(work: Callable, *arguments, clock: Callable[[], float] = time.perf_counter) -> float:
    """How long it takes once."""
    begun = clock()
    work(*arguments)
    return clock() - begun


def in_turns(works: Iterable[Callable[[], float]], rounds: int) -> list[list[float]]:
    """What each of them says that it took, each once a round."""
    works = list(works)
    return [list(times) for times in zip(*[[work() for work in works] for _ in range(rounds)])]
