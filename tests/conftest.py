"""What several test files need."""

import lab
import pytest
from hypothesis import HealthCheck, settings
from wild import OTHER_MACHINES

from virtiolab.evidence import NotInstalled
from virtiolab.evidence.images import program
from virtiolab.evidence.libvirt import Libvirt

# Hypothesis' profiles: a run that is the same each time, so that a change breaks what it breaks at
# once and for everybody, and a long one that looks for new inputs and remembers those that failed.
# How long an input takes depends on the machine, so there is no deadline for it, nor for making it.
_ANY_SPEED = dict(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("short", max_examples=200, derandomize=True, database=None, **_ANY_SPEED)
settings.register_profile("fuzz", max_examples=20_000, **_ANY_SPEED)
settings.load_profile("short")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """A test of a page that fails leaves a picture of it, and what its console said."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.failed and hasattr(page, "console"):
        report.sections.append(("the page", lab.leave(page, item.name)))
    return report


@pytest.fixture(scope="session", autouse=True)
def learner(tmp_path_factory):
    """What tests guess and solve is kept in a folder of theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(tmp_path_factory.mktemp("learner")))
        yield


@pytest.fixture(scope="session")
def libvirt():
    """The real libvirt to ask, or a skip that says how to get it."""
    try:
        asked = Libvirt()
    except NotInstalled as missing:
        pytest.skip(f"{missing}; for other machines also {OTHER_MACHINES}")
    with asked:
        yield asked


@pytest.fixture(scope="session")
def qemu_img():
    """The path of qemu-img, or a skip that says how to get it."""
    try:
        return program("qemu-img")
    except NotInstalled as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def jupyterlab():
    """A JupyterLab for all that drives one in this process; each file opens its own page in it."""
    lab.or_skip()
    with lab.jupyterlab() as running:
        yield running
