"""Every notebook in a real JupyterLab: as it is opened, run from top to bottom, in the light and in
the dark, on a narrow screen, by keyboard, and as axe-core sees it."""

import re

import accessible
import lab
import nbformat
import pytest
from lxml import html

from virtiolab.course.tasks import predictions

pytestmark = pytest.mark.browser
COURSE = sorted(file.name for file in lab.NOTEBOOKS.glob("*.ipynb"))
TALL = {"width": 1280, "height": 40_000}  # JupyterLab draws only what is near the view: all of it
NARROW = {"width": 1024, "height": 768}
COMPARED = ("text/html", "text/plain")  # what nbval compares of what the notebooks hold

ALL_IN_VIEW = """number => {
    const notebook = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer');
    notebook.scrollTop = 0;
    return notebook.clientHeight > 30_000 && notebook.querySelector('.jp-Cell').getBoundingClientRect().top > 0
        && notebook.querySelectorAll('.jp-OutputArea-output').length === number;
}"""
NO_TALLER = f"height => document.querySelector('{lab.CURRENT} .jp-WindowedPanel-outer').clientHeight < height"
ASKED = "() => !document.body.textContent.includes('Asking libvirt …')"
SHOWN = """() => [...document.querySelectorAll('.jp-CodeCell')].map(cell =>
    [...cell.querySelectorAll('.jp-OutputArea-output')].map(output => output.textContent))"""
DRAWN = "number => document.querySelectorAll('.jp-CodeCell').length === number"
TRUSTED = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells].filter(
    cell => cell.type === 'code' && cell.trusted && cell.outputs.length).length"""
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
LOADED = "() => [...document.images].every(image => image.complete && image.naturalWidth)"


@pytest.fixture(scope="module")
def opened(jupyterlab):
    """A page in a JupyterLab with the course."""
    with lab.opened(jupyterlab) as page:
        yield page


@pytest.fixture(scope="module", params=COURSE)
def page(opened, request):
    """That page, with one of the notebooks run; `before` is what its outputs showed till then, and
    `trusted` the number of those that were."""
    page, page.name = opened, request.param
    page.set_viewport_size(TALL)
    lab.open_notebook(page, page.address, page.name)
    number = len(code_cells(committed(page)))
    page.wait_for_function(DRAWN, arg=number)
    page.before, page.trusted = lab.evaluate(page, SHOWN), lab.evaluate(page, TRUSTED)
    lab.run_all(page)
    page.wait_for_function(ASKED)
    page.wait_for_function(LOADED)
    return page


def committed(page):
    """The notebook as it stands in the repository."""
    return nbformat.read(lab.NOTEBOOKS / page.name, 4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    """What each code cell shows, without the widgets themselves."""
    return [
        [
            output.get("text") or {kind: output.data.get(kind) for kind in COMPARED}
            for output in cell.outputs
        ]
        for cell in code_cells(notebook)
    ]


def words(output):
    """What a person reads in an output, without its layout."""
    shown = output if isinstance(output, str) else output["text/html"] or output["text/plain"]
    is_html = not isinstance(output, str) and output["text/html"]
    return "".join((html.fromstring(shown).text_content() if is_html else shown).split())


# The words on the screen that are not of the prediction with this number, which is brought to its top.
BESIDE = """number => {
    const predict = document.querySelectorAll('.vl-predict')[number];
    predict.scrollIntoView({block: 'start', behavior: 'instant'});
    const view = predict.closest('.jp-WindowedPanel-outer').getBoundingClientRect(), seen = [];
    const walker = document.createTreeWalker(predict.closest('.jp-Notebook'), NodeFilter.SHOW_TEXT);
    for (let node; node = walker.nextNode();) {
        const range = document.createRange();
        range.selectNodeContents(node);
        const place = range.getBoundingClientRect();
        const isShown = place.height && node.parentElement.checkVisibility();
        if (isShown && place.bottom > view.top && place.top < view.bottom && !predict.contains(node))
            seen.push(node.data);
    }
    return {begins: predict.getBoundingClientRect().top - view.top, says: seen.join('')};
}"""


# Something is guessed everywhere, and all answers are revealed.
GUESS = "() => document.querySelectorAll('.vl-predict .vl-guess label:first-of-type input').forEach(one => one.click())"
GUESSED = "() => ![...document.querySelectorAll('.vl-predict > .vl-buttons button')].some(one => one.disabled)"
REVEAL = "() => document.querySelectorAll('.vl-predict > .vl-buttons button:last-of-type').forEach(one => one.click())"
REVEALED = "() => [...document.querySelectorAll('.vl-predict')].every(one => one.querySelector('.vl-outcome'))"


def asked_in(notebook):
    """The predictions of a notebook, in their order."""
    sources = "".join(cell.source for cell in code_cells(notebook))
    return re.findall(r'Predict\(\s*"([\w-]+)"', sources)


def tellers(name, words):
    """What would tell the answer to a prediction and is among these words."""
    return [tell for tell in predictions()[name]["tells"] if re.search(tell, words)]


@pytest.mark.parametrize(("theme", "view"), [("Light", lab.VIEW), ("Dark", NARROW)])
def test_no_answer_is_in_view(page, theme, view):
    """All cells are run, and no prediction is revealed: whoever reads one sees nowhere what tells its
    answer. Each of the words that would tell it is there once it is revealed."""
    lab.theme(page, theme)
    page.set_viewport_size(view)
    page.wait_for_function(NO_TALLER, arg=view["height"])  # JupyterLab follows a moment later
    names = asked_in(committed(page))
    shown = page.locator(f"{lab.CURRENT} .vl-predict")
    assert shown.count() == len(names)
    for number, name in enumerate(names):
        beside = lab.evaluate(page, BESIDE, number)
        assert abs(beside["begins"]) < 5 or number == len(names) - 1
        assert tellers(name, beside["says"]) == []


def test_every_answer_opens(page):
    """With its proof, which has what would tell it."""
    page.set_viewport_size(TALL)
    names = asked_in(committed(page))
    lab.evaluate(page, GUESS)
    page.wait_for_function(GUESSED)
    lab.evaluate(page, REVEAL)
    page.wait_for_function(REVEALED)
    said = page.locator(f"{lab.CURRENT} .vl-predict").all_inner_texts()
    for name, words_ in zip(names, said, strict=True):
        assert tellers(name, words_) == predictions()[name]["tells"]


def test_opened(page):
    """A stranger's notebook is not trusted: JupyterLab shows each output's static form, whole."""
    assert page.trusted == 0
    shown = [["".join(text.split()) for text in cell] for cell in page.before]
    assert shown == [[words(output) for output in cell] for cell in outputs(committed(page))]


def test_runs_and_says_what_is_committed(page):
    """Run all, save: no error, and the outputs are those of the repository."""
    lab.evaluate(page, SAVE)
    saved = page.request.get(f"{page.address}api/contents/{page.name}").json()
    assert outputs(nbformat.from_dict(saved["content"])) == outputs(committed(page))


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_has_no_objection(page, theme):
    """Nothing serious in the widgets, nor in a notebook of prose alone, whose links JupyterLab shows
    without a line; in the dark it looks for contrast alone, as nothing else is different."""
    options = {"runOnly": ["color-contrast"]} if theme == "Dark" else {}
    within = accessible.WIDGETS
    if not code_cells(committed(page)):
        within = f"{lab.CURRENT} .jp-RenderedMarkdown"
        options = options or {"rules": {"link-in-text-block": {"enabled": False}}}
    lab.theme(page, theme)
    page.set_viewport_size(TALL)
    page.wait_for_function(ALL_IN_VIEW, arg=sum(map(len, outputs(committed(page)))))
    assert accessible.objections(page, within, **options) == []


def test_keyboard(page):
    """Tab reaches every control of every widget, and one sees where one is."""
    page.set_viewport_size(lab.VIEW)
    assert accessible.lost_by_keyboard(page) == []


def test_narrow(page):
    """1024 pixels are enough: nothing sticks out at the side."""
    page.set_viewport_size(NARROW)
    page.wait_for_timeout(500)
    assert accessible.sticking_out(page) == []
