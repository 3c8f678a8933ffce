"""An evening in a real JupyterLab: two notebooks at once, a kernel that is restarted, and what goes in
and out by the clipboard and as a file."""

import re

import lab
import pytest
from lab import widget

from virtiolab.course.tasks import exercise

pytestmark = pytest.mark.browser
FIRST, SECOND = "01_the_question.ipynb", "02_the_disk_element.ipynb"
KERNEL = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id"
OPEN = "path => { window.jupyterapp.commands.execute('docmanager:open', {path}) }"
IS_OPEN = """path => {
    const current = window.jupyterapp.shell.currentWidget;
    return current.context?.path === path && current.isVisible;
}"""
RESTART = "() => { window.restarted = window.jupyterapp.commands.execute('kernelmenu:restart') }"
RESTARTED = "() => window.restarted"
HDB = "<disk><source file='/a'/><target dev='hdb'/></disk>"


@pytest.fixture(scope="module")
def page(jupyterlab):
    """A page in a JupyterLab with the first notebook run, which may use the clipboard."""
    with lab.opened(jupyterlab) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        lab.open_notebook(page, page.address, FIRST)
        lab.run_all(page)
        yield page


def to_front(page, name):
    """Open a notebook, or go back to it, and wait until it is in view."""
    lab.evaluate(page, OPEN, name)
    page.wait_for_function(IS_OPEN, arg=name)


def explain(page, xml):
    """Write XML into the explainer and wait for what it says."""
    explainer = widget(page, ".vl-explainer")
    explainer.locator("textarea").fill(xml)
    dev = re.search(r"dev='(\w+)'", xml)[1]
    explainer.locator(".vl-verdict", has_text=f"{dev}:").wait_for()


def predict(page):
    """Guess, and have the answer revealed."""
    asked = widget(page, ".vl-predict")
    asked.locator("input").first.check()
    asked.get_by_role("button", name="Certain").click()
    asked.locator(".vl-outcome").wait_for()


def test_two_notebooks_at_once(page):
    """Each has its own kernel, and both answer, in turn."""
    first = lab.evaluate(page, KERNEL)
    to_front(page, SECOND)
    page.locator(f"{lab.CURRENT} h1", has_text="disk").first.wait_for()
    lab.wait_idle(page)
    lab.run_all(page)
    assert lab.evaluate(page, KERNEL) != first
    predict(page)
    to_front(page, FIRST)
    page.locator(f"{lab.CURRENT} .vl-explainer").wait_for()
    assert lab.evaluate(page, KERNEL) == first
    explain(page, HDB)
    to_front(page, SECOND)
    predict(page)
    to_front(page, FIRST)


def test_restart(page):
    """After a restart the notebook runs again from the top, and its widgets answer."""
    explain(page, HDB)
    lab.evaluate(page, RESTART)
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    lab.evaluate(page, RESTARTED)
    lab.wait_idle(page)
    lab.run_all(page)
    explain(page, HDB.replace("hdb", "sdc"))
    predict(page)


def test_paste(page):
    """What comes from the clipboard is read like what is typed, lines and all."""
    explainer = widget(page, ".vl-explainer")
    xml = "<disk type='block'>\n\t<source dev='/dev/sdz'/>\r\n  <target dev='xvdq'/>\n</disk>"
    lab.evaluate(page, "xml => navigator.clipboard.writeText(xml)", xml)
    explainer.locator("textarea").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("ControlOrMeta+v")
    explainer.locator(".vl-verdict", has_text="xvdq:").wait_for()


def test_copy(page):
    """An answer that is shown with its changes can be copied, and is XML: their signs stay behind."""
    task = exercise("write-a-virtio-disk")
    shown = widget(page, f".vl-exercise:has-text('{task.title}')")
    shown.locator("textarea").fill("<disk/>")
    shown.get_by_role("button", name="Check").click()
    shown.get_by_text("✗").first.wait_for()
    shown.get_by_role("button", name="Show an answer").click()
    shown.locator(".vl-shown .vl-xml").select_text()
    page.keyboard.press("ControlOrMeta+c")
    copied = lab.evaluate(page, "() => navigator.clipboard.readText()")
    assert copied.split() == task.solution.split()


def test_console(page):
    """None of it made the page complain of us."""
    assert [said for said in page.console if "virtiolab" in said or "uncaught" in said] == []


def test_progress_goes_and_comes_as_a_file(page, tmp_path):
    """What was learnt on a computer that is not one's own is saved, and brought back to an empty map."""
    to_front(page, FIRST)
    predict(page)
    shown = widget(page, ".vl-map")
    guessed = shown.get_by_text(re.compile(r"Guessed: [1-9]\d* of 7 predictions"))
    guessed.wait_for()
    with page.expect_download() as saved:
        shown.get_by_text("Save as a file").click()
    file = tmp_path / "saved.json"
    saved.value.save_as(file)
    assert saved.value.suggested_filename == "virtiolab-progress.json"
    shown.get_by_role("button", name="Forget all").click()
    shown.get_by_role("button", name="Really forget all?").click()
    shown.get_by_text("Guessed: 0 of 7 predictions").wait_for()
    with page.expect_file_chooser() as chooser:
        shown.get_by_role("button", name="Bring back").click()
    chooser.value.set_files(file)
    guessed.wait_for()
