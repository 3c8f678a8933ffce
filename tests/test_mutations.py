"""The list of what `make mutate` breaks does not rot: each text is still there, each test still exists.

That a test notices is found out by `make mutate`, which takes minutes.
"""

import pytest
from mutate import MUTATIONS, ROOT, USUAL, found

each = pytest.mark.parametrize("name", MUTATIONS)


@each
def test_its_text_is_there(name):
    """Exactly once, so that it is clear what is broken; and it is changed."""
    assert found(MUTATIONS[name]) == 1
    assert MUTATIONS[name]["becomes"] != MUTATIONS[name]["text"]


@each
def test_its_tests_are_there(name):
    """Each file, and in it the function."""
    for test in MUTATIONS[name].get("tests", USUAL):
        file, _, function = test.partition("::")
        assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8") if function else True
        assert (ROOT / file).is_file()


def test_there_are_enough():
    """At least thirty, in every part of the package that holds rules."""
    assert len(MUTATIONS) >= 30
    parts = {one["file"].rpartition("/")[0] for one in MUTATIONS.values()}
    assert parts == {"", "refusals", "rewriting", "evidence", "course", "views"}
