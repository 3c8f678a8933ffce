"""The progress of a learner: what counts, how it is kept, and what is shown of it."""

import json
from weakref import WeakSet

import pytest
from lxml import html
from payloads import PAYLOADS
from test_widgets import upload

from virtiolab.course.progress import SURENESS, Guess, Keeper, Progress, Tries
from virtiolab.course.tasks import exercise, exercises, predictions
from virtiolab.views.progress import progress_map
from virtiolab.widgets import Exercise, Predict
from virtiolab.widgets import Progress as Shown

SDA, SCSI = "change-to-sda", "scsi-virtio"


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """The file that the widgets of a test keep it in."""
    keeper = Keeper(tmp_path / "virtiolab" / "progress.json")
    monkeypatch.setattr("virtiolab.widgets.progress.keeper", lambda: keeper)
    monkeypatch.setattr("virtiolab.widgets.progress._shown", WeakSet())
    return tmp_path / "virtiolab" / "progress.json"


def test_the_first_guess_counts():
    """Whoever has seen the answer does not guess any more."""
    progress = Progress().guessed(SDA, "IDE", "certain").guessed(SDA, "SCSI", "guessing")
    assert progress.guesses == {SDA: Guess("IDE", "certain")}
    assert not progress.is_right(SDA)


def test_tries_count_until_it_is_solved():
    """Who plays on with what is solved loses nothing."""
    progress = Progress()
    for solved in (False, False, True, False, True):
        progress = progress.tried("find-the-typo", solved)
    assert progress.tasks == {"find-the-typo": Tries(3, True)}


def test_given_away_and_brought_back():
    """All of it."""
    progress = Progress().guessed(SDA, "IDE", "certain").tried("find-the-typo", True)
    assert Progress.from_json(progress.to_json()) == progress


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"guesses": 1, "tasks": 2}', "[" * 99_999, b"\xff\0", "NaN", '{"guesses": {"a": {"b": 1}}, "tasks": {}}'])  # fmt: skip
def test_what_is_no_progress(text):
    """A sentence says so."""
    with pytest.raises(ValueError, match=r"^This is no progress that virtiolab has saved\.$"):
        Progress.from_json(text)


def test_what_this_course_does_not_ask_is_left_out():
    """What another edition asked, options that are none, and what somebody wrote into the file."""
    told = {
        "guesses": {
            "never-asked": {"said": "IDE", "sure": "certain"},
            SDA: {"said": "<b>IDE</b>", "sure": "certain"},
            SCSI: {"said": "Yes", "sure": "very"},
            "two-scsi-disks": {"said": "Both", "sure": "certain"},
            "bus-against-name": {"said": ["Yes"], "sure": "certain"},
        },
        "tasks": {
            "never-set": {"number": 1, "solved": True},
            "find-the-typo": {"number": "1", "solved": True},
            "write-a-virtio-disk": {"number": 1, "solved": 1},
        },
    }
    assert Progress.from_json(json.dumps(told)) == Progress(
        {"two-scsi-disks": Guess("Both", "certain")}, {}
    )


def test_it_is_kept(kept):
    """By the widgets, in one file, which another notebook adds to."""
    asked, task = Predict(SDA), Exercise("find-the-typo")
    asked.guess.value = "IDE"
    asked.reveals["fairly sure"].click()
    task.check.click()  # nothing was answered: that is no try
    task.work.text.value = exercise("find-the-typo").solution
    task.check.click()
    other = Keeper(kept)
    other.keep(lambda progress: progress.guessed(SCSI, "Yes", "certain"))
    assert Progress.from_json(kept.read_bytes()) == Progress(
        {SCSI: Guess("Yes", "certain"), SDA: Guess("IDE", "fairly sure")},
        {"find-the-typo": Tries(1, True)},
    )
    assert [file.name for file in kept.parent.iterdir()] == [kept.name]


def test_a_file_of_another_stays_as_it_is(kept):
    """Nothing is written over it; it is kept as long as the notebook runs, and that is said."""
    kept.parent.mkdir()
    kept.write_text("mine")
    keeper = Keeper(kept)
    keeper.keep(lambda progress: progress.guessed(SDA, "IDE", "certain"))
    assert kept.read_text() == "mine" and SDA in keeper.progress().guesses
    assert keeper.hindrance.startswith(
        "Nothing is kept beyond this session: progress.json: This is no"
    )


def test_where_nothing_can_be_written(tmp_path):
    """The learner goes on, and is told."""
    (tmp_path / "taken").write_text("")
    keeper = Keeper(tmp_path / "taken" / "progress.json")
    keeper.keep(lambda progress: progress.guessed(SDA, "IDE", "certain"))
    assert SDA in keeper.progress().guesses
    assert keeper.hindrance.startswith("Nothing is kept beyond this session: ")


def cells(view):
    """What stands in the map: by how surely, and whether it is so."""
    root = html.fromstring(view.html)
    rows = root.xpath(".//tbody/tr")
    return {
        (sure, right): [li.text_content() for li in cell.iter("li")]
        for sure, row in zip(reversed(SURENESS), rows, strict=True)
        for right, cell in zip((True, False), row.findall("td"), strict=True)
    }


def test_map():
    """Each guess has one place, the one for how surely and whether it is so, as HTML and as text."""
    progress = Progress()
    for name, asked in predictions().items():
        for number, said in enumerate(asked["options"]):
            if number == len(progress.guesses) % len(asked["options"]):
                sure = SURENESS[len(progress.guesses) % 3]
                progress = progress.guessed(name, said, sure)
                break
    shown = cells(progress_map(progress))
    for name, asked in predictions().items():
        place = progress.guesses[name].sure, progress.is_right(name)
        title = f"{asked['title']} ({asked['notebook'][:2]})".replace("`", "")
        assert [where for where, titles in shown.items() if title in titles] == [place]
    assert sum(map(len, shown.values())) == len(predictions())


def test_map_of_one_notebook():
    """What belongs to another is not counted."""
    progress = Progress().guessed(SDA, "SCSI", "certain").guessed("fifth-ide-disk", "", "guessing")
    progress = progress.tried("find-the-typo", True).tried("mend-the-source", True)
    view = progress_map(progress, "01_the_question")
    assert cells(view)["certain", True] == ["sda without a bus"]
    own = [told for told in predictions().values() if told["notebook"] == "01_the_question"]
    tasks = [task for task in exercises().values() if task.notebook == "01_the_question"]
    for said in (view.html, view.text):
        assert f"Guessed: 1 of {len(own)} predictions, 1 of them right." in said
        assert f"Solved: 1 of {len(tasks)} exercises, 1 of them at the first try." in said


def test_shown_as_it_grows(kept):
    """A guess in a cell above changes the map below; another's file is brought back; a second press
    forgets."""
    shown, asked = Shown("01_the_question"), Predict(SDA)
    assert "0 of" in shown.map.value
    asked.guess.value = "IDE"
    asked.reveals["certain"].click()
    assert "Guessed: 1 of" in shown.map.value and "<code>sda</code>" in shown.map.value
    saved = Progress().guessed(SCSI, "Yes", "certain").to_json().encode()
    shown.back.value = upload(saved)
    assert "Guessed: 2 of" in shown.map.value
    shown.forget.click()
    assert "Guessed: 2 of" in shown.map.value
    shown.forget.click()
    assert "Guessed: 0 of" in shown.map.value


@pytest.mark.parametrize("content", [b"", b"\x89PNG", *(text.encode() for text in PAYLOADS)])
def test_what_is_brought_back_is_strange(kept, content):
    """It is said, and nothing is changed."""
    shown = Shown()
    shown.back.value = upload(content)
    assert "This is no progress that virtiolab has saved. Nothing is changed." in shown.said.value
    assert not kept.exists()
