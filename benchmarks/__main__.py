"""`python -m benchmarks`: the cost table, each row against its limit; exits 1 if one is over."""

import statistics
import subprocess
import sys
import time

from lxml import etree

from benchmarks.guests import guests, many_disks
from virtiolab import infer, read
from virtiolab.evidence import NotInstalled
from virtiolab.evidence.lessons import lessons
from virtiolab.evidence.libvirt import Libvirt
from virtiolab.explanation import Explanation
from virtiolab.refusals import check
from virtiolab.views.text import explanation_of

ROUNDS = 25


def parse(texts: list[str]) -> None:
    """The floor: lxml alone."""
    for text in texts:
        etree.fromstring(text)


def answer(texts: list[str]) -> None:
    """Read, and infer every answer about every disk."""
    for text in texts:
        for disk in read(text).disks:
            infer(disk)


def explain(texts: list[str]) -> None:
    """Read, and explain every name of every disk as text."""
    for text in texts:
        for disk in read(text).disks:
            explanation_of(Explanation(disk))


def judge(texts: list[str]) -> None:
    """Read, and check every disk."""
    for text in texts:
        check(read(text))


def ratio(work, floor, texts: list[str], rounds: int = ROUNDS) -> float:
    """The median of work's time to floor's, taken in turns: the machine's moods hit both."""
    return statistics.median(_seconds(work, texts) / _seconds(floor, texts) for _ in range(rounds))


def growth(work, small: int, large: int, rounds: int = 9) -> float:
    """How much more a document with `large` disks costs than one with `small`."""
    texts = [many_disks(small)], [many_disks(large)]
    times = [[_seconds(work, text) for text in texts] for _ in range(rounds)]
    few, many = map(statistics.median, zip(*times))
    return many / few


def import_cost(module: str, floor: str, rounds: int = 15) -> float:
    """Milliseconds that a fresh process needs for one import beyond those for another."""
    pairs = [(_process(f"import {module}"), _process(f"import {floor}")) for _ in range(rounds)]
    return statistics.median(module - floor for module, floor in pairs) * 1000


def asking(rounds: int = 300) -> float:
    """Milliseconds for a question to a libvirt that was asked before; NotInstalled without one."""
    domain = lessons()["first"].domain
    with Libvirt() as libvirt:
        libvirt.ask(domain)
        return statistics.median(_seconds(libvirt.ask, domain) for _ in range(rounds)) * 1000


def _seconds(work, texts) -> float:
    begun = time.perf_counter()
    work(texts)
    return time.perf_counter() - begun


def _process(code: str) -> float:
    return _seconds(
        lambda command: subprocess.run(command, check=True), [sys.executable, "-c", code]
    )


def main() -> int:
    """Print the table; the status is 1 if a row is over its limit."""
    texts = guests()
    rows = [
        ("read + infer, to parsing alone", ratio(answer, parse, texts), 3, "×"),
        ("check, to parsing alone", ratio(judge, parse, texts, 9), 6, "×"),
        ("explain as text, to parsing alone", ratio(explain, parse, texts, 9), 15, "×"),
        ("10,000 disks, to 1,000", growth(answer, 1000, 10_000), 12, "×"),
        ("10,000 disks checked, to 1,000", growth(judge, 1000, 10_000, 5), 12, "×"),
        ("import virtiolab, beyond lxml's", import_cost("virtiolab", "lxml.etree"), 25, "ms"),
    ]
    try:
        rows.append(("ask libvirt, once it is warm", asking(), 5, "ms"))
    except NotInstalled as missing:
        print(missing)
    print(f"{'what':34} {'measured':>9} {'limit':>7}")
    for what, measured, limit, unit in rows:
        over = "" if measured <= limit else "OVER"
        print(f"{what:34} {measured:6.1f} {unit:2} {limit:4} {unit:2} {over}".rstrip())
    return int(any(measured > limit for _, measured, limit, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
