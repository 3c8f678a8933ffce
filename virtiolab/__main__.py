"""The command line: `virtiolab infer FILE…`, or `python -m virtiolab`."""

import argparse
import json
import os
import sys
from pathlib import Path

from .document import Disk, Domain, read
from .explanation import Explanation
from .inference import infer
from .parsing import MAX_BYTES, UnreadableXML, one_line
from .views.text import NO_DISK, answers_of, explanation_of

OK, UNREADABLE = 0, 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command on each file; returns the worst exit status."""
    options = _parser().parse_args(arguments)
    if sys.stdout is None:
        print("virtiolab: there is no standard output.", file=sys.stderr)
        return UNREADABLE
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # for terminals that lack a character
    worst = OK
    try:
        for name in options.files:
            worst = max(worst, _answer(name, options))
        print(end="", flush=True)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as error:  # such as a full disk
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        print(f"virtiolab: cannot write: {error.strerror}", file=sys.stderr)
        return UNREADABLE
    except KeyboardInterrupt:
        return 130
    return worst


class _Parser(argparse.ArgumentParser):
    """Whose errors are clean lines, whatever was typed."""

    def error(self, message: str):
        super().error(one_line(message, 500))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="virtiolab", description="What a libvirt <disk> really means.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (work, purpose) in _COMMANDS.items():
        command = commands.add_parser(
            name, help=purpose, description=f"Say of each disk {purpose}."
        )
        command.add_argument("files", metavar="FILE", nargs="+", help="libvirt XML; - is stdin")
        command.add_argument("--json", action="store_true", help="one JSON object a file and line")
        command.set_defaults(work=work)
    return parser


def _answer(name: str, options) -> int:
    """Read one file, and print what the command says of its disks."""
    try:
        disks = _read(name).disks
    except UnreadableXML as error:
        return _report(name, error, options.json)
    as_json, as_text = options.work
    if options.json:
        print(json.dumps({"file": name, "disks": [as_json(disk) for disk in disks]}))
    else:
        several = len(options.files) > 1
        title = f"== {one_line(name)} ==\n\n" if several else ""
        texts = [as_text(disk, _colour()) for disk in disks]
        print(title + ("\n\n".join(texts) or NO_DISK), end="\n\n" if several else "\n")
    return OK


def _read(name: str) -> Domain:
    if name == "-" and sys.stdin is None:
        raise UnreadableXML("There is no standard input.")
    if name == "-":
        return read(sys.stdin.buffer.read(MAX_BYTES + 1))
    return read(Path(name))


def _inferred_json(disk: Disk) -> dict:
    answers = infer(disk)
    said = {row: answer.as_dict() for row, answer in answers._asdict().items()}
    said["virtio"]["device"] = answers.virtio_device
    return {"target": disk.target, "line": disk.line} | said


def _inferred_text(disk: Disk, colour: bool) -> str:
    return answers_of([(disk, infer(disk))], colour)


def _explained_json(disk: Disk) -> dict:
    rows = [row._asdict() for row in Explanation(disk).rows]
    return {"target": disk.target, "line": disk.line, "rows": rows}


def _explained_text(disk: Disk, colour: bool) -> str:
    return explanation_of(Explanation(disk), colour)


# Of each command: what it says of a disk, as JSON and as text, and its purpose.
_COMMANDS = {
    "infer": (
        (_inferred_json, _inferred_text),
        "which bus and which format it has, whether it is virtio, and why",
    ),
    "explain": (
        (_explained_json, _explained_text),
        "what every name in it means, and what is decided although nobody wrote it",
    ),
}


def _colour() -> bool:
    no_colour = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not no_colour


def _report(name: str, error: UnreadableXML, as_json: bool) -> int:
    """One line on stderr; with --json one on stdout too, so that the stream misses no file."""
    if as_json:
        print(json.dumps({"file": name, "error": {"line": error.line, "message": error.message}}))
    print(f"virtiolab: {one_line(name, 4096)}: {error}", file=sys.stderr)
    return UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
