"""The notebooks in a real JupyterLab, driven as a person would."""

import re

import lab
import pytest
from lab import widget

try:
    from playwright.sync_api import expect
except ImportError:
    pass  # and the first fixture skips

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(jupyterlab):
    """A page with notebook 01 run to its end."""
    with lab.opened(jupyterlab) as page:
        lab.open_notebook(page, page.address, "01_the_question.ipynb")
        lab.run_all(page)
        yield page


def test_predict_then_reveal(page):
    """A wrong guess is told kindly, and can be changed."""
    asked = widget(page, ".vl-predict")
    reveal = asked.get_by_role("button", name="Certain")
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


def test_predict_by_keyboard(page):
    """Tab leads from option to option and on to the button; Space chooses, Enter reveals."""
    asked = widget(page, ".vl-predict", 1)
    asked.locator("input").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert asked.locator("input").nth(1).is_checked()
    reveal = asked.get_by_role("button", name="Certain")
    expect(reveal).to_be_enabled()  # Tab passes by what is not
    for _ in range(asked.locator("input").count() - 1 + 2):  # it is the last of three buttons
        page.keyboard.press("Tab")
    assert reveal.evaluate("button => button === document.activeElement")
    page.keyboard.press("Enter")
    asked.locator("[role=alert] .vl-outcome").wait_for()


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
    example, disk, *_ = explainer.locator("select").all()
    example.select_option("virtio-scsi")
    disk.wait_for()
    expect(explainer.locator(".vl-overview tbody tr")).to_have_count(6)
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


def test_names_explain_themselves_by_keyboard(page):
    """Tab from name to name: each shows its meaning beside it, and hides that of the last."""
    explainer = widget(page, ".vl-explainer")
    explainer.locator("textarea").fill("<disk><source file='/a'/><target dev='vda'/></disk>")
    name = explainer.locator(".vl-name", has_text="dev='vda'")
    name.wait_for()
    page.mouse.move(5, 5)
    name.focus()
    tip = explainer.locator(".vl-tip:visible")
    assert tip.count() == 1 and "target/@dev = vda" in tip.inner_text()
    page.keyboard.press("Tab")  # to the link in the tip
    assert "target/@dev = vda" in tip.inner_text()
    page.keyboard.press("Tab")  # to the next name
    assert "target/@bus = virtio" in tip.inner_text() and "begins with vd" in tip.inner_text()
    page.keyboard.press("Shift+Tab")
    assert "target/@dev = vda" in tip.inner_text()


def test_names_explain_themselves_by_mouse(page):
    """Point at a name, or click it: then it stays when the mouse goes on."""
    explainer = widget(page, ".vl-explainer")
    explainer.locator("textarea").fill("<disk><driver typo='qcow2'/><target dev='vda'/></disk>")
    name = explainer.locator(".vl-name", has_text="typo=")
    name.wait_for()
    tip = explainer.locator(".vl-tip:visible")
    name.hover()
    assert "Did you mean type?" in tip.inner_text()
    page.mouse.move(5, 5)
    assert tip.count() == 0
    name.click()
    page.mouse.move(5, 5)
    assert "Did you mean type?" in tip.inner_text()


def test_row_lights_up(page):
    """An attribute and its answer are lit together."""
    explainer = widget(page, ".vl-explainer")
    explainer.locator("textarea").fill("<disk><source file='/b'/><target dev='vda'/></disk>")
    explainer.locator(".vl-name", has_text="file='/b'").wait_for()  # and not the disk before
    row = explainer.locator(".vl-row-bus")
    colour = "row => getComputedStyle(row).backgroundColor"
    lab.evaluate(page, "() => document.activeElement.blur()")
    before = row.evaluate(colour)
    explainer.locator(".vl-mark-bus").focus()
    assert row.evaluate(colour) != before


def test_names_can_be_listed_and_filtered(page):
    """All, what is inferred, what matters for virtio."""
    explainer = widget(page, ".vl-explainer")
    explainer.locator("textarea").fill("<disk><source file='/a'/><target dev='vda'/></disk>")
    filters = explainer.get_by_label("List names")
    listed = explainer.locator(".vl-names tbody th")

    everything = {"source/@file", "target/@dev", "target/@bus", "driver/@type"}

    def lists(choice, is_right):
        filters.select_option(choice)
        lab.wait_until(page, lambda: is_right(listed.all_inner_texts()), choice)

    lists("all", lambda names: everything < set(names))
    everything = set(listed.all_inner_texts())
    lists("only what is inferred or a default", lambda names: set() < set(names) < everything)
    virtio = ["@type", "@device", "target", "target/@dev", "target/@bus"]
    lists("only what matters for virtio", lambda names: names == virtio)
    lists("none", lambda names: names == [])
