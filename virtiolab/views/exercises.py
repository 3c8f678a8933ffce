"""Exercises, and what is said of their answers, as HTML and as text."""

from collections.abc import Sequence

from lxml import etree
from lxml.builder import E
from lxml.html import fragments_fromstring

from ..course.judging import SIGNS, Feedback, Point, right_names
from ..course.quiz import Question, words
from ..course.tasks import Choose, Mark, Task, Write
from .changes import marked_as_html
from .elements import prose, xml_box
from .html import root, told
from .text import MOST, choices_of, more, unmarked, verdict_on

_MUTED = {"class": "vl-nothing"}


def task_as_html(task: Task) -> str:
    """The title, the task, and XML that is there to be looked at; what is worked on is not."""
    return root(*_task(task), *([] if isinstance(task, Write) else _given(task)))


def option_as_html(xml: str) -> str:
    """One of the guests to mark."""
    return root(xml_of(xml))


def feedback_as_html(feedback: Feedback) -> str:
    """What is said of an answer: a headline, and a list whose signs say right or missing."""
    points = [_point(point) for point in feedback.points[:MOST]]
    parts = [prose("p", feedback.headline, "vl-outcome"), *([E.ul(*points)] if points else [])]
    left_out = more(len(feedback.points) - MOST, "remark")
    return root(_said(feedback.solved, *parts, *map(E.p, left_out)))


def nothing_as_html(said: str) -> str:
    """What stands where there is no feedback yet."""
    return root(E.p(_MUTED, said))


def hints_as_html(hints: Sequence[str], number: int) -> str:
    """The first hints."""
    shown = [prose("li", hint) for hint in hints[:number]]
    return root(E.div({"class": "vl-hints"}, E.strong("Hints"), E.ol(*shown))) if shown else ""


def answer_as_html(task: Task) -> str:
    """One answer, and why it is one."""
    return root(E.div({"class": "vl-shown"}, E.p(E.strong("An answer")), *_answer(task)))


def exercise_as_html(task: Task) -> str:
    """All of it where no widget runs: hints and answer are folded away."""
    hints = [
        E.details(E.summary(f"Hint {number}"), prose("p", hint))
        for number, hint in enumerate(task.hints, 1)
    ]
    answer = E.details(E.summary("An answer"), *_answer(task))
    return root(*_task(task), *_given(task), *_options(task), *hints, answer)


def exercise_as_text(task: Task) -> str:
    """The same as text."""
    title, hints = f"Exercise: {task.title}", _hints_as_text(task.hints)
    parts = [title, unmarked(task.task), task.given, *_options_as_text(task), hints]
    return "\n\n".join(filter(None, [*parts, f"An answer:\n{_answer_as_text(task)}"]))


def question_as_html(question: Question) -> str:
    """One question of the quiz, without its options."""
    return root(*_asked(question))


def verdict_as_html(guess: str, question: Question) -> str:
    """Whether a guess was right, what is, and why."""
    said = prose("p", verdict_on(guess, question.right), "vl-outcome")
    return root(_said(guess == question.right, said, prose("p", question.why)))


def quiz_as_html(question: Question) -> str:
    """The quiz where no widget runs: one question as an example, its answer folded away."""
    options = E.ul(*[prose("li", option) for option in question.options])
    right = prose("p", question.right, "vl-outcome")
    answer = E.details(E.summary("Reveal"), right, prose("p", question.why))
    return root(*_asked(question), options, answer, E.p(_MUTED, words("example")))


def quiz_as_text(question: Question) -> str:
    """The same as text."""
    asked = f"{words('guest', machine=question.machine)}\n\n{question.xml}\n{question.says}"
    shown = choices_of(f"{words('title')}\n\n{asked}", list(question.options), None)
    answer = f"Answer: {question.right}\n{unmarked(question.why)}"
    return f"{shown}\n\n{answer}\n\n{words('example')}"


def xml_of(xml: str) -> etree._Element:
    """XML to look at."""
    pre = xml_box()
    pre.text = xml
    return pre


def _task(task: Task) -> list[etree._Element]:
    title = E.p({"class": "vl-exercise-title"}, E.strong(f"Exercise: {task.title}"))
    return [title, prose("p", task.task, "vl-task")]


def _asked(question: Question) -> list[etree._Element]:
    title = E.p({"class": "vl-exercise-title"}, E.strong(words("title")))
    guest = prose("p", words("guest", machine=question.machine))
    return [title, guest, xml_of(question.xml), prose("p", question.says, "vl-question")]


def _given(task: Task) -> list[etree._Element]:
    return [xml_of(task.given)] if task.given else []


def _options(task: Task) -> list[etree._Element]:
    if isinstance(task, Choose):
        return [E.ul(*[prose("li", f"{n}) {option.says}") for n, option in task.options.items()])]
    if isinstance(task, Mark):
        marked = task.options.items()
        return [E.ul(*[E.li(E.code(name), xml_of(option.says)) for name, option in marked])]
    return []


def _options_as_text(task: Task) -> list[str]:
    if isinstance(task, Choose):
        return ["\n".join(f"  ( ) {n}) {unmarked(o.says)}" for n, o in task.options.items())]
    if isinstance(task, Mark):
        return [f"[ ] {name}\n{option.says}" for name, option in task.options.items()]
    return []


def _answer(task: Task) -> list[etree._Element]:
    if isinstance(task, Write):
        shown = fragments_fromstring(marked_as_html(task.given, task.solution))
    else:
        shown = [prose("p", _right(task), "vl-outcome")]
    return [*shown, prose("p", task.why)]


def _right(task: Choose | Mark) -> str:
    names = right_names(task)
    if isinstance(task, Choose):
        return "; ".join(f"{name}) {task.options[name].says}" for name in names)
    return ", ".join(names)


def _hints_as_text(hints: Sequence[str]) -> str:
    return "\n".join(f"Hint {number}: {unmarked(hint)}" for number, hint in enumerate(hints, 1))


def _answer_as_text(task: Task) -> str:
    shown = task.solution if isinstance(task, Write) else unmarked(_right(task))
    return f"{shown}\n{unmarked(task.why)}"


def _said(is_right: bool, *parts: etree._Element) -> etree._Element:
    """What is said of an answer."""
    return told(*parts, kind=f"vl-feedback {'vl-solved' if is_right else 'vl-open'}")


def _point(point: Point) -> etree._Element:
    sign = E.span(SIGNS[point.kind], {"class": "vl-sign"})
    return E.li({"class": f"vl-is-{point.kind}"}, sign, " ", prose("span", point.says))
