"""The notebooks in a real JupyterLab, driven as a person would."""

import re

import lab
import pytest
from lab import widget
from test_views import hostile

pytestmark = pytest.mark.browser
HOSTILE = [
    '"><img src=x onerror=window.hacked=1>',
    "<script>window.hacked=1</script>",
    "' onfocus=window.hacked=1 autofocus x='",
    "</style></span></pre><svg onload=window.hacked=1>",
    "$\\\\href{javascript:window.hacked=1}{x}$",
    "[x](javascript:window.hacked=1)",
]


@pytest.fixture(scope="module")
def jupyterlab():
    lab.or_skip()
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
    lab.shot(notebook, request.node.name)


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


@pytest.mark.live
def test_proof(page, libvirt):
    """What stands there was asked just now; at the press of a button a guest boots, with a bar."""
    shown = widget(page, ".vl-proof")
    shown.get_by_text("Asked here, just now: libvirt").wait_for()
    boot = shown.get_by_role("button", name="Boot the guest here")
    boot.click()
    shown.get_by_text("The guest loads its drivers").wait_for()
    assert boot.is_disabled() and shown.locator(".progress").is_visible()
    shown.get_by_text("The guest was booted here, just now.").wait_for(timeout=90_000)
    assert "virtio-pci › virtio_blk" in shown.inner_text()
    shown.get_by_text("what each key means").first.click()
    assert "The file or the device of the host that is opened." in shown.inner_text()


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
    example, disk, _ = explainer.locator("select").all()
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
    explainer.locator("textarea").fill("<disk><source file='/a'/><target dev='vda'/></disk>")
    row = explainer.locator(".vl-row-bus")
    row.wait_for()
    colour = "row => getComputedStyle(row).backgroundColor"
    page.evaluate("() => document.activeElement.blur()")
    before = row.evaluate(colour)
    explainer.locator(".vl-mark-bus").focus()
    assert row.evaluate(colour) != before


def test_names_can_be_listed_and_filtered(page):
    """All, what is inferred, what matters for virtio."""
    explainer = widget(page, ".vl-explainer")
    explainer.locator("textarea").fill("<disk><source file='/a'/><target dev='vda'/></disk>")
    filters = explainer.locator("select").last
    listed = explainer.locator(".vl-names tbody th")

    def names(choice):
        filters.select_option(choice)
        page.wait_for_timeout(500)
        return listed.all_inner_texts()

    everything = names("all")
    assert {"source/@file", "target/@dev", "target/@bus", "driver/@type"} < set(everything)
    assert set(names("only what is inferred or a default")) < set(everything)
    assert names("only what matters for virtio") == [
        "@type", "@device", "target", "target/@dev", "target/@bus",
    ]  # fmt: skip
    assert names("none") == []


@pytest.mark.parametrize("payload", HOSTILE)
def test_nothing_from_the_xml_becomes_markup(page, payload):
    """In every position, in XML, tips, tables and menus: it is shown, and nothing of it runs."""
    explainer = widget(page, ".vl-explainer")
    explainer.locator("textarea").fill(hostile(payload))
    explainer.locator(".vl-overview tbody tr").nth(2).wait_for()
    *_, disk, filters = explainer.locator("select").all()
    filters.select_option("all")
    for number in range(3):
        disk.select_option(index=number)
        page.wait_for_timeout(300)
        explainer.locator(".vl-name").first.focus()
    page.wait_for_timeout(300)
    filters.select_option("none")
    assert page.evaluate("() => window.hacked") is None
    foreign = ".vl-disk, .vl-names, .vl-overview"
    assert (
        explainer.locator(f":is({foreign}) :is(img, script, svg, style, mjx-container)").count()
        == 0
    )
    links = explainer.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert all(link.startswith("https://libvirt.org/format") for link in links)


def test_broken_xml_is_text_too(page):
    """The sentence about XML that cannot be read quotes it, as text."""
    explainer = widget(page, ".vl-explainer")
    explainer.locator("textarea").fill("<img src='x' onerror='window.hacked=1'/>")
    explainer.locator(".vl-error").wait_for()
    assert page.evaluate("() => window.hacked") is None
    assert "The document is a <img>" in explainer.locator(".vl-error").inner_text()
