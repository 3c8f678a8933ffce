"""The command line: `virtiolab infer FILE…`, or `python -m virtiolab`."""

import argparse
import json
import os
import sys
from pathlib import Path

from .commands import (
    COMMANDS,
    NOT_INSTALLED,
    REFUSED,
    UNREADABLE,
    Said,
    add_choices,
    build_disk,
)
from .conversion import Unconvertible
from .document import Domain, read
from .evidence import NoAnswer, NotInstalled
from .parsing import MAX_BYTES, UnreadableXML, one_line

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
