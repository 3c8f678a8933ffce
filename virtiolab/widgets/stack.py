"""The stack picture: the way of a disk's bytes from the guest's programs down to the host, and what
in the XML decides each step."""

import ipywidgets

from ..document import read
from ..views import disk_name
from ..views.html import sentence
from ..views.stack import drawn, stack_as_html, stack_as_text
from ..views.text import MOST, NO_DISK, more
from ..xml import one_line
from .static import WithStaticForm


class StackPicture(WithStaticForm):
    """The layers of each disk in some XML; a menu chooses one where there are several."""

    def __init__(self, xml: str):
        disks = read(xml).disks
        self._disks, self._more = disks[:MOST], more(len(disks) - MOST)
        self.disk = ipywidgets.Dropdown(
            description="Disk", tooltip="The disk whose layers are drawn",
            options=[(_title(disk), number) for number, disk in enumerate(self._disks)],
        )  # fmt: skip
        self.disk.layout.display = "" if len(self._disks) > 1 else "none"
        self.shown = ipywidgets.HTML()
        super().__init__([self.disk, self.shown])
        self.add_class("vl-stack-picture")
        self.disk.observe(self._show, "value")
        self._show()

    def static_html(self) -> str:
        shown = (stack_as_html(disk, drawn(disk).image()) for disk in self._disks)
        return "".join([*shown, *map(sentence, self._more)]) or sentence(NO_DISK)

    def static_text(self) -> str:
        return "\n\n".join([*map(stack_as_text, self._disks), *self._more]) or NO_DISK

    def _show(self, _=None) -> None:
        if not self._disks:
            self.shown.value = sentence(NO_DISK)
            return
        disk = self._disks[self.disk.value]
        said = "".join(map(sentence, self._more))
        self.shown.value = stack_as_html(disk, drawn(disk).inline()) + said


def _title(disk) -> str:
    bus = disk.get("bus", "target")
    return one_line(f"{disk_name(disk)}, bus='{bus}'" if bus else disk_name(disk), 60)
