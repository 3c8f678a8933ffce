"""What several test files need."""

import pytest
from oracle import PACKAGES

from virtiolab.evidence.libvirt import Libvirt, NotInstalled


@pytest.fixture(scope="session")
def libvirt():
    """The real libvirt to ask, or a skip that says how to get it."""
    try:
        asked = Libvirt()
    except NotInstalled as missing:
        pytest.skip(f"{missing}; for all machines: {PACKAGES}")
    with asked:
        yield asked
