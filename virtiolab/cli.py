"""What each command of the command line says of one file: as a dict for JSON, or as text."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .build import build, choices
from .document import Disk, Domain, read
from .evidence import NoAnswer, NotInstalled
from .explanation import Explanation
from .inference import infer
from .refusals import Problem, check, mend
from .rewriting.conversion import BUSES, Conversion, Unconvertible, convert
from .rewriting.resolution import Resolution
from .views.answers import answers_as_text
from .views.converted import conversion_as_text
from .views.explained import explanation_as_text
from .views.problems import problems_as_text
from .views.resolved import resolved_as_text
from .views.text import NO_DISK, disk_name, printable
from .xml import MAX_BYTES, UnreadableXML, laid_out, one_line

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
    return Said(_each(domain, lambda disk: answers_as_text(disk, infer(disk), options.colour)))


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
    return Said(_each(domain, lambda disk: explanation_as_text(Explanation(disk), options.colour)))


def _explained(disk: Disk) -> dict:
    return _named(disk) | {"rows": [row._asdict() for row in Explanation(disk).rows]}


def _resolve(domain: Domain, options) -> Said:
    if options.json:
        return Said({"disks": [_resolved(disk) for disk in domain.disks]})
    return Said(printable(resolved_as_text(map(Resolution, domain.disks))) or NO_DISK)


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
    from .evidence.comparison import (
        compare,  # no other command needs them, and they take their time
    )
    from .evidence.rungs import shared
    from .views.beside_libvirt import comparison_as_text

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


_BUILD = "build"


def main(arguments: list[str] | None = None) -> int:
    """Run one command on each file; returns the worst exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # for terminals that lack a character
    options = _parser(with_choices=arguments[:1] == [_BUILD]).parse_args(arguments)
    if sys.stdout is None:
        print("virtiolab: there is no standard output.", file=sys.stderr)
        return UNREADABLE
    options.colour, options.progress = _colour(), _progress
    try:
        status = _build(options) if options.files is None else _answers(options)
        print(end="", flush=True)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:  # such as a full disk
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        print(f"virtiolab: cannot write: {error.strerror}", file=sys.stderr)
        return UNREADABLE
    except KeyboardInterrupt:
        return 130
    return status


class _Parser(argparse.ArgumentParser):
    """Whose errors are clean lines, whatever was typed."""

    def error(self, message: str):
        super().error(one_line(message, 500))


def _parser(with_choices: bool) -> argparse.ArgumentParser:
    parser = _Parser(prog="virtiolab", description="What a libvirt <disk> really means.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, known in COMMANDS.items():
        command = _command(commands, name, known.purpose)
        command.add_argument("files", metavar="FILE", nargs="+", help="libvirt XML; - is stdin")
        for option, kind in known.options.items():
            command.add_argument(option, **kind)
        command.set_defaults(say=known.say)
    command = _command(commands, _BUILD, "print the XML of a disk from choices")
    command.set_defaults(files=None)
    command.usage = "virtiolab build [-h] [--json] [--CHOICE VALUE]..."
    if with_choices:  # to read them takes longer than any other command
        add_choices(command)
    return parser


def _command(commands, name: str, purpose: str) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}."
    )
    command.add_argument("--json", action="store_true", help="one JSON object a file and line")
    return command


def _answers(options: argparse.Namespace) -> int:
    return max([_answer(name, options) for name in options.files])


def _answer(name: str, options: argparse.Namespace) -> int:
    """Read one file, and print what the command says of it."""
    try:
        said = options.say(_read(name), options)
    except UnreadableXML as error:
        return _report(name, error.message, error.line, options.json)
    except Unconvertible as error:
        _report(name, str(error), None, options.json)
        return REFUSED
    except (NotInstalled, NoAnswer) as error:
        _report(name, str(error), None, options.json)
        return NOT_INSTALLED
    if options.json:
        said = said._replace(content={"file": name} | said.content)
    several = len(options.files) > 1
    _print(said, title=f"== {one_line(name)} ==\n\n" if several else "", gap="\n" * several)
    return said.status


def _print(said: Said, title: str = "", gap: str = "") -> None:
    if isinstance(said.content, dict):
        print(json.dumps(said.content))
    elif said.content:
        print(title + said.content, end=f"\n{gap}")
    if said.aside and sys.stderr:
        print(said.aside, file=sys.stderr)


def _build(options: argparse.Namespace) -> int:
    try:
        said = build_disk(options)
    except ValueError as error:
        print(f"virtiolab: build: {one_line(str(error), 500)}", file=sys.stderr)
        return REFUSED
    _print(said)
    return said.status


def _read(name: str) -> Domain:
    if name == "-" and sys.stdin is None:
        raise UnreadableXML("There is no standard input.")
    if name == "-":
        return read(sys.stdin.buffer.read(MAX_BYTES + 1))
    return read(Path(name))


def _colour() -> bool:
    no_colour = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not no_colour


def _progress(_part: float, what: str) -> None:
    """Say to whoever waits what takes so long."""
    if sys.stderr and sys.stderr.isatty():
        print(f"{what} …", file=sys.stderr)


def _report(name: str, message: str, line: int | None, as_json: bool) -> int:
    """One line on stderr; with --json one on stdout too, so that the stream misses no file."""
    if as_json:
        print(json.dumps({"file": name, "error": {"line": line, "message": message}}))
    where = "" if line is None else f"line {line}: "
    print(f"virtiolab: {one_line(name, 4096)}: {where}{message}", file=sys.stderr)
    return UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
