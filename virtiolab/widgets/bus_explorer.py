"""The bus explorer: choose what is written about a disk's bus, and see which rule decides."""

from collections.abc import Sequence

import ipywidgets
from lxml import etree

from ..build import build, choices
from ..document import read
from ..evidence.guests import in_guest
from ..inference import infer
from ..refusals import check
from ..targets import BUS_OF_PREFIX, usual_name
from ..views.bus_questions import ends, explored, picture
from ..views.changes import marked
from ..views.elements import root
from ..views.fields import NOT_WRITTEN, shown
from ..views.problems import NONE, note, refused
from ..views.view import View, sentence
from ..xml import written
from .static import WithStaticForm

# By their name in <os>, with their architecture.
MACHINES = {
    "pc": "x86_64",
    "q35": "x86_64",
    "s390-ccw-virtio": "s390x",
    "pseries": "ppc64le",
    "virt": "aarch64",
}
MODELS = (
    "auto", "virtio-scsi", "virtio-transitional", "virtio-non-transitional", "lsilogic",
    "lsisas1068", "lsisas1078", "ibmvscsi",
)  # fmt: skip
_MACHINES = {f"{arch}, {name}": name for name, arch in MACHINES.items()}
_MACHINES["not known: a part of a guest"] = None
_NAMES = (*map(usual_name, BUS_OF_PREFIX.values()), "sdb", "sdh", "fda", "vda1", "disk1")
_AS_IT_WAS = "What is typed cannot be written, so all stays as it was."


def guest(
    dev: str | None, device: str | None, bus: str | None, machine: str | None, model: str | None
) -> str:
    """The XML of a guest with this disk alone, and with a SCSI controller if its `model` is given.

    None is what is not written; without a machine, it is a part of a guest.
    Raises ValueError, one sentence, for what cannot be written.
    """
    # A LUN is a device: libvirt takes no file for it.
    kind, source = ("block", "/dev/sdb") if device == "lun" else ("file", "/images/a.img")
    xml = build(type=kind, source=source, device=device, target=dev, bus=bus)
    if model is not None:
        xml += written(etree.Element("controller", type="scsi", index="0", model=model))
    if machine is None:
        return xml
    return written(in_guest(read(xml), machine, MACHINES[machine]).element)


class BusExplorer(WithStaticForm):
    """What is written about a disk's bus; below it the questions that decide, and the answers.

    None is what is not written, and for the `machine` one that is not known. The parts are widgets:
    set `dev.value` (empty: not written), `bus.value` (NOT_WRITTEN or a bus) and so on.
    """

    def __init__(
        self,
        dev: str | None = "vda",
        device: str | None = None,
        bus: str | None = None,
        machine: str | None = "pc",
        model: str | None = None,
    ):
        self.dev = ipywidgets.Combobox(
            value=dev or "", options=_NAMES, placeholder=NOT_WRITTEN,
            description="target dev", tooltip="The name in <target dev=…>",
        )  # fmt: skip
        self.device = _menu(
            "device", "The device in <disk device=…>", choices()["device"].values, device
        )
        self.bus = _menu("target bus", "The bus in <target bus=…>", choices()["bus"].values, bus)
        self.machine = ipywidgets.Dropdown(
            options=[*_MACHINES], index=[*_MACHINES.values()].index(machine),
            description="machine", tooltip="The machine of the guest, in its <os>",
        )  # fmt: skip
        self.model = _menu("SCSI model", "The model in <controller type='scsi'>", MODELS, model)
        self.picture, self.xml, self.notes, self.answers = (ipywidgets.HTML() for _ in range(4))
        self.notes.tabbable, self.notes.tooltip = True, "What is wrong with it"  # it can scroll
        self.controls = (self.dev, self.device, self.bus, self.machine, self.model)
        beside = ipywidgets.VBox([self.xml, self.notes]).add_class("vl-beside")
        columns = ipywidgets.HBox([self.picture, beside]).add_class("vl-columns")
        asked = ipywidgets.HBox(self.controls).add_class("vl-asked")
        super().__init__([asked, columns, self.answers])
        self.add_class("vl-bus")
        self._xml = ""
        for control in self.controls:
            control.observe(self._ask, "value")
        self._explore()

    def static(self) -> View:
        return explored(self._inferred, self._xml, self._problems)

    def _ask(self, _=None) -> None:
        """Ask about what is chosen now; if it cannot be written, what was asked before stays."""
        try:
            self._explore()
        except ValueError as error:
            self.notes.value = refused(f"{error} {_AS_IT_WAS}")

    def _explore(self) -> None:
        """Ask, and show the answers. Raises ValueError, one sentence, for what cannot be written."""
        xml = guest(
            self.dev.value or None, _chosen(self.device), _chosen(self.bus),
            _MACHINES[self.machine.value], _chosen(self.model),
        )  # fmt: skip
        domain, old = read(xml), self._xml or xml
        self._inferred, self._problems, self._xml = infer(domain.disks[0]), check(domain), xml
        self.picture.value = root(picture(self._inferred).inline())
        self.answers.value = root(*ends(self._inferred))
        self.xml.value = marked(old, xml).html
        said = (note(problem, problem.path) for problem in self._problems)
        self.notes.value = "".join(said) or sentence(NONE).html


def _menu(
    description: str, tooltip: str, values: Sequence[str], value: str | None
) -> ipywidgets.Dropdown:
    """A menu that begins with what is not written; a value that it does not know comes last."""
    unknown = [] if value is None or value in values else [value]
    known = [(shown(one), one) for one in (*values, *unknown)]
    return ipywidgets.Dropdown(
        options=[(NOT_WRITTEN, NOT_WRITTEN), *known], description=description, tooltip=tooltip,
        value=NOT_WRITTEN if value is None else value,
    )  # fmt: skip


def _chosen(menu: ipywidgets.Dropdown) -> str | None:
    return None if menu.index == 0 else menu.value
