"""Facts stand in TOML files beside the code that reads them."""

import os
from functools import cache
from typing import Any

_PACKAGE = os.path.dirname(__file__)


@cache
def facts(file: str) -> dict[str, Any]:
    """The facts in a file, by its path in the package, such as `refusals/refusals.toml`; read once."""
    import tomllib  # when the first is asked for: an import should cost little

    with open(os.path.join(_PACKAGE, file), "rb") as opened:
        return tomllib.load(opened)


def facts_in(folder: str) -> dict[str, dict[str, Any]]:
    """The facts in each file of a folder, by the name of the file without its ending, in order."""
    files = sorted(os.listdir(os.path.join(_PACKAGE, folder)))
    return {file.removesuffix(".toml"): facts(f"{folder}/{file}") for file in files}
