"""Breaks the rules of virtiolab one at a time, and looks whether a test notices: `make mutate`.

What is broken stands in mutations.toml. Each time the package is copied, with its tests, to a folder of
its own, and changed only there. With names as arguments, only those are broken.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
MUTATIONS = tomllib.loads((HERE / "mutations.toml").read_text(encoding="utf-8"))

COPIED = ("virtiolab", "tests", "notebooks", "conftest.py", "pyproject.toml", "README.md")
NOTHING = "(nothing)"  # is broken: then every test must pass, or to fail means nothing
# The tests that look at what the rules say.
USUAL = [
    f"tests/test_{name}.py"
    for name in (
        "inference", "edges", "refusals", "document", "resolution", "conversion", "build",
        "explanation", "vocabulary", "record",
    )
]  # fmt: skip
FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


def place(mutation):
    """The file that a mutation changes, from the root."""
    return Path("virtiolab", mutation["file"])


def found(mutation):
    """How often the text that it changes is there."""
    return (ROOT / place(mutation)).read_text(encoding="utf-8").count(mutation["text"])


def outcome(tests, mutation=None):
    """What became of a mutation, in a word, and who says so."""
    with tempfile.TemporaryDirectory(prefix="virtiolab-") as folder:
        copy = Path(folder).resolve()
        for part in COPIED:
            if (ROOT / part).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
                shutil.copytree(ROOT / part, copy / part, ignore=ignored)
            else:
                shutil.copy(ROOT / part, copy)
        if mutation:
            if (count := found(mutation)) != 1:
                return "NOT FOUND", f"its text is there {count} times"
            file = copy / place(mutation)
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace(mutation["text"], mutation["becomes"]), encoding="utf-8")
        return _tested(copy, tests)


def _tested(copy, tests):
    """Run the tests in a folder."""
    # Without what takes two seconds to load and is not needed here, and so without its options.
    bare = ["-p", "no:cacheprovider", "-p", "no:nbval", "-p", "no:xdist", "-o", "addopts=-rfE"]
    bare += ["-m", "not live and not browser"]
    command = [sys.executable, "-m", "pytest", "-q", "-x", *bare, *tests]
    # First on the path, so that the package which is installed is not the one that is tested.
    known = {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "1000"}
    ran = subprocess.run(
        command, cwd=copy, env=os.environ | known, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
    )  # fmt: skip
    failed, last = FAILED.search(ran.stdout), (ran.stdout.strip().splitlines() or [""])[-1]
    if ran.returncode == 1 and failed:
        return "caught", failed[1].removeprefix("tests/")
    if ran.returncode != 0:
        return "BROKEN", ran.stdout[-2000:]
    return ("SURVIVED" if " passed" in last else "left out"), last


def main(wanted):
    """Break them all, as many at a time as there are processors; 1 if one was not noticed."""
    if unknown := {*wanted} - {*MUTATIONS}:
        sys.exit(f"no such mutation: {', '.join(sorted(unknown))}")
    chosen = {name: one for name, one in MUTATIONS.items() if not wanted or name in wanted}
    every = sorted({test for one in chosen.values() for test in one.get("tests", USUAL)})
    begun, said = time.monotonic(), {}
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        tasks = {pool.submit(outcome, every): NOTHING}
        for name, one in chosen.items():
            tasks[pool.submit(outcome, one.get("tests", USUAL), one)] = name
        for task in as_completed(tasks):
            said[tasks[task]] = task.result()
            what, by = said[tasks[task]]
            if tasks[task] == NOTHING:
                what = "passes" if what == "SURVIVED" else "FAILS"
            print(f"{what:9} {tasks[task]:32} {by}", flush=True)
    is_whole = said.pop(NOTHING)[0] == "SURVIVED"
    caught = sum(what == "caught" for what, _ in said.values())
    left_out = sum(what == "left out" for what, _ in said.values())
    print(f"{caught} of {len(said)} caught, {left_out} left out", end=" ")
    print(f"in {time.monotonic() - begun:.0f} seconds.")
    if not is_whole:
        print("But a test fails although nothing is broken, so all this says nothing.")
    return 0 if is_whole and caught + left_out == len(said) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
