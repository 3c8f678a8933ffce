"""The folder with the newest libvirt: what is in it, and when it is made; what can be said of that
without making one. Its programs are stood in for."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "tests/newest.sh"
TEXT = SCRIPT.read_text(encoding="utf-8")
USED = "bash cat dirname find flock grep mkdir rm sed tail true".split()
STANDING_IN = {
    "id": "echo 0",
    "unshare": 'while [[ $1 == -* ]]; do shift; done; exec "$@"',
    "debootstrap": 'mkdir "${@: -1}"; echo "no network tonight"; exit 1',
    "mount": "exit 9",
}

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="libvirt is for Linux")


def packages(file):
    """What a script installs."""
    [listed] = re.findall(
        r"^packages=\(\n(.*?)^\)", file.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return re.sub("#.*", "", listed).split()


@pytest.fixture
def newest(tmp_path):
    """Ask for a command in the folder, with programs that stand in for others or, if None, are missing;
    the status, and what is said."""

    def ask(*command, require="", **programs):
        path = tmp_path / "bin"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        for name in USED:
            (path / name).symlink_to(shutil.which(name))
        for name, code in (STANDING_IN | programs).items():
            if code is not None:
                (path / name).write_text(f"#!{path}/bash\n{code}\n", encoding="utf-8")
                (path / name).chmod(0o755)
        ran = subprocess.run(
            [path / "bash", SCRIPT, *command],
            env={"PATH": str(path), "NEWEST_FOLDER": str(tmp_path / "new"), "VIRTIOLAB_APART": "yes"}
            | {"VIRTIOLAB_REQUIRE": require},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        )  # fmt: skip
        return ran.returncode, ran.stdout

    return ask


def finished(tmp_path, made_of, days=0):
    """A folder as one that was made of these packages, so many days ago."""
    stamp = tmp_path / "new/made-of"
    stamp.parent.mkdir()
    stamp.write_text(f"{made_of}\n", encoding="utf-8")
    os.utime(stamp, (time.time() - days * 86400,) * 2)
    return stamp


def test_it_has_what_ci_has():
    """But for the browser, and what makes the folder."""
    missing = set(packages(ROOT / ".ci/run")) - set(packages(SCRIPT))
    assert missing - {"debootstrap"} == {"chromium", "fonts-dejavu"}


def test_it_names_no_host():
    """debootstrap knows where Debian is, and pip is asked where its files are."""
    assert "://" not in TEXT and not re.search(r"\w\.(com|debian|net|org)\b", TEXT)


MISSING = {
    "debootstrap": (dict(debootstrap=None), "apt-get install debootstrap"),
    "root": (dict(id="echo 1000"), "sudo make newest"),
    "a namespace": (dict(unshare="exit 1"), "allow it in this container"),
    "a network": ({}, "could not be fetched: no network tonight"),
}


@needs_linux
@pytest.mark.parametrize("what", MISSING)
def test_what_is_missing(newest, what):
    """A sentence says how to get it; that is a failure where nothing may be left out."""
    programs, how = MISSING[what]
    status, said = newest("true", **programs)
    assert status == 0 and how in said.splitlines()[-1]
    assert newest("true", require="all", **programs)[0] == 1


@needs_linux
def test_one_that_is_finished(newest, tmp_path):
    """Is used: the next step is to mount what it needs."""
    finished(tmp_path, " ".join(packages(SCRIPT)), days=20)
    assert newest("true", debootstrap=None) == (9, "")


@needs_linux
@pytest.mark.parametrize(("less", "days"), [(0, 40), (1, 0)], ids=["old", "of other packages"])
def test_one_that_will_not_do(newest, tmp_path, less, days):
    """Is made anew, beside it: until that is finished, and each time that it is not, it stays."""
    stamp = finished(tmp_path, " ".join(packages(SCRIPT)[less:]), days)
    for _ in range(2):
        assert "no network tonight" in newest("true")[1]
        assert stamp.exists() and (tmp_path / "new.unfinished").exists()


@needs_linux
def test_what_is_not_ours(newest, tmp_path):
    """Is left as it is, also where a folder was named by mistake."""
    (tmp_path / "new").mkdir()
    (tmp_path / "new/thesis").touch()
    status, said = newest("true", require="all")
    assert status == 1 and "is something else" in said
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["thesis"]
