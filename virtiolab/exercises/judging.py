"""Judges answers to the exercises by what libvirt would do with them.

Of XML that is written, an error of check() or a name that libvirt does not know is missing, and so is
every answer of infer() that is not as wanted; how it is written does not matter.
"""

import re
from collections.abc import Iterable, Iterator
from functools import singledispatch

from ..document import Disk, Domain
from ..inference import infer
from ..machines import machine_of
from ..parsing import UnreadableXML
from ..refusals import Problem, check
from ..resolution import resolve
from .tasks import Choose, Mark, Task, Wanted, Write, exercise
from .verdict import Feedback, Point, say, sentence

_IMAGE = ("file", "dev", "dir", "volume", "name", "path")  # attributes of a source
UNKNOWN = ("name-misspelt", "name-unknown", "name-without-effect")  # problems with a name


def submit(name: str, answer: str | Iterable[str] | None = None) -> Feedback:
    """What is right and what is missing in an answer to an exercise.

    An answer is XML, the letter of an option, or the names to mark (`"web, mail"`, or a list).
    Without one there is an invitation. Raises ValueError for a name that no exercise has.
    """
    task = exercise(name)
    if _is_unanswered(task, answer):
        return Feedback(invitation=sentence("unanswered", hint=task.hints[0]))
    return Feedback(tuple(_points(task, answer)))


def _is_unanswered(task: Task, answer) -> bool:
    """Nothing, or what was given and nobody has touched."""
    if isinstance(answer, str):
        return answer.strip() in ("", task.given.strip())
    return answer is None


@singledispatch
def _points(task: Task, answer) -> Iterator[Point]:
    raise NotImplementedError


@_points.register
def _written(task: Write, answer) -> Iterator[Point]:
    try:
        guest = task.guest(answer)
    except UnreadableXML as error:
        yield say("missing", "unreadable", why=error)
        return
    problems = check(guest)
    points = [*_of_libvirt(problems), *_of_guest(task, guest)]
    is_refused = any(problem.severity == "error" for problem in problems)
    for image in task.disks:  # of a value that is refused, it says nothing to tell which was wanted
        found = _of_disk(task, image, guest)
        points += [point for point in found if point.kind == "right" or not is_refused]
    yield from points
    if all(point.kind == "right" for point in points):
        yield from _notes(problems)


def _of_libvirt(problems: list[Problem]) -> Iterator[Point]:
    """Whether it is accepted, and which names are ignored."""
    refused = [problem for problem in problems if problem.severity == "error"]
    for problem in refused:
        yield say("missing", "refused", message=problem.message, why=problem.why)
    if not refused:
        yield say("right", "accepted")
    for problem in problems:
        if problem.code in UNKNOWN:
            yield say("missing", "unknown-name", message=problem.message)


def _notes(problems: list[Problem]) -> Iterator[Point]:
    for problem in problems:
        if problem.severity == "warning" and problem.code not in UNKNOWN:
            yield say("note", "also", message=problem.message, why=problem.why)


def _of_guest(task: Write, guest: Domain) -> Iterator[Point]:
    if guest.kind != machine_of("x86_64", task.machine):
        yield say("missing", "other-machine", machine=task.machine)
    if len(guest.disks) != len(task.disks):
        yield say("missing", "other-number", number=len(guest.disks), wanted=len(task.disks))


def _of_disk(task: Write, image: str, guest: Domain) -> Iterator[Point]:
    disk = _with_image(image, guest)
    if disk is None:
        yield say("missing", "no-image", image=image)
        return
    yield say("right", "image", image=image)
    for wanted in task.disks[image]:
        yield _of_row(disk, wanted)
    yield from _of_what_stays(task, image, disk)


def _of_what_stays(task: Write, image: str, disk: Disk) -> Iterator[Point]:
    given = _with_image(image, task.guest(task.given)) if task.stays else None
    for path in task.stays if given else ():
        before, now = _written_back(given, path), _written_back(disk, path)
        if before != now:
            yield say("missing", "stays", path=path, before=before, now=now)


def _of_row(disk: Disk, wanted: Wanted) -> Point:
    """Whether one thing is as wanted, and if not, why not."""
    value, origin, reason = _found(disk, wanted.name)
    facts = {"name": wanted.name, "value": value, "origin": wanted.origin, "reason": reason}
    if value not in wanted.values:
        return say("missing", "row-wrong", wanted=_either(wanted.values), **facts)
    if wanted.origin in (None, origin):
        return say("right", "row-by" if wanted.origin else "row", **facts)
    return say("missing", "row-not-by", found=origin, **facts)


def _found(disk: Disk, name: str) -> tuple:
    """The value, the origin and the reason of an answer of infer(), or the value at a path."""
    if "/" in name:
        return _written_back(disk, name), None, ""
    answer = getattr(infer(disk), name)
    return answer.value, answer.origin, answer.reason


def _written_back(disk: Disk, path: str) -> str | None:
    """What libvirt would write back there: an attribute, or an element's text."""
    found = resolve(disk).xpath(path)
    return getattr(found[0], "text", None) or str(found[0]) if found else None


def _either(values: tuple):
    return values[0] if len(values) == 1 else " or ".join(values)


def _with_image(image: str, guest: Domain) -> Disk | None:
    """The disk that a guest keeps in this image."""
    images = ((disk, disk.get(name, "source")) for disk in guest.disks for name in _IMAGE)
    return next((disk for disk, found in images if found == image), None)


@_points.register
def _chosen(task: Choose, answer) -> Iterator[Point]:
    names = _names_in(answer)
    if len(names) != 1 or names[0] not in task.options:
        yield _no_option(task, " ".join(names))
        return
    option = task.options[names[0]]
    yield say("right" if option.is_right else "missing", "chosen", name=names[0], why=option.why)


@_points.register
def _marked(task: Mark, answer) -> Iterator[Point]:
    """Which guests are right; the reasons only where all are, or trying would show the answer."""
    names = _names_in(answer)
    unknown = [name for name in names if name not in task.options]
    verdicts = {name: belonging(task, name) for name in task.options}
    right = [name for name in verdicts if verdicts[name][0] == (name in names)]
    for name in unknown[:1]:
        yield _no_option(task, name)
    for name, (value, reason) in verdicts.items():
        if name not in right:
            yield say("missing", "marked-wrong", name=name)
        elif unknown or len(right) < len(verdicts):
            yield say("right", "marked", name=name)
        else:
            yield say("right", "marked-why", name=name, value=value, reason=reason)


def belonging(task: Mark, name: str) -> tuple[bool, str]:
    """Whether a guest is one of those to be marked, and what decides it."""
    guest, why = task.guest(task.options[name].says), sentence("accepted")
    for problem in check(guest):
        if problem.severity == "error":
            return False, sentence("refused", message=problem.message, why=problem.why)
    for disk in guest.disks:
        for wanted in task.wanted:
            value, _, why = _found(disk, wanted.name)
            if value not in wanted.values:
                return False, why
    return True, why


def _names_in(answer) -> list[str]:
    if not isinstance(answer, str):
        return [str(name) for name in answer]
    return [name for name in re.findall(r"[\w-]+", answer.lower()) if name != "and"]


def _no_option(task: Choose | Mark, name: str) -> Point:
    return say("missing", "no-option", name=name, names=", ".join(task.options))


def right_names(task: Choose | Mark) -> list[str]:
    """The names of the options that are right."""
    if isinstance(task, Choose):
        return [name for name, option in task.options.items() if option.is_right]
    return [name for name in task.options if belonging(task, name)[0]]
