"""The cache explorer: choose a cache mode and something that goes wrong, and see what becomes of a
write."""

import ipywidgets

from ..course.writes import facts, ways
from ..refusals import Problem
from ..views.cache_modes import driver_line, explored, explorer
from ..views.fields import NOT_WRITTEN
from ..views.view import View
from .draft import Draft
from .notes import Notes
from .static import WithStaticForm

IOS = (None, "threads", "native", "io_uring")
_DISK = {
    "type": "file", "source": "/images/a.img", "target": "vda", "bus": "virtio", "format": "raw",
}  # fmt: skip
_MOMENTS = {known["name"]: name for name, known in facts()["moments"].items()}


class CacheExplorer(WithStaticForm):
    """The way of a write with a cache mode (None: not written); below it all modes side by side.

    The parts are widgets: set `cache.value`, `io.value` (NOT_WRITTEN or a value) and `moment.value`
    (the name of a moment in writes.toml).
    """

    def __init__(self, cache: str | None = None):
        self.cache = _radio("cache", [mode or NOT_WRITTEN for mode in ways()], cache or NOT_WRITTEN)
        self.io = _radio("io", [io or NOT_WRITTEN for io in IOS], NOT_WRITTEN)
        self.moment = ipywidgets.RadioButtons(
            description="and then …", options=[*_MOMENTS.items()], value="nothing"
        )
        self.xml, self.shown = ipywidgets.HTML(), ipywidgets.HTML()
        self.notes = Notes(self._apply)
        controls = (self.cache, self.io, self.moment)
        said = ipywidgets.VBox([self.xml, self.notes]).add_class("vl-said")
        asked = ipywidgets.HBox([*controls, said]).add_class("vl-choices")
        super().__init__([asked, self.shown])
        self.add_class("vl-cache")
        self._draft = Draft("pc", _DISK)
        for control in controls:
            control.observe(self._show, "index")
        self._show()

    def static(self) -> View:
        return explored(self._draft.disk, self.moment.value, self._draft.problems)

    def _show(self, _=None) -> None:
        self._draft.choose(_DISK | {"cache": _chosen(self.cache), "io": _chosen(self.io)})
        self.xml.value = driver_line(self._draft.disk)
        self.notes.show(self._draft.problems)
        self.shown.value = explorer(self._draft.disk, self.moment.value)

    def _apply(self, problem: Problem) -> None:
        """Mend a problem; what is chosen then is what the mended disk says."""
        self._draft.mend(problem)
        chosen = self._draft.chosen
        self.cache.value = chosen.get("cache", NOT_WRITTEN)
        self.io.value = chosen.get("io", NOT_WRITTEN)


def _radio(description: str, options: list[str], value: str) -> ipywidgets.RadioButtons:
    index = options.index(value)
    return ipywidgets.RadioButtons(description=description, options=options, index=index)


def _chosen(radio: ipywidgets.RadioButtons) -> str | None:
    """What is written; ipywidgets takes the value None for no button at all."""
    return None if radio.value == NOT_WRITTEN else radio.value
