"""Who reads guests, and what it costs: virtiolab beside the parser that it stands on."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from lxml import etree

from benchmarks.guests import many_disks
from benchmarks.rows import Row, in_turns, seconds_of
from virtiolab import infer, read
from virtiolab.explanation import Explanation
from virtiolab.refusals import check
from virtiolab.views.explained import explanation_as_text


class Reader(NamedTuple):
    """Somebody who reads guests; how many times the parser's time that may take, and how many times
    as long for ten times the disks."""

    what: str
    seconds_of: Callable[[list[str]], float]
    times: float | None = None
    growth: float | None = None


def parse(texts: list[str]) -> None:
    """The floor: lxml alone."""
    for text in texts:
        etree.fromstring(text)


def answer(texts: list[str]) -> None:
    """Read, and infer every answer about every disk."""
    for text in texts:
        for disk in read(text).disks:
            infer(disk)


def judge(texts: list[str]) -> None:
    """Read, and check every disk."""
    for text in texts:
        check(read(text))


def explain(texts: list[str]) -> None:
    """Read, and explain every name of every disk as text."""
    for text in texts:
        for disk in read(text).disks:
            explanation_as_text(Explanation(disk))


# The processor's time, as in worker.py: what else the machine has to do is nobody's cost.
_worked = partial(seconds_of, clock=time.process_time)

OURS = [
    Reader("lxml: parse", partial(_worked, parse)),
    Reader("virtiolab: read, infer", partial(_worked, answer), 3, 12),
    Reader("virtiolab: read, check", partial(_worked, judge), 6, 12),
]
EXPLAINING = Reader("virtiolab: read, explain as text", partial(_worked, explain), 15)


def reading(readers: Sequence[Reader], texts: list[str], rounds: int) -> Iterator[Row]:
    """What each takes for a guest; the first of them is the floor."""
    taken = in_turns([partial(reader.seconds_of, texts) for reader in readers], rounds)
    taken = [[seconds / len(texts) for seconds in times] for times in taken]
    for reader, times in zip(readers, taken):
        yield Row(reader.what, times, reader.times, floor=taken[0])


def growing(readers: Sequence[Reader], disks: int, rounds: int) -> Iterator[Row]:
    """What each takes for a guest with ten times so many disks; the floor is one with so many."""
    few, many = [many_disks(disks)], [many_disks(10 * disks)]

    def after_few(reader: Reader, texts: list[str]) -> float:
        # The allocator tidies up after many disks only when next it is asked.
        reader.seconds_of(few)
        return reader.seconds_of(texts)

    for reader in readers:
        ways = [partial(after_few, reader, texts) for texts in (few, many)]
        floor, times = in_turns(ways, rounds)
        yield Row(reader.what, times, reader.growth, floor=floor)
