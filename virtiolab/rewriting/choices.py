"""Reads a disk back into the choices of build(): what it would have to be given for such a disk."""

from lxml import etree

from ..build import Choice, attribute_at, choices, elements_at
from ..document import Disk


def choices_of(disk: Disk) -> dict[str, str | bool | list[str | None]]:
    """What build() would have to be given for such a disk: only what is written in it.

    Values are as written, a flag is True, and of elements that repeat there is a list if there are
    more than one. Names that are no choice are left out.
    """
    found = {name: _read(disk.element, choice) for name, choice in choices().items()}
    return {name: value for name, value in found.items() if value is not None}


def _read(disk: etree._Element, choice: Choice) -> str | bool | list[str | None] | None:
    """The value of a choice in a disk; None where it is not written."""
    *above, last = choice.path.split("/")
    places = [disk]
    for step in above if choice.is_attribute else [*above, last]:
        places = _below(places, step)
    if choice.is_end:
        places = [place for place in places[-1:] if not len(place) and not place.keys()]
    values: list = [None if place is None else _value(choice, place, last) for place in places]
    while values and values[-1] is None:
        values.pop()
    return values if len(values) > 1 else next(iter(values), None)


def _below(places: list, step: str) -> list:
    """The elements that a step leads to; None where there is none."""
    if step.endswith("*"):
        return [one for place in places if place is not None for one in elements_at(place, step)]
    return [None if place is None else place.find(step) for place in places]


def _value(choice: Choice, place: etree._Element, last: str) -> str | bool | None:
    if choice.is_attribute:
        name = attribute_at(place, last)
        return place.get(name) if name else None
    text = place.text if place.text and place.text.strip() else None
    return choice.flag or text
