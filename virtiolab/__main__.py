"""The command line: `virtiolab infer FILE…`, or `python -m virtiolab`."""

import argparse
import json
import os
import sys
from pathlib import Path

from .document import MAX_BYTES, Domain, UnreadableXML, one_line, read
from .inference import infer
from .views.text import answers_of

OK, UNREADABLE = 0, 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status. See DESCRIPTION in `--help`."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a character gets an escape
        stream.reconfigure(errors="backslashreplace")
    try:
        return max(options.command(name, options) for name in options.files)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="virtiolab", description="What a libvirt <disk> really means."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    command = commands.add_parser(
        "infer",
        help="which bus, which format, virtio or not, and why",
        description="Say of each disk which bus, which format, whether it is virtio, and why.",
    )
    command.add_argument(
        "files", metavar="FILE", nargs="+", help="libvirt XML; - is standard input"
    )
    command.add_argument("--json", action="store_true", help="one JSON object a file, one a line")
    command.set_defaults(command=_infer)
    return parser


def _infer(name: str, options) -> int:
    try:
        domain = _read(name)
    except UnreadableXML as error:
        return _report(name, error, options.json)
    if options.json:
        print(json.dumps({"file": name, "disks": [_as_json(disk) for disk in domain.disks]}))
    else:
        several = len(options.files) > 1
        title = f"== {one_line(name)} ==\n\n" if several else ""
        print(title + _as_text(domain), end="\n\n" if several else "\n")
    return OK


def _read(name: str) -> Domain:
    if name == "-":
        return read(sys.stdin.buffer.read(MAX_BYTES + 1))
    return read(Path(name))


def _as_json(disk) -> dict:
    answers = infer(disk)
    said = {row: answer.as_dict() for row, answer in answers._asdict().items()}
    said["virtio"]["device"] = answers.virtio_device
    return {"target": disk.target, "line": disk.line} | said


def _as_text(domain: Domain) -> str:
    no_colour = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    answered = [(disk, infer(disk)) for disk in domain.disks]
    return answers_of(answered, colour=sys.stdout.isatty() and not no_colour)


def _report(name: str, error: UnreadableXML, as_json: bool) -> int:
    """One line on stderr; with --json one on stdout too, so that the stream misses no file."""
    if as_json:
        print(json.dumps({"file": name, "error": {"line": error.line, "message": error.message}}))
    print(f"virtiolab: {one_line(name, 4096)}: {error}", file=sys.stderr)
    return UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
