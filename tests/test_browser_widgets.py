"""The widgets of the course in a real JupyterLab, each used as a person would."""

import accessible
import lab
import pytest
from lab import widget

try:
    from playwright.sync_api import expect
except ImportError:
    pass  # and the first fixture skips

from virtiolab.course.tasks import exercise
from virtiolab.views.text import unmarked

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def opened(jupyterlab):
    """A page in a JupyterLab with the course."""
    with lab.opened(jupyterlab, whole=True) as page:
        yield page


@pytest.fixture
def page(opened):
    """That page; as a test leaves it, axe-core has no objection to what is in view."""
    yield opened
    assert accessible.objections(opened) == []


def run(page, name):
    """Open a notebook of the course and run all of it."""
    lab.open_notebook(page, page.address, name)
    lab.run_all(page)


PLACE = """(widget, part) => {
    const outer = widget.getBoundingClientRect();
    const inner = widget.querySelector(part).getBoundingClientRect();
    return [inner.x - outer.x, inner.y - outer.y, inner.width, inner.height];
}"""


def place_in(widget, part):
    """Where a part of a widget is, from its upper left corner, and its size; measured at once."""
    return pytest.approx(widget.evaluate(PLACE, part), abs=1)


def test_stack_picture(page):
    """Another disk in the menu is another picture, and its row lights up its part."""
    run(page, "02_the_disk_element.ipynb")
    picture = widget(page, ".vl-stack-picture")
    drawn = picture.locator("svg.vl-picture")
    assert "ide-hd" in drawn.text_content()
    picture.get_by_label("Disk").select_option(index=1)
    drawn.get_by_text("ide-cd").wait_for()
    assert "ide-hd" not in drawn.text_content()
    part = drawn.locator("rect.vl-of-device")
    width = part.evaluate("part => getComputedStyle(part).strokeWidth")
    picture.locator(".vl-layer-device").hover()
    assert part.evaluate("part => getComputedStyle(part).strokeWidth") != width


@pytest.mark.live
@pytest.mark.timeout(900)  # the first to boot it fetches its kernel
def test_proof(page, libvirt):
    """What stands there was asked just now; at the press of a button a guest boots, with a bar."""
    run(page, "07_prove_it.ipynb")
    asked = widget(page, ".vl-predict", 7)  # the one that climbs all five rungs
    asked.locator("input").first.check()
    asked.get_by_role("button", name="Certain").click()
    shown = asked.locator(".vl-proof")
    shown.get_by_text("Asked here, just now: libvirt").wait_for()
    boot = shown.get_by_role("button", name="Boot the guest here")
    boot.click()
    loading = shown.get_by_text("The guest loads its drivers")
    loading.wait_for(timeout=600_000)  # kernel.DEADLINE
    assert boot.is_disabled() and shown.locator("progress").is_visible()
    shown.get_by_text("The guest was booted here, just now.").wait_for(timeout=90_000)
    assert "ata_piix › sd" in shown.inner_text()
    shown.get_by_text("what each key means").first.click()
    assert "The file or the device of the host that is opened." in shown.inner_text()


def test_exercise(page):
    """A try, a hint, the right answer, and over again."""
    run(page, "02_the_disk_element.ipynb")
    shown, task = widget(page, ".vl-exercise"), exercise("mend-the-source")
    shown.get_by_role("button", name="Hint 1").click()
    shown.get_by_text(unmarked(task.hints[0])).wait_for()
    shown.locator("textarea").fill(task.given.replace("'file'", "'network'"))
    shown.get_by_role("button", name="Check").click()
    shown.get_by_text("✗").first.wait_for()
    shown.locator("textarea").fill(task.solution)
    shown.get_by_role("button", name="Check").click()
    expect(shown).to_contain_text("✓")
    expect(shown).not_to_contain_text("✗")
    shown.get_by_role("button", name="Start over").click()
    shown.get_by_text("Not checked yet.").wait_for()


def test_quiz(page):
    """Three questions: each is answered, told and counted."""
    run(page, "06_the_answers.ipynb")
    quiz = widget(page, ".vl-quiz")
    for number in range(1, 4):
        check = quiz.get_by_role("button", name="Check")
        expect(check).to_be_disabled()
        quiz.locator("input[type=radio]").first.check()
        check.click()
        quiz.get_by_text(f"of {number} right").wait_for()
        assert quiz.locator(".vl-outcome").inner_text()[0] in "✓✗"
        quiz.get_by_role("button", name="Next").click()
        quiz.locator(".vl-outcome").wait_for(state="detached")


def test_bus_explorer(page):
    """Another name, another way; the picture, the table and the notes follow."""
    run(page, "04_which_bus.ipynb")
    explorer = widget(page, ".vl-bus")
    before = place_in(explorer, "svg.vl-picture")
    explorer.get_by_label("target dev").fill("sdh")
    explorer.get_by_text("scsi 1 (lsilogic)").first.wait_for()
    explorer.get_by_label("SCSI model").select_option("virtio-scsi")
    expect(explorer).to_contain_text("model='virtio-scsi'")
    explorer.get_by_label("target dev").fill("sda")
    explorer.get_by_text("scsi 0 (virtio-scsi)").first.wait_for()
    explorer.get_by_label("machine").select_option(index=1)
    explorer.get_by_label("target dev").fill("hda")
    explorer.locator(".vl-note.vl-error").wait_for()
    assert explorer.evaluate(PLACE, "svg.vl-picture") == before


def test_cache_explorer(page):
    """Another mode is another way, and a loss of power takes what is only in memory; a refusal is
    mended by its button, and the picture stays where it is."""
    run(page, "05_which_driver.ipynb")
    asked = widget(page, ".vl-predict:has(.vl-cache)")
    asked.locator("input").first.check()  # the explorer opens with the answer
    asked.get_by_role("button", name="Certain").click()
    explorer = widget(page, ".vl-cache")
    before = place_in(explorer, "svg.vl-picture")
    drawn = explorer.locator("svg.vl-picture")
    explorer.get_by_label("none", exact=True).check()
    drawn.get_by_text("past it: O_DIRECT").wait_for()
    explorer.get_by_label("the host loses power").check()
    drawn.get_by_text("✗ lost").first.wait_for()
    explorer.get_by_label("writeback", exact=True).check()
    drawn.get_by_text("past it: O_DIRECT").wait_for(state="detached")
    explorer.get_by_label("native", exact=True).check()
    explorer.get_by_role("button", name="Apply").first.click()
    explorer.locator(".vl-note.vl-error").wait_for(state="detached")
    assert explorer.evaluate(PLACE, "svg.vl-picture") == before
