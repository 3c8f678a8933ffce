"""What each command of the command line says of one file: as a dict for JSON, or as text."""

import argparse
from collections.abc import Callable
from typing import NamedTuple

from .build import build, choices
from .conversion import BUSES, Conversion, Unconvertible, convert
from .document import Disk, Domain, read
from .explanation import Explanation
from .inference import infer
from .layout import laid_out
from .refusals import Problem, check, mend
from .resolution import Resolution
from .views.changes import conversion_as_text
from .views.problems import problems_as_text
from .views.resolved import controllers_as_text, resolved_as_text
from .views.text import NO_DISK, answers_of, disk_name, explanation_of, printable

OK, REFUSED, UNREADABLE, NOT_INSTALLED = 0, 1, 2, 3


class Said(NamedTuple):
    """The answer about one file: text, or with --json a dict; `aside` goes to standard error."""

    content: str | dict
    status: int = OK
    aside: str = ""


class Command(NamedTuple):
    """A command: what it says of a domain, what it is for, and its options beyond --json."""

    say: Callable[[Domain, argparse.Namespace], Said]
    purpose: str
    options: dict[str, dict] = {}


def _each(domain: Domain, text: Callable[[Disk], str]) -> str:
    return "\n\n".join(map(text, domain.disks)) or NO_DISK


def _infer(domain: Domain, options) -> Said:
    if options.json:
        return Said({"disks": [_inferred(disk) for disk in domain.disks]})
    return Said(_each(domain, lambda disk: answers_of([(disk, infer(disk))], options.colour)))


def _inferred(disk: Disk) -> dict:
    answers = infer(disk)
    said = {row: answer.as_dict() for row, answer in answers._asdict().items()}
    said["virtio"]["device"] = answers.virtio_device
    return _named(disk) | said


def _named(disk: Disk) -> dict:
    return {"target": disk.target, "line": disk.line}


def _explain(domain: Domain, options) -> Said:
    if options.json:
        return Said({"disks": [_explained(disk) for disk in domain.disks]})
    return Said(_each(domain, lambda disk: explanation_of(Explanation(disk), options.colour)))


def _explained(disk: Disk) -> dict:
    return _named(disk) | {"rows": [row._asdict() for row in Explanation(disk).rows]}


def _resolve(domain: Domain, options) -> Said:
    if options.json:
        return Said({"disks": [_resolved(disk) for disk in domain.disks]})
    resolutions = [Resolution(disk) for disk in domain.disks]
    shown = [*map(resolved_as_text, resolutions), controllers_as_text(resolutions)]
    return Said(printable("\n".join(filter(None, shown))) or NO_DISK)


def _resolved(disk: Disk) -> dict:
    resolution = Resolution(disk)
    return _named(disk) | {"xml": resolution.xml, "left_out": resolution.left_out}


def _check(domain: Domain, options) -> Said:
    if options.fix:
        return _fixed(domain, options)
    problems = check(domain)
    if options.json:
        return Said({"problems": [problem.as_dict() for problem in problems]}, _status(problems))
    return Said(problems_as_text(problems, options.colour), _status(problems))


def _fixed(domain: Domain, options) -> Said:
    """The mended XML, and aside what is left."""
    mended = mend(domain)
    left, xml = check(mended), laid_out(mended.element)
    if options.json:
        content = {"xml": xml, "problems": [problem.as_dict() for problem in left]}
        return Said(content, _status(left))
    return Said(printable(xml), _status(left), problems_as_text(left) if left else "")


def _status(problems: list[Problem]) -> int:
    return REFUSED if any(problem.severity == "error" for problem in problems) else OK


def _convert(domain: Domain, options) -> Said:
    disks = [d for d in domain.disks if options.target in (None, d.target)]
    if len(disks) != 1:
        names = ", ".join(map(disk_name, domain.disks)) or "there is none"
        raise Unconvertible(f"Say with --target which disk shall be converted: {names}.")
    converted = convert(disks[0], options.bus)
    if options.json:
        return Said({"disks": [_converted(converted)]})
    return Said(conversion_as_text(converted, options.colour))


def _converted(converted: Conversion) -> dict:
    steps = [step._asdict() for part in converted.steps for step in part.steps]
    names = ("bus", "new", "controller", "domain")
    said = {name: getattr(converted, name) for name in names}
    said["also"] = [change._asdict() for change in converted.also]
    return _named(converted.disk) | said | {"new_target": converted.target, "steps": steps}


def _ask(domain: Domain, options) -> Said:
    from .comparison import compare  # no other command needs them, and they take their time
    from .evidence.rungs import shared
    from .views.comparison import comparison_as_text

    comparison = compare(domain, shared(options.progress))
    status = REFUSED if comparison.answer.is_refused else OK
    if options.json:
        return Said(comparison.as_dict(), status)
    return Said(comparison_as_text(comparison, options.colour), status)


# Of `build`, which reads no file: the XML, or why libvirt would refuse it.
def build_disk(options: argparse.Namespace) -> Said:
    """The `<disk>` that was chosen; a ValueError says what cannot be written."""
    names = {name: getattr(options, name) for name in choices()}
    xml = build(**{name: _unlisted(value) for name, value in names.items()})
    problems = check(read(xml))
    status, aside = _status(problems), problems_as_text(problems) if problems else ""
    if options.json:
        content = {"xml": xml, "problems": [problem.as_dict() for problem in problems]}
        return Said(content, status, aside)
    return Said("" if status else printable(xml.rstrip("\n")), status, aside)


def _unlisted(value):
    """A choice that may repeat comes as a list even where there is one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Each choice of build() as an option, in its group, with what the vocabulary says of it."""
    groups: dict[str, argparse._ArgumentGroup] = {}
    for name, choice in choices().items():
        group = groups.setdefault(choice.group, parser.add_argument_group(choice.group))
        kind = {"action": "store_true", "default": None} if choice.flag else {"metavar": "VALUE"}
        if choice.repeats:
            kind |= {"action": "append"}
        help = choice.entry.meaning.replace("%", "%%")
        group.add_argument(f"--{name.replace('_', '-')}", dest=name, help=help, **kind)


_FIX = {"--fix": {"action": "store_true", "help": "print the XML with all known fixes applied"}}
_BUS = {"--bus": {"choices": BUSES, "default": "virtio", "help": "the new bus (default: virtio)"}}
_TARGET = {"--target": {"metavar": "NAME", "help": "the disk, where there are several"}}

COMMANDS = {
    "infer": Command(_infer, "say of each disk: which bus and format, whether it is virtio, why"),
    "explain": Command(_explain, "say what every name in each disk means"),
    "resolve": Command(_resolve, "print each disk as libvirt would write it back"),
    "check": Command(_check, "say what libvirt or QEMU would refuse, and how to mend it", _FIX),
    "convert": Command(
        _convert, "put a disk on another bus, and say what the guest needs first", _BUS | _TARGET
    ),
    "ask": Command(_ask, "ask the real libvirt, beside what virtiolab infers"),
}
