"""What the disk builder has built: XML with its last change, the verdict, and ways to go on."""

from collections.abc import Callable, Sequence

import ipywidgets

from ...refusals import Problem
from ...views.changes import marked
from ...views.elements import file_link
from ...views.fields import verdict_on
from ...views.resolved import Resolved
from ...views.text import printable
from ...views.view import sentence
from ..draft import Draft
from ..notes import Notes
from ..xml_explainer import XMLExplainer
from .controls import Toggle

_TIP = "Select it all and copy it. What is changed here is put back."


class Built(ipywidgets.VBox):
    """The XML of a draft; `explainer` is where it is opened, by itself below if none is given."""

    def __init__(self, apply: Callable[[Problem], None], explainer: XMLExplainer | None):
        self.xml, self.verdict, self.refused, self.file, self.resolved, self.opened = (
            ipywidgets.HTML() for _ in range(6)
        )
        self.notes = Notes(apply)
        self.resolve = Toggle("As libvirt writes it back", "With every default filled in")
        self.copy = Toggle("Copy or save", "The XML as plain text, and as a file")
        self.explain = ipywidgets.Button(
            description="Explain it", tooltip="Open the XML in the explainer"
        )
        self.plain = ipywidgets.Textarea(
            description="XML to copy", tooltip=_TIP, continuous_update=False,
            layout={"width": "100%", "display": "none"},
        ).add_class("vl-source")  # fmt: skip
        self.explainer, self._is_lent = explainer, explainer is not None
        self.below = ipywidgets.VBox().add_class("vl-explained")
        row = ipywidgets.HBox([self.resolve, self.copy, self.explain]).add_class("vl-chips")
        shown = [self.xml, self.refused, self.verdict, self.notes]
        super().__init__([*shown, row, self.plain, self.file, self.resolved, self.opened])
        self.add_class("vl-built")
        self.resolve.observe(self._unfold, "value")
        self.copy.observe(self._unfold, "value")
        self.plain.observe(self._put_back, "value")
        self.explain.on_click(self._open)

    def show(self, draft: Draft, old: str, problems: Sequence[Problem]) -> None:
        """Show a draft, with a mark where its XML differs from the old one."""
        self._draft = draft
        self.xml.value = marked(old, draft.text).html
        self.verdict.value = verdict_on(draft.disk, draft.answers, draft.problems)
        self.refused.value = self.opened.value = ""
        self.notes.show(problems, with_path=True)
        self._unfold()

    def _unfold(self, _=None) -> None:
        """Show what is unfolded, and nothing else."""
        self.plain.layout.display = "" if self.copy.value else "none"
        text = printable(self._draft.text) if self.copy.value else ""
        self.plain.rows, self.plain.value = max(2, text.count("\n")), text
        self.file.value = file_link("Save it as disk.xml", "disk.xml", text) if text else ""
        says = sentence("What libvirt adds is underlined.").html
        self.resolved.value = says + Resolved(self._draft.disk).html if self.resolve.value else ""

    def _put_back(self, _) -> None:
        if self.copy.value:
            self.plain.value = printable(self._draft.text)

    def _open(self, _) -> None:
        """Hand the XML to the explainer that was given, or to one below."""
        if self.explainer is None:
            self.explainer = XMLExplainer()
            self.below.children = [self.explainer]
        self.explainer.text.value = self._draft.whole
        where = "the explainer" if self._is_lent else "the explainer below"
        self.opened.value = sentence(f"It is in {where} now.").html
