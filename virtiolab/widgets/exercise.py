"""An exercise cell: a task, a place to work, and what libvirt would say of the answer."""

from collections.abc import Callable

import ipywidgets
import traitlets

from ..course.judging import Feedback, judge
from ..course.tasks import Choose, Mark, Task, Write, exercise, exercises
from ..views import exercises as views
from ..views.elements import root, xml_box
from ..views.text import unmarked
from ..views.view import View, sentence
from .progress import keep
from .static import WithStaticForm

_LATER = "After a try, or after the last hint"


class Exercise(WithStaticForm):
    """One of the exercises, by name, or a task of one's own. `work` is what the learner answers with,
    `feedback` the last that was said of it, or None; `tries` until it is solved, and hints, count."""

    tries, hints_seen = traitlets.Int(0), traitlets.Int(0)

    def __init__(self, task: str | Task):
        self._task = exercise(task) if isinstance(task, str) else task
        self.work = _WORK[type(self._task)](self._task)
        self.check = button("Check", "Ask what libvirt would say of it", self._check)
        self.hint = button("Hint", "Show one more hint", self._hint)
        self.show = button("Show an answer", _LATER, self._show)
        self.again = button("Start over", "As it was at first", self._start)
        self.said, self.hints, self.answer = (ipywidgets.HTML() for _ in range(3))
        buttons = ipywidgets.HBox([self.check, self.hint, self.show, self.again])
        buttons.add_class("vl-buttons")
        self.said.add_class("vl-said")
        title = ipywidgets.HTML(views.task_as_html(self._task))
        super().__init__([title, self.work, buttons, self.hints, self.said, self.answer])
        self.add_class("vl-exercise")
        self._start()

    def static(self) -> View:
        return views.exercise(self._task)

    def _start(self, _=None) -> None:
        """As at first: nothing is answered, no hint is shown."""
        self.work.clear()
        self.feedback: Feedback | None = None
        self.hints_seen = 0
        self.said.value, self.answer.value = sentence("Not checked yet.", "vl-nothing").html, ""
        self._tell()

    @property
    def solved(self) -> bool:
        """Whether the last answer was right."""
        return self.feedback is not None and self.feedback.solved

    def _check(self, _) -> None:
        was_solved = self.solved
        self.feedback = judge(self._task, self.work.answer)
        self.said.value = views.feedback_as_html(self.feedback)
        if self.feedback.points:
            self.tries += not was_solved
            if self._task.name in exercises():
                keep(lambda progress: progress.tried(self._task.name, self.solved))
        self._tell()

    def _hint(self, _) -> None:
        self.hints_seen += 1
        self._tell()
        if self.hint.disabled:
            self.show.focus()  # the keyboard would get lost with it

    def _show(self, _) -> None:
        self.answer.value = views.answer_as_html(self._task)

    def _tell(self) -> None:
        """Show the hints, and say which buttons can be pressed."""
        number, most = self.hints_seen, len(self._task.hints)
        self.hints.value = views.hints_as_html(self._task.hints[:number])
        self.hint.disabled = number == most
        self.hint.description = f"Hint {min(number + 1, most)} of {most}"
        is_tried = self.feedback is not None and bool(self.feedback.points)
        self.show.disabled = not is_tried and number < most
        self.show.tooltip = _LATER if self.show.disabled else "One answer, and why it is one"


class Text(ipywidgets.VBox):
    """A box to write XML into, which begins with what is given."""

    def __init__(self, task: Write):
        self._given = task.given
        lines = max(task.given.count("\n"), task.solution.count("\n")) + 3
        self.text = ipywidgets.Textarea(
            rows=lines, description="Your XML", tooltip=f"Your XML: {task.title}",
            layout={"width": "100%"},
        )  # fmt: skip
        super().__init__([self.text.add_class("vl-source")])

    @property
    def answer(self) -> str:
        return self.text.value

    def clear(self) -> None:
        self.text.value = self._given


class Options(ipywidgets.VBox):
    """Options of which one can be chosen."""

    def __init__(self, task: Choose):
        options = [(f"{n}) {unmarked(option.says)}", n) for n, option in task.options.items()]
        self.options = ipywidgets.RadioButtons(
            options=options, index=None, tooltip=task.title, layout={"width": "100%"}
        )
        super().__init__([self.options.add_class("vl-guess")])

    @property
    def answer(self) -> str | None:
        return self.options.value

    def clear(self) -> None:
        self.options.index = None


class Boxes(ipywidgets.HBox):
    """Guests, each with a box to tick. What is left unticked is an answer too."""

    def __init__(self, task: Mark):
        self.boxes, guests = {}, []
        for name, option in task.options.items():
            box = ipywidgets.Checkbox(description=name, indent=False, tooltip=f"Mark {name}")
            xml = ipywidgets.HTML(root(xml_box([option.says])))
            guests.append(ipywidgets.VBox([box, xml]).add_class("vl-guest"))
            self.boxes[name] = box
        super().__init__(guests)
        self.add_class("vl-guests")

    @property
    def answer(self) -> list[str]:
        return [name for name, box in self.boxes.items() if box.value]

    def clear(self) -> None:
        for box in self.boxes.values():
            box.value = False


_WORK = {Write: Text, Choose: Options, Mark: Boxes}


def button(description: str, tooltip: str, pressed: Callable) -> ipywidgets.Button:
    """A button that says what it does."""
    button = ipywidgets.Button(description=description, tooltip=tooltip)
    button.on_click(pressed)
    return button
