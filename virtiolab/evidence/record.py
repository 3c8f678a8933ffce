"""What each rung said of the course's configurations, kept in `recorded.json` with the versions and
the day, so that the notebooks can show it where nothing is installed. `__main__.py` makes it."""

import json
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("recorded.json")


@cache
def recorded() -> dict:
    """The record: `asked` (the day), `versions`, `lessons` by name and rung, `experiments`."""
    return json.loads(FILE.read_text(encoding="utf-8"))
