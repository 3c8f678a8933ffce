"""`python -m benchmarks`: the cost table, each row against its limit; exits 1 if one is over.

With arguments, only these GROUPS of it; `profile` shows instead where the time of the first goes.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path

from benchmarks.guests import bare, guests
from benchmarks.others import others
from benchmarks.readers import FLOOR, OURS, growing, profiling, reading
from benchmarks.rows import HEAD, Row, in_turns, seconds_of
from virtiolab.data import dotted
from virtiolab.evidence import NotInstalled
from virtiolab.evidence.lessons import lessons
from virtiolab.evidence.libvirt import Libvirt
from virtiolab.evidence.sandbox import Sandbox

Lines = Iterator[Row | str]
ROOT = Path(__file__).parents[1]
NOTEBOOKS = ["-m", "pytest", "--quiet", "--nbval", "--nbval-current-env", "notebooks"]


def to_read(number: int = 600, rounds: int = 11) -> Lines:
    """Guests, each of which somebody reads."""
    yield f"a guest, of {number}, no two alike; the floor: lxml parses it"
    with Sandbox() as sandbox:
        found, missing = others(sandbox)
        yield from reading([FLOOR, *OURS, *found], guests(number), rounds)
    yield from missing
    yield "the disks of the same guests alone, on one line each; without a limit"
    without_limit = [reader._replace(times=None) for reader in OURS]
    yield from reading([FLOOR, *without_limit], bare(number), rounds)


def to_grow(disks: int = 1000, rounds: int = 5) -> Lines:
    """One guest with many disks."""
    yield f"a guest with {10 * disks:,} disks; the floor: one with {disks:,}"
    *quick, slow = [reader for reader in OURS if reader.growth]
    with Sandbox() as sandbox:
        found, missing = others(sandbox)
        yield from growing([FLOOR, *quick], disks, rounds)
        yield from growing([slow, *found], disks, 1)  # they take their time
    yield from missing


_SPENT = "; import time; print(time.process_time())"
_EXPLAIN = """
import time
from virtiolab import explain, read
disk = read("<disk><source file='/a.img'/><target dev='vda'/></disk>").disks[0]
begun = time.process_time()
str(explain(disk))
print(time.process_time() - begun)
"""


def to_start(rounds: int = 15) -> Lines:
    """The import, and the first explanation, each time in a fresh process."""
    yield "a fresh Python; the floor: one that imports lxml.etree"
    imports = [partial(_told, f"import {name}{_SPENT}") for name in ("lxml.etree", "virtiolab")]
    floor, ours = in_turns(imports, rounds)
    yield Row("import virtiolab", ours, 25, "ms", floor)
    yield Row(
        "then the first str(explain(disk))", [_told(_EXPLAIN) for _ in range(rounds)], 50, "ms"
    )


def _told(code: str) -> float:
    """The seconds that a Python prints which runs this code."""
    return float(_python("-c", code))


def to_change(rounds: int = 200) -> Lines:
    """A change in each widget, kernel side."""
    from benchmarks.changes import in_the_kernel  # late: more in memory is more for the collector

    yield "a change in a widget, in the kernel"
    yield from in_the_kernel(rounds)


def to_show(rounds: int = 60) -> Lines:
    """A change in each widget, browser to DOM."""
    from pytest import skip

    from benchmarks.page import on_the_page

    yield "a change in a widget, to the page; the floor: ipywidgets alone, with the same HTML"
    try:
        yield from on_the_page(rounds)
    except skip.Exception as missing:
        yield f"  {missing}"


def to_ask(rounds: int = 300) -> Lines:
    """The real libvirt, warm."""
    yield "a question to the real libvirt, after the first"
    domain = lessons()["first"].domain
    try:
        with Libvirt() as libvirt:
            libvirt.ask(domain)
            yield Row(
                f"libvirt {dotted(libvirt.version)}: ask",
                [seconds_of(libvirt.ask, domain) for _ in range(rounds)],
                5,
                "ms",
            )
    except NotInstalled as missing:
        yield f"  {missing}"


def to_test() -> Lines:
    """All notebooks under nbval, once."""
    yield "all notebooks, with the kernels that run them"
    yield Row("pytest --nbval", [seconds_of(_python, *NOTEBOOKS, clock=_of_children)], 30, "s")


def _of_children() -> float:
    """The processor's time of all processes that we have started and seen end, and of theirs."""
    times = os.times()
    return times.children_user + times.children_system


GROUPS = {
    "read": to_read,
    "grow": to_grow,
    "start": to_start,
    "change": to_change,
    "show": to_show,
    "ask": to_ask,
    "test": to_test,
}


def machine() -> str:
    """What it was measured on, and when."""
    packages = [f"{name} {version(name)}" for name in ("lxml", "ipywidgets", "jupyterlab")]
    known = [f"{os.cpu_count()} cores", f"Python {platform.python_version()}", *packages, _qemu()]
    return ", ".join([*filter(None, known), f"{date.today():%Y-%m-%d}"])


def _qemu() -> str | None:
    program = shutil.which("qemu-system-x86_64")
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    return f"QEMU {re.search('[0-9][0-9.]*', said)[0]}"


def _python(*arguments: str) -> str:
    """What this Python prints; if it fails, exit with what it said."""
    ran = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(ran.stdout + ran.stderr)
    return ran.stdout


def main(names: list[str]) -> int:
    """Print these groups, or all; the status is 1 if a row is over its limit."""
    if names == ["profile"]:
        print(*profiling(guests(400), most=25), sep="\n")
        return 0
    if unknown := [name for name in names if name not in GROUPS]:
        sys.exit(f"There is no {', '.join(unknown)} to measure; there is {', '.join(GROUPS)}.")
    is_over = False
    print(f"{machine()}\n\n{HEAD}")
    for name in names or GROUPS:
        for line in GROUPS[name]():
            print(line, flush=True)
            is_over |= isinstance(line, Row) and line.is_over
    return int(is_over)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
