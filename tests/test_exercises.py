"""The exercises and the quiz: their data, what is said of answers, the widgets, the real libvirt."""

import dataclasses
import re
import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from lxml import etree, html

from virtiolab import check, infer
from virtiolab.course import tasks
from virtiolab.course.judging import belonging, judge, right_names, submit
from virtiolab.course.quiz import Score, draw
from virtiolab.course.tasks import Choose, Mark, Write, exercise, exercises
from virtiolab.data import dotted
from virtiolab.evidence.comparison import ROWS, said_by_libvirt
from virtiolab.evidence.record import recorded
from virtiolab.targets import BUS_OF_PREFIX, prefix_of
from virtiolab.widgets import Exercise, Quiz

NOTEBOOKS = [
    "01_the_question", "02_the_disk_element", "03_where_the_bytes_are", "04_which_bus",
    "05_which_driver", "06_the_answers", "07_prove_it",
]  # fmt: skip
HOSTILE = [
    "<script>alert(1)</script>",
    "<disk><target dev='<b>'/></disk>",
    "<disk><target dev='&lt;img src=x onerror=alert(1)&gt;' bus='`&lt;b&gt;`'/></disk>",
    "<disk><driver type='\u202eevil\u2066{0}{value}%s'/><source file='/a'/><target dev='vda'/></disk>",
    "<!DOCTYPE a [<!ENTITY b 'c'>]><disk>&b;</disk>",
    "<disk", "<disk/><domain/>", "<domain/>", "<devices/>", "no XML", "<a/>", "\0", "\ud800",
    "<x:disk xmlns:x='y'/>", "<disk xmlns='y'/>", "<disk>" * 400, "<domain type='`'><devices><disk/></devices></domain>",
    "<domain><os><type arch='<'/></os></domain>", "<disk><address type='drive' unit='99999999999'/></disk>",
    "<disk><source file='/data/web.qcow2'/><target dev='vda' bus=''/></disk>" * 30,
]  # fmt: skip
FOUND = {"div", "p", "pre", "ul", "ol", "li", "code", "span", "strong", "ins", "mark"}


def each(*kinds):
    """One test for each exercise of these kinds."""
    names = [name for name, task in exercises().items() if isinstance(task, kinds)]
    return pytest.mark.parametrize("name", names)


def touched(task):
    """What is given, but no longer as nobody has touched it."""
    return f"{task.given}<!-- -->"


def test_every_notebook_has_some():
    """Three to six each, in the order of the course."""
    of = [task.notebook for task in exercises().values()]
    assert list(dict.fromkeys(of)) == NOTEBOOKS
    assert all(3 <= of.count(notebook) <= 6 for notebook in NOTEBOOKS)


def test_names_are_unique():
    """Over all notebooks: no file takes the name of an exercise in another."""
    files = Path(tasks.__file__).with_name("exercises").glob("*.toml")
    assert len(exercises()) == sum(
        len(tomllib.loads(file.read_text(encoding="utf-8"))) for file in files
    )


@each(Write, Choose, Mark)
def test_words(name):
    """Two hints or three, all in whole sentences, and no backtick left open."""
    task = exercise(name)
    assert 2 <= len(task.hints) <= 3
    for said in (task.task, task.why, *task.hints):
        assert said[-1] in ".?!" and said.count("`") % 2 == 0
    assert task.title[0].isupper() and task.title[-1] not in ".?!"


@each(Write, Choose, Mark)
def test_unanswered(name):
    """An invitation, the same every time; what was given is no answer yet."""
    task = exercise(name)
    for nothing in (None, "", " \n", task.given, f"\n{task.given}\n"):
        said = submit(name, nothing)
        assert not said.solved and not said.points
        assert repr(said) == f"Not answered yet. A first hint: {task.hints[0].replace('`', '')}"


@each(Write)
def test_solutions(name):
    """The solution solves it, and what is given does not."""
    task = exercise(name)
    assert submit(name, task.solution).solved
    said = submit(name, touched(task))
    assert not said.solved and said.missing


@each(Write)
def test_what_is_wanted_is_asked_for(name):
    """Each thing that is wanted exists, and the images are those of the solution."""
    task = exercise(name)
    for rows in task.disks.values():
        for wanted in rows:
            assert (
                "/" in wanted.name
                or wanted.name in infer(task.guest(task.solution).disks[0])._fields
            )
    assert len(task.guest(task.solution).disks) == len(task.disks)


@each(Write)
@pytest.mark.parametrize("renamed", ["", "9"], ids=["", "renamed"])
def test_what_stays(name, renamed):
    """Where something has to stay, it stays in the solution, and a change of it is missed; also in a
    disk whose image is called otherwise."""
    task = exercise(name)
    for path in task.stays:
        domain = task.guest(task.solution)
        above, _, attribute = path.partition("/@")
        [element, *_] = domain.element.findall(f".//disk/{above}")
        element.set(attribute, element.get(attribute) + "9")
        written = etree.tostring(domain.element, encoding="unicode")
        for image in task.disks:
            written = written.replace(image, image + renamed)
        said = submit(name, written)
        assert any(path in sentence for sentence in said.missing)


def test_what_stays_though_the_image_moves():
    """Where the task itself gives the image another name."""
    task = dataclasses.replace(exercise("off-gluster"), stays=("target/@dev", "target/@bus"))
    assert judge(task, task.solution).solved
    [missing] = judge(task, task.solution.replace("'virtio'", "'scsi'")).missing[-1:]
    assert "`target/@bus` was `virtio`" in missing


@each(Write)
def test_partial_answers(name):
    """Of the solution, without any one attribute: it stays solved, or a sentence says why not."""
    task = exercise(name)
    for attribute in re.finditer(r""" [\w]+=(?:'[^']*'|"[^"]*")""", task.solution):
        said = submit(name, task.solution.replace(attribute[0], "", 1))
        assert said.solved or all(sentence[-1] in ".?!" for sentence in said.missing)


def test_how_it_is_written_does_not_matter():
    """Order, quotes, comments, a whole guest: judged by what libvirt makes of it."""
    for xml in (
        '<disk><target dev="vdz"/><driver type="qcow2"/><source file="/data/web.qcow2"/></disk>',
        "<disk><!-- mine --><driver type='qcow2'/><source file='/data/web.qcow2'/>"
        "<target dev='hda' bus='virtio'/></disk>",
        "<disk><driver type='qcow2'/><source file='/data/web.qcow2'/><target dev='sda'/></disk>"
        "<controller type='scsi' model='virtio-scsi'/>",
        "<domain type='kvm'><os><type arch='x86_64' machine='pc'>hvm</type></os><devices><disk>"
        "<driver type='qcow2'/><source file='/data/web.qcow2'/><target dev='vda'/></disk></devices></domain>",
    ):
        assert submit("write-a-virtio-disk", xml).solved


@pytest.mark.parametrize(
    ("name", "old", "new", "missing"),
    [
        ("write-a-virtio-disk", "qcow2'/>\n  <source", "raw'/>\n  <source", "it should be `qcow2`"),
        ("write-a-virtio-disk", "type='qcow2'", "tpye='qcow2'", "libvirt knows no `tpye` here"),
        ("write-a-virtio-disk", "/data/web", "/data/other", "No disk has the image"),
        ("write-a-virtio-disk", "</disk>", "</disk><disk device='cdrom'><target dev='hdc'/></disk>", "number of disks is 2"),
        ("move-to-q35", "machine='q35'", "machine='pc'", "should keep its machine, `q35`"),
        ("infer-the-bus", "dev='vda'", "dev='vda' bus='virtio'", "but stated; it should be inferred"),
        ("read-through-the-cache", "cache='writeback'", "cache='none'", "it should be `writeback`"),
        ("past-the-page-cache", "directsync", "none", "it should be `directsync`"),
        ("make-it-virtio", "</disk>", "<address type='drive'/></disk>", "libvirt refuses it"),
        ("migrate-this-guest", "<boot order='1'/>", "", "was `1` and should stay so; now it is `nothing`"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(name, old, new, missing):
    """One thing of the solution changed, and the sentence about it."""
    changed = exercise(name).solution.replace(old, new)
    assert changed != exercise(name).solution
    said = submit(name, changed)
    assert not said.solved and any(missing in sentence for sentence in said.missing)


@pytest.mark.parametrize(
    ("name", "old", "new", "missing"),
    [
        ("drivers-from-a-folder", "'fat'", "'FAT'", ["`FAT` is no value of `type`."]),
        ("drivers-from-a-folder", "'fat'", "'vfat'", ["`vfat` is no value of `type`."]),
        ("drivers-from-a-folder", "type='fat'", "name='vvfat'", ["A directory needs", "the format of the image is its `type`."]),
        ("migrate-this-guest", "bus='virtio'", "bus='vitrio'", ["`vitrio` is no value of `bus`."]),
        ("migrate-this-guest", "<boot order='1'/>", "<boot order='1'/><address type='drive'/>", ["Leave the address out"]),
        ("migrate-this-guest", "dev='vda' bus='virtio'", "dev='disk0'", ["cannot be called `disk0`"]),
        ("move-to-q35", "dev='sdb' bus='sata'", "dev='hdc'", ["the q35 machine has none"]),
        ("read-through-the-cache", "writeback' io='threads", "unsafe' io='native", ["needs `cache='none'`", "it should be `writeback`"]),
        ("find-the-typo", "type='qcow2'", "type='QCOW2'", ["`QCOW2` is no value of `type`."]),
        ("find-the-typo", "'vda'", "'disk0'", ["cannot be called `disk0`", "`target/@dev` was `vda`"]),
        ("write-for-the-ladder", "type='file'", "type='block'", ["has no source"]),
    ],
)  # fmt: skip
def test_one_slip(name, old, new, missing):
    """Refused: what the refusal says is said once; what has to stay is said all the same."""
    said = submit(name, exercise(name).solution.replace(old, new))
    assert len(said.missing) == len(missing)
    assert all(part in sentence for part, sentence in zip(missing, said.missing))


@pytest.mark.parametrize("name", ["migrate-this-guest", "write-for-the-ladder", "mend-this-guest"])
def test_a_file_is_no_block_device(name):
    """libvirt accepts one with the path of the other, and QEMU does not start."""
    block = re.sub(
        r"'file'(.*?)<source file",
        r"'block'\1<source dev",
        exercise(name).solution,
        count=1,
        flags=re.DOTALL,
    )
    assert submit(name, block).missing == [
        "type: `block`; it should be `file`. type='block' is written."
    ]


@each(Write)
def test_what_cannot_be_read(name):
    """Half an answer: the sentence says what to hand in."""
    whole = re.search(r"<\w+", exercise(name).given)[0]
    for half in ("driver", "<driver>", "<driver type='qcow2'/>", "<disk"):
        [said] = submit(name, half).missing
        assert said.endswith(f"Hand in the whole `{whole}>`.")


def test_a_note_is_no_fault():
    """What libvirt accepts is solved, even where a careful admin would not write it."""
    said = submit(
        "write-for-the-ladder", exercise("write-for-the-ladder").solution.replace("vda", "hda")
    )
    assert said.solved and "! The name hda suggests another bus" in repr(said)


@each(Choose)
def test_options(name):
    """One is right; each has a sentence of its own, and only the right one solves it."""
    task = exercise(name)
    assert len(right_names(task)) == 1 and len(task.options) >= 3
    assert len({option.why for option in task.options.values()}) == len(task.options)
    for letter, option in task.options.items():
        said = submit(name, letter)
        assert option.why.endswith(".") and said.solved == option.is_right
        assert [point.says for point in said.points] == [f"{letter}: {option.why}"]
    for many in ("z", "0", "a b", "because of the bus"):
        assert submit(name, many).missing == [f"Answer with one of: {', '.join(task.options)}."]


@each(Choose)
def test_other_ways_to_choose(name):
    """By place, in capital letters, as a number: what is meant is clear."""
    task = exercise(name)
    for place, option in enumerate(task.options):
        for way in ("abcde"[place], "ABCDE"[place], str(place + 1), place + 1, f"option {option})"):
            assert submit(name, way) == submit(name, option)


def test_rungs_are_numbered_as_on_the_ladder():
    """One numbering: that of the rungs."""
    for name, task in exercises().items():
        if name.startswith("which-rung"):
            assert list(task.options) == ["1", "2", "3", "4", "5"]


@each(Mark)
def test_marks(name):
    """Exactly the right set solves it, and only then the reasons are told."""
    task = exercise(name)
    right = set(right_names(task))
    assert 0 < len(right) < len(task.options)
    for size in range(len(task.options) + 1):
        for marked in combinations(task.options, size):
            said = submit(name, list(marked))
            assert said.solved == ({*marked} == right)
            assert len(said.missing) == len({*marked} ^ right)
            reason = belonging(task, next(iter(task.options)))[1]
            assert (
                reason in repr(said).replace("`", "") or "`" in reason
            ) == said.solved or "`" in reason
    assert submit(name, ", ".join(right)).solved
    assert not submit(name, [*right, "nobody"]).solved


def test_right_places_differ():
    """No letter is always right."""
    letters = [right_names(task)[0] for task in exercises().values() if isinstance(task, Choose)]
    assert all(letters.count(letter) <= len(letters) / 2 for letter in letters)


def test_unknown_names():
    """A sentence, with the nearest name."""
    with pytest.raises(ValueError, match="did you mean 'find-the-typo'"):
        submit("find-a-typo")
    with pytest.raises(ValueError, match="There is no exercise"):
        Exercise("")


@pytest.mark.parametrize("xml", HOSTILE)
def test_hostile_answers(xml):
    """A sentence each, never an exception; in the page there is only text of it."""
    for name in ("write-a-virtio-disk", "move-to-q35", "why-no-lun", "mark-the-virtio-disks"):
        said = submit(name, xml)
        assert not said.solved and said.missing
        assert all(line.isprintable() for line in repr(said).splitlines())
    widget = Exercise("write-a-virtio-disk")
    widget.work.text.value = xml
    widget.check.click()
    root = html.fromstring(widget.said.value)
    assert {element.tag for element in root.iter()} <= FOUND
    assert {name for element in root.iter() for name in element.attrib} <= {"class", "role"}


# ---------------------------------------------------------------------------------- the widgets


def test_widget_of_xml():
    """Checked, hinted at, shown, started over."""
    widget = Exercise("find-the-typo")
    task = exercise("find-the-typo")
    assert widget.work.text.value == task.given and widget.show.disabled
    widget.check.click()
    assert "Not answered yet" in widget.said.value and widget.show.disabled
    widget.work.text.value = touched(task)
    widget.check.click()
    assert "Not yet." in widget.said.value and not widget.show.disabled
    widget.show.click()
    assert "&lt;driver" in widget.answer.value and widget.work.text.value == touched(task)
    widget.work.text.value = task.solution
    widget.check.click()
    assert "Solved." in widget.said.value and widget.feedback.solved
    widget.again.click()
    assert widget.work.text.value == task.given and widget.feedback is None
    assert widget.answer.value == widget.hints.value == "" and widget.show.disabled


def test_hints_come_one_by_one():
    """Each press one more; the last opens the answer."""
    widget = Exercise("find-the-typo")
    for number in range(3):
        assert widget.hint.description == f"Hint {number + 1} of 3" and widget.show.disabled
        widget.hint.click()
        assert widget.hints.value.count("<li>") == number + 1
    assert widget.hint.disabled and not widget.show.disabled


def test_widget_of_options():
    """Nothing chosen is no answer; a wrong one can be changed."""
    widget = Exercise("why-no-lun")
    widget.check.click()
    assert not widget.feedback.points
    widget.work.options.value = "a"
    widget.check.click()
    assert widget.feedback.missing
    widget.work.options.value = "b"
    widget.check.click()
    assert widget.feedback.solved
    widget.again.click()
    assert widget.work.answer is None


def test_widget_of_boxes():
    """A box a guest; none ticked is an answer too."""
    widget = Exercise("mark-the-virtio-disks")
    widget.check.click()
    assert widget.feedback.missing
    for name in right_names(exercise("mark-the-virtio-disks")):
        widget.work.boxes[name].value = True
    widget.check.click()
    assert widget.feedback.solved
    widget.again.click()
    assert widget.work.answer == []


@pytest.mark.parametrize("make", [*(lambda n=n: Exercise(n) for n in exercises()), Quiz])
def test_static_form(make):
    """All of it, folded, the same every time, and of what JupyterLab's sanitizer keeps."""
    bundle = make()._repr_mimebundle_()
    assert (
        bundle["text/html"] == make().static().html and bundle["text/plain"] == make().static().text
    )
    root = html.fromstring(f"<div>{bundle['text/html']}</div>")
    assert {element.tag for element in root.iter()} <= FOUND | {"details", "summary"}
    assert root.xpath("//details") and not root.xpath("//@id")
    assert "answer" in bundle["text/plain"].lower()


@pytest.mark.parametrize("name", ["mend-this-guest", "mark-who-boots"])
def test_a_check_is_quick(name):
    """5 ms at the median in the kernel."""
    import statistics
    import time

    widget, seconds = Exercise(name), []
    for _ in range(31):
        if name == "mend-this-guest":
            widget.work.text.value = touched(exercise(name))
        begun = time.thread_time()
        widget.check.click()
        seconds.append(time.thread_time() - begun)
    assert statistics.median(seconds) < 0.005


# ------------------------------------------------------------------------------------- the quiz


def test_questions():
    """2,000 numbers: one right option each, the same again, every question and answer drawn."""
    drawn = [draw(number) for number in range(2000)]
    for question in drawn:
        assert question.options.count(question.right) == 1
        assert len(set(question.options)) == len(question.options) >= 2
        assert question.why.endswith((".", "?")) and question.says.endswith("?")
    assert drawn[:50] == [draw(number) for number in range(50)]
    seen = {(question.asked, question.value) for question in drawn}
    buses = {("bus", bus) for bus in ("virtio", "scsi", "sata", "ide", "usb", "refused")}
    assert seen >= buses | {("virtio", v) for v in ("virtio-blk", "virtio-scsi", "no", "refused")}
    assert seen >= {
        ("format", "raw"),
        ("format", "qcow2"),
        ("accepted", "yes"),
        ("accepted", "refused"),
    }
    places = [question.options.index(question.right) for question in drawn]
    assert max(map(places.count, set(places))) < 1000
    virtio, accepted = ([q.value for q in drawn if q.asked == a] for a in ("virtio", "accepted"))
    assert 0.45 < sum(value.startswith("virtio") for value in virtio) / len(virtio) < 0.55
    assert 0.4 < accepted.count("refused") / len(accepted) < 0.6


def test_reasons_of_questions():
    """Who decided the bus comes first; where all is well, the trap is named; and what tempts is
    there to be chosen."""
    for question in map(draw, range(2000)):
        [disk] = question.guest.disks
        bus, by_name = infer(disk).bus, BUS_OF_PREFIX.get(prefix_of(disk.target))
        if question.asked == "virtio" and question.value != "refused":
            assert question.why.startswith(bus.reason)
        if question.asked == "bus":
            assert len(question.options) == 4
            assert {bus.value, by_name} - {None} <= {*question.options}
        if question.asked == "accepted":
            assert question.options == ("yes", "no, it refuses") and len(question.why) > 30
        assert "floppy" not in question.xml or question.asked == "accepted"


def test_score():
    """Right, asked, and how many in a row."""
    score = Score()
    assert score.says == "Nothing answered yet."
    for is_right in [True, True, False, True, True, True, True, False, True, True, True, True][:9]:
        score = score.after(is_right)
    assert score.says == "7 of 9 right, 1 in a row"


def test_quiz():
    """No check before an answer; an answer counts once; the next is another question."""
    quiz = Quiz(21)
    assert quiz.check.disabled and quiz.question == draw(21)
    quiz.guess.value = quiz.question.right
    assert not quiz.check.disabled
    quiz.check.click()
    assert "✓ Right" in quiz.outcome.value and "1 of 1 right, 1 in a row" in quiz.score.value
    assert quiz.check.disabled and quiz.guess.disabled
    quiz.next.click()
    assert quiz.outcome.value == "" and not quiz.guess.disabled and quiz.guess.value is None
    quiz.guess.value = next(o for o in quiz.question.options if o != quiz.question.right)
    quiz.check.click()
    assert "✗ You said" in quiz.outcome.value and "1 of 2 right, 0 in a row" in quiz.score.value


def test_no_disk_comes_twice():
    """In one session."""
    quiz, seen = Quiz(21), set()
    for _ in range(100):
        assert quiz.question.disk not in seen
        seen.add(quiz.question.disk)
        quiz.next.click()


# ----------------------------------------------------------------------------- the real libvirt


def said_of(answer):
    """What libvirt says of each disk; nothing where it refuses the guest."""
    return [] if answer.is_refused else list(said_by_libvirt(answer).values())


@pytest.mark.live
@each(Write, Choose)
def test_given(name, libvirt):
    """Refused where the task says so, and where check() does."""
    task = exercise(name)
    answer = libvirt.ask(task.guest(task.given))
    problems = check(task.guest(task.given))
    errors = [problem.code for problem in problems if problem.severity == "error"]
    assert answer.is_refused == bool(errors)
    assert answer.is_refused or not re.search("libvirt refuses|to refuse it", task.task)
    if isinstance(task, Choose):
        [named] = [option.code for option in task.options.values() if option.is_right]
        assert named is None or [named] == errors


@pytest.mark.live
@each(Write)
def test_solution(name, libvirt):
    """Accepted, and each disk is what was wanted."""
    task = exercise(name)
    said = said_of(libvirt.ask(task.guest(task.solution)))
    assert len(said) == len(task.disks)
    for rows, theirs in zip(task.disks.values(), said):
        for wanted in rows:
            assert wanted.name not in ROWS or theirs[wanted.name] in wanted.values


@pytest.mark.live
@each(Mark)
def test_truth_of_marks(name, libvirt):
    """Accepted and as wanted: those that are right, and no others."""
    task = exercise(name)
    for guest in task.options:
        answer = libvirt.ask(task.guest(task.options[guest].says))
        said = said_of(answer)
        is_as_wanted = all(disk[row.name] in row.values for disk in said for row in task.wanted)
        assert (not answer.is_refused and is_as_wanted) == (guest in right_names(task))


@pytest.mark.live
def test_drawn_questions(libvirt):
    """300 of them: libvirt gives the answer that the quiz calls right."""
    for number in range(300):
        question = draw(number, dotted(libvirt.version))
        answer = libvirt.ask(question.guest)
        theirs = said_of(answer)
        value = "yes" if question.asked == "accepted" and theirs else "refused"
        if theirs and question.asked != "accepted":
            value = theirs[0][question.asked]
        if value in (True, False):
            is_blk = theirs[0]["qemu_device"].startswith("virtio-blk")
            value = ("virtio-blk" if is_blk else "virtio-scsi") if value else "no"
        assert value == question.value, question


def test_rungs_on_record():
    """What notebook 07 asks about the ladder is what the record says."""
    record = recorded()["lessons"]
    missing, ide, second = record["missing-type"], record["ide-on-q35"], record["second"]
    assert not missing["schema"]["faults"] and not missing["libvirt"]["refusal"]
    given = {one["driver"] for _, one, _ in missing["arguments"]["arguments"]["vda"]}
    assert "file" in given and "qcow2" not in given
    assert (
        missing["qemu"]["disks"]["vda"]["size"] == missing["guest"]["disks"][0]["bytes"] < 1 << 20
    )
    assert not ide["schema"]["faults"] and ide["libvirt"]["refusal"]
    assert (
        second["qemu"]["files"][0]["direct"] and not record["first"]["qemu"]["files"][0]["direct"]
    )
    assert record["against-the-name"]["guest"]["disks"][0]["name"] == "vda"
