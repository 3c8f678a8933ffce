"""The GitHub workflow: valid by its schema, careful, and what it runs exists."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
FILE = ROOT / ".github/workflows/ci.yml"
WORKFLOW = YAML(typ="safe").load(FILE)
JOBS = WORKFLOW["jobs"]
MATRIX = JOBS["plain"]["strategy"]["matrix"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]

needs_make = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


def test_it_is_valid():
    """By the schema for GitHub's workflows that check-jsonschema brings along."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    run = subprocess.run(
        [*command, "vendor.github-workflows", FILE],
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stdout


def test_when_it_runs():
    """On every push and pull request; a newer one ends what still runs for the one before."""
    assert set(WORKFLOW["on"]) == {"push", "pull_request"}
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is True
    assert "github.ref" in WORKFLOW["concurrency"]["group"]


def test_it_may_do_nothing_but_read():
    """And no step keeps the key to the repository."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in JOBS.values())
    checkouts = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout")]
    assert len(checkouts) == len(JOBS)
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_it_ends():
    """Each job has a limit."""
    assert all(0 < job["timeout-minutes"] <= 60 for job in JOBS.values())


@pytest.mark.parametrize("action", [step["uses"] for step in STEPS if "uses" in step])
def test_actions_are_githubs_own(action):
    """Of one major version each."""
    assert re.fullmatch(r"actions/[\w-]+@v\d+", action)


def test_everything_is_what_ci_runs():
    """On the Debian that it is for, in a repository that git trusts, with the namespaces that the
    classroom needs."""
    job = JOBS["everything"]
    assert job["container"]["image"] == "debian:12"
    assert "--cap-add=SYS_ADMIN" in job["container"]["options"].split()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[-1] == ".ci/run"
    assert 'safe.directory "$GITHUB_WORKSPACE"' in commands[-2]


def test_what_ci_runs_exists():
    """And can be run."""
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_the_plain_tests_run_everywhere():
    """On three systems, with the oldest Python that will do and with a newer one."""
    assert {system.split("-")[0] for system in MATRIX["os"]} == {"ubuntu", "macos", "windows"}
    oldest, newest = MATRIX["python"]
    will_do = SpecifierSet(PROJECT["requires-python"])
    assert will_do.contains(oldest) and will_do.contains(newest)
    major, minor = map(int, oldest.split("."))
    assert not will_do.contains(f"{major}.{minor - 1}") and newest > oldest


def test_what_is_kept_between_runs():
    """What pip fetches, for as long as pyproject.toml stays."""
    [python] = [step["with"] for step in STEPS if "setup-python" in step.get("uses", "")]
    assert python["cache"] == "pip" and python["cache-dependency-path"] == "pyproject.toml"
    assert python["python-version"] == "${{ matrix.python }}"


@needs_make
@pytest.mark.parametrize(
    ("system", "python"),
    [("", ".venv/bin/python"), ("Windows_NT", ".venv/Scripts/python.exe")],
    ids=["elsewhere", "on Windows"],
)
def test_make_test_runs_there(tmp_path, system, python):
    """What make would do: an environment, where this system has it, and pytest in it."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    command = JOBS["plain"]["steps"][-1]["run"].split()
    assert command == ["make", "test", "PYTHON=python"]
    run = subprocess.run(
        [*command, "--dry-run", f"OS={system}", "UV="],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    assert "python -m venv" in run.stdout
    assert f"{python} -m pip install --quiet -e '.[test]'" in run.stdout
    assert f" {python} -m pytest --nbval" in run.stdout
