"""A change in each widget: what it costs in the kernel, and each widget beside ipywidgets alone."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle, islice
from time import process_time
from typing import NamedTuple

import ipywidgets

from benchmarks.guests import guests
from benchmarks.rows import Row, seconds_of
from virtiolab.widgets import (
    BusExplorer,
    CacheExplorer,
    DiskBuilder,
    Exercise,
    Predict,
    Quiz,
    StackPicture,
    XMLExplainer,
)
from virtiolab.widgets.static import WithStaticForm

LIMIT = 5  # ms at the median
# What is new each time to who pastes: another guest.
PASTED = "XMLExplainer: XML"

_DISK = """<disk type='file' device='disk'>
  <driver name='qemu'/>
  <source file='/var/lib/libvirt/images/guest.qcow2'/>
  <target dev='{}'/>
</disk>
"""
_TEXTS = tuple(map(_DISK.format, ("sda", "hda", "xvda", "vda")))
_MENU = (1, 2, 3, 0)


class Change(NamedTuple):
    """A widget, what a control in it is set to, one value after the other, the last as at first, and
    that control with its trait."""

    widget: Callable[[], WithStaticForm]
    values: Sequence
    control: Callable[[WithStaticForm], ipywidgets.DOMWidget]
    trait: str = "index"

    def make(self, widget: WithStaticForm, value) -> None:
        """Set the control as the page does."""
        self.control(widget).set_state({self.trait: value})


class Press(NamedTuple):
    """A widget, what is answered in it, and how it is told to say more."""

    widget: Callable[[], WithStaticForm]
    values: Sequence
    make: Callable[[WithStaticForm, object], None]


def _reveal(predict: Predict, guess: int) -> None:
    predict.guess.index = guess
    predict.reveals["certain"].click()


def _check(exercise: Exercise, text: str) -> None:
    exercise.work.text.value = text
    exercise.check.click()


CHANGES = {
    PASTED: Change(partial(XMLExplainer, _TEXTS[-1]), _TEXTS, lambda widget: widget.text, "value"),
    "DiskBuilder: format": Change(
        partial(DiskBuilder, source="/a.img", target="vda"),
        _MENU,
        lambda widget: widget.fields["format"].control,
    ),
    "BusExplorer: bus": Change(BusExplorer, _MENU, lambda widget: widget.bus),
    "CacheExplorer: cache": Change(CacheExplorer, _MENU, lambda widget: widget.cache),
    "StackPicture: disk": Change(
        partial(StackPicture, f"<devices>{''.join(_TEXTS)}</devices>"),
        _MENU,
        lambda widget: widget.disk,
    ),
}
PRESSES = {
    "Predict: Reveal": Press(partial(Predict, "first-disk-virtio"), (1, 0), _reveal),
    "Exercise: Check": Press(partial(Exercise, "find-the-typo"), (_TEXTS[0], "<disk"), _check),
    "Quiz: Next": Press(Quiz, (None,), lambda quiz, _: quiz.next.click()),
}


def in_the_kernel(rounds: int) -> Iterator[Row]:
    """What a change in each widget takes, as if a page had just told of it."""
    for name, change in (CHANGES | PRESSES).items():
        widget = change.widget()
        values = guests(rounds) if name == PASTED else islice(cycle(change.values), rounds)
        times = [seconds_of(change.make, widget, one, clock=process_time) for one in values]
        yield Row(name, times, LIMIT, "ms")


def beside(name: str) -> ipywidgets.VBox:
    """The widget of a change, and below it ipywidgets alone: a control of the same kind, from which
    one HTML gets all that the widget shows anew."""
    change = CHANGES[name]
    widget = change.widget()
    control = change.control(widget)
    news = {value: _news(change, widget, value) for value in change.values}
    options = {"options": [*map(str, control.options)]} if hasattr(control, "options") else {}
    alone, html = type(control)(**options), ipywidgets.HTML()
    alone.observe(lambda new: setattr(html, "value", news[new["new"]]), change.trait)
    for one in (control, alone):
        one.add_class("vl-changed")
    bare = ipywidgets.VBox([alone, html]).add_class("vl-bare")
    return ipywidgets.VBox([widget.add_class("vl-ours"), bare])


def _news(change: Change, widget: WithStaticForm, value) -> str:
    """The HTML that a change brings."""
    before = {html: html.value for html in htmls(widget)}
    change.make(widget, value)
    return "".join(html.value for html in htmls(widget) if html.value != before.get(html))


def htmls(widget: ipywidgets.Widget) -> Iterator[ipywidgets.HTML]:
    """Every HTML in a widget."""
    if isinstance(widget, ipywidgets.HTML):
        yield widget
    for child in getattr(widget, "children", ()):
        yield from htmls(child)
