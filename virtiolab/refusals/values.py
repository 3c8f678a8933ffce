"""What libvirt refuses in single values, and what it does not look at at all."""

from collections.abc import Iterator

from lxml import etree

from ..form import Reader, Shape, inside, shape_of, text_of
from ..vocabulary import lookup, nearest, nearest_name
from .problems import Problem, path_of
from .sights import WHERE_WRITTEN, DiskRule, Sight

_NONE: dict = {}


def values(sight: Sight) -> tuple[list[Problem], set[DiskRule]]:
    """Problems with the names and values of a disk, and the rules that they make worth asking."""
    found: list[Problem] = []
    rules: set[DiskRule] = set()
    element = sight.disk.element
    _look(sight, element, shape_of(element), found, rules)
    return found, rules


def _look(sight: Sight, element: etree._Element, shape: Shape, found: list, rules: set) -> None:
    """Look at an element and all in it; plain loops, since each disk goes through here."""
    triggers = WHERE_WRITTEN.get(element.tag, _NONE)
    if None in triggers:
        rules.update(triggers[None])
    if shape.required:
        found.extend(_missing(sight, element, shape))
    if shape.text and _is_refused(shape.text, text_of(element)):
        found.append(_refused(sight, element, None, shape.text))
    for attribute, text in element.items():
        read = shape.attributes.get(attribute)
        if read is None:
            if not shape.open:
                found.append(_not_read(sight, element, attribute))
            continue
        if attribute in triggers:
            rules.update(triggers[attribute])
        if _is_refused(read, text):
            found.append(_refused(sight, element, attribute, read))
    for child, inner in inside(element, shape):
        if inner:
            _look(sight, child, inner, found, rules)
        elif not shape.open:
            found.append(_not_read(sight, child, None))


def _is_refused(read: Reader, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return True
    return False


def _refused(sight: Sight, element: etree._Element, attribute: str | None, read: Reader) -> Problem:
    path = path_of(element, attribute)
    text = element.get(attribute) if attribute else text_of(element)
    facts = {"element": element, "name": attribute or element.tag, "value": text}
    known = getattr(read, "known", None)
    if known is None:
        return sight.find("value-not-a-number", path, **facts)
    if near := nearest(text, known):
        return sight.find("value-misspelt", path, near=near, **facts)
    return sight.find("value-unknown", path, known=", ".join(known), **facts)


def _missing(sight: Sight, element: etree._Element, shape: Shape) -> Iterator[Problem]:
    """What libvirt cannot do without."""
    for name in shape.required:
        if not _is_there(element, name, shape):
            path = f"{path_of(element)}/{name}"
            yield sight.find(
                "name-missing", path, element, name=name.lstrip("@"), holder=element.tag
            )


def _is_there(element: etree._Element, name: str, shape: Shape) -> bool:
    if name[0] != "@":
        return element.find(name) is not None
    read, text = shape.attributes[name[1:]], element.get(name[1:])
    try:
        return text is not None and read(text) is not None
    except ValueError:  # a problem of its own
        return True


def _not_read(sight: Sight, element: etree._Element, attribute: str | None) -> Problem:
    """Nobody reads it here: it is misspelt, it stands in the wrong place, or it came before."""
    path = path_of(element, attribute)
    facts = {"element": element, "name": attribute or element.tag}
    if lookup(f"/disk/{path}"):
        return sight.find("name-without-effect", path, **facts)
    near = nearest_name(f"/disk/{path}")
    if near and _can_be(element, attribute, near.lstrip("@")):
        return sight.find("name-misspelt", path, near=near.lstrip("@"), **facts)
    return sight.find("name-unknown", path, **facts)


def _can_be(element: etree._Element, attribute: str | None, name: str) -> bool:
    """Whether what is written fits another name: else that one was not meant."""
    if attribute is None:
        return True
    read = shape_of(element).attributes.get(name)
    return read is None or not _is_refused(read, element.get(attribute))
