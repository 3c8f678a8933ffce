"""The XML explainer: paste or upload XML, and read what each disk in it means."""

from pathlib import Path

import ipywidgets

from ..document import UnreadableXML, one_line, read
from ..views import View, nothing_yet, overview, problem, show
from .static import WithStaticForm

MAX_DISKS = 200  # that are offered; a list of more is of no use to anyone
_OWN = "your own XML"


class XMLExplainer(WithStaticForm):
    """A box for XML, and below it the answers about each disk in it, with their reasons.

    `folder` is one with example files. The parts are widgets too: set `text.value`, `disk.index`.
    """

    def __init__(self, xml: str = "", folder: str | Path | None = None):
        files = sorted(Path(folder).glob("*.xml")) if folder else []
        self._examples = {file.stem: file.read_text(encoding="utf-8") for file in files}
        self.example = ipywidgets.Dropdown(
            options=[_OWN, *self._examples],
            description="Example",
            layout={"width": "22em", "display": "" if files else "none"},
        )
        self.upload = ipywidgets.FileUpload(
            accept=".xml,.txt", description="Open a file", tooltip="Open a file of libvirt XML"
        )
        self.text = ipywidgets.Textarea(
            value=xml,
            placeholder="Paste a <domain>, or a <disk> of it, here: virsh dumpxml prints one.",
            tooltip="The XML to explain",
            layout={"width": "100%", "height": "14em"},
        )
        self.text.add_class("vl-paste")
        self.summary = ipywidgets.HTML()
        self.disk = ipywidgets.Dropdown(
            description="Disk", tooltip="The disk to explain", layout={"width": "34em"}
        )
        self.answer = ipywidgets.HTML()
        sources = ipywidgets.HBox([self.example, self.upload], layout={"flex_flow": "row wrap"})
        super().__init__([sources, self.text, self.summary, self.disk, self.answer])
        self.add_class("vl-explainer")
        self.example.observe(self._take_example, "value")
        self.upload.observe(self._take_upload, "value")
        self.text.observe(self._read, "value")
        self.disk.observe(self._show, "index")
        self._read()

    def static_html(self) -> str:
        return self.summary.value + self.answer.value

    def static_text(self) -> str:
        return "\n\n".join(view.text for view in (self._summary, self._answer) if view.text)

    def _take_example(self, change) -> None:
        self.text.value = self._examples.get(change["new"], "")

    def _take_upload(self, change) -> None:
        for file in change["new"]:
            self.text.value = _decoded(bytes(file["content"]))
            self.upload.value = ()  # so that the same file, changed, can be opened again

    def _read(self, _=None) -> None:
        """Read the text anew. What cannot be read is answered with one sentence."""
        try:
            found = read(self.text.value).disks if self.text.value.strip() else None
        except UnreadableXML as error:
            self._disks, self._summary = (), problem(error)
        else:
            self._disks = (found or ())[:MAX_DISKS]
            self._summary = nothing_yet() if found is None else overview(found, MAX_DISKS)
        self.summary.value = self._summary.html
        self.disk.options = [
            f"{number}. {one_line(disk.target or '(no name)', 40)}, line {disk.line}"
            for number, disk in enumerate(self._disks, 1)
        ]
        self.disk.index = 0 if self._disks else None
        self.disk.layout.display = "" if len(self._disks) > 1 else "none"
        self._show()

    def _show(self, _=None) -> None:
        """Show the answers about the chosen disk."""
        chosen = self.disk.index
        self._answer = View("", "") if chosen is None else show(self._disks[chosen])
        self.answer.value = self._answer.html


def _decoded(content: bytes) -> str:
    """A file's text; XML that is not UTF-8 begins with a byte order mark."""
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return content.decode("utf-16" if is_utf16 else "utf-8-sig", errors="replace")
