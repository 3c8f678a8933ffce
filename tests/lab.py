"""A real JupyterLab, or the page, in a real Chromium, for the browser tests."""

import contextlib
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SHOTS = Path(__file__).parents[1] / "shots"
CHROMIA = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, CHROMIA)), None)
CHROMIUM_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
VIEW = {"width": 1280, "height": 1000}
QUIET = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
END_ALL = "() => window.jupyterapp.serviceManager.sessions.shutdownAll()"
CURRENT = ".jp-NotebookPanel:not(.lm-mod-hidden)"
PATIENCE = 90  # seconds: on two busy cores nothing that is asked here took a quarter of it


def or_skip() -> None:
    """Skip where there is no browser, and say how to get one."""
    for package in ("playwright", "axe_playwright_python"):
        pytest.importorskip(package, reason="no browser tests: pip install -e '.[browser]'")
    if not CHROMIUM:
        pytest.skip("no browser tests: apt-get install chromium")


class JupyterLab(NamedTuple):
    """One that runs: its address, and the folder that all its folders are in."""

    address: str
    home: Path


@contextlib.contextmanager
def jupyterlab():
    """A JupyterLab with all its own folders; what is in them, `opened` says."""
    with tempfile.TemporaryDirectory(prefix="virtiolab-lab-") as name:
        home = Path(name)
        (home / "notebooks").mkdir()
        command = [
            "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0",
            "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True",
            f"--LabApp.user_settings_dir={home / 'settings'}",
            f"--LabApp.workspaces_dir={home / 'workspaces'}",
            f"--ServerApp.root_dir={home / 'notebooks'}",
        ]  # fmt: skip
        if hasattr(os, "getuid") and os.getuid() == 0:
            command.append("--allow-root")
        with serving(command, home) as address:
            yield JupyterLab(address, home)


@contextlib.contextmanager
def serving(command: list[str], home: Path, **environment: str):
    """The address of a server that runs in this folder, with all of Jupyter's own folders in it."""
    folders = {
        f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")
    }
    server = subprocess.Popen(
        [sys.executable, "-m", *command], stderr=subprocess.PIPE, encoding="utf-8", cwd=home,
        env=os.environ | folders | environment,
    )  # fmt: skip
    try:
        yield _address(server)
    finally:
        server.terminate()
        server.wait(PATIENCE)


@contextlib.contextmanager
def opened(
    running: JupyterLab,
    notebooks: Path = NOTEBOOKS,
    theme: str = "JupyterLab Light",
    whole: bool = False,
):
    """A new Chromium's page for a JupyterLab that is as good as new: with a copy of these notebooks and
    nothing else, nothing chosen but the theme, nothing learnt, and in the end no kernel left.

    A `whole` notebook is drawn at once, so that what is out of view stays where it is.
    """
    for folder in ("notebooks", "settings", "workspaces", "data/virtiolab"):
        shutil.rmtree(running.home / folder, ignore_errors=True)
    shutil.copytree(notebooks, running.home / "notebooks")
    _set(running.home, "apputils-extension/notification", QUIET)
    _set(running.home, "apputils-extension/themes", {"theme": theme})
    if whole:
        _set(running.home, "notebook-extension/tracker", {"windowingMode": "none"})
    with chromium() as page:
        page.address = running.address
        yield page
        evaluate(page, END_ALL)


def _set(home: Path, plugin: str, values: dict) -> None:
    """Write what somebody has chosen in the settings of one of JupyterLab's plugins."""
    file = home / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values), encoding="utf-8")


def _address(server: subprocess.Popen) -> str:
    """Where it listens, which it says as it starts; what it says later is read too, or it would wait
    until somebody does."""
    found: queue.Queue = queue.Queue()

    def listen() -> None:
        with server.stderr as said:
            for line in said:
                if address := re.search(r"http://127\.0\.0\.1:\d+/", line):
                    found.put(address[0])
        found.put("")

    threading.Thread(target=listen, daemon=True).start()
    address = found.get(timeout=PATIENCE)
    if not address:
        raise RuntimeError(f"it did not start: {server.args}")
    return address


@contextlib.contextmanager
def chromium(**context):
    """A Chromium page, closed at the end; `page.console` is what it has said so far."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        page = browser.new_context(**{"viewport": VIEW} | context).new_page()
        page.console = []
        page.on("console", lambda message: page.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: page.console.append(f"uncaught: {error}"))
        try:
            yield page
        except Exception:  # while a fixture opens it; of a test, pytest tells conftest.py
            leave(page, "opening")
            raise
        browser.close()


def evaluate(page, script: str, arg=None):
    """What a function of the page returns or promises; an error that shows it, if that never comes.

    Playwright's own `evaluate` has no deadline; what it waits for has one. It waits for what is true,
    as a list with anything in it is, so that it calls the function once.
    """
    once = f"async arg => [await ({script})(arg)]"
    try:
        return page.wait_for_function(once, arg=arg, timeout=PATIENCE * 1000).json_value()[0]
    except Exception as error:
        error.add_note(f"The page was asked:\n{script}")
        raise


def open_notebook(page, address: str, name: str) -> None:
    """Open a notebook and wait until its kernel is ready."""
    page.goto(f"{address}lab/tree/{name}?reset")
    wait_idle(page)


def run_all(page) -> None:
    """Run every cell and wait for the last."""
    evaluate(page, RUN_ALL)
    wait_idle(page)


def wait_idle(page) -> None:
    """Wait for the status bar: the cell indicator's idle comes too early."""
    page.wait_for_function(
        "() => document.querySelector('#jp-main-statusbar')?.textContent.includes('| Idle')",
        timeout=60_000,
    )


def theme(page, name: str) -> None:
    """Switch JupyterLab to its Light or its Dark theme; while it does, its splash hides all."""
    evaluate(
        page,
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
        f"JupyterLab {name}",
    )
    page.wait_for_function(
        "light => document.body.dataset.jpThemeLight === light"
        " && !document.querySelector('#jupyterlab-splash')",
        arg="true" if name == "Light" else "false",
    )


def wait_until(page, condition: Callable[[], bool], failure: str) -> None:
    """Wait for what takes more than one question to the page; while it is not so, the page goes on."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, failure
        page.wait_for_timeout(20)


def widget(page, kind: str, number: int = 0):
    """The widget with this class, scrolled to: JupyterLab draws only what is near the view, and that
    after the cell has run."""
    cells = page.locator(f"{CURRENT} .jp-Cell")
    found = page.locator(f"{CURRENT} {kind}").nth(number)

    def is_drawn() -> bool:
        for position in range(cells.count()):
            cells.nth(position).scroll_into_view_if_needed()
            if found.count():
                return True
        return False

    wait_until(page, is_drawn, f"no {kind} on the page")
    found.scroll_into_view_if_needed()
    return found


def leave(page, name: str) -> str:
    """Leave a picture of the page in shots/, and what its console said; say where."""
    SHOTS.mkdir(exist_ok=True)
    place = SHOTS / re.sub(r"[^\w.-]+", "-", name)
    place.with_suffix(".log").write_text("\n".join(page.console), encoding="utf-8")
    with contextlib.suppress(Exception):  # of a page that hangs or is gone there is no picture
        page.screenshot(path=place.with_suffix(".png"))
    return f"{place}.png and .log"
