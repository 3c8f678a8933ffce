"""The ladder of proof about one of the course's configurations: asked live where libvirt and QEMU
are installed, shown from the record where they are not."""

import threading
from collections.abc import Callable

import ipywidgets

from ..evidence.lessons import lessons
from ..evidence.record import recorded
from ..evidence.rungs import RUNGS, shared
from ..views.ladder import TITLES, doing, in_words, proof
from ..views.view import View
from .static import WithStaticForm


class Proof(WithStaticForm):
    """A lesson, by name, and the rungs to show; all five where none is named.

    The static form is the record, which is the same everywhere. The widget asks what takes
    milliseconds at once; the guest boots when its button is pressed. Both happen beside the cell:
    `asking` is the thread.
    """

    def __init__(self, lesson: str, *rungs: str):
        self._lesson = lessons()[lesson]
        kept = recorded()["lessons"][lesson]
        self._recorded = {rung: kept[rung] for rung in rungs or RUNGS}
        self._said = dict(self._recorded)
        self.shown, self.doing = ipywidgets.HTML(), ipywidgets.HTML()
        self.boot = ipywidgets.Button(
            description="Boot the guest here",
            tooltip="Start QEMU with this disk: 10 seconds; at first it also fetches a kernel, 70 MB",
            layout={"width": "auto", "align_self": "flex-start"},
        )
        self.boot.layout.display = "none"
        super().__init__([self.shown, self.boot, self.doing])
        self.add_class("vl-proof")
        self.boot.on_click(self._boot)
        self._show("Asking libvirt …")
        self._begin(self._ask)

    def static(self) -> View:
        return proof(self._lesson, self._recorded)

    def _begin(self, work: Callable[[], None]) -> None:
        self.asking = threading.Thread(target=work, daemon=True)
        self.asking.start()

    def _show(self, source: str | None = None) -> None:
        self.shown.value = proof(self._lesson, self._said, source).html

    def _climb(self, rung: str, **options) -> None:
        lesson = self._lesson
        self._said[rung] = shared().climb(rung, lesson.domain, lesson.formats, **options)

    def _ask(self) -> None:
        """All rungs but the guest."""
        if missing := _try(shared):
            self._show()
            self.doing.value = doing(missing)
            return
        asked = [rung for rung in self._said if rung != "guest"]
        hindered = [_try(self._climb, rung) for rung in asked]
        self._show(self._asked() if asked else None)
        if "guest" in self._said and "refusal" not in self._recorded["guest"]:
            self.boot.layout.display = ""
            hindered.append("Rung 5 is the record; boot the guest to ask it here.")
        self.doing.value = doing(" ".join(filter(None, hindered)))

    def _asked(self) -> str:
        here, there = in_words(shared().libvirt.versions), in_words(recorded()["versions"])
        differing = [
            TITLES[rung] for rung, said in self._said.items() if said != self._recorded[rung]
        ]
        if not differing:
            return f"Asked here, just now: {here} says the same as the record of {there}."
        where = ", ".join(differing)
        return (
            f"Asked here, just now: {here}. The record, of {there}, does not say the same ({where}):"
            " where it differs it stands below."
        )

    def _boot(self, _) -> None:
        self.boot.disabled = True
        self._begin(self._boot_and_show)

    def _boot_and_show(self) -> None:
        def progress(part: float, what: str) -> None:
            self.doing.value = doing(f"{what[0].upper()}{what[1:]} …", part)

        hindered = _try(self._climb, "guest", progress=progress)
        self._show(self._asked())
        booted = "disks" in self._said["guest"]
        said = "The guest was booted here, just now." if booted else "QEMU did not boot the guest."
        self.doing.value = doing(hindered or said)
        self.boot.disabled = False


def _try(work: Callable, *arguments, **options) -> str:
    """Do it; if anything hinders it, what did: the learner reads on with the record."""
    try:
        work(*arguments, **options)
    except Exception as error:
        return f"Not asked here: {error}."
    return ""
