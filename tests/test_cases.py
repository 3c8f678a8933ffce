"""The guests of notebook 08: drawn, judged, and asked of the real libvirt."""

import re

import pytest

from virtiolab import check, infer
from virtiolab.course.cases import cases, verdict
from virtiolab.course.judging import judge, right_names
from virtiolab.course.tasks import Choose, Write
from virtiolab.data import facts
from virtiolab.evidence.comparison import ROWS, said_by_libvirt
from virtiolab.widgets import YourCase

NUMBERS = range(60)
KNOWN = facts("course/cases.toml")


def drawn(kind):
    """One of each title, and of those to be read each that is drawn."""
    found = {}
    for number in NUMBERS:
        for task in cases(number):
            if isinstance(task, kind):
                found.setdefault(task.name if kind is Write else (number, task.name), task)
    return found


WRITTEN, READ = drawn(Write), drawn(Choose)
each_written = pytest.mark.parametrize("task", WRITTEN.values(), ids=WRITTEN)


def test_all_are_drawn():
    """Each guest to be mended or moved comes, every word of it filled in."""
    assert set(WRITTEN) == {f"case-{name}" for kind in ("mend", "move") for name in KNOWN[kind]}
    for task in [*WRITTEN.values(), *READ.values()]:
        for said in (task.given, task.task, task.why, *task.hints):
            assert said and not re.search(r"[{}]", said)


def test_the_same_number_draws_the_same():
    """Everywhere; another number draws others."""
    assert cases(7) == cases(7)
    assert len({cases(number)[0].given for number in NUMBERS}) > 50


@each_written
def test_mended_and_moved(task):
    """One answer solves it; what was given, touched, does not, and it says why."""
    assert judge(task, task.solution).solved
    said = judge(task, task.given.replace("<memory", "<!-- --><memory"))
    assert said.missing and not said.solved
    assert not [
        problem for problem in check(task.guest(task.solution)) if problem.severity == "error"
    ]


def test_one_set_is_right():
    """Of four that differ; and every one of four places has been the right one."""
    places = set()
    for task in READ.values():
        [right] = right_names(task)
        places.add(right)
        assert len({option.says for option in task.options.values()}) == 4
        assert not [one for one in check(task.guest(task.given)) if one.severity == "error"]
    assert places == {*"abcd"}


@pytest.mark.live
def test_read_as_libvirt_reads_them(libvirt):
    """Which disks are virtio, and which images are opened as qcow2."""
    for task in READ.values():
        answer = libvirt.ask(task.guest(task.given))
        assert not answer.is_refused
        said = said_by_libvirt(answer)
        [right] = [task.options[name].says for name in right_names(task)]
        named = {*re.findall("`(.*?)`", right)} or (
            {*said} if right == KNOWN["opened"]["options"]["vda and vdb"] else set()
        )
        if task.name == "case-virtio":
            assert named == {target for target, theirs in said.items() if theirs["virtio"]}
        else:
            assert named == {
                target for target, theirs in said.items() if theirs["format"] == "qcow2"
            }


@pytest.mark.live
@each_written
def test_written_as_libvirt_reads_it(task, libvirt):
    """What is given is refused where check() refuses it, in the words of the task; the solution is
    accepted, as it is wanted."""
    errors = [one for one in check(task.guest(task.given)) if one.severity == "error"]
    answer = libvirt.ask(task.guest(task.given))
    assert answer.is_refused == bool(errors)
    [quoted] = re.findall("“(.*?)”", task.task) or [""]
    assert quoted in (answer.refusal or "") and bool(quoted) == answer.is_refused
    guest = task.guest(task.solution)
    answer = libvirt.ask(guest)
    assert not answer.is_refused
    said = said_by_libvirt(answer)
    for disk in guest.disks:
        for wanted in task.disks[disk.get("file", "source") or disk.get("dev", "source")]:
            assert wanted.name not in ROWS or said[disk.target][wanted.name] in wanted.values
            assert "/" in wanted.name or getattr(infer(disk), wanted.name).value in wanted.values


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ((0, 3, 9), "None of the four is solved yet."),
        ((3, 5, 2), "Solved: 3 of 4. Tries: 5. Hints: 2."),
        ((4, 5, 0), "in 5 tries and with 0 hints"),
        ((4, 4, 0), "each at the first try and without a hint"),
    ],
)
def test_verdict(counts, says):
    """By what it took."""
    assert says in verdict(*counts)


def test_widget():
    """Tries and hints are counted; four others begin anew."""
    shown = YourCase(5)
    first, _, mend, move = shown.guests.children
    first.hint.click()
    for one, task in zip((mend, move), cases(5)[2:]):
        one.work.text.value = task.given + " "
        one.check.click()
        one.work.text.value = task.solution
        one.check.click()
        one.check.click()  # what is solved stays solved, at no cost
    assert "Solved: 2 of 4. Tries: 2. Hints: 1." in shown.verdict.value
    shown.children[-1].children[0].click()
    assert "None of the four" in shown.verdict.value
    assert [one.tries for one in shown.guests.children] == [0] * 4
