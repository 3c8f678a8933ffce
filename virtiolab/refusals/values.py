"""What libvirt refuses in single values, and what it does not look at at all."""

from collections.abc import Iterator

from lxml import etree

from ..syntax import (
    Only,
    Reader,
    Shape,
    inside,
    is_written,
    lookup,
    nearest,
    nearest_name,
    shape_of,
    text_of,
)
from .context import WHERE_WRITTEN, Context, DiskRule
from .problems import Problem, path_of

_NONE: dict = {}


def values(context: Context) -> tuple[list[Problem], set[DiskRule]]:
    """Problems with the names and values of a disk, and the rules that they make worth asking."""
    found: list[Problem] = []
    rules: set[DiskRule] = set()
    element = context.disk.element
    _look(context, element, shape_of(element), found, rules)
    return found, rules


def _look(
    context: Context, element: etree._Element, shape: Shape, found: list, rules: set, placed=True
) -> None:
    """Look at an element and all in it; plain loops, since each disk goes through here.

    Not `placed` is what stands in something that is itself out of place, and in the images below.
    """
    triggers = WHERE_WRITTEN.get(element.tag, _NONE)
    only = shape.only if placed else _NONE
    if None in triggers:
        rules.update(triggers[None])
    if shape.required:
        found.extend(_missing(context, element, shape))
    if shape.text and _is_refused(shape.text, text_of(element)):
        found.append(_refused(context, element, None, shape.text))
    for attribute, text in element.items():
        read = shape.attributes.get(attribute)
        if read is None:
            if not shape.open:
                found.append(_not_read(context, element, attribute))
            continue
        if attribute in triggers:
            rules.update(triggers[attribute])
        if _is_refused(read, text):
            found.append(_refused(context, element, attribute, read))
        if only and (broken := _broken_rule(context, element, attribute, only)):
            found.append(_misplaced(context, element, attribute, broken))
    for child, inner in inside(element, shape):
        if inner:
            broken = _broken_rule(context, child, None, only) if only else None
            if broken:
                found.append(_misplaced(context, child, None, broken))
            below = placed and not broken and child.tag != "backingStore"
            _look(context, child, inner, found, rules, below)
        elif not shape.open:
            found.append(_not_read(context, child, None))


def _broken_rule(
    context: Context, element: etree._Element, attribute: str | None, only: dict
) -> Only | None:
    """The first rule that says of a name, where it is written, that it cannot be in such a disk."""
    rules = only.get(f"@{attribute}" if attribute else element.tag, ())
    value = element.get(attribute) if attribute else None
    broken = (
        rule
        for rule in rules
        if not rule.allows(context, value, context.oldest)
        and all(is_written(element, name) for name in rule.beside)
    )
    found = next(broken, None)
    return found if found and is_written(element, attribute) else None


def _misplaced(context: Context, element, attribute: str | None, rule: Only) -> Problem:
    facts = {"name": attribute or element.tag, "type": context.type, "format": context.format}
    if attribute:
        facts |= {"value": element.get(attribute), "wanted": rule.wanted}
    return context.find(rule.code, path_of(element, attribute), element, **facts)


def _is_refused(read: Reader, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return True
    return False


def _refused(
    context: Context, element: etree._Element, attribute: str | None, read: Reader
) -> Problem:
    path = path_of(element, attribute)
    text = element.get(attribute) if attribute else text_of(element)
    facts = {"element": element, "name": attribute or element.tag, "value": text}
    known = getattr(read, "known", None)
    if known is None:
        return context.find("value-not-a-number", path, **facts)
    if near := nearest(text, known):
        return context.find("value-misspelt", path, near=near, **facts)
    return context.find("value-unknown", path, known=", ".join(known), **facts)


def _missing(context: Context, element: etree._Element, shape: Shape) -> Iterator[Problem]:
    """What libvirt cannot do without."""
    for name in shape.required:
        if not _is_there(element, name, shape):
            path = f"{path_of(element)}/{name}"
            yield context.find(
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


def _not_read(context: Context, element: etree._Element, attribute: str | None) -> Problem:
    """Nobody reads it here: it is misspelt, it stands in the wrong place, or it came before."""
    path = path_of(element, attribute)
    facts = {"element": element, "name": attribute or element.tag}
    if lookup(f"/disk/{path}"):
        return context.find("name-without-effect", path, **facts)
    near = nearest_name(f"/disk/{path}")
    if near and _can_be(element, attribute, near.lstrip("@")):
        return context.find("name-misspelt", path, near=near.lstrip("@"), **facts)
    return context.find("name-unknown", path, **facts)


def _can_be(element: etree._Element, attribute: str | None, name: str) -> bool:
    """Whether what is written fits another name: else that one was not meant."""
    if attribute is None:
        return True
    read = shape_of(element).attributes.get(name)
    return read is None or not _is_refused(read, element.get(attribute))
