"""What conversion.toml knows, and how its sentences are filled in."""

import os
from functools import cache

from ..parsing import one_line


@cache
def facts() -> dict:
    """The file, read when first asked for."""
    import tomllib

    with open(os.path.join(os.path.dirname(__file__), "conversion.toml"), "rb") as file:
        return tomllib.load(file)


def say(sentence: str, **named) -> str:
    """A sentence with its words in braces filled in, from whatever XML they may come."""
    return sentence.format(**{name: one_line(str(value), 80) for name, value in named.items()})
