"""The disk builder in a real JupyterLab: by mouse, by keyboard, wide, narrow and in the dark."""

import json
from pathlib import Path

import accessible
import lab
import pytest

try:
    from playwright.sync_api import expect
except ImportError:
    pass  # and the first fixture skips

pytestmark = pytest.mark.browser
CODE = """
from virtiolab.widgets import DiskBuilder
DiskBuilder(type="file", source="/data/win7.img", target="vda")
"""
WIDE, NARROW = {"width": 1600, "height": 1150}, {"width": 1024, "height": 768}


def notebook_with(code):
    """A notebook of one cell."""
    cell = {"cell_type": "code", "id": "one", "metadata": {}, "source": code.strip()}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": [cell | {"execution_count": None, "outputs": []}],
        "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a notebook that shows a builder."""
    folder = tmp_path_factory.mktemp("notebooks")
    (folder / "builder.ipynb").write_text(json.dumps(notebook_with(CODE)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def opened(jupyterlab, folder):
    """A page in a JupyterLab, with the builder in it."""
    with lab.opened(jupyterlab, folder, "JupyterLab Dark") as page:
        page.set_viewport_size(WIDE)
        lab.open_notebook(page, page.address, "builder.ipynb")
        lab.evaluate(
            page, "() => window.jupyterapp.commands.execute('application:toggle-left-area')"
        )
        yield page


@pytest.fixture
def page(opened):
    """That page, with a new builder in the light."""
    lab.theme(opened, "Light")
    opened.set_viewport_size(WIDE)
    lab.evaluate(opened, "() => document.querySelector('.vl-builder')?.classList.add('last')")
    lab.run_all(opened)
    builder(opened).and_(opened.locator(".last")).wait_for(state="detached")
    builder(opened).wait_for()
    return opened


def builder(page):
    """The builder on the page."""
    return page.locator(f"{lab.CURRENT} .vl-builder")


def says(page, selector, text):
    """Wait until something in the builder says this."""
    builder(page).locator(selector, has_text=text).first.wait_for()


def test_by_mouse(page):
    """Choose, see what follows and what is wrong, apply the fix."""
    form = builder(page)
    says(page, ".vl-field-bus .vl-hint", "virtio (inferred)")
    form.locator(".vl-field-io select").select_option("native")
    says(page, ".vl-xml ins", "io='native'")
    says(page, ".vl-field-io .vl-note", "error: io='native' needs cache='none'")
    form.get_by_role("button", name="Apply: driver/@cache = none").click()
    says(page, ".vl-xml ins", "cache='none'")
    form.locator(".vl-field-io .vl-note").wait_for(state="detached")
    expect(form.get_by_label("driver/@cache", exact=True)).to_have_value("none")
    form.locator(".vl-field-target input").fill("sda")
    says(page, ".vl-field-bus .vl-hint", "scsi (inferred)")
    says(page, ".vl-verdict", "sda: not virtio")


def focused(page):
    """The label of the control that has the focus, or the text of the button."""
    return lab.evaluate(
        page,
        "() => document.activeElement.labels?.[0]?.textContent || document.activeElement.innerText",
    )


def tab_to(page, name):
    """Press Tab until something with this name has the focus; what was passed."""
    passed = []
    while not (passed and passed[-1].startswith(name)):
        assert len(passed) < 40, passed
        page.keyboard.press("Tab")
        passed.append(focused(page))
    return passed


def test_by_keyboard_alone(page):
    """In the order in which one reads; after a fix the focus is where it was."""
    form = builder(page)
    form.locator(".vl-machine select").focus()
    assert tab_to(page, "driver/@io") == [
        "Start over", "@type", "@device", "source/@file", "target/@dev", "target/@bus",
        "driver/@type", "driver/@cache", "driver/@io",
    ]  # fmt: skip
    for key in ("Space", "n", "a", "Enter"):  # to native
        page.keyboard.press(key)
    says(page, ".vl-field-io .vl-note", "error")
    assert focused(page) == "driver/@io"
    page.keyboard.press("Tab")
    assert focused(page) == "Apply: driver/@cache = none"
    page.keyboard.press("Enter")
    says(page, ".vl-xml ins", "cache='none'")
    page.wait_for_function("() => document.activeElement.tagName === 'SELECT'")
    assert focused(page) == "driver/@io"
    tab_to(page, "▸ Driver")
    page.keyboard.press("Space")
    form.locator(".vl-field-iothread").wait_for()
    passed = tab_to(page, "driver/@name")
    assert passed[0] == "▸ Behaviour" and focused(page) == "driver/@name"
    form.locator(".vl-built button").first.focus()
    tab_to(page, "▸ Copy or save")
    page.keyboard.press("Enter")
    form.locator(".vl-built textarea").wait_for()
    tab_to(page, "Explain it")
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    selected = lab.evaluate(
        page,
        "() => { const box = document.activeElement;"
        " return box.value.slice(box.selectionStart, box.selectionEnd); }",
    )
    assert selected.startswith("<disk type='file'>\n  <driver cache='none' io='native'/>")


def test_copy_is_put_back(page):
    """What is typed into the text does not stay."""
    form = builder(page)
    form.get_by_role("button", name="Copy or save").click()
    copied = "document.querySelector('.vl-built textarea').value.startsWith('<disk')"
    page.wait_for_function(copied)
    box = form.locator(".vl-built textarea")
    box.fill("something else")
    box.blur()
    page.wait_for_function(copied)


def test_every_control_has_a_name(page):
    """With every group opened in turn: no input, menu or button without one."""
    form = builder(page)
    for chip in form.locator(".vl-chip").all():
        chip.click()
        form.locator(".vl-panel .vl-field:visible").first.wait_for()
        page.wait_for_timeout(200)
        nameless = form.locator("input, select, textarea, button").evaluate_all(
            "all => all.filter(one => one.offsetParent && !(one.labels?.[0]?.textContent"
            " || one.innerText || one.title || one.closest('[title]'))).map(one => one.outerHTML)"
        )
        assert nameless == []


def test_explained(page):
    """The XML opens in an explainer below."""
    form = builder(page)
    form.get_by_role("button", name="Explain it").click()
    form.locator(".vl-explainer .vl-verdict", has_text="vda: virtio").wait_for()
    assert "machine='pc'" in form.locator(".vl-explainer textarea").first.input_value()


def test_what_cannot_be_written(page):
    """The sentence stands beside the field, and the XML stays."""
    form = builder(page)
    form.locator(".vl-field-source input").fill("/a\tb")
    says(page, ".vl-field-source .vl-note", "holds the character U+0009")
    assert "/data/win7.img" in form.locator(".vl-xml").first.inner_text()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_it_fits(page, size):
    """XML beside the form where there is room, else below; nothing sticks out at the side."""
    page.set_viewport_size(size)
    form = builder(page)
    form.locator(".vl-chip-source").click()
    form.locator(".vl-field-slice-type").wait_for()
    left, right = (form.locator(name).bounding_box() for name in (".vl-left", ".vl-built"))
    assert (right["y"] < left["y"] + left["height"]) == (size is WIDE)
    assert right["x"] + right["width"] <= size["width"] and right["width"] > 300
    assert form.locator(".vl-head").bounding_box()["height"] < 80
    assert accessible.sticking_out(page) == []


def test_a_field_stays_where_it_is(page):
    """While one writes into it, whatever is said beside it."""
    form = builder(page)
    field = form.locator(".vl-field-io select")
    before = field.bounding_box()
    field.select_option("native")
    says(page, ".vl-field-io .vl-note", "error")
    assert field.bounding_box() == before


@pytest.mark.parametrize("shade", ["Light", "Dark"])
def test_axe_has_no_objection(page, shade):
    """With an error, a group that is open, the text to copy and what libvirt writes back."""
    lab.theme(page, shade)
    form = builder(page)
    form.locator(".vl-field-bus select").select_option("ide")
    form.locator(".vl-chip-driver").click()
    for name in ("Copy or save", "As libvirt writes it back"):
        form.get_by_role("button", name=name).click()
    form.locator(".vl-built ins").first.wait_for()
    assert accessible.objections(page) == []


def test_save(page):
    """The XML comes as a file, and nobody is asked for it."""
    form = builder(page)
    form.get_by_role("button", name="Copy or save").click()
    with page.expect_download() as download:
        form.get_by_role("link", name="Save it as disk.xml").click()
    assert download.value.suggested_filename == "disk.xml"
    assert (
        Path(download.value.path()).read_text(encoding="utf-8")
        == form.locator("textarea").input_value()
    )
