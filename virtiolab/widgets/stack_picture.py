"""The stack picture: the way of a disk's bytes from the guest's programs down to the host, and what
in the XML decides each step."""

import ipywidgets

from ..document import read
from ..views.stack import drawn, stack_as_html, stacks
from ..views.text import MOST, NO_DISK, disk_name, more
from ..views.view import View, sentence
from ..xml import one_line
from .static import WithStaticForm


class StackPicture(WithStaticForm):
    """The layers of each disk in some XML; a menu chooses one where there are several."""

    def __init__(self, xml: str):
        def title(disk) -> str:
            bus = disk.get("bus", "target")
            return one_line(f"{disk_name(disk)}, bus='{bus}'" if bus else disk_name(disk), 60)

        self._disks = read(xml).disks
        self.disk = ipywidgets.Dropdown(
            description="Disk", tooltip="The disk whose layers are drawn",
            options=[(title(disk), number) for number, disk in enumerate(self._disks[:MOST])],
        )  # fmt: skip
        self.disk.layout.display = "" if len(self._disks) > 1 else "none"
        self.shown = ipywidgets.HTML()
        super().__init__([self.disk, self.shown])
        self.add_class("vl-stack-picture")
        self.disk.observe(self._show, "value")
        self._show()

    def static(self) -> View:
        return stacks(self._disks)

    def _show(self, _=None) -> None:
        if not self._disks:
            self.shown.value = sentence(NO_DISK).html
            return
        disk = self._disks[self.disk.value]
        left_out = (sentence(said).html for said in more(len(self._disks) - MOST))
        self.shown.value = stack_as_html(disk, drawn(disk).inline()) + "".join(left_out)
