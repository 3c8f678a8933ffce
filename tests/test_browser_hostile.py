"""Hostile text in a real JupyterLab: pasted, typed, opened, shown in cells, saved and opened again.

No script of it runs, no element of it appears, nothing is fetched, typeset or opened, and the page goes
on. What is looked for stands in payloads.js.
"""

import json
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import accessible
import lab
import payloads
import pytest
from lab import widget
from payloads import FLOODS, GROUPS, PAYLOADS

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent
LOOK = (HERE / "payloads.js").read_text(encoding="utf-8")
OURS = [[*payloads.ELEMENTS], [*payloads.ATTRIBUTES], payloads.LINK]
PATIENCE = 60_000  # ms until the page must have answered: it takes one or two seconds
HIGH = 4000  # px: no widget of the course is higher
CELLS = [
    f"import sys; sys.path.insert(0, {str(HERE)!r})",
    "import payloads; from virtiolab import *; from virtiolab.views.answers import overview, show",
    "from virtiolab.widgets import *; from virtiolab.course.judging import submit",
    "XMLExplainer()",
    "DiskBuilder(**payloads.chosen(payloads.PAYLOADS))",
    "DiskBuilder(source='/a', target='vda').add_class('vl-lean')",
    "BusExplorer(payloads.PAYLOADS[12], bus=payloads.PAYLOADS[13])",
    "Exercise('write-a-virtio-disk')",
    "few = payloads.disks(payloads.PAYLOADS[::5], 'small'); StackPicture(few)",
    "some = read(payloads.disks(payloads.PAYLOADS, 'small')); display(overview(some.disks), check(some))",
    "for disk in read(few).disks: display(show(disk, 'bus'), resolve(disk), convert(disk, 'sata'))",
    "for disk in read(few).disks[::3]: display(explain(disk)); print(disk.target, explain(disk))",
    "submit('find-the-typo', few)",
    "read(payloads.broken(payloads.PAYLOADS[12])[3])",  # last, as its error stops the others
]
BOXES = {".vl-lean": ".vl-field-source input", ".vl-bus": "input"}
PASTE = (
    "(box, text) => { box.value = text; box.dispatchEvent(new Event('input', {bubbles: true})) }"
)
PUT = "html => { document.querySelector('.vl-explainer .mathjax_ignore').innerHTML = html }"
SAVE = """async (name) => {
    const { commands, serviceManager } = window.jupyterapp;
    await commands.execute("docmanager:save");
    const { content } = await serviceManager.contents.get("hostile.ipynb");
    for (const { metadata, outputs } of content.cells) {
        metadata.trusted = false;
        for (const { data } of outputs) if (data) delete data["application/vnd.jupyter.widget-view+json"];
    }
    await serviceManager.contents.save(name, { type: "notebook", format: "json", content });
    await commands.execute("docmanager:open", { path: name });
}"""

IS_READY = """name => {
    const { context, sessionContext } = window.jupyterapp.shell.currentWidget;
    return context.path === name && sessionContext.session?.kernel?.status === "idle";
}"""


def notebook() -> str:
    """A notebook of these cells."""
    kept = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [kept | {"id": f"c{number}", "source": source} for number, source in enumerate(CELLS)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    about = {"metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps({"cells": cells} | about)


@pytest.fixture(scope="module")
def page(jupyterlab, tmp_path_factory):
    """A page with this notebook run to its end; `heard` is what it has done besides."""
    folder = tmp_path_factory.mktemp("notebooks")
    (folder / "hostile.ipynb").write_text(notebook(), encoding="utf-8")
    with lab.opened(jupyterlab, folder) as page:
        page.heard = []
        page.set_default_timeout(PATIENCE)
        for event in ("dialog", "popup", "download", "pageerror"):
            page.on(event, lambda one, event=event: page.heard.append(f"{event}: {one}"))
        for event in ("request", "websocket"):
            page.on(event, lambda one: page.heard.extend(foreign(one.url, page.address)))
        lab.open_notebook(page, page.address, "hostile.ipynb")
        lab.run_all(page)
        yield page


def foreign(url: str, address: str) -> list[str]:
    """An address that only a payload can have asked for."""
    is_own = url.partition("://")[2].startswith(address.partition("://")[2]) and "evil" not in url
    return [] if is_own or url.startswith(("data:image/", "blob:")) else [url]


def strange(page) -> list[str]:
    """What is in the page that is not ours, and what it has done since it was looked at last."""
    heard, page.heard[:] = page.heard[:], []
    return heard + lab.evaluate(page, LOOK, OURS)


def answered(page) -> None:
    """Wait until the kernel has nothing more to do."""
    page.wait_for_timeout(100)
    lab.wait_idle(page)


def put(page, selector: str, text: str) -> None:
    """Paste a text into a box."""
    page.locator(f"{lab.CURRENT} {selector}").evaluate(PASTE, text)


def all_through(page, act: Callable, texts: list[str]) -> None:
    """Do something with all these texts; if anything strange comes of it, find out of which."""
    act(texts)
    answered(page)
    found = strange(page)
    while found and len(texts) > 1:
        half = texts[: len(texts) // 2]
        act(half)
        answered(page)
        texts = half if strange(page) else texts[len(half) :]
    assert not found, (texts, found)


def look_at_cells(page) -> None:
    """One after the other, as JupyterLab draws only what is near the view."""
    cells = page.locator(f"{lab.CURRENT} .jp-Cell")
    for number in range(cells.count()):
        cells.nth(number).evaluate("cell => cell.scrollIntoView()")
        page.wait_for_timeout(200)
        assert strange(page) == []


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<img evil src='/evil' onerror='window.hacked=1'>", ("/evil", "theirs", "a script ran")),
        ("<style evil>body{--evil:1}</style>", ("a style applies", "element")),
        ("<mjx-container></mjx-container>", ("typeset",)),
        ("<p onclick='' id='x'><a href='//a.invalid'>x</a></p>", ("onclick", "id", "link")),
        ("<iframe src='http://127.0.0.1:9/'></iframe>", ("http://127.0.0.1:9/", "embedded")),
    ],
)
def test_what_is_looked_for_would_be_found(page, html, found):
    """Were there an element, a handler, a request, a style, a formula, a link, a frame."""
    widget(page, ".vl-explainer")
    lab.evaluate(page, PUT, html)
    said = []

    def is_found():
        said.extend(strange(page))
        return all(one in "\n".join(said) for one in found)

    lab.wait_until(page, is_found, f"not all of {found}")
    lab.evaluate(page, PUT, "")


def test_cells(page):
    """What the views show of it, what is printed, an error, and widgets that were made with it."""
    look_at_cells(page)


def test_pasted(page):
    """A guest with a disk for each payload, and each disk is looked at."""
    menu = widget(page, ".vl-explainer").get_by_label("Disk")

    def paste(texts):
        put(page, ".vl-explainer textarea", payloads.disks(texts))
        for number in range(len(texts)):
            menu.select_option(index=number)
            page.wait_for_timeout(20)

    for group in GROUPS.values():
        all_through(page, paste, group)


def test_pasted_broken(page):
    """XML that cannot be read: another kind of it for each payload."""
    widget(page, ".vl-explainer")
    kinds = cycle(range(len(payloads.broken(""))))
    broken = [payloads.broken(text)[kind] for text, kind in zip(PAYLOADS, kinds)]
    all_through(page, typed(page, ".vl-explainer textarea"), broken)


def typed(page, selector: str) -> Callable:
    """What puts texts into a box, one after the other."""

    def act(texts):
        for text in texts:
            put(page, selector, text)
            page.wait_for_timeout(10)

    return act


def test_typed(page):
    """In a field of the builder, and as a name in the bus explorer."""
    widget(page, ".vl-lean")
    all_through(page, typed(page, ".vl-lean .vl-field-source input"), PAYLOADS[::3])
    all_through(page, typed(page, ".vl-lean .vl-field-target input"), PAYLOADS[1::3])
    widget(page, ".vl-bus")
    all_through(page, typed(page, ".vl-bus input"), PAYLOADS[2::3])


def open_file(page, name: str, content: str) -> None:
    """Open a file in the explainer."""
    with page.expect_file_chooser() as chooser:
        widget(page, ".vl-explainer").get_by_role("button", name="Open a file").click()
    file = {"name": name, "mimeType": "text/xml", "buffer": content.encode()}
    chooser.value.set_files(file)


def test_opened(page):
    """As a file that is called so, too."""

    def open_files(texts):
        for text in texts:
            name = text.translate({0: None, ord("/"): None})[:60] or "a"
            open_file(page, name, payloads.disk(text))

    all_through(page, open_files, PAYLOADS[::8])


def test_builder(page):
    """With a payload in each field: each group is opened, and all is unfolded."""
    form = widget(page, ".vl-builder")
    buttons = form.locator(".vl-built > .vl-chips button").all()
    for button in [*buttons, *form.locator(".vl-chip").all()]:
        button.click()
        answered(page)
        assert strange(page) == []


def test_answered(page):
    """As the answer to an exercise."""
    for group in GROUPS.values():
        all_through(page, lambda texts: answer(page, payloads.disks(texts)), group)


def answer(page, xml: str):
    """Give an answer to the exercise."""
    put(page, ".vl-exercise textarea", xml)
    exercise = widget(page, ".vl-exercise")
    exercise.get_by_role("button", name="Check").click()
    return exercise


def test_drawn(page):
    """In the stack picture, disk by disk."""
    menu = widget(page, ".vl-stack-picture").get_by_label("Disk")
    for number in range(len(PAYLOADS[::5])):
        menu.select_option(index=number)
        page.wait_for_timeout(20)
    answered(page)
    assert strange(page) == []


@pytest.mark.parametrize("flood", FLOODS)
def test_floods(page, flood):
    """Far too much of something: the page goes on, and nothing leaves its place."""
    text = FLOODS[flood]
    open_file(page, "a.xml", f"<disk><source file='{text}'/><target dev='{flood}'/></disk>")
    explainer = widget(page, ".vl-explainer")
    explainer.locator(".vl-verdict", has_text=flood).wait_for()
    stays_in_place(page, explainer)
    stays_in_place(page, answer(page, f"<disk><source file='{text[:10_000]}'/></disk>"))
    for name, box in BOXES.items():
        filled = widget(page, name)
        put(page, f"{name} {box}", text[:10_000])
        stays_in_place(page, filled)


def stays_in_place(page, widget) -> None:
    """Nothing is wider than its room, and the widget is not much higher than ever."""
    answered(page)
    assert accessible.sticking_out(page) == [] and strange(page) == []
    assert widget.bounding_box()["height"] < HIGH


def test_saved(page):
    """Opened again where no widget runs: without trust, and then with it."""
    lab.evaluate(page, SAVE, "saved.ipynb")
    page.wait_for_function(IS_READY, arg="saved.ipynb")
    look_at_cells(page)
    lab.evaluate(page, "() => void window.jupyterapp.commands.execute('notebook:trust')")
    page.get_by_role("button", name="Trust").click()
    page.get_by_role("button", name="Trust").wait_for(state="detached")
    look_at_cells(page)
