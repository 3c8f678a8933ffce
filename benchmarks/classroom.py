"""What a class costs: `python -m benchmarks.classroom` runs the notebooks as learners do, one alone
and several at once, and prints their memory and their processor time. Linux only: it reads /proc.

A learner is a kernel with all that it starts: libvirt's worker, and the QEMU that libvirt looks at.
Memory is PSS: what a process has for itself, and its part of what it shares with others.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient

COURSE = sorted((Path(__file__).parents[1] / "notebooks").glob("0*.ipynb"))
MIB = 1 << 20
DEADLINE = 600  # seconds for a cell: thirty learners on two cores wait for one another
_WIDGET = "application/vnd.jupyter.widget-view+json"

# As if libvirt were not installed.
_ABSENT = """
from virtiolab.evidence import NotInstalled, libvirt
def _python():
    raise NotInstalled("it is left out")
libvirt._python = _python
"""
# The ladders ask beside their cells; a line for each that has its answer.
_WAIT = """
import gc
from virtiolab.widgets import Proof
for proof in [one for one in gc.get_objects() if type(one) is Proof]:
    proof.asking.join()
    is_live = "Asked here, just now" in proof.shown.value or not proof.boot.layout.display
    print("live" if is_live else "record")
"""


def family(pid: int) -> Iterator[int]:
    """A process, every one that it has started, those that these have started, and so on."""
    yield pid
    with contextlib.suppress(OSError):  # it has ended
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text(encoding="utf-8").split():
                yield from family(int(child))


def memory(pid: int) -> int:
    """Bytes that a process and its family have."""
    return sum(map(_pss, family(pid)))


def _pss(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def processor(pid: int) -> float:
    """Seconds that a process and its family have worked, those included that have ended."""
    return sum(map(_worked, family(pid)))


def _worked(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


class Learner:
    """Runs a notebook in a kernel; unless `live`, as if libvirt were not installed.

    `said` is what came of it: what it had cost when its `first` widget stood and at its `end`, its
    `peak` of memory, the cells that `changed` against what is committed, and for each ladder that it
    `asked`, whether that was "live" or from the "record".
    """

    def __init__(self, path: Path, live: bool = True):
        self._notebook = nbformat.read(path, 4)
        self._committed = [cell.get("outputs") for cell in self._notebook.cells]
        if not live:
            first = next(cell for cell in self._notebook.cells if cell.cell_type == "code")
            first.source = _ABSENT + first.source
        self._notebook.cells.append(nbformat.v4.new_code_cell(_WAIT))
        self._client = NotebookClient(
            self._notebook, timeout=DEADLINE, record_timing=False, on_cell_executed=self._look,
            iopub_timeout=DEADLINE,  # after 4 s it would go on without a cell's output
            coalesce_streams=True, resources={"metadata": {"path": str(path.parent)}},
        )  # fmt: skip
        self.said: dict = {"notebook": path.stem, "peak": 0}

    async def run(self, others: asyncio.Barrier) -> dict:
        """To the end, where it waits for all the others. Raises CellExecutionError."""
        self._begun, self._others = time.monotonic(), others
        watching = asyncio.create_task(self._watch())
        try:
            await self._client.async_execute()
        finally:
            watching.cancel()
        cells = zip(self._notebook.cells, self._committed)
        self.said["changed"] = [cell.id for cell, old in cells if cell.get("outputs") != old]
        return self.said

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            self.said["peak"] = max(self.said["peak"], memory(self._kernel))

    @property
    def _kernel(self) -> int:
        """Its process; 0, which is none, before it has one."""
        manager = self._client.km
        return manager.provisioner.pid if manager and manager.has_kernel else 0

    async def _look(self, cell, cell_index, **_) -> None:
        views = [output.get("data", {}).pop(_WIDGET, None) for output in cell.outputs]
        if any(views) and "first" not in self.said:
            self.said["first"] = self._cost()
        if cell_index < len(self._committed):
            return
        self.said["asked"] = "".join(output.text for output in cell.outputs).split()
        through = self._cost()
        await self._others.wait()
        self.said["end"] = through | {"memory": memory(self._kernel)}
        await self._others.wait()  # until all have looked at what they share

    def _cost(self) -> dict[str, float]:
        wall = time.monotonic() - self._begun
        return {"wall": wall, "cpu": processor(self._kernel), "memory": memory(self._kernel)}


async def together(paths: list[Path], live: bool = True) -> list[dict]:
    """What learners say who begin at the same moment."""
    others = asyncio.Barrier(len(paths))
    return await asyncio.gather(*(Learner(path, live).run(others) for path in paths))


async def one_by_one(paths: list[Path], live: bool = True) -> list[dict]:
    """What learners say of whom each is alone."""
    return [said for path in paths for said in await together([path], live)]


def server() -> dict[str, float]:
    """What a JupyterLab costs without a kernel, when it was asked for its page and a notebook."""
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    options = ["--ip=127.0.0.1", "--port=0", "--IdentityProvider.token="]
    with tempfile.TemporaryDirectory() as home:
        with subprocess.Popen(
            [*command, *options], cwd=COURSE[0].parent, env=os.environ | {"HOME": home},
            stderr=subprocess.PIPE, encoding="utf-8",
        ) as running:  # fmt: skip
            try:
                found = (re.search(r"http://127\S+/", line) for line in running.stderr)
                address = next(filter(None, found))[0]
                for asked in ("lab", "lab/api/settings", f"api/contents/{COURSE[0].name}"):
                    _fetch(address + asked)
                return {"cpu": processor(running.pid), "memory": _pss(running.pid)}
            finally:
                running.kill()


def _fetch(address: str) -> None:
    """Get a page, which the server names a moment before it serves it."""
    for _ in range(100):
        with contextlib.suppress(urllib.error.URLError):
            urllib.request.urlopen(address).read()
            return
        time.sleep(0.1)
    raise TimeoutError(address)


_ROW = "{:24}{:>8}{:>16}{:>17}{:>9}{:>18}"
_HEAD = (
    "processor and memory",
    "after",
    "first widget",
    "at the end",
    "at most",
    "without libvirt",
)


def main() -> None:
    """Print the table; or run all notebooks at once and print what each learner says, as JSON."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.classroom")
    options.add_argument("--json", action="store_true", help="only run all notebooks at once")
    options.add_argument("--rounds", type=int, default=3, help="the median of so many")
    options.add_argument("--sizes", type=int, nargs="*", default=[6], help="learners at once")
    chosen = options.parse_args()
    if chosen.json:
        print(json.dumps(asyncio.run(together(COURSE))))
        return
    print(_ROW.format(*_HEAD))
    for path in COURSE:
        print(_ROW.format(path.stem, *_alone(path, chosen.rounds)), flush=True)
    for size in chosen.sizes:
        print(f"{size} × {COURSE[0].stem} at once: {_at_once(size)}", flush=True)
    print(f"JupyterLab itself: {_shown(**server())}")


def _alone(path: Path, rounds: int) -> Iterator[str]:
    """The cells of a row: medians of learners that are alone."""
    live, record = (asyncio.run(one_by_one([path] * rounds, how)) for how in (True, False))
    first = _medians(said["first"] for said in live)
    yield f"{first['wall']:.2f} s"
    yield _shown(**first)
    yield _shown(**_medians(said["end"] for said in live))
    yield f"{statistics.median(said['peak'] for said in live) / MIB:.0f} MiB"
    yield _shown(**_medians(said["end"] for said in record))


def _at_once(size: int) -> str:
    """The sum over learners who run the first notebook."""
    ends = [said["end"] for said in asyncio.run(together([COURSE[0]] * size))]
    total = {name: sum(end[name] for end in ends) for name in ("cpu", "memory")}
    return f"{_shown(**total)}, after {max(end['wall'] for end in ends):.1f} s"


def _medians(costs: Iterable[dict[str, float]]) -> dict[str, float]:
    costs = list(costs)
    return {name: statistics.median(cost[name] for cost in costs) for name in costs[0]}


def _shown(cpu: float, memory: float, **_) -> str:
    return f"{cpu:.2f} s {memory / MIB:.0f} MiB"


if __name__ == "__main__":
    main()
