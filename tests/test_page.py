"""The page for those who only have a question: the explainer alone, in a real Chromium, as `make explain`
serves it, and as Binder does."""

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import accessible
import lab
import payloads
import pytest
from test_browser_hostile import LOOK, OURS, PASTE, foreign

try:
    from playwright.sync_api import expect
except ImportError:
    pass  # and the first fixture skips

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[1]
COMMAND = ["voila", "page/explain.ipynb", "--Voila.config_file_paths=page"]
KERNEL = "() => JSON.parse(document.querySelector('#jupyter-config-data').textContent).kernelId"
HDB = "<disk><source file='/a'/><target dev='hdb'/></disk>"
NATIVE = "<disk><driver io='native'/><source file='/a'/><target dev='vda'/></disk>"
VIRTIO = "<disk><driver typo='qcow2'/><source file='/a'/><target dev='vda'/></disk>"
# Two questions to a kernel: to run something, and what it is. It answers one after the other.
ASK = """([kernel, code]) => new Promise((resolve) => {
    const address = `${location.origin.replace("http", "ws")}/api/kernels/${kernel}/channels`;
    const socket = new WebSocket(address);
    const answers = [];
    const ask = (msg_type, content) => socket.send(JSON.stringify({
        channel: "shell", content, metadata: {}, parent_header: {}, buffers: [],
        header: {msg_id: msg_type, msg_type, session: "s", username: "", version: "5.3", date: ""},
    }));
    socket.onmessage = ({ data }) => {
        const { header, parent_header } = JSON.parse(data);
        if (["execute_request", "kernel_info_request"].includes(parent_header.msg_id))
            answers.push(header.msg_type);
        if (header.msg_type === "kernel_info_reply") resolve(answers);
    };
    socket.onopen = () => {
        ask("execute_request", {code, silent: false, store_history: false, allow_stdin: false});
        ask("kernel_info_request", {});
    };
})"""
BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"
MARK = "() => { document.querySelector('.vl-verdict').isOld = true }"
IS_NEW = "() => [...document.querySelectorAll('.vl-verdict')].some((one) => !one.isOld)"
WIDE = "() => document.documentElement.scrollWidth"


def or_skip():
    """Skip where there is no browser or no Voilà, and say how to get it."""
    lab.or_skip()
    pytest.importorskip("voila", reason="no page: pip install -e '.[page]'")


def copied(home):
    """What `make explain` needs of this checkout, in a folder of its own."""
    shutil.copytree(ROOT / "page", home / "page")
    shutil.copytree(ROOT / "notebooks/domains", home / "notebooks/domains")
    shutil.copy(ROOT / "README.md", home)


def voila(home, *options):
    """The page, served from this folder at a port that is free."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    own = ["--no-browser", f"--port={port}", f"--Voila.connection_dir_root={home}", *options]
    return lab.serving([*COMMAND, *own], home, JUPYTER_PATH=str(home / "page"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page, opened by a visitor; `heard` is what it has asked of others."""
    or_skip()
    home = tmp_path_factory.mktemp("page")
    copied(home)
    with (
        voila(home) as address,
        lab.chromium(permissions=["clipboard-read", "clipboard-write"]) as page,
    ):
        page.address, page.heard = address, []
        for event in ("request", "websocket"):
            page.on(event, lambda one: page.heard.extend(foreign(one.url, address)))
        for event in ("dialog", "popup", "download", "pageerror"):
            page.on(event, lambda one, event=event: page.heard.append(f"{event}: {one}"))
        visit(page, address)
        yield page


def visit(page, address):
    """Open the page and wait for the explainer."""
    page.goto(address)
    page.locator(".vl-explainer textarea").wait_for()


def put(page, xml):
    """Write XML into the explainer."""
    page.locator(".vl-explainer textarea").evaluate(PASTE, xml)


def explain(page, xml):
    """Write XML into the explainer and wait for what it says."""
    put(page, xml)
    wait_for_verdict(page, re.findall(r"dev='(\w+)'", xml)[-1])


def wait_for_verdict(page, dev):
    """Until the answers are about the disk with this name."""
    page.locator(".vl-verdict", has_text=f"{dev}:").wait_for(timeout=lab.PATIENCE * 1000)


def answered(page, act):
    """Do something that brings other answers, and wait for them."""
    lab.evaluate(page, MARK)
    act()
    page.wait_for_function(IS_NEW, timeout=lab.PATIENCE * 1000)


def status(address):
    """What a server answers with, in the end."""
    try:
        with urlopen(address, timeout=lab.PATIENCE) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def until_gone(address, kernel):
    """Wait until a server has ended this kernel."""
    end = time.monotonic() + lab.PATIENCE
    while status(f"{address}api/kernels/{kernel}") != 404:
        assert time.monotonic() < end, "the kernel goes on"
        time.sleep(0.05)


def test_it_is_what_make_serves():
    """The same command, from the same folder."""
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    run = subprocess.run(
        ["make", "--dry-run", "--always-make", "explain", "EXPLAIN_ARGS=--no-browser"],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    [line] = [line for line in run.stdout.splitlines() if "-m voila" in line]
    assert line.startswith('JUPYTER_PATH="$PWD/page" ')
    assert line.endswith(f"-m {' '.join(COMMAND)} --no-browser")
    assert "-e '.[page]'" in run.stdout


def test_it_is_a_page(page):
    """A title, what it is, where more is, and the explainer: no cells, no code, no menus."""
    assert page.title() == "What does this libvirt <disk> mean?"
    shown = page.get_by_role("main")
    assert shown.get_by_role("heading").all_inner_texts() == [page.title()]
    link = shown.get_by_role("link", name="virtiolab")
    assert link.get_attribute("href").startswith("https://github.com/virtiolab/virtiolab")
    assert page.locator("body").inner_text().strip().startswith(page.title())
    assert "XMLExplainer" not in page.content()
    for kind in (
        "[role=menubar]",
        "[role=toolbar]",
        ".jp-InputPrompt",
        ".jp-OutputPrompt",
        ".cm-editor",
    ):
        assert page.locator(kind).count() == 0
    assert page.locator(".virtiolab.jupyter-widgets").count() == 1


def test_examples(page):
    """The course's are there."""
    example = page.get_by_label("Example")
    example.select_option("virtio-scsi")
    wait_for_verdict(page, "sda")
    assert page.get_by_label("Disk").locator("option").count() == 6


def test_paste(page):
    """What comes from the clipboard is explained at once, and so is what comes after it."""
    for xml, said in ((HDB, "hdb: not virtio"), (VIRTIO, "vda: virtio (virtio-blk)")):
        lab.evaluate(page, "xml => navigator.clipboard.writeText(xml)", xml)
        page.locator(".vl-explainer textarea").click()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.press("ControlOrMeta+v")
        expect(page.locator(".vl-verdict")).to_contain_text(said)
    page.locator(".vl-name", has_text="typo=").hover()
    assert "Did you mean type?" in page.locator(".vl-tip:visible").inner_text()


def test_problems(page):
    """A pasted log is read, what is wrong is shown, and a button mends it in the box."""
    xml = "log: xml=" + NATIVE.replace("<", "&lt;")
    explain(page, xml)
    said = page.locator(".vl-explainer")
    expect(said).to_contain_text("Line 1: The text was HTML-escaped")
    expect(page.locator(".vl-note")).to_contain_text("io='native'")
    button = page.get_by_role("button", name="Apply: driver/@cache = none")
    answered(page, button.click)
    expect(page.locator(".vl-explainer textarea")).to_have_value(
        NATIVE.replace("io='native'", "io='native' cache='none'")
    )
    expect(said).to_contain_text("No problem found.")
    assert page.locator(".vl-note").count() == 0


def test_where_the_disks_stand(page):
    """In the text that was pasted they are marked."""
    put(page, f"<devices>\n{HDB}\n{VIRTIO}\n</devices>")
    wait_for_verdict(page, "hdb")
    page.locator(".vl-places summary").click()
    assert page.locator(".vl-places mark").all_inner_texts() == [HDB, VIRTIO]


def test_a_move(page):
    """What another bus takes, step by step."""
    explain(page, HDB)
    page.get_by_label("Move it to").select_option("virtio")
    expect(page.locator(".vl-explainer")).to_contain_text("hdb on ide becomes vdb on virtio.")
    page.get_by_label("Move it to").select_option("no other bus")
    expect(page.locator(".vl-part")).to_have_count(0)


def test_hostile(page):
    """A guest with a disk for each payload, and some are looked at; XML that cannot be read. Nothing
    comes of it: no script, no element, nothing fetched."""
    menu = page.get_by_label("Disk")
    for group in payloads.GROUPS.values():
        explain(page, HDB)
        answered(page, lambda group=group: put(page, payloads.disks(group)))
        for number in range(9, len(group), 9):
            answered(page, lambda number=number: menu.select_option(index=number))
        assert strange(page) == []
    for text in payloads.PAYLOADS[::9]:
        for broken in payloads.broken(text):
            put(page, broken)
        assert strange(page) == []
    explain(page, VIRTIO)
    assert strange(page) == []


def strange(page):
    """What is in the page that is not ours, and what it has asked of others."""
    return page.heard + lab.evaluate(page, LOOK, OURS)


def test_a_payload_would_be_found(page):
    """Were there an element of theirs, or something that is fetched."""
    put = "html => { document.querySelector('.vl-explainer .mathjax_ignore').innerHTML = html }"
    lab.evaluate(page, put, "<img evil src='/evil'><mjx-container></mjx-container>")
    found = "\n".join(strange(page))
    assert "/evil" in found and "theirs" in found and "typeset" in found
    lab.evaluate(page, put, "")
    page.heard.clear()


def test_it_runs_nothing_of_a_visitor(page):
    """A kernel hears what widgets say, and no code."""
    answers = lab.evaluate(page, ASK, [lab.evaluate(page, KERNEL), "1 + 1"])
    assert "kernel_info_reply" in answers and "execute_reply" not in answers


def test_two_visitors(page):
    """Each has a kernel, which ends when they leave."""
    explain(page, HDB)
    other = page.context.browser.new_context().new_page()
    visit(other, page.address)
    assert other.locator(".vl-verdict").count() == 0
    explain(other, VIRTIO)
    assert "hdb" in page.locator(".vl-verdict").inner_text()
    kernel = lab.evaluate(other, KERNEL)
    assert kernel != lab.evaluate(page, KERNEL)
    other.goto("about:blank")
    until_gone(page.address, kernel)
    other.context.close()
    explain(page, VIRTIO)


@pytest.mark.parametrize(
    "path",
    [
        *("README.md", "page/voila.py", "voila.py", "explain.ipynb", "page/explain.ipynb"),
        *("notebooks/domains/seed-2014.xml", "../README.md", "../notebooks/pictures/cache.png"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "place", ["", "voila/files/", "voila/render/", "voila/api/contents/", "voila/tree/"]
)
def test_no_file_is_served(page, place, path):
    """Neither of the page nor of the checkout."""
    assert status(f"{page.address}{place}{path}") in (403, 404)


def test_it_is_on_this_machine_alone(page):
    """At one address, and at none that others reach."""
    port = urlsplit(page.address).port
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", port), timeout=5)


def test_light_and_dark(page):
    """As the browser says, and when it says something else; axe-core has no objection to either."""
    explain(page, f"paste: {VIRTIO}\n{NATIVE}")
    page.locator(".vl-places summary").click()
    page.get_by_label("List names").select_option("all")
    page.get_by_label("Move it to").select_option("scsi")
    page.locator(".vl-part").first.wait_for()
    grounds = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        grounds.append(lab.evaluate(page, BACKGROUND))
        assert accessible.objections(page, "html") == []
    dark, light = (int(re.search(r"\d+", ground)[0]) for ground in grounds)
    assert dark < 60 < 200 < light


@pytest.mark.parametrize("width", [1024, 380])
def test_narrow(page, width):
    """Nothing is wider than the window, however long what is pasted."""
    page.set_viewport_size({"width": width, "height": 800})
    explain(page, f"paste: {VIRTIO}\n{NATIVE}")
    page.locator(".vl-places summary").click()
    page.get_by_label("List names").select_option("all")
    page.get_by_label("Move it to").select_option("scsi")
    page.locator(".vl-part").first.wait_for()
    assert lab.evaluate(page, WIDE) == width and accessible.sticking_out(page) == []
    explain(page, f"<disk><source file='/{'W' * 5000}'/><target dev='vdb'/></disk>")
    assert lab.evaluate(page, WIDE) == width and accessible.sticking_out(page) == []
    assert accessible.objections(page, "html") == []
    page.set_viewport_size(lab.VIEW)


def test_keyboard(page):
    """From the top Tab leads to the link and on to the first control, and then to every other."""
    visit(page, page.address)
    explain(page, VIRTIO)
    lab.evaluate(page, "() => document.activeElement.blur()")
    reached = []
    for _ in range(2):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.localName"))
    assert reached == ["a", "select"]
    assert accessible.lost_by_keyboard(page) == []


def test_it_scrolls_without_a_click(page):
    """The whole page, by its keys."""
    page.set_viewport_size({"width": 1024, "height": 400})
    visit(page, page.address)
    page.get_by_label("Example").select_option("virtio-scsi")
    wait_for_verdict(page, "sda")
    lab.evaluate(page, "() => { document.activeElement.blur(); scrollTo(0, 0) }")
    page.keyboard.press("PageDown")
    page.wait_for_function("() => scrollY > 100", timeout=lab.PATIENCE * 1000)
    page.set_viewport_size(lab.VIEW)


def test_an_error_and_a_visitor_who_is_gone(tmp_path):
    """A cell that fails says so, and not where; a kernel that nobody hears is ended after a while."""
    or_skip()
    copied(tmp_path)
    notebook = tmp_path / "page/explain.ipynb"
    text = notebook.read_text(encoding="utf-8").replace("XMLExplainer(", "XMLExplainer(1 / 0, ")
    notebook.write_text(text, encoding="utf-8")
    culling = [f"--MappingKernelManager.cull_{name}=1" for name in ("interval", "idle_timeout")]
    with voila(tmp_path, *culling) as address:
        with urlopen(address, timeout=lab.PATIENCE) as answer:
            said = answer.read().decode()
        assert "There was an error" in said and "Load the page again" in said
        assert not [told for told in ("ZeroDivision", "Traceback", str(tmp_path)) if told in said]
        until_gone(address, re.search(r'"kernelId": "([\w-]+)"', said)[1])


def test_on_binder(page, jupyterlab):
    """The link in the README, where a JupyterLab serves the page and its template is a link."""
    [path] = re.findall(
        r"urlpath=(voila/[^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")
    )
    shutil.rmtree(jupyterlab.home / "notebooks", ignore_errors=True)
    copied(jupyterlab.home / "notebooks")
    templates = jupyterlab.home / "data/voila/templates"
    templates.mkdir(parents=True, exist_ok=True)
    post_build = (ROOT / "binder/postBuild").read_text(encoding="utf-8")
    [linked] = re.findall(
        r'^ln -s "\$PWD/(\S+)" ".*/share/jupyter/voila/templates/"', post_build, re.MULTILINE
    )
    os.symlink(ROOT / linked, templates / Path(linked).name)
    other = page.context.browser.new_context().new_page()
    visit(other, jupyterlab.address + path)
    explain(other, HDB)
    assert other.title() == page.title() and other.get_by_role("main").count() == 1
    other.context.close()
