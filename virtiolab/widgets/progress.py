"""What a learner guessed and solved, kept where Jupyter keeps its user's data, and nowhere else."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from weakref import WeakSet

import ipywidgets
from jupyter_core.paths import jupyter_data_dir

from ..course import progress as record
from ..views.elements import file_link
from ..views.progress import progress_map
from ..views.view import View, sentence
from .static import WithStaticForm

_FILE = "virtiolab-progress.json"
_STAYS = (
    "This is kept on the computer that runs this notebook, and nothing is sent. Where that computer is"
    " not yours, as on Binder, save it as a file, and bring it back next time."
)
_shown: WeakSet["Progress"] = WeakSet()


@cache
def keeper() -> record.Keeper:
    """Who keeps it for this learner."""
    return record.Keeper(Path(jupyter_data_dir(), "virtiolab", "progress.json"))


def keep(change: Callable[[record.Progress], record.Progress]) -> None:
    """Keep what a change makes of it, and show it wherever it is shown."""
    keeper().keep(change)
    for one in _shown:
        one.show()


class Progress(WithStaticForm):
    """The map of one's own: of a notebook, by its name, or of the whole course."""

    def __init__(self, notebook: str | None = None):
        self._notebook = notebook
        self.map, self.save, self.said = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.back = ipywidgets.FileUpload(
            accept=".json", description="Bring back", tooltip="A file that you saved here",
            layout={"width": "auto"},
        )  # fmt: skip
        self.forget = ipywidgets.Button(tooltip="Begin with an empty map")
        buttons = ipywidgets.HBox([self.save, self.back, self.forget]).add_class("vl-buttons")
        super().__init__([self.map, buttons, self.said])
        self.add_class("vl-map")
        self.back.observe(self._bring_back, "value")
        self.forget.on_click(self._forget)
        _shown.add(self)
        self.show()

    def close(self) -> None:
        """Take it from the page; nobody looks at it any more."""
        _shown.discard(self)
        super().close()

    def static(self) -> View:
        return progress_map(record.Progress(), self._notebook)

    def show(self) -> None:
        """Show it as it is now."""
        now = keeper().progress()
        self.map.value = progress_map(now, self._notebook).html
        self.save.value = file_link("Save as a file", _FILE, now.to_json())
        self.forget.description = "Forget all"
        self._say(keeper().hindrance or _STAYS)

    def _say(self, said: str) -> None:
        self.said.value = sentence(said, "vl-nothing").html

    def _bring_back(self, _) -> None:
        if not self.back.value:
            return
        [file] = self.back.value
        try:
            brought = record.Progress.from_json(bytes(file["content"]))
        except ValueError as error:
            self._say(f"{error} Nothing is changed.")
        else:
            keep(lambda progress: progress | brought)
        self.back.value = ()

    def _forget(self, _) -> None:
        """Only at the second press."""
        if self.forget.description == "Forget all":
            self.forget.description = "Really forget all?"
        else:
            keep(lambda _: record.Progress())
