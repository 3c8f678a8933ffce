"""The XML explainer: paste or upload XML, and read what each disk in it means."""

import codecs
import re
from itertools import chain
from pathlib import Path

import ipywidgets

from ..document import Disk, Domain
from ..explanation import Explanation
from ..pastes import Pasted, lines_of_disks, read_pasted
from ..refusals import SEVERITIES, Problem, check, mend
from ..rewriting import BUSES, Unconvertible
from ..rewriting.conversion import convert
from ..views.answers import interactive, overview
from ..views.converted import Converted
from ..views.explained import Explained, names
from ..views.pasted import places, remarks
from ..views.problems import NONE, problems_as_html, problems_as_text
from ..views.text import MOST, disk_name, more, printable
from ..views.view import View, sentence
from ..xml import UnreadableXML, laid_out, one_line
from .notes import Notes
from .static import WithStaticForm

# Bytes: with much more in a box a page takes seconds, and minutes with the worst.
MAX_FILE = 1 << 17
_TOO_LARGE = (
    f"This file is larger than {MAX_FILE >> 10} KiB; copy the part of it that you ask about, and"
    " paste that."
)
_OWN = "your own XML"
_STAYS = "no other bus"
_BYTE_ORDER_MARKS = {  # in this order: UTF-32's begins with UTF-16's
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
# What has a part in the answer to "is it virtio?".
_FOR_VIRTIO = re.compile("@(type|device|model)|target(/@(dev|bus))?|address(/.*)?")
FILTERS = {
    "none": lambda row: False,
    "all": lambda row: True,
    "only what is inferred or a default": lambda row: row.origin in ("inferred", "default"),
    "only what matters for virtio": lambda row: _FOR_VIRTIO.fullmatch(row.name),
}


_MOST_NOTES = 20  # problems of one disk, the worst first
_TOO_MANY = (
    f"There are more than {MOST} disks in it; `virtiolab check` looks for what is wrong with them."
)


class XMLExplainer(WithStaticForm):
    """A box for XML, and below it each disk in it, every name explained, the answers and the problems.

    `folder` is one with example files. The parts are widgets too: set `text.value`, `disk.index`.
    """

    _disks: tuple[Disk, ...]

    def __init__(self, xml: str = "", folder: str | Path | None = None):
        files = sorted(Path(folder).glob("*.xml")) if folder else []
        self._examples = {one_line(file.stem, 60): _decoded(file.read_bytes()) for file in files}
        self.example = _menu("Example", "An example to explain", [_OWN, *self._examples])
        self.upload = ipywidgets.FileUpload(
            accept=".xml,.txt", description="Open a file", tooltip="Open a file of libvirt XML"
        )
        self.text = ipywidgets.Textarea(
            value=_shown(xml),
            placeholder="Paste a <domain>, or a <disk> of it, here: virsh dumpxml prints one.",
            description="XML",
            tooltip="The XML to explain",
            layout={"width": "100%", "height": "16em"},
        ).add_class("vl-source")
        self.disk = _menu("Disk", "The disk to explain")
        self.filter = _menu("List names", "The names to list below the XML", list(FILTERS))
        self.bus = _menu(
            "Move it to", "Another bus for the disk, and what that takes", [_STAYS, *BUSES]
        )
        self.summary, self.answer, self.wrong = (ipywidgets.HTML() for _ in range(3))
        self.names, self.moved = ipywidgets.HTML(), ipywidgets.HTML()
        self.problems = Notes(self._apply)
        sources = [self.example, self.upload] if files else [self.upload]
        row = ipywidgets.HBox(sources, layout={"flex_flow": "row wrap"})
        explained = [self.disk, self.answer, self.wrong, self.problems, self.filter, self.names]
        super().__init__([row, self.text, self.summary, *explained, self.bus, self.moved])
        self.add_class("vl-explainer")
        self.example.observe(self._take_example, "value")
        self.upload.observe(self._take_upload, "value")
        self.text.observe(self._read, "value")
        self.disk.observe(self._show, "index")
        self.filter.observe(self._list, "value")
        self.bus.observe(self._move, "value")
        self._read()

    def static(self) -> View:
        shown = [self._summary, *([Explained(self._chosen)] if self._chosen else [])]
        if self._found:
            shown.append(
                View(lambda: problems_as_html(self._found), lambda: problems_as_text(self._found))
            )
        return View(
            lambda: "".join(view.html for view in shown),
            lambda: "\n\n".join(view.text for view in shown),
        )

    @property
    def _chosen(self) -> Disk | None:
        return None if self.disk.index is None else self._disks[self.disk.index]

    def _take_example(self, change) -> None:
        self.text.value = _shown(self._examples.get(change["new"], ""))

    def _take_upload(self, change) -> None:
        """Put a file into the box, if that can take it; else what is in the box stays."""
        for file in change["new"]:
            content = bytes(file["content"][: MAX_FILE + 1])
            if len(content) > MAX_FILE:
                self._say(sentence(_TOO_LARGE, "vl-error"))
            else:
                self.text.value = _shown(_decoded(content))
            self.upload.value = ()  # so that the same file, changed, can be opened again

    def _read(self, _=None) -> None:
        """Read the text anew. What cannot be read is answered with one sentence."""
        shown = _shown(self.text.value)
        if shown != self.text.value:
            self.text.value = shown  # which calls this again
            return
        self._pasted: Pasted | None = None
        self._problems: list[Problem] | None = None  # of all disks; None of too many
        self._disks = tuple([])
        self._found: list[Problem] = []  # of the chosen one
        try:
            if self.text.value.strip():
                self._pasted = read_pasted(self.text.value)
        except UnreadableXML as error:
            self._say(sentence(str(error), "vl-error"))
        else:
            self._say_what_was_read()
        chosen = self.disk.index  # its number stays while somebody types
        self.disk.unobserve(self._show, "index")  # new options choose the first, for a moment
        with self.disk.hold_sync():  # one message to the page
            self.disk.options = [
                f"{number}. {disk_name(disk)}, line {disk.line}"
                for number, disk in enumerate(self._disks, 1)
            ]
            self.disk.index = min(chosen or 0, len(self._disks) - 1) if self._disks else None
        self.disk.observe(self._show, "index")
        self.disk.layout.display = "" if len(self._disks) > 1 else "none"
        self._show()

    def _say_what_was_read(self) -> None:
        if self._pasted is None:
            self._say(sentence("Nothing to explain yet."))
            return
        domains, said, text = self._pasted
        first, *others = (domain.disks for domain in domains)
        disks = [*first, *chain.from_iterable(others)] if others else first
        self._disks = tuple(disks[:MOST])
        found = lines_of_disks(text)
        stand = {
            f"{n}. {disk_name(disk)}": next((lines for lines in found if disk.line in lines), None)
            for n, disk in enumerate(self._disks, 1)
        }
        known = {name: lines for name, lines in stand.items() if lines}
        if len(disks) <= MOST:
            self._problems = [problem for domain in domains for problem in check(domain)]
        overviewed = overview(disks, problems=self._problems)
        self._say(overviewed, remarks(said), places(text, known))

    def _say(self, summary: View, *more: View) -> None:
        self._summary = summary
        self.summary.value = "".join(view.html for view in (summary, *more))

    def _show(self, _=None) -> None:
        self._explained = Explanation(self._chosen) if self._chosen else None
        self.answer.value = interactive(self._explained) if self._explained else ""
        self._find_what_is_wrong()
        for menu in (self.filter, self.bus):
            menu.layout.display = "" if self._explained else "none"
        self._list()
        self._move()

    def _find_what_is_wrong(self) -> None:
        """Show the problems of the disk, and those of its guest that are no disk's."""
        said, self._found = "", []
        if self._chosen and self._problems is None:
            said = _TOO_MANY
        elif self._chosen:
            root = self._chosen.domain.element
            self._found = [
                problem
                for problem in self._problems
                if problem.disk == self._chosen
                or (problem.disk is None and root in problem.element.iterancestors())
            ]
            self._found.sort(key=lambda one: SEVERITIES.index(one.severity))
            left_out = more(len(self._found) - _MOST_NOTES, "problem")
            said = "".join(left_out) if self._found else NONE
        self.wrong.value = sentence(said, "vl-checked").html if said else ""
        self.problems.show(self._found[:_MOST_NOTES], with_path=True)

    def _apply(self, problem: Problem) -> None:
        """Put the XML into the box in which this problem is mended; the others stay."""

        def place(one: Problem) -> tuple[int, int]:
            """Which element of its guest it is about; two disks can stand on one line."""
            elements = [*one.disk.domain.element.iter()]
            return elements.index(one.disk.element), elements.index(one.element)

        where = place(problem)

        def is_this(found: Problem) -> bool:
            return (found.code, found.path) == (problem.code, problem.path) and place(
                found
            ) == where

        guest = self._chosen.domain
        domains = (mend(one, is_this) if one is guest else one for one in self._pasted.domains)
        self.text.value = _shown("\n".join(_written(one, self._pasted.text) for one in domains))

    def _list(self, _=None) -> None:
        """List the names that the filter lets pass."""
        wanted = FILTERS[self.filter.value]
        hidden = self._explained is None or self.filter.value == "none"
        rows = [] if hidden else [row for row in self._explained.rows if wanted(row)]
        self.names.value = "" if hidden else names(rows)

    def _move(self, _=None) -> None:
        """Show what a move of the disk to another bus would take; nothing is moved."""
        self.moved.value = ""
        if self._chosen and self.bus.value != _STAYS:
            try:
                self.moved.value = Converted(convert(self._chosen, self.bus.value)).html
            except Unconvertible as error:
                self.moved.value = sentence(str(error), "vl-error").html


def _written(domain: Domain, text: str) -> str:
    """The XML of a guest; of disks that came without a `<devices>`, of these alone."""
    if domain.element.tag == "devices" and "<devices" not in text:
        return "\n".join(map(laid_out, domain.element.iterchildren("*")))
    return laid_out(domain.element)


def _menu(description: str, tooltip: str, options=()) -> ipywidgets.Dropdown:
    layout = {"width": "34em", "max_width": "100%"}
    return ipywidgets.Dropdown(
        description=description, tooltip=tooltip, options=options, layout=layout
    )


def _shown(xml: str) -> str:
    """The same XML without what a box for text would hide or obey."""
    return printable(re.sub("\r\n?", "\n", xml))


def _decoded(content: bytes) -> str:
    """A file's text; XML that is not UTF-8 begins with a byte order mark."""
    found = (name for mark, name in _BYTE_ORDER_MARKS.items() if content.startswith(mark))
    return content.decode(next(found, "utf-8-sig"), errors="replace")
