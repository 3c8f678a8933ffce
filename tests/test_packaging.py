"""The package, the conda environment and Binder agree on what is needed."""

import os
import re
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
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONDA_NAMES = {"python-qemu-qmp": "qemu.qmp"}  # where conda-forge calls a package otherwise
APT = (ROOT / "binder/apt.txt").read_text(encoding="utf-8").split()


def bounds(lines):
    """{name on PyPI: bound} of requirement lines, without the package itself."""
    requirements = [one for one in map(Requirement, lines) if one.name != PROJECT["name"]]
    return {CONDA_NAMES.get(one.name, one.name): str(one.specifier) for one in requirements}


def conda_dependencies():
    """The lines under `dependencies:`, python's first."""
    return YAML(typ="safe").load(ROOT / "environment.yml")["dependencies"]


def test_conda_has_the_same_dependencies():
    """Core, lab, page and test with the same bounds, and nothing else but python."""
    _python, *others = conda_dependencies()
    extras = [*EXTRAS["lab"], *EXTRAS["page"], *EXTRAS["test"]]
    assert bounds(others) == bounds([*PROJECT["dependencies"], *extras])


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


@pytest.fixture(scope="module")
def buildpack():
    """The buildpack that repo2docker picks for this repository."""
    if sys.platform == "win32":
        pytest.skip("repo2docker does not run on Windows")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(ROOT)
        app = Repo2Docker()
        packs = (pack(base_image=app.base_image) for pack in app.buildpacks)
        pack = next(pack for pack in packs if pack.detect())
        pack.platform = "linux/amd64"
        yield pack


def instructions(dockerfile):
    """Its instructions in their order, each with its argument in one line."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n", " ", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in whole.splitlines() if line.strip()]


class Image:
    """What a Dockerfile says: its `steps`, and who does each."""

    def __init__(self, steps):
        self.steps, self.users, user = steps, [], "root"
        for instruction, argument in steps:
            user = argument if instruction == "USER" else user
            self.users.append(user)

    def step(self, instruction, *parts):
        """The number of the one step of this kind with these parts in it."""
        [number] = [
            number
            for number, (kind, argument) in enumerate(self.steps)
            if kind == instruction and all(part in argument for part in parts)
        ]
        return number


@pytest.fixture(scope="module")
def image(buildpack):
    """The image that Binder would build."""
    return Image(instructions(buildpack.render()))


def test_binder_is_a_conda_environment(buildpack):
    """Conda is picked, from binder/, with the Python that environment.yml names."""
    assert type(buildpack) is CondaBuildPack
    assert buildpack.binder_dir == "binder"
    assert f"python={buildpack.python_version}" == conda_dependencies()[0]


def test_binder_stands_on_ubuntu(image):
    """One base, of a release whose packages these are."""
    bases = [argument for instruction, argument in image.steps if instruction == "FROM"]
    assert bases == ["docker.io/library/buildpack-deps:24.04"]


def test_binder_has_the_python_of_the_environment(image, buildpack):
    """The lock file that conda starts from is the one for it."""
    locked = buildpack.get_build_script_files()
    [lock] = [source for source in locked if source.endswith(".lock")]
    assert f"py-{buildpack.python_version}-" in lock
    assert image.step("COPY", "/tmp/env/environment.lock") < image.step("RUN", "install-base-env")


def test_binder_installs_its_packages_at_once(image):
    """All that apt.txt names and nothing else in one step, as root, without what they recommend."""
    number = image.step("RUN", "apt-get", APT[0])
    [command] = re.findall("apt-get install ([^&]*)", image.steps[number][1])
    options = [word for word in command.split() if word.startswith("-")]
    assert set(command.split()) - set(options) == set(APT)
    assert "--no-install-recommends" in options and image.users[number] == "root"


def test_binder_builds_in_order(image):
    """What changes seldom comes first: packages, environment, repository, and then the package."""
    order = [
        image.step("RUN", "apt-get install", *APT),
        image.step("RUN", "env update", "binder/environment.yml"),
        image.step("COPY", "src/ ${REPO_DIR}/"),
        image.step("RUN", "./binder/postBuild"),
    ]
    assert order == sorted(order)


def test_binder_is_the_user_from_then_on(image):
    """Environment and package are the user's, and so is every step from the package on."""
    assert image.users[image.step("RUN", "env update")] == "${NB_USER}"
    after = image.step("RUN", "./binder/postBuild")
    assert set(image.users[after:]) == {"${NB_USER}"}


def test_post_build_installs_the_package_alone():
    """Its dependencies are the environment's, which has been installed then."""
    script = (ROOT / "binder/postBuild").read_text(encoding="utf-8")
    commands = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert commands[:2] == ["set -euo pipefail", "pip install --no-deps -e ."]


@pytest.mark.parametrize("page", ["README.md", "notebooks/README.md"])
def test_what_binder_opens_exists(page):
    """The notebook in each link to Binder, in JupyterLab or as a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"urlpath=(?:lab/tree|voila/render)/([^)]+)\)", text)
    assert links and all((ROOT / path).is_file() for path in links)


def brought_in(code, beyond="pass"):
    """The modules that some code brings into a fresh interpreter beyond what other code does."""
    told = f"import sys\n{beyond}\nbefore = set(sys.modules)\n{code}\nprint(*set(sys.modules) - before)"
    run = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, encoding="utf-8", check=True
    )
    return run.stdout.split()


def of(modules, heavy):
    """Those of some modules that are, or are in, one of the heavy ones."""
    return [m for m in modules if any(m == one or m.startswith(f"{one}.") for one in heavy)]


def test_import_is_light():
    """`import virtiolab` in a fresh interpreter brings no widget, no libvirt and no evidence."""
    heavy = ("ipywidgets", "libvirt", "virtiolab.evidence", "virtiolab.widgets")
    assert of(brought_in("import virtiolab"), heavy) == []


BEFORE = "from virtiolab import *; [disk] = read('<disk><target dev=\"vda\"/></disk>').disks; infer(disk)"
# What each answer of the front door does not wait for, beyond the evidence, the course and lxml's builder.
SPARED = {
    "explain(disk)": ("virtiolab.refusals", "virtiolab.rewriting"),
    "resolve(disk)": ("virtiolab.refusals",),
    "check(disk.domain)": ("virtiolab.rewriting",),
    "convert(disk, 'sata')": (),
}


@pytest.mark.parametrize("asked", SPARED)
def test_an_answer_as_text_is_light(asked):
    """It brings what it needs alone, and HTML brings no more."""
    modules = brought_in(f"str({asked})", BEFORE)
    heavy = ("virtiolab.evidence", "virtiolab.course", "lxml.builder", "lxml.html", *SPARED[asked])
    assert of(modules, heavy) == []
    assert len(of(modules, ["virtiolab"])) <= 12 or not asked.startswith("explain")
    assert of(brought_in(f"{asked}._repr_html_()", BEFORE), heavy) == []


# What the first cells of notebook 01 shall not wait for, and who needs it instead.
LATER = {
    "virtiolab.widgets.builder": "the disk builder, in 02",
    "virtiolab.widgets.bus_explorer": "the bus explorer, in 04",
    "virtiolab.widgets.cache_explorer": "the cache explorer, in 05",
    "virtiolab.widgets.stack_picture": "the stack picture, in 03",
    "virtiolab.course.judging": "the exercises at the end",
    "virtiolab.evidence.libvirt": "the ladder of proof, which asks beside its cell",
    "virtiolab.evidence.qemu": "the same",
    "virtiolab.evidence.kernel": "a guest that is booted",
    "qemu": "QEMU's client, for a QEMU that is started",
    "http": "nobody: a notebook fetches nothing",
    "urllib.request": "nobody",
    "xml": "nobody: lxml reads and writes XML",
}


def test_the_first_widget_is_light():
    """What notebook 01 shows first brings what it shows, beyond what ipywidgets brings."""
    modules = brought_in("from virtiolab.widgets import Predict", "import ipywidgets")
    assert "virtiolab.widgets.predict" in modules
    assert of(modules, LATER) == []
