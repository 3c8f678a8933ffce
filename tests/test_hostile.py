"""Hostile text in every view and in the state of every widget: of it there is only text, all to be seen."""

import contextlib
import copy
import inspect
import pkgutil
import re
import sys
import time
import tracemalloc
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module

import ipywidgets
import payloads
import pytest
from lxml import html
from payloads import FLOODS, GROUPS, strange, unseen

from virtiolab import UnreadableXML, check, convert, explain, read, resolve, views, widgets
from virtiolab.build import build
from virtiolab.cli import COMMANDS
from virtiolab.course.progress import Guess, Progress
from virtiolab.course.quiz import Question
from virtiolab.course.tasks import Choose, Option, Write
from virtiolab.evidence.arguments import Argument, Key
from virtiolab.evidence.comparison import Compared, Comparison, inferred
from virtiolab.evidence.lessons import Lesson
from virtiolab.evidence.libvirt import Answer
from virtiolab.evidence.record import recorded
from virtiolab.evidence.schema import Fault
from virtiolab.explanation import Explanation
from virtiolab.pastes import read_pasted
from virtiolab.rewriting.conversion import BUSES, Unconvertible
from virtiolab.views import bus_questions, exercises, ladder, predictions, snapshots, stack
from virtiolab.views.answers import interactive, overview, show
from virtiolab.views.beside_libvirt import comparison_as_text
from virtiolab.views.changes import changes, marked
from virtiolab.views.elements import root, visible
from virtiolab.views.explained import names
from virtiolab.views.pasted import places, remarks
from virtiolab.views.progress import progress_map
from virtiolab.views.text import disk_name, printable
from virtiolab.views.view import sentence
from virtiolab.widgets import (
    BusExplorer,
    CacheExplorer,
    DiskBuilder,
    Exercise,
    StackPicture,
    XMLExplainer,
)

SECONDS = 30.0  # of CPU for a flood: it takes about one, and what grows with its square minutes
STYLE = XMLExplainer().children[0].value
NO_NAME = "\u200b"  # ipywidgets' own, of a text that has none
Page = tuple[str, str]  # a view as HTML and as text

MANY = {
    "elements": "<a/>", "attributes": "<driver cache='x' x='y'/>", "comments": "<!---->",
    "line breaks": "\n", "hosts": "<source><host name='a'/></source>",
}  # fmt: skip
HUGE = {name: payloads.disk(text, "small") for name, text in FLOODS.items()}
HUGE |= {name: f"<disk>{part * (300_000 // len(part))}</disk>" for name, part in MANY.items()}
HUGE["disks"] = f"<devices>{payloads.disk('a', 'small') * 1000}</devices>"
MOST_BYTES = 3_500_000  # of one view: a page shows that in a second or two

by_group = pytest.mark.parametrize("group", GROUPS)


def shown(what) -> Page:
    """What shows itself."""
    return what._repr_html_(), repr(what)


def of_disk(disk) -> Iterator[Page]:
    """Every view of one disk."""
    explained = Explanation(disk)
    yield from map(shown, [explain(disk), resolve(disk)])
    yield interactive(explained) + names(explained.rows), ""
    yield stack.stack_as_html(disk, stack.drawn(disk).inline()), ""
    yield from map(shown, [stack.stacks([disk]), bus_questions.explored(explained.answers, "", ())])


def of_guest(xml) -> Iterator[Page]:
    """Every view of a guest and of its disks."""
    domain = read(xml)
    disks = domain.disks
    found = [show(domain), overview(disks), overview(disks, 1), check(domain)]
    found += [changes("", xml), marked("<disk/>", xml)]
    yield from map(shown, found)
    yield from of_disk(disks[0])
    for disk, name in zip(disks, BUSES):
        try:
            yield shown(convert(disk, name))
        except Unconvertible as error:
            yield "", str(error)


def of_commands(xml) -> Iterator[Page]:
    """What each command prints."""
    for name in COMMANDS.keys() - {"ask"}:
        for fix in (False, True):
            options = Namespace(json=False, colour=False, fix=fix, bus="ide", target=None)
            yield "", COMMANDS[name].say(read_pasted(xml), options).content


def of_broken(xml) -> Page:
    """What is said of XML that cannot be read, if it cannot."""
    try:
        pasted = read_pasted(xml)
        disks = [disk for domain in pasted.domains for disk in domain.disks]
        stand = {f"{n}. {disk_name(disk)}": range(1, 3) for n, disk in enumerate(disks)}
        views = overview(disks), remarks(pasted.remarks), places(pasted.text, stand)
        return tuple("\n".join(parts) for parts in zip(*map(shown, views)))
    except UnreadableXML as error:
        return shown(sentence(str(error)))


def of_libvirt(text) -> Iterator[Page]:
    """Every view of what libvirt or QEMU says, if they said this."""
    domain = read(payloads.guests(text)[0])
    arguments = [Argument("-device", (Key("driver", text, "", (), False),), True, "", "")]
    answer = Answer(xml="", argv="", refusal=text, generic_refusal=text + text)
    compared = [
        Compared(
            disk,
            faults,
            said,
            inferred(disk),
            inferred(disk) | {"bus": text},
            arguments,
            {"bus": text},
        )
        for disk in domain.disks
        for said in (answer, Answer(refusal=text), Answer(refusal=text, answered=False))
        for faults in (text, [], [Fault(text, 1, text)])
    ]
    yield "", comparison_as_text(Comparison(compared, {"libvirt": "9.0.0"}, text, answer, [text]))
    said = copy.deepcopy(recorded()["lessons"]["first"])
    said["schema"]["faults"] = [{"path": text, "line": 1, "why": text}]
    said["libvirt"] |= {"xml": [], "refusal": text, "generic_refusal": text}
    said["arguments"]["arguments"]["vda"][0][1]["filename"] = text
    said["qemu"]["disks"]["vda"] |= {"place": [text]}
    said["guest"]["disks"][0] |= {"drivers": [text]}
    lesson = Lesson("first", "The first", "<disk><target dev='vda'/></disk>")
    yield shown(ladder.proof(lesson, said))
    for by in ("arguments", "QEMU"):
        yield shown(ladder.proof(lesson, {"qemu": {"by": by, "refusal": text}}))
    yield ladder.doing(text), ""


def of_ours(text) -> Iterator[Page]:
    """The views of what is only ever our own: tasks, questions, cache modes, snapshots."""
    facts = dict(name="a", notebook="a", title=text, task=text, hints=(text,), why=text, given=text)
    options = {"a": Option(text, text, True), "b": Option("<disk/>", text)}
    for task in (Write(**facts, disks={}, solution=text), Choose(**facts, options=options)):
        yield shown(exercises.exercise(task))
        yield exercises.task_as_html(task) + exercises.answer_as_html(task), ""
        yield exercises.hints_as_html(task.hints), ""
    asked = Question(text, text, "bus", text, (text, text), text, text)
    yield shown(exercises.quiz(asked))
    yield exercises.question_as_html(asked) + exercises.verdict_as_html(text, asked), ""
    yield shown(predictions.prediction(text, [text], text, text))
    yield predictions.verdict_on(text, text, text), ""
    yield shown(predictions.evidence([text, "", text]))
    yield shown(exercises.four_cases([Write(**facts, disks={}, solution=text)]))
    yield exercises.verdict_on_cases(4, 4, 0), ""
    yield shown(progress_map(Progress({"change-to-sda": Guess(text, "certain")})))
    yield root(snapshots.drawn({text: {"refusal": text}}).image()), ""
    yield shown(snapshots.after_snapshot("internal, qcow2", "external, raw"))
    explorer = CacheExplorer("none")
    yield from [shown(explorer.static()), (explorer.shown.value, "")]


def widgets_with(text) -> Iterator[ipywidgets.Widget]:
    """Every widget that takes somebody's text, each time it shows something else of this one."""
    explainer, exercise = XMLExplainer(), Exercise("write-a-virtio-disk")
    explainer.filter.value = "all"
    guests = payloads.guests(text)
    for xml in (guests[0], *payloads.broken(text)):
        explainer.upload.value = upload(text, xml)
        for number in range(len(explainer.disk.options)):
            explainer.disk.index = number
            yield explainer
    for answer in (guests[1], text):
        exercise.work.text.value = answer
        exercise.check.click()
        yield exercise
    explorer = BusExplorer(*[re.sub("[\t\n\r]", "", payloads.in_xml(text))] * 3, model="auto")
    for name in (explorer.dev.value, f"{text}\0", text):
        explorer.dev.value = name
        yield explorer
    yield StackPicture(guests[0])
    progress = widgets.Progress()
    progress.back.value = upload(text, text)
    yield progress


def builder_with(texts) -> Iterator[DiskBuilder]:
    """A disk builder with one of these texts in each field, each time another group is open."""
    builder = DiskBuilder(**payloads.chosen(texts))
    builder.built.resolve.value = builder.built.copy.value = True
    builder.built.explain.click()
    for chip in builder.form.chips.values():
        chip.value = True
        yield builder


def files_called(texts, folder) -> None:
    """An example file for each of these texts, called so; where the system takes no such name, none."""
    for text in (*texts, "\udcff"):
        name = re.sub("[\\0/]", "", text)[:60]
        with contextlib.suppress(OSError, ValueError):
            (folder / f"{name}.xml").write_bytes(text.encode(errors="surrogateescape"))


def upload(name, xml):
    """What a FileUpload holds after a file of this name was opened."""
    content = xml.encode(errors="surrogatepass")
    file = {"name": name, "type": name, "last_modified": datetime.now(), "size": len(content)}
    return (file | {"content": memoryview(content)},)


def strings(state) -> Iterator[str]:
    """All text in the state of a widget."""
    if isinstance(state, str):
        yield state
    elif isinstance(state, dict | list | tuple):
        for part in state.values() if isinstance(state, dict) else state:
            yield from strings(part)


def faults_in(widget) -> Iterator[str]:
    """What is strange in what a widget tells the page, but for what somebody writes into it."""
    state = widget.get_state()
    value = state.pop("value", "")
    if isinstance(widget, ipywidgets.HTML) and value != STYLE:
        yield from strange(value)
    if isinstance(widget, ipywidgets.HTMLMath | ipywidgets.Label) or state.get(
        "description_allow_html"
    ):
        yield f"a {type(widget).__name__} would be typeset"
    yield from (text for text in strings(state) if unseen(text) and text != NO_NAME)
    for child in getattr(widget, "children", ()):
        yield from faults_in(child)


def faults(pages) -> list[str]:
    """What is strange in any of them."""
    as_html = [fault for page, _ in pages for fault in strange(page)]
    return as_html + [text for _, text in pages if unseen(text)]


@by_group
def test_guests(group):
    """In the HTML are our elements with our attributes, in the text is nothing that a screen obeys, and
    the payload is there to be read."""
    for payload in GROUPS[group]:
        one, other = payloads.guests(payload)
        pages = [*of_guest(one), shown(show(read(other)))]
        assert (payload, faults(pages)) == (payload, [])
        page = html.fromstring(explain(read(one).disks[0]).html)
        assert visible(payloads.in_xml(payload)) in page.text_content()
        assert len(read(printable(one)).disks) == len(read(one).disks)


@pytest.mark.parametrize("first", [0, 50, 100])
def test_choices(first):
    """The same of a payload in every place that libvirt knows in a disk."""
    xml = build(**payloads.chosen(payloads.PAYLOADS[first:]))
    assert faults([*of_guest(xml), *of_commands(xml)]) == []


@by_group
def test_what_is_said(group):
    """The same of the reason why XML cannot be read, and of what the real ones would say."""
    for payload in GROUPS[group]:
        pages = [*map(of_broken, payloads.broken(payload)), *of_libvirt(payload)]
        assert (payload, faults(pages)) == (payload, [])


@by_group
def test_widgets(group, tmp_path):
    """The same of all that a widget tells the page: HTML, menus, names and tips."""
    for text in GROUPS[group]:
        for widget in widgets_with(text):
            assert (text, [*faults_in(widget)]) == (text, [])
        widget.close()  # the map, or each of the exercises that follow would tell it
    files_called(GROUPS[group], tmp_path)
    assert [*faults_in(XMLExplainer(folder=tmp_path))] == []


def test_builder():
    """The same of the disk builder."""
    for builder in builder_with(payloads.PAYLOADS):
        assert [*faults_in(builder)] == []


def test_our_own_words():
    """What stands in our data is text, too."""
    for text in GROUPS["mutation"] + GROUPS["entities"] + GROUPS["svg"]:
        assert faults(of_ours(text)) == []


def functions() -> Iterator:
    """The functions of the views that others call, by name; what is kept of them is forgotten."""
    for found in pkgutil.iter_modules(views.__path__, "virtiolab.views."):
        for name, function in vars(import_module(found.name)).items():
            getattr(function, "cache_clear", int)()
            function = inspect.unwrap(function) if callable(function) else None
            if inspect.isfunction(function) and function.__module__ == found.name:
                if name[0] != "_":
                    yield f"{found.name}.{name}", function.__code__


def test_no_view_is_forgotten():
    """One that none of these tests calls is new: it belongs into one of them."""
    wanted, called, text = dict(functions()), set(), GROUPS["mutation"][0]
    sys.setprofile(lambda frame, event, _: called.add(frame.f_code))
    try:
        for pages in (of_guest(payloads.disk(text)), of_libvirt(text), of_ours(text)):
            list(pages)
        of_broken("<")
        for widget in (*widgets_with(text), next(builder_with([text]))):
            widget._repr_mimebundle_()
    finally:
        sys.setprofile(None)
    assert [name for name, code in wanted.items() if code not in called] == []


def test_no_widget_is_forgotten():
    """A new one is tried above, but for those that take no text: there one chooses, or presses a button."""
    tried = {type(one).__name__ for one in (*widgets_with("a"), *builder_with("a"))}
    assert tried | {"CacheExplorer", "Predict", "Proof", "Quiz", "YourCase"} == set(widgets.__all__)


@pytest.mark.parametrize("xml", HUGE.values(), ids=HUGE)
def test_too_much(xml):
    """The kernel does not freeze, and no view is so large that a page would."""
    begun = time.thread_time()
    picture = StackPicture(xml)
    pages = [*of_guest(xml), shown(picture.static())]
    assert time.thread_time() - begun < SECONDS
    assert max(len(page) + len(text) for page, text in pages) < MOST_BYTES


def test_nothing_long_is_kept():
    """What somebody pastes is forgotten with the next paste."""
    explainer, exercise = XMLExplainer(), Exercise("write-a-virtio-disk")
    tracemalloc.start()
    try:
        for number in range(12):
            long = f"{number}{'a' * 300_000}"
            explainer.text.value = exercise.work.text.value = (
                f"<disk type='{long}'><source file='{long}'/><target dev='vda'/>"
                f"<address type='pci' slot='{long}'/></disk>"
            )
            exercise.check.click()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 6_000_000  # the last one, a few times
