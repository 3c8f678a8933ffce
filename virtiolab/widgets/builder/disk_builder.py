"""The disk builder: choose what is written in a `<disk>`, and see what becomes of the rest."""

from collections.abc import Iterable, Mapping

import ipywidgets

from ...build import build
from ...document import Disk
from ...refusals import Problem
from ...rewriting.choices import choices_of
from ...views.fields import form
from ...views.problems import refused
from ...views.view import View, sentence
from ..draft import FRAGMENT, Draft
from ..static import WithStaticForm
from ..xml_explainer import XMLExplainer
from .built import Built
from .controls import Field
from .form import Form

MACHINES = {"x86_64, pc": "pc", "x86_64, q35": "q35", "not known: a part of a guest": FRAGMENT}

_KEYS = "By keyboard: Tab goes on, Space opens a menu."  # arrows alone are JupyterLab's
_AS_IT_WAS = "What is chosen cannot be written, so the XML stays as it was."


class DiskBuilder(WithStaticForm):
    """A form for a `<disk>`; beside it the XML, what follows from it, and what is wrong with it.

    `machine` is that of the guest (None: not known), `fields` are the choices that are offered
    (None: all), `explainer` is one that takes the XML; what else is given is chosen at first.
    """

    def __init__(
        self,
        machine: str | None = "pc",
        fields: Iterable[str] | None = None,
        explainer: XMLExplainer | None = None,
        **chosen,
    ):
        fields = None if fields is None else list(fields)
        build(**dict.fromkeys(fields or ()))  # it knows what to say of an unknown name
        self.chosen = _written(chosen)
        self.draft, self._first = Draft(machine, self.chosen), self.chosen
        self._old = self.draft.text
        self._machines = MACHINES | ({} if machine in MACHINES.values() else {machine: machine})
        self.machine = ipywidgets.Dropdown(
            description="Guest", tooltip="The guest that the disk is in: its machine decides with",
            options=list(self._machines), index=list(self._machines.values()).index(machine),
        ).add_class("vl-machine")  # fmt: skip
        self.again = ipywidgets.Button(description="Start over", tooltip="Choose as at first")
        self.form = Form(
            fields, lambda field: self.choose(**{field.choice.name: field.value}),
            self._apply, self._show,
        )  # fmt: skip
        self.built = Built(self._apply, explainer)
        keys = ipywidgets.HTML(sentence(_KEYS, "vl-keys").html)
        head = ipywidgets.HBox([self.machine, self.again, keys]).add_class("vl-head")
        left = ipywidgets.VBox([head, self.form]).add_class("vl-left")
        columns = ipywidgets.HBox([left, self.built]).add_class("vl-columns")
        super().__init__([columns, self.built.below])
        self.add_class("vl-builder")
        self._refusal: str | None = None
        self.machine.observe(self._move, "index")
        self.again.on_click(lambda _: self.load(self._first))
        self._show()

    @property
    def fields(self) -> dict[str, Field]:
        """The fields that were made so far, by the name of their choice."""
        return self.form.fields

    @property
    def xml(self) -> str:
        """The XML of the disk."""
        return self.draft.xml

    def choose(self, **chosen) -> None:
        """Choose some things as if somebody set their fields; None takes away."""
        self.load(self.chosen | chosen)

    def load(self, disk: Disk | Mapping) -> None:
        """Choose all that is written in a disk, or what is given, and nothing else."""
        self.chosen = _written(choices_of(disk) if isinstance(disk, Disk) else disk)
        before, self._refusal = self.draft.text, None
        try:
            self.draft.choose(self.chosen)
        except ValueError as error:  # it cannot be written, so the disk before it stays
            self._refusal = str(error)
        else:
            self._old = before
        self._show()

    def static(self) -> View:
        names = dict.fromkeys([*self.form.always, *self.draft.chosen])
        draft = self.draft
        filled = [draft.filled(name) for name in names]
        return form(draft.disk, draft.answers, filled, draft.text, draft.problems)

    def _move(self, _) -> None:
        self._old = self.draft.text
        self.draft.move(list(self._machines.values())[self.machine.index])
        self._show()

    def _apply(self, problem: Problem, field: Field | None = None) -> None:
        """Mend a problem; the keyboard goes on where the button was."""
        self._old = self.draft.text
        self.draft.mend(problem)
        self.chosen, self._refusal = dict(self.draft.chosen), None
        self._show()
        (field.control if field else self.built.resolve).focus()

    def _show(self) -> None:
        rest = self.form.show(self.draft, self.chosen)
        self.built.show(self.draft, self._old, rest)
        if said := self._refusal:
            name = said.partition(" ")[0]  # of the choice: the sentence begins with it
            if is_said := name in self.form.names:
                self.fields[name].refuse(said)
            self.built.refused.value = refused(_AS_IT_WAS if is_said else f"{said} {_AS_IT_WAS}")


def _written(chosen: Mapping) -> dict:
    """What of it is written at all."""
    return {n: value for n, value in chosen.items() if value is not None and value is not False}
