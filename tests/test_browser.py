"""The notebooks in a real JupyterLab, driven as a person would."""

import re
from pathlib import Path

import lab
import pytest

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parents[1] / "shots"
HOSTILE = """<disk><source file='/a'/>
<target dev='"&gt;&lt;img src=x onerror=window.hacked=1&gt;'/>
<driver name='$\\\\href{javascript:window.hacked=1}{x}$' type='&lt;script&gt;hacked=1&lt;/script&gt;'/>
</disk>"""


@pytest.fixture(scope="module")
def jupyterlab():
    pytest.importorskip("playwright", reason="no browser tests: pip install playwright")
    if not lab.CHROMIUM:
        pytest.skip("no browser tests: apt-get install chromium")
    with lab.jupyterlab() as address:
        yield address


@pytest.fixture(scope="module")
def notebook(jupyterlab):
    """A page with notebook 01 run to its end."""
    with lab.chromium(viewport={"width": 1280, "height": 1000}) as page:
        lab.open_notebook(page, jupyterlab, "01_the_question.ipynb")
        lab.run_all(page)
        yield page


@pytest.fixture
def page(notebook, request):
    """That page; each test leaves a picture of its end in shots/."""
    yield notebook
    SHOTS.mkdir(exist_ok=True)
    notebook.screenshot(path=SHOTS / f"{request.node.name}.png")


def widget(page, kind, number=0):
    """The widget with this class, scrolled to: JupyterLab draws only what is near the view."""
    cells = page.locator(f"{lab.CURRENT} .jp-Cell")
    for position in range(cells.count()):
        cells.nth(position).scroll_into_view_if_needed()
        found = page.locator(f"{lab.CURRENT} {kind}").nth(number)
        if found.count():
            found.scroll_into_view_if_needed()
            return found
    raise AssertionError(f"no {kind} on the page")


def test_no_cell_fails(page):
    """Restart, run all: no error in any output."""
    assert page.locator(f"{lab.CURRENT} .jp-RenderedText[data-mime-type*=stderr]").count() == 0
    assert page.locator(f"{lab.CURRENT} [data-mime-type*=error]").count() == 0


def test_predict_then_reveal(page):
    """A wrong guess is told kindly, and can be changed."""
    asked = widget(page, ".vl-predict")
    reveal = asked.get_by_role("button", name="Reveal")
    assert reveal.is_disabled()
    asked.get_by_text("No, that would have to be written").click()
    reveal.click()
    outcome = asked.locator(".vl-outcome")
    outcome.wait_for()
    assert outcome.inner_text().startswith("✗")
    asked.get_by_text("Yes", exact=True).click()
    outcome.wait_for(state="detached")
    reveal.click()
    outcome.wait_for()
    assert outcome.inner_text() == "✓ Right: Yes"


def test_explainer_takes_what_is_pasted(page):
    """Paste XML, and the page says what the kernel said; broken XML gets its sentence."""
    explainer = widget(page, ".vl-explainer")
    box = explainer.locator("textarea")
    box.fill("<disk><source file='/a'/><target dev='hdb'/></disk>")
    verdict = explainer.locator(".vl-verdict")
    page.wait_for_function("text => document.body.innerText.includes(text)", arg="hdb: not virtio")
    assert re.sub(r"\s+", " ", verdict.inner_text()) == "hdb: not virtio, format raw"
    box.fill("<disk>\n<source")
    explainer.locator(".vl-error").wait_for()
    assert "line 2: The XML is cut short" in explainer.locator(".vl-error").inner_text()


def test_explainer_has_every_disk_of_a_guest(page):
    """Choose an example, then each of its disks."""
    explainer = widget(page, ".vl-explainer")
    example, disk = explainer.locator("select").all()
    example.select_option("virtio-scsi")
    disk.wait_for()
    assert explainer.locator(".vl-overview tbody tr").count() == 6
    disk.select_option(index=2)
    explainer.locator(".vl-verdict", has_text="sdc").wait_for()
    assert "not virtio" in explainer.locator(".vl-verdict").inner_text()


def test_explainer_opens_files(page, tmp_path):
    """A file is read like a paste, in UTF-16 too."""
    file = tmp_path / "disk.xml"
    xml = "<?xml version='1.0' encoding='utf-16'?><disk><target dev='ubda'/></disk>"
    file.write_bytes(xml.encode("utf-16"))
    explainer = widget(page, ".vl-explainer")
    with page.expect_file_chooser() as chooser:
        explainer.get_by_role("button", name="Open a file").click()
    chooser.value.set_files(file)
    explainer.locator(".vl-verdict", has_text="ubda").wait_for()


def test_row_lights_up_by_keyboard(page):
    """Tab to an attribute, and the row that explains it changes its colour."""
    explainer = widget(page, ".vl-explainer")
    explainer.locator("textarea").fill("<disk><source file='/a'/><target dev='vda'/></disk>")
    row = explainer.locator(".vl-row-bus")
    row.wait_for()
    colour = "row => getComputedStyle(row).backgroundColor"
    before = row.evaluate(colour)
    explainer.locator(".vl-mark-bus").focus()
    assert row.evaluate(colour) != before


def test_nothing_from_the_xml_becomes_markup(page):
    """Hostile names and values are shown, and nothing of them runs."""
    explainer = widget(page, ".vl-explainer")
    explainer.locator("textarea").fill(HOSTILE)
    page.wait_for_function("() => document.body.innerText.includes('onerror=window.hacked')")
    page.wait_for_timeout(500)
    assert page.evaluate("() => window.hacked") is None
    assert explainer.locator(".vl-disk :is(img, script, a, mjx-container)").count() == 0
