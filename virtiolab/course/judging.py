"""Judges answers to the exercises by what libvirt would do with them.

Of XML that is written, an error of check() or a name that libvirt does not know is missing, and so is
every answer of infer() that is not as wanted, unless it only follows from an error; how it is written
does not matter.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .. import data
from ..document import Disk, Domain, read
from ..inference import infer
from ..machines import machine_of
from ..refusals import Problem, check
from ..rewriting.resolution import resolve
from ..xml import UnreadableXML, one_line
from .tasks import Choose, Mark, Task, Wanted, Write, exercise

_IMAGE = ("file", "dev", "dir", "volume", "name", "path")  # attributes of a source
_PADDING = ("and", "option", "rung")  # words around the names in an answer
_WORD = re.compile(r"[\w-]+")
_PLACES = ("12345", "abcde")
UNKNOWN = ("name-misspelt", "name-unknown", "name-without-effect")  # problems with a name
SIGNS = {"right": "✓", "missing": "✗", "note": "!"}


class Point(NamedTuple):
    """One sentence about an answer: of what is `right`, of what is `missing`, or a `note`."""

    kind: str
    says: str


@dataclass(frozen=True, repr=False)
class Feedback:
    """What is said of an answer, in order; an `invitation` where none was given yet."""

    points: tuple[Point, ...] = ()
    invitation: str = ""

    @property
    def solved(self) -> bool:
        """Whether something was answered and nothing is missing."""
        return bool(self.points) and not self.missing

    @property
    def missing(self) -> list[str]:
        """The sentences about what is missing."""
        return [point.says for point in self.points if point.kind == "missing"]

    @property
    def headline(self) -> str:
        """The whole of it in a few words."""
        return self.invitation or sentence("solved" if self.solved else "not-yet")

    def __repr__(self) -> str:
        lines = [self.headline, *(f"{SIGNS[point.kind]} {point.says}" for point in self.points)]
        return "\n".join(lines).replace("`", "")


def submit(name: str, answer: str | int | Iterable[str] | None = None) -> Feedback:
    """What is right and what is missing in an answer to an exercise, by its name.

    Raises ValueError for a name that no exercise has.
    """
    return judge(exercise(name), answer)


def judge(task: Task, answer: str | int | Iterable[str] | None = None) -> Feedback:
    """What is right and what is missing in an answer to a task.

    An answer is XML, the letter or number of an option, or the names to mark (`"web, mail"`, or a list).
    Without one there is an invitation.
    """
    said = answer.strip() if isinstance(answer, str) else answer
    if said in (None, "", task.given.strip()):  # nothing, or what nobody has touched
        return Feedback(invitation=sentence("unanswered", hint=task.hints[0]))
    judges: dict[type, Callable] = {Write: _of_writing, Choose: _of_choice, Mark: _of_marks}
    return Feedback(tuple(judges[type(task)](task, answer)))


def _of_writing(task: Write, answer) -> Iterator[Point]:
    try:
        guest = task.guest(answer)
    except UnreadableXML as error:
        whole = "domain" if read(task.given).complete else "disk"
        yield say("missing", "unreadable", why=error, whole=whole)
        return
    problems = check(guest)
    refused = [problem for problem in problems if problem.severity == "error"]
    points = [*_of_libvirt(refused, problems)]
    if guest.kind != machine_of("x86_64", task.machine):
        points.append(say("missing", "other-machine", machine=task.machine))
    if len(guest.disks) != len(task.disks):
        wanted = len(task.disks)
        points.append(say("missing", "other-number", number=len(guest.disks), wanted=wanted))
    for image in task.disks:
        points += _of_disk(task, image, guest, refused)
    yield from points
    for problem in problems if all(point.kind == "right" for point in points) else ():
        if problem.severity != "error" and problem.code not in UNKNOWN:
            yield say("note", "also", message=problem.message, why=problem.why)


def _of_libvirt(refused: list[Problem], problems: list[Problem]) -> Iterator[Point]:
    """Whether it is accepted, and which names are ignored; of one place, only what comes first."""
    places = {(problem.element, problem.path): problem for problem in reversed(refused)}
    for problem in refused:
        if places[problem.element, problem.path] is problem:
            yield Point("missing", _refusal(problem))
    if not refused:
        yield say("right", "accepted")
    for problem in problems:
        if problem.code in UNKNOWN:
            yield say("missing", "unknown-name", message=_unhinted(problem))


def _refusal(problem: Problem) -> str:
    advice = data.facts("course/judging.toml")["advice"].get(problem.code, "")
    return sentence("refused", message=_unhinted(problem), why=problem.why, advice=advice)


def _unhinted(problem: Problem) -> str:
    """What is wrong, without the word that was meant: to find it is the learner's part."""
    return re.sub(r"; did you mean `.*`\?$", ".", problem.message)


def _of_disk(task: Write, image: str, guest: Domain, refused: list[Problem]) -> Iterator[Point]:
    disk = _with_image(image, guest)
    if disk is None:
        yield say("missing", "no-image", image=image)
    else:
        yield say("right", "image", image=image)
        own = [problem for problem in refused if problem.disk == disk]
        for wanted in task.disks[image]:
            point = _of_row(disk, wanted)
            if point.kind == "right" or not _is_told(disk, wanted, own):
                yield point
    given = _meant(task, image, task.guest(task.given)) if task.stays else None
    written = _meant(task, image, guest)
    for path in task.stays if given and written else ():
        before, now = _written_back(given, path), _written_back(written, path)
        if before != now:
            yield say("missing", "stays", path=path, before=before, now=now)


def _meant(task: Write, image: str, guest: Domain) -> Disk | None:
    """The disk with this image, or in its place the next whose image is called otherwise."""
    kept = {one: _with_image(one, guest) for one in task.disks}
    others = (disk for disk in guest.disks if disk not in kept.values())
    missing = (one for one, disk in kept.items() if disk is None)
    return kept[image] or dict(zip(missing, others)).get(image)


def _is_told(disk: Disk, wanted: Wanted, refused: list[Problem]) -> bool:
    """Whether a refusal says enough: it leaves infer() no answer, or it names what the answer is,
    should be, or follows from."""
    if not refused or "/" in wanted.name:
        return False
    answer = getattr(infer(disk), wanted.name)
    words = {str(word) for word in (answer.value, *wanted.values, *answer.facts.values())}
    pieces = [piece for problem in refused for piece in problem.message.split("`")[1::2]]
    return answer.value is None or any(words & {*_WORD.findall(piece)} for piece in pieces)


def _of_row(disk: Disk, wanted: Wanted) -> Point:
    """Whether one thing is as wanted, and if not, why not."""
    value, origin, reason = _found(disk, wanted.name)
    name = data.facts("course/judging.toml")["labels"].get(wanted.name, wanted.name)
    facts = {"name": name, "value": value, "origin": wanted.origin, "reason": reason}
    if value not in wanted.values:
        either = wanted.values[0] if len(wanted.values) == 1 else " or ".join(wanted.values)
        return say("missing", "row-wrong", wanted=either, **facts)
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


def _with_image(image: str, guest: Domain) -> Disk | None:
    """The disk that a guest keeps in this image."""
    images = ((disk, disk.get(name, "source")) for disk in guest.disks for name in _IMAGE)
    return next((disk for disk, found in images if found == image), None)


def _of_choice(task: Choose, answer) -> Iterator[Point]:
    names, options = _names_in(answer), [*task.options]
    # An option is meant by its name, or by its place: `1` or `a` is the first.
    meant = {sign: name for signs in _PLACES for sign, name in zip(signs, options)}
    meant |= dict(zip(options, options))
    name = meant.get(names[0]) if len(names) == 1 else None
    if name is None:
        yield say("missing", "no-option", names=", ".join(task.options))
        return
    option = task.options[name]
    yield say("right" if option.is_right else "missing", "chosen", name=name, why=option.why)


def _of_marks(task: Mark, answer) -> Iterator[Point]:
    """Which guests are right; the reasons only where all are, or trying would show the answer."""
    names = _names_in(answer)
    unknown = [name for name in names if name not in task.options]
    verdicts = {name: belonging(task, name) for name in task.options}
    right = [name for name in verdicts if verdicts[name][0] == (name in names)]
    if unknown:
        yield say("missing", "no-mark", names=", ".join(task.options))
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
            return False, _refusal(problem)
    for disk in guest.disks:
        for wanted in task.wanted:
            value, _, why = _found(disk, wanted.name)
            if value not in wanted.values:
                return False, why
    return True, why


def _names_in(answer) -> list[str]:
    said = str(answer) if isinstance(answer, str | int) else " ".join(map(str, answer))
    return [name for name in _WORD.findall(said.lower()) if name not in _PADDING]


def right_names(task: Choose | Mark) -> list[str]:
    """The names of the options that are right."""
    if isinstance(task, Choose):
        return [name for name, option in task.options.items() if option.is_right]
    return [name for name in task.options if belonging(task, name)[0]]


def say(kind: str, name: str, /, **facts) -> Point:
    """A point, in the words of judging.toml."""
    return Point(kind, sentence(name, **facts))


def sentence(name: str, /, **facts) -> str:
    """One of the sentences, its braces filled in; what comes from somebody's XML fits a line."""
    words = {True: "yes", False: "no", None: "nothing"}
    shown = {
        key: words[value] if isinstance(value, bool | None) else one_line(str(value), 600)
        for key, value in facts.items()
    }
    return data.facts("course/judging.toml")[name].format(**shown).rstrip()
