"""The XML explainer: paste or upload XML, and read what each disk in it means."""

import codecs
import re
from pathlib import Path

import ipywidgets

from ..document import Disk, read
from ..explanation import Explanation
from ..views.answers import interactive, overview
from ..views.explained import Explained, names
from ..views.text import MOST, disk_name, printable
from ..views.view import View, sentence
from ..xml import UnreadableXML, one_line
from .static import WithStaticForm

# Bytes: with much more in a box a page takes seconds, and minutes with the worst.
MAX_FILE = 1 << 17
_TOO_LARGE = (
    f"This file is larger than {MAX_FILE >> 10} KiB; copy the part of it that you ask about, and"
    " paste that."
)
_OWN = "your own XML"
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


class XMLExplainer(WithStaticForm):
    """A box for XML, and below it each disk in it, every name explained, and the answers.

    `folder` is one with example files. The parts are widgets too: set `text.value`, `disk.index`.
    """

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
        self.summary, self.answer, self.names = (ipywidgets.HTML() for _ in range(3))
        sources = [self.example, self.upload] if files else [self.upload]
        row = ipywidgets.HBox(sources, layout={"flex_flow": "row wrap"})
        explained = [self.disk, self.answer, self.filter, self.names]
        super().__init__([row, self.text, self.summary, *explained])
        self.add_class("vl-explainer")
        self.example.observe(self._take_example, "value")
        self.upload.observe(self._take_upload, "value")
        self.text.observe(self._read, "value")
        self.disk.observe(self._show, "index")
        self.filter.observe(self._list, "value")
        self._read()

    def static(self) -> View:
        shown = [self._summary, *([Explained(self._chosen)] if self._chosen else [])]
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
        try:
            found = read(self.text.value).disks if self.text.value.strip() else None
        except UnreadableXML as error:
            self._disks: tuple[Disk, ...] = ()
            self._say(sentence(str(error), "vl-error"))
        else:
            self._disks = (found or ())[:MOST]
            self._say(sentence("Nothing to explain yet.") if found is None else overview(found))
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

    def _say(self, summary: View) -> None:
        self._summary, self.summary.value = summary, summary.html

    def _show(self, _=None) -> None:
        self._explained = Explanation(self._chosen) if self._chosen else None
        self.answer.value = interactive(self._explained) if self._explained else ""
        self.filter.layout.display = "" if self._explained else "none"
        self._list()

    def _list(self, _=None) -> None:
        """List the names that the filter lets pass."""
        wanted = FILTERS[self.filter.value]
        hidden = self._explained is None or self.filter.value == "none"
        rows = [] if hidden else [row for row in self._explained.rows if wanted(row)]
        self.names.value = "" if hidden else names(rows)


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
