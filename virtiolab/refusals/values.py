"""What libvirt refuses in single values, and what it does not look at at all."""

from collections.abc import Iterator

from lxml import etree

from ..form import Name, names_in, shape_of, text_of
from ..parsing import one_line
from ..vocabulary import lookup, nearest_name, nearest_value
from .problems import WHERE_WRITTEN, DiskRule, Problem, Sight


def values(sight: Sight) -> Iterator[Problem | DiskRule]:
    """Problems with the names and values of a disk, and the rules that they make worth asking."""
    yield from _missing(sight, sight.disk.element)
    for name in names_in(sight.disk.element):
        tag, attribute = name.element.tag, name.attribute
        if not name.counts:
            yield _not_read(sight, name)
        elif attribute is None:
            yield from WHERE_WRITTEN.get(tag, ())
            yield from _missing(sight, name.element)
        else:
            yield from WHERE_WRITTEN.get(f"{tag}/@{attribute}", ())
        if name.read and _is_refused(name):
            yield _refused(sight, name)


def _text(name: Name) -> str:
    return name.element.get(name.attribute) if name.attribute else text_of(name.element)


def _is_refused(name: Name) -> bool:
    try:
        name.read(_text(name))
    except ValueError:
        return True
    return False


def path_of(sight: Sight, element: etree._Element, attribute: str | None) -> str:
    """The path of a name below its disk, as it stands in a problem."""
    tags = [element.tag, *(above.tag for above in element.iterancestors())]
    inside = tags[: tags.index("disk")] if "disk" in tags else tags
    names = [one_line(tag.replace("/", "|"), 60) for tag in reversed(inside)]
    return "/".join(names + ([f"@{one_line(attribute, 60)}"] if attribute else []))


def _refused(sight: Sight, name: Name) -> Problem:
    path = path_of(sight, name.element, name.attribute)
    text = _text(name)
    entry = lookup(f"/disk/{path}")
    facts = {"name": name.attribute or name.element.tag, "value": text}
    if not entry or not entry.values:
        return sight.find("value-not-a-number", path, name.element, **facts)
    near = nearest_value(entry, text)
    if near:
        return sight.find("value-misspelt", path, name.element, near=near, **facts)
    return sight.find("value-unknown", path, name.element, known=", ".join(entry.values), **facts)


def _missing(sight: Sight, element: etree._Element) -> Iterator[Problem]:
    """What libvirt cannot do without."""
    for name in shape_of(element).required:
        if not _is_there(element, name):
            path = f"{path_of(sight, element, None)}/{name}"
            yield sight.find(
                "name-missing", path, element, name=name.lstrip("@"), holder=element.tag
            )


def _is_there(element: etree._Element, name: str) -> bool:
    if name[0] != "@":
        return element.find(name) is not None
    read, text = shape_of(element).attributes[name[1:]], element.get(name[1:])
    try:
        return text is not None and read(text) is not None
    except ValueError:  # a problem of its own
        return True


def _not_read(sight: Sight, name: Name) -> Problem:
    """Nobody reads it here: it is misspelt, it stands in the wrong place, or it came before."""
    path = path_of(sight, name.element, name.attribute)
    facts = {"element": name.element, "name": name.attribute or name.element.tag}
    if lookup(f"/disk/{path}"):
        return sight.find("name-without-effect", path, **facts)
    near = nearest_name(f"/disk/{path}")
    if near:
        return sight.find("name-misspelt", path, near=near.lstrip("@"), **facts)
    return sight.find("name-unknown", path, **facts)
