"""What something costs, measured so that a machine that is busy elsewhere changes little."""

import statistics
import time
from collections.abc import Callable
from itertools import cycle, islice

WIDGET = 0.005  # seconds in the kernel that a change in a widget may take at the median


def seconds_of(change: Callable, values) -> float:
    """Seconds of this thread's own time that `change(value)` takes at the median, value after value;
    the best of four times 40."""
    turns = cycle(values)
    return min(
        statistics.median(_seconds_of(change, value) for value in islice(turns, 40))
        for _ in range(4)
    )


def _seconds_of(change: Callable, value) -> float:
    begun = time.thread_time()
    change(value)
    return time.thread_time() - begun
