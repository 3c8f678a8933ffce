"""The package, the conda environment and Binder agree on what is needed."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from repo2docker.app import Repo2Docker
from repo2docker.buildpacks import CondaBuildPack
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONDA_NAMES = {"python-qemu-qmp": "qemu.qmp"}  # where conda-forge calls a package otherwise
APT = (ROOT / "binder/apt.txt").read_text().split()


def bounds(lines):
    """{name on PyPI: bound} of requirement lines, without the package itself."""
    requirements = [one for one in map(Requirement, lines) if one.name != PROJECT["name"]]
    return {CONDA_NAMES.get(one.name, one.name): str(one.specifier) for one in requirements}


def conda_dependencies():
    """The lines under `dependencies:`, python's first."""
    return YAML(typ="safe").load(ROOT / "environment.yml")["dependencies"]


def test_conda_has_the_same_dependencies():
    """Core, lab and test with the same bounds, and nothing else but python."""
    _python, *others = conda_dependencies()
    assert bounds(others) == bounds([*PROJECT["dependencies"], *EXTRAS["lab"], *EXTRAS["test"]])


def test_conda_has_a_python_that_will_do():
    """Pinned as `python=X.Y`, which is all that repo2docker understands, and new enough."""
    name, version = conda_dependencies()[0].split("=")
    assert name == "python"
    assert Requirement(f"x{PROJECT['requires-python']}").specifier.contains(version)


def test_binder_has_the_same_environment():
    """`binder/` hides the root's environment.yml, so it carries a copy."""
    assert (ROOT / "binder/environment.yml").read_bytes() == (ROOT / "environment.yml").read_bytes()


def test_post_build_can_be_run():
    """Executable in the repository, not only after repo2docker's own chmod."""
    assert os.access(ROOT / "binder/postBuild", os.X_OK)


@pytest.fixture
def buildpack(monkeypatch):
    """The buildpack that repo2docker picks for this repository."""
    monkeypatch.chdir(ROOT)
    app = Repo2Docker()
    packs = (pack(base_image=app.base_image) for pack in app.buildpacks)
    pack = next(pack for pack in packs if pack.detect())
    pack.platform = "linux/amd64"
    return pack


def test_binder_is_a_conda_environment(buildpack):
    """Conda is picked, from binder/, with the Python that environment.yml names."""
    assert type(buildpack) is CondaBuildPack
    assert buildpack.binder_dir == "binder"
    assert f"python={buildpack.python_version}" == conda_dependencies()[0]


def test_binder_renders(buildpack):
    """The Dockerfile installs each system package, the environment, and then the package itself."""
    dockerfile = buildpack.render()
    [apt_install] = [line for line in dockerfile.splitlines() if APT[0] in line]
    assert "apt-get install" in apt_install
    assert set(APT) <= set(apt_install.split())
    assert "binder/environment.yml" in dockerfile
    assert "RUN ./binder/postBuild" in dockerfile


def test_import_is_light():
    """`import virtiolab` in a fresh interpreter brings no widget, no libvirt and no evidence."""
    code = "import sys, virtiolab; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = ("ipywidgets", "libvirt", "virtiolab.evidence", "virtiolab.widgets")
    loaded = run.stdout.split()
    assert [m for m in loaded if any(m == h or m.startswith(f"{h}.") for h in heavy)] == []
