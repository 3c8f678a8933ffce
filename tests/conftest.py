"""What several test files need."""

import pytest
from wild import OTHER_MACHINES

from virtiolab.evidence import NotInstalled
from virtiolab.evidence.libvirt import Libvirt


@pytest.fixture(scope="session")
def libvirt():
    """The real libvirt to ask, or a skip that says how to get it."""
    try:
        asked = Libvirt()
    except NotInstalled as missing:
        pytest.skip(f"{missing}; for other machines also {OTHER_MACHINES}")
    with asked:
        yield asked
