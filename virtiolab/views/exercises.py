"""Exercises and the questions of the quiz, and what is said of their answers."""

from collections.abc import Sequence

from ..course import cases
from ..course.judging import SIGNS, Feedback, right_names
from ..course.quiz import Question, words
from ..course.tasks import Choose, Mark, Task, Write
from .changes import as_element, lines_of
from .elements import E, Html, folded, page, prose, root, told, xml_box
from .predictions import verdict_on
from .text import MOST, more, unmarked
from .view import View, sentence


def exercise(task: Task) -> View:
    """All of it where no widget runs: hints and answer are folded away."""

    def html() -> str:
        hints = [folded(f"Hint {n}", prose("p", hint)) for n, hint in enumerate(task.hints, 1)]
        answer = folded("An answer", *_answer(task))
        return root(*_task(task), *_given(task), *_options(task), *hints, answer)

    def text() -> str:
        options, right = [], task.solution if isinstance(task, Write) else _right(task)
        if isinstance(task, Choose):
            says = (f"  ( ) {name}) {option.says}" for name, option in task.options.items())
            options = [unmarked("\n".join(says))]
        elif isinstance(task, Mark):
            options = [f"[ ] {name}\n{option.says}" for name, option in task.options.items()]
        hints = "\n".join(f"Hint {n}: {hint}" for n, hint in enumerate(task.hints, 1))
        said = [f"Exercise: {task.title}", unmarked(task.task), task.given, *options]
        answer = unmarked(f"An answer:\n{right}\n{task.why}")
        return "\n\n".join(filter(None, [*said, unmarked(hints), answer]))

    return View(html, text)


def task_as_html(task: Task) -> str:
    """The title, the task, and XML that is there to be looked at; what is worked on is not."""
    return root(*_task(task), *([] if isinstance(task, Write) else _given(task)))


def answer_as_html(task: Task) -> str:
    """One answer, and why it is one."""
    return root(E.div({"class": "vl-shown"}, E.p(E.strong("An answer")), *_answer(task)))


def feedback_as_html(feedback: Feedback) -> str:
    """What is said of an answer: a headline, and a list whose signs say right or missing."""
    points = [
        E.li(
            {"class": f"vl-is-{point.kind}"},
            E.span(SIGNS[point.kind], {"class": "vl-sign"}), " ", prose("span", point.says),
        )
        for point in feedback.points[:MOST]
    ]  # fmt: skip
    listed = [E.ul(*points)] if points else []
    left_out = more(len(feedback.points) - MOST, "remark")
    said = [prose("p", feedback.headline, "vl-outcome"), *listed, *map(E.p, left_out)]
    return root(told(*said, kind=_kind(feedback.solved)))


def hints_as_html(hints: Sequence[str]) -> str:
    """The hints that were asked for."""
    shown = E.ol(*[prose("li", hint) for hint in hints])
    return root(E.div({"class": "vl-hints"}, E.strong("Hints"), shown)) if hints else ""


def quiz(question: Question) -> View:
    """The quiz where no widget runs: one question as an example, its answer folded away."""

    def html() -> str:
        options = E.ul(*[prose("li", option) for option in question.options])
        right = prose("p", question.right, "vl-outcome")
        answer = folded("Reveal", right, prose("p", question.why))
        return root(*_asked(question), options, answer, prose("p", words("example"), "vl-nothing"))

    def text() -> str:
        title, guest = words("title"), words("guest", machine=question.machine)
        asked = "\n".join(
            [question.xml, question.says, *(f"  ( ) {option}" for option in question.options)]
        )
        answer = f"Answer: {question.right}\n{question.why}"
        return "\n\n".join([*map(unmarked, (title, guest, asked, answer)), words("example")])

    return View(html, text)


def four_cases(tasks: Sequence[Task]) -> View:
    """The drawn guests where no widget runs: an example of each, its answer folded away."""
    shown, said = [exercise(task) for task in tasks], sentence(cases.words("example"), "vl-nothing")
    return View(
        lambda: "".join(one.html for one in [*shown, said]),
        lambda: "\n\n".join(one.text for one in [*shown, said]),
    )


def verdict_on_cases(solved: int, tries: int, hints: int) -> str:
    """What is said of all four, for a widget, which tells it."""
    said = prose("p", cases.verdict(solved, tries, hints), "vl-outcome")
    return root(told(said, kind=_kind(solved == 4)))


def question_as_html(question: Question) -> str:
    """One question of the quiz, without its options."""
    return root(*_asked(question))


def verdict_as_html(guess: str, question: Question) -> str:
    """Whether a guess was right, what is, and why."""
    return verdict_on(guess, question.right, question.why, _kind(guess == question.right))


def _task(task: Task) -> list[Html]:
    return [_title(f"Exercise: {task.title}"), prose("p", task.task, "vl-task")]


def _asked(question: Question) -> list[Html]:
    guest = prose("p", words("guest", machine=question.machine))
    says = prose("p", question.says, "vl-question")
    return [_title(words("title")), guest, xml_box([question.xml]), says]


def _title(said: str) -> Html:
    return E.p({"class": "vl-exercise-title"}, E.strong(said))


def _kind(is_right: bool) -> str:
    return f"vl-feedback {'vl-solved' if is_right else 'vl-open'}"


def _given(task: Task) -> list[Html]:
    return [xml_box([task.given])] if task.given else []


def _options(task: Task) -> list[Html]:
    if isinstance(task, Choose):
        return [E.ul(*[prose("li", f"{n}) {option.says}") for n, option in task.options.items()])]
    if isinstance(task, Mark):
        marked = task.options.items()
        return [E.ul(*[E.li(E.code(name), xml_box([option.says])) for name, option in marked])]
    return []


def _answer(task: Task) -> list[Html]:
    if isinstance(task, Write):
        shown = page(as_element(lines_of(task.given, task.solution, " +")))
    else:
        shown = prose("p", _right(task), "vl-outcome")
    return [shown, prose("p", task.why)]


def _right(task: Task) -> str:
    assert isinstance(task, Choose | Mark)  # what is written has many answers
    names = right_names(task)
    if isinstance(task, Choose):
        return "; ".join(f"{name}) {task.options[name].says}" for name in names)
    return ", ".join(names)
