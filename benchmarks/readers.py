"""Who reads guests, and what it costs: virtiolab's public functions beside the parser below them."""

import cProfile
import io
import pstats
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import NamedTuple

from lxml import etree

from benchmarks.guests import many_disks
from benchmarks.rows import Row, in_turns, seconds_of
from virtiolab import check, explain, infer, read

Work = Callable[[list[str]], None]


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
    """Every answer about every disk."""
    for text in texts:
        for disk in read(text).disks:
            infer(disk)


def judge(texts: list[str]) -> None:
    """Every problem."""
    for text in texts:
        check(read(text))


def explain_as_text(texts: list[str]) -> None:
    """Every name of every disk, as a terminal shows it."""
    for text in texts:
        for disk in read(text).disks:
            str(explain(disk))


def explain_as_html(texts: list[str]) -> None:
    """The same, as a notebook shows it."""
    for text in texts:
        for disk in read(text).disks:
            explain(disk)._repr_html_()


def _ours(what: str, work: Work, times: float | None = None, growth: float | None = None) -> Reader:
    # The processor's time, as in worker.py: what else the machine has to do is nobody's cost.
    seconds = partial(seconds_of, work, clock=time.process_time)
    return Reader(what, seconds, times, growth)


FLOOR = _ours("lxml: etree.fromstring(text)", parse)
# As the README shows them, by what is measured: each disk of a guest that is read, and its limits.
WORKS = {
    "read(text), infer(disk)": (answer, 3, 12),
    "check(read(text))": (judge, 6, 12),
    "str(explain(disk))": (explain_as_text, 12, 12),
    "explain(disk)._repr_html_()": (explain_as_html, 40),
}
OURS = [_ours(f"virtiolab: {what}", *how) for what, how in WORKS.items()]


def reading(readers: Sequence[Reader], texts: list[str], rounds: int) -> Iterator[Row]:
    """What each takes for a guest, beside the parser, which reads the same one just before, twice:
    only the second time, as with all who come after it, the text is where the processor has it.

    Nobody reads a guest twice, nor one that another has just read: what they keep of one, such as
    sentences, helps them only as far as guests are alike. The first part of the texts warms them up.
    """
    size = len(texts) // (rounds + 1)
    warming, *parts = [texts[n * size : (n + 1) * size] for n in range(rounds + 1)]
    for reader in (FLOOR, *readers):
        reader.seconds_of(warming)
    taken: list[list[float]] = [[] for _ in readers]
    floors: list[list[float]] = [[] for _ in readers]
    for turn in range(rounds):
        for place, reader in enumerate(readers):
            part = parts[(turn + place) % rounds]
            FLOOR.seconds_of(part)
            floors[place].append(FLOOR.seconds_of(part) / size)
            taken[place].append(reader.seconds_of(part) / size)
    for reader, times, floor in zip(readers, taken, floors):
        yield Row(reader.what, times, reader.times, floor=floor)


def growing(readers: Sequence[Reader], disks: int, rounds: int) -> Iterator[Row]:
    """What each takes for a guest with ten times so many disks; the floor is one with so many."""
    # No two guests have a disk in common, of which sentences could be kept.
    begins = count(step=10 * disks)

    def after_few(reader: Reader, number: int) -> float:
        # The allocator tidies up after many disks only when next it is asked.
        reader.seconds_of([many_disks(disks, next(begins))])
        return reader.seconds_of([many_disks(number, next(begins))])

    for reader in readers:
        ways = [partial(after_few, reader, number) for number in (disks, 10 * disks)]
        floor, times = in_turns(ways, rounds)
        yield Row(reader.what, times, reader.growth, floor=floor)


def profiling(texts: list[str], most: int) -> Iterator[str]:
    """By work, the functions in which so many guests spend most of their time."""
    half = len(texts) // 2
    for what, (work, *_) in WORKS.items():
        work(texts[:half])
        with cProfile.Profile() as profile:
            work(texts[half:])
        shown = io.StringIO()
        stats = pstats.Stats(profile, stream=shown).strip_dirs()
        stats.sort_stats("tottime").print_stats(most)
        stats.sort_stats("cumtime").print_stats(most)
        yield f"{what}\n{shown.getvalue()}"
