"""The command line: what each command says of a file, as text or as a dict for JSON.

A command brings in what it needs when it runs, because whoever asks one question waits for all that
was brought in.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from .data import NEWEST, dotted, version
from .document import Disk, read
from .evidence import NoAnswer, NotInstalled
from .inference import infer
from .pastes import Pasted, Remark, read_pasted
from .rewriting import BUSES, Unconvertible
from .xml import MAX_BYTES, UnreadableXML, laid_out, one_line

OK, REFUSED, UNREADABLE, NOT_INSTALLED = 0, 1, 2, 3
# What --fix=all becomes: argparse would take a file behind --fix for its value.
_FIX_ALL = "--fix-all"
_OF_WHICH = f"the libvirt that is to answer, such as 9.0.0 (default: {dotted(NEWEST)})"


def main(arguments: list[str] | None = None) -> int:
    """Run one command on each file; returns the worst exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    arguments = [_FIX_ALL if one == "--fix=all" else one for one in arguments]
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # for terminals that lack a character
    options = _parser(with_choices=arguments[:1] == ["build"]).parse_args(arguments)
    if sys.stdout is None:
        print("virtiolab: there is no standard output.", file=sys.stderr)
        return UNREADABLE
    no_colour = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    options.colour = sys.stdout.isatty() and not no_colour
    try:
        if options.files is None:
            status = _build(options)
        else:
            status = max([_answer(name, options) for name in options.files])
        print(end="", flush=True)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return OK
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

    def add(name: str, purpose: str) -> argparse.ArgumentParser:
        description = f"{purpose[0].upper()}{purpose[1:]}."
        command = commands.add_parser(name, help=purpose, description=description)
        command.add_argument("--json", action="store_true", help="one JSON object a file and line")
        command.add_argument("--libvirt", metavar="VERSION", type=_version, help=_OF_WHICH)
        return command

    for name, known in COMMANDS.items():
        command = add(name, known.purpose)
        command.add_argument("files", metavar="FILE", nargs="+", help="libvirt XML; - is stdin")
        for option, kind in known.options.items():
            command.add_argument(option, **kind)
        command.set_defaults(say=known.say)
    command = add("build", "print the XML of a disk from choices")
    command.set_defaults(files=None)
    command.usage = "virtiolab build [-h] [--json] [--CHOICE VALUE]..."
    if with_choices:  # to read them takes longer than any other command
        _add_choices(command)
    return parser


def _add_choices(parser: argparse.ArgumentParser) -> None:
    """Each choice of build() as an option, in its group, with what the vocabulary says of it."""
    from .build import choices

    groups: dict[str, argparse._ArgumentGroup] = {}
    for name, choice in choices().items():
        group = groups.setdefault(choice.group, parser.add_argument_group(choice.group))
        kind: dict = (
            {"action": "store_true", "default": None} if choice.flag else {"metavar": "VALUE"}
        )
        if choice.repeats:
            kind |= {"action": "append"}
        help = choice.entry.meaning.replace("%", "%%")
        group.add_argument(f"--{name.replace('_', '-')}", dest=name, help=help, **kind)


def _answer(name: str, options: argparse.Namespace) -> int:
    """Read one file, and print what the command says of it."""
    try:
        pasted = _read(name, options.libvirt)
        said = options.say(pasted, options)
    except UnreadableXML as error:
        return _report(name, error.message, UNREADABLE, options, error.line)
    except Unconvertible as error:
        return _report(name, str(error), REFUSED, options)
    except (NotInstalled, NoAnswer) as error:
        return _report(name, str(error), NOT_INSTALLED, options)
    reports = options.say is _check and not options.fix  # what is wrong, among its problems
    for remark in pasted.remarks:
        if not (reports and remark.refused):
            _say_of(name, remark.message, remark.line)
    if options.json:
        read_as = {"read_as": [one._asdict() for one in pasted.remarks]} if pasted.remarks else {}
        said = said._replace(content={"file": name} | read_as | said.content)
    several = len(options.files) > 1
    _print(said, title=f"== {one_line(name)} ==\n\n" if several else "", gap="\n" * several)
    return said.status


def _read(name: str, libvirt: str | None) -> Pasted:
    if name != "-":
        from pathlib import Path

        return read_pasted(Path(name), libvirt)
    if sys.stdin is None:
        raise UnreadableXML("There is no standard input.")
    return read_pasted(sys.stdin.buffer.read(MAX_BYTES + 1), libvirt)


def _version(text: str) -> str:
    """A version of libvirt, as an option takes it."""
    try:
        version(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _report(
    name: str, message: str, status: int, options: argparse.Namespace, line: int | None = None
) -> int:
    """One line on stderr; with --json one on stdout too, so that the stream misses no file."""
    if options.json:
        print(json.dumps({"file": name, "error": {"line": line, "message": message}}))
    _say_of(name, message, line)
    return status


def _say_of(name: str, message: str, line: int | None) -> None:
    """One line about a file on stderr."""
    where = "" if line is None else f"line {line}: "
    print(f"virtiolab: {one_line(name, 4096)}: {where}{message}", file=sys.stderr)


class Said(NamedTuple):
    """The answer about one file: text, or with --json a dict; `aside` goes to standard error."""

    content: str | dict
    status: int = OK
    aside: str = ""


def _print(said: Said, title: str = "", gap: str = "") -> None:
    if isinstance(said.content, dict):
        print(json.dumps(said.content))
    elif said.content:
        print(title + said.content, end=f"\n{gap}")
    if said.aside and sys.stderr:
        print(said.aside, file=sys.stderr)


def _infer(pasted: Pasted, options: argparse.Namespace) -> Said:
    from .views.answers import answers_as_text

    def as_dict(disk: Disk) -> dict:
        answers = infer(disk)
        said = {row: answer.as_dict() for row, answer in answers._asdict().items()}
        said["virtio"]["device"] = answers.virtio_device
        return said

    def as_text(disk: Disk) -> str:
        return answers_as_text(disk, infer(disk), options.colour)

    return _of_each(pasted, options, as_dict, as_text)


def _explain(pasted: Pasted, options: argparse.Namespace) -> Said:
    from .explanation import Explanation
    from .views.explained import explanation_as_text

    def as_dict(disk: Disk) -> dict:
        return {"rows": [row._asdict() for row in Explanation(disk).rows]}

    def as_text(disk: Disk) -> str:
        return explanation_as_text(Explanation(disk), options.colour)

    return _of_each(pasted, options, as_dict, as_text)


def _of_each(
    pasted: Pasted,
    options: argparse.Namespace,
    as_dict: Callable[[Disk], dict],
    as_text: Callable[[Disk], str],
) -> Said:
    if options.json:
        return Said({"disks": [_named(disk) | as_dict(disk) for disk in _disks(pasted)]})
    from .views.text import NO_DISK

    return Said("\n\n".join(map(as_text, _disks(pasted))) or NO_DISK)


def _disks(pasted: Pasted) -> Iterator[Disk]:
    return chain.from_iterable(domain.disks for domain in pasted.domains)


def _named(disk: Disk) -> dict:
    return {"target": disk.target, "line": disk.line}


def _resolve(pasted: Pasted, options: argparse.Namespace) -> Said:
    from .rewriting.resolution import Resolution
    from .views.resolved import resolved_as_text
    from .views.text import NO_DISK, printable

    resolutions = map(Resolution, _disks(pasted))
    if not options.json:
        return Said(printable(resolved_as_text(resolutions)) or NO_DISK)
    said = [{"xml": one.xml, "left_out": one.left_out} for one in resolutions]
    return Said({"disks": [_named(disk) | one for disk, one in zip(_disks(pasted), said)]})


def _check(pasted: Pasted, options: argparse.Namespace) -> Said:
    """The problems; with --fix the mended XML, and aside what is left."""
    from .refusals import check, mend
    from .views.problems import problems_as_text
    from .views.text import printable

    if not options.fix:
        problems = [problem for domain in pasted.domains for problem in check(domain)]
        refused = [remark for remark in pasted.remarks if remark.refused]
        status = REFUSED if refused else _status(problems)
        if options.json:
            found = [*map(_as_problem, refused), *(problem.as_dict() for problem in problems)]
            return Said({"problems": found}, status)
        said = [f"line {one.line}: error: {one.message} [not-xml]" for one in refused]
        said += [problems_as_text(problems, options.colour)] * bool(problems or not refused)
        return Said("\n\n".join(said), status)
    severities = ("error", "warning") if options.fix == "all" else ("error",)

    def wanted(problem) -> bool:
        """Not what is for an admin to decide."""
        return problem.severity in severities and not problem.asks

    mended = [mend(domain, wanted) for domain in pasted.domains]
    left = [problem for domain in mended for problem in check(domain)]
    xml = "\n".join(laid_out(domain.element) for domain in mended)
    if options.json:
        return Said({"xml": xml} | _as_dict(left), _status(left))
    return Said(printable(xml), _status(left), problems_as_text(left) if left else "")


def _as_problem(remark: Remark) -> dict:
    """What libvirt would not even read, as the JSON of a problem."""
    said = {"severity": "error", "code": "not-xml", "path": "/", "line": remark.line}
    said |= {"message": remark.message, "why": "libvirt takes XML only as it is written."}
    return said | {"fix": None, "source": "libvirt: virXMLParse", "since": None, "target": None}


def _as_dict(problems: list) -> dict:
    return {"problems": [problem.as_dict() for problem in problems]}


def _status(problems: list) -> int:
    return REFUSED if any(problem.severity == "error" for problem in problems) else OK


def _convert(pasted: Pasted, options: argparse.Namespace) -> Said:
    from .rewriting.conversion import convert
    from .views.converted import conversion_as_text
    from .views.text import disk_name

    disks = [disk for disk in _disks(pasted) if options.target in (None, disk.target)]
    if len(disks) != 1:
        names = ", ".join(map(disk_name, _disks(pasted))) or "there is none"
        raise Unconvertible(f"Say with --target which disk shall be converted: {names}.")
    converted = convert(disks[0], options.bus)
    if not options.json:
        return Said(conversion_as_text(converted, options.colour))
    said = {name: getattr(converted, name) for name in ("bus", "new", "controller", "domain")}
    said["also"] = [change._asdict() for change in converted.also]
    said["new_target"] = converted.target
    said["steps"] = [step._asdict() for part in converted.steps for step in part.steps]
    return Said({"disks": [_named(converted.disk) | said]})


def _ask(pasted: Pasted, options: argparse.Namespace) -> Said:
    from .evidence.comparison import compare
    from .evidence.rungs import shared
    from .views.beside_libvirt import comparison_as_text

    def progress(_part: float, what: str) -> None:
        """Say to whoever waits what takes so long."""
        if sys.stderr and sys.stderr.isatty():
            print(f"{what} …", file=sys.stderr)

    said = [compare(domain, shared(progress)) for domain in pasted.domains]
    status = REFUSED if any(one.refusal for one in said) else OK
    if not options.json:
        return Said("\n\n".join(comparison_as_text(one, options.colour) for one in said), status)
    first, *others = [one.as_dict() for one in said]
    for name in ("notes", "disks"):
        first[name] += chain.from_iterable(one[name] for one in others)
    first["refusal"] = next((one.refusal for one in said if one.refusal), None)
    return Said(first, status)


_FIX = {
    "--fix": {
        "action": "store_const", "const": "errors",
        "help": "print the XML with the errors mended, --fix=all with the warnings too; not where that"
        " is for you to decide, such as another bus",
    },
    _FIX_ALL: {"action": "store_const", "const": "all", "dest": "fix", "help": argparse.SUPPRESS},
}  # fmt: skip
_BUS = {"--bus": {"choices": BUSES, "default": "virtio", "help": "the new bus (default: virtio)"}}
_TARGET = {"--target": {"metavar": "NAME", "help": "the disk, where there are several"}}


class Command(NamedTuple):
    """A command: what it says of a domain, what it is for, and its options beyond --json."""

    say: Callable[[Pasted, argparse.Namespace], Said]
    purpose: str
    options: Mapping[str, dict] = MappingProxyType({})


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


def _build(options: argparse.Namespace) -> int:
    """Print the `<disk>` that was chosen, or why libvirt would refuse it."""
    from .build import build, choices
    from .refusals import check
    from .views.problems import problems_as_text
    from .views.text import printable

    names = {name: getattr(options, name) for name in choices()}
    # A choice that may repeat comes as a list even where there is one.
    single = {name: v[0] for name, v in names.items() if isinstance(v, list) and len(v) == 1}
    try:
        xml = build(**names | single)
        problems = check(read(xml, options.libvirt))
    except ValueError as error:
        print(f"virtiolab: build: {one_line(str(error), 500)}", file=sys.stderr)
        return REFUSED
    status = _status(problems)
    shown: str | dict = {"xml": xml} | _as_dict(problems)
    if not options.json:
        shown = "" if status else printable(xml.rstrip("\n"))
    _print(Said(shown, aside=problems_as_text(problems) if problems else ""))
    return status


if __name__ == "__main__":
    sys.exit(main())
