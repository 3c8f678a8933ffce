"""What libvirt refuses in single values, and what it does not look at at all."""

from collections.abc import Iterator

from lxml import etree

from ..data import Version, dotted
from ..document import SOURCE_ATTRIBUTES
from ..syntax import (
    OneOf,
    Only,
    Reader,
    Shape,
    children_of,
    inside,
    lookup,
    meant,
    nearest_name,
    shape_of,
    text_of,
)
from .context import WHERE_WRITTEN, Context, DiskRule
from .paths import format_of_path
from .problems import Problem, path_of

_NONE: dict = {}
_PLACES = frozenset(SOURCE_ATTRIBUTES.values())
_OTHER_IMAGES = ("backingStore", "dataStore")


def values(context: Context) -> tuple[list[Problem], set[DiskRule]]:
    """Problems with the names and values of a disk, and the rules that they make worth asking."""
    found: list[Problem] = []
    rules: set[DiskRule] = set()
    element = context.element
    _look(context, element, shape_of(element, context.domain.libvirt), found, rules)
    return found, rules


def _look(
    context: Context, element: etree._Element, shape: Shape, found: list, rules: set, placed=True
) -> None:
    """Look at an element and all in it; plain loops, since each disk goes through here.

    Not `placed` is what stands in something that is itself out of place, and in other images.
    """
    triggers = WHERE_WRITTEN.get(element.tag, _NONE)
    if None in triggers:
        rules.update(triggers[None])
    for name in shape.required:
        if not _is_there(element, name, shape):
            found.append(_missing(context, element, name))
    if shape.text and _is_refused(shape.text, text_of(element)):
        found.append(_refused(context, element, None, shape.text))
    readers, only = shape.attributes, shape.only if placed else _NONE
    for attribute, text in element.items():
        read = readers.get(attribute)
        if read is None:
            if not shape.open:
                found.extend(_not_read(context, element, attribute))
            continue
        if text not in read if type(read) is OneOf else _is_refused(read, text):
            found.append(_refused(context, element, attribute, read))
        if attribute in triggers:
            rules.update(triggers[attribute])
        if attribute in only:
            found.extend(_misplaced(context, element, attribute, only[attribute]))
    if len(element):
        _look_inside(context, element, shape, found, rules, placed)


def _look_inside(
    context: Context, element: etree._Element, shape: Shape, found: list, rules: set, placed: bool
) -> None:
    only = shape.only_inside if placed else _NONE
    for child, inner in inside(element, shape):
        if inner:
            tag = child.tag
            misplaced = _misplaced(context, child, None, only[tag]) if tag in only else ()
            found.extend(misplaced)
            below = placed and not misplaced and tag not in _OTHER_IMAGES
            _look(context, child, inner, found, rules, below)
        elif not shape.open:
            found.extend(_not_read(context, child, None))


def _misplaced(
    context: Context, element: etree._Element, attribute: str | None, rules: tuple[Only, ...]
) -> list[Problem]:
    """The first problem with where a name stands, if what is written says anything."""
    value, libvirt = element.get(attribute) if attribute else None, context.domain.libvirt
    for rule in rules:
        if not rule.allows(context, value, libvirt):
            if all(_is_written(element, name, libvirt) for name in rule.beside):
                facts = {"name": attribute or element.tag, "value": value, "wanted": _wanted(rule)}
                facts |= {"type": context.type, "format": context.format}
                path = path_of(element, attribute)
                told = context.find(rule.code, path, element, **facts)
                return [told] if _is_written(element, attribute, libvirt) else []
    return []


def _wanted(rule: Only) -> str:
    """The first of its facts, as it should be."""
    _, known = next(iter(rule.ways[0][0].values()))
    return ", ".join(filter(None, known))


def only_elsewhere(context: Context, path: str) -> Only | None:
    """Where alone a name such as `driver/@queues` may stand, if a disk may not have it at all."""
    above = [path.rsplit("/", depth)[0] for depth in range(path.count("/"), -1, -1)]
    entries = filter(None, (lookup(f"/disk/{one}") for one in above))
    rules = (rule for entry in entries for rule in entry.only if not (rule.when or rule.beside))
    libvirt = context.domain.libvirt
    return next((rule for rule in rules if not rule.allows(context, None, libvirt)), None)


def _is_written(element: etree._Element, attribute: str | None, libvirt: Version) -> bool:
    """Whether an element, or an attribute of it, says anything: not what is as good as not written.

    What libvirt refuses says something too.
    """
    shape = shape_of(element, libvirt)
    if attribute:
        return _says(shape.attributes.get(attribute), element.get(attribute))
    return (
        shape.keep
        or _says(shape.text, text_of(element))
        or any(_says(read, element.get(name)) for name, read in shape.attributes.items())
        or any(_is_written(child, None, libvirt) for child in children_of(element, libvirt))
    )


def _says(read: Reader | None, text: str | None) -> bool:
    try:
        return read is not None and text is not None and read(text) is not None
    except ValueError:
        return True


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
    if not isinstance(read, OneOf):
        return context.find("value-not-a-number", path, **facts)
    if since := lookup(f"/disk/{path}").came_after(context.domain.libvirt, text):
        return context.find("value-newer", path, wanted=since, **facts | _of(context))
    near, _, model = (
        meant("/".join(f"disk/{path}".split("/")[-2:]), text, read.known) or ""
    ).partition(" ")
    if model:
        return context.find("bus-of-controller", path, near=near, model=model, **facts)
    if near and path == "driver/@type":  # a format that is wrong can cost the image
        own = (format_of_path(source) for source in context.sources if not source.above)
        near = next(own, None) or near
    if near:
        return context.find("value-misspelt", path, near=near, **facts)
    if text == "luks" and path.endswith(("driver/@type", "format/@type")):  # the schema's word
        return context.find("format-luks", path, **facts)
    return context.find("value-unknown", path, known=", ".join(read.known), **facts)


def _missing(context: Context, element: etree._Element, name: str) -> Problem:
    path, facts = f"{path_of(element)}/{name}", {"name": name.lstrip("@"), "holder": element.tag}
    return context.find("name-missing", path, element, **facts)


def _is_there(element: etree._Element, name: str, shape: Shape) -> bool:
    """Whether something is written that libvirt cannot do without."""
    if name[0] != "@":
        return element.find(name) is not None
    read, text = shape.attributes[name[1:]], element.get(name[1:])
    try:
        return text is not None and read(text) is not None
    except ValueError:  # a problem of its own
        return True


def _not_read(
    context: Context, element: etree._Element, attribute: str | None
) -> Iterator[Problem]:
    """Nobody reads it here: it is misspelt, it stands in the wrong place, or it came before."""
    path = path_of(element, attribute)
    facts, libvirt = {"element": element, "name": attribute or element.tag}, context.domain.libvirt
    entry = lookup(f"/disk/{path}")
    if entry and (since := entry.came_after(libvirt)):
        yield context.find("name-newer", path, wanted=since, **facts | _of(context))
    elif element.tag == "source" and _is_all_there_is(element, attribute, libvirt):
        return  # the source lacks what its type wants: this would be lost
    elif entry and not entry.running:  # that is no fault: it is how libvirt shows a running guest
        yield context.find("name-without-effect", path, **facts)
    elif not entry:
        near = (nearest_name(f"/disk/{path}") or "").lstrip("@")
        if near and _can_be(element, attribute, near, libvirt):
            yield context.find("name-misspelt", path, near=near, **facts)
        else:
            yield context.find("name-unknown", path, **facts)


def _is_all_there_is(element: etree._Element, attribute: str | None, libvirt: Version) -> bool:
    """Whether only this, which is not read, says where the image is."""
    read = shape_of(element, libvirt).attributes
    return attribute in _PLACES and not any(
        name in read for name in element.keys() if name in _PLACES
    )


def _of(context: Context) -> dict[str, str]:
    return {"libvirt": dotted(context.domain.libvirt)}


def _can_be(element: etree._Element, attribute: str | None, name: str, libvirt: Version) -> bool:
    """Whether what is written fits another name that is not there: else that one was not meant."""
    if attribute is None or name in element.keys():
        return attribute is None
    read = shape_of(element, libvirt).attributes.get(name)
    return read is None or not _is_refused(read, element.get(attribute))
