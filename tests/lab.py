"""A real JupyterLab in a real Chromium, for the browser tests."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

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
CURRENT = ".jp-NotebookPanel:not(.lm-mod-hidden)"


def or_skip() -> None:
    """Skip where there is no browser, and say how to get one."""
    for package in ("playwright", "axe_playwright_python"):
        pytest.importorskip(package, reason="no browser tests: pip install -e '.[browser]'")
    if not CHROMIUM:
        pytest.skip("no browser tests: apt-get install chromium")


@contextlib.contextmanager
def jupyterlab(notebooks: Path = NOTEBOOKS, theme: str = "JupyterLab Light"):
    """The address of a JupyterLab that serves a copy of the notebooks, with all its own folders."""
    with tempfile.TemporaryDirectory(prefix="virtiolab-lab-") as name:
        home = Path(name)
        shutil.copytree(notebooks, home / "notebooks")
        _set(home, "apputils-extension/notification", QUIET)
        _set(home, "apputils-extension/themes", {"theme": theme})
        folders = {
            f"JUPYTER_{kind}_DIR": str(home / kind.lower())
            for kind in ("CONFIG", "DATA", "RUNTIME")
        }
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0",
            "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True",
            f"--LabApp.user_settings_dir={home / 'settings'}",
            f"--LabApp.workspaces_dir={home / 'workspaces'}",
            f"--ServerApp.root_dir={home / 'notebooks'}",
        ]  # fmt: skip
        if hasattr(os, "getuid") and os.getuid() == 0:
            command.append("--allow-root")
        server = subprocess.Popen(
            command, stderr=subprocess.PIPE, encoding="utf-8", cwd=home, env=os.environ | folders
        )
        try:
            yield _address(server)
        finally:
            server.terminate()
            server.communicate()


def _set(home: Path, plugin: str, values: dict) -> None:
    """Write what somebody has chosen in the settings of one of JupyterLab's plugins."""
    file = home / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values), encoding="utf-8")


def _address(server) -> str:
    for line in server.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
            return found[0]
    raise RuntimeError("JupyterLab did not start")


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


def open_notebook(page, address: str, name: str) -> None:
    """Open a notebook and wait until its kernel is ready."""
    page.goto(f"{address}lab/tree/{name}?reset")
    wait_idle(page)


def run_all(page) -> None:
    """Run every cell and wait for the last."""
    page.evaluate(RUN_ALL)
    wait_idle(page)


def wait_idle(page) -> None:
    """Wait for the status bar: the cell indicator's idle comes too early."""
    page.wait_for_function(
        "() => document.querySelector('#jp-main-statusbar')?.textContent.includes('| Idle')",
        timeout=60_000,
    )


def theme(page, name: str) -> None:
    """Switch JupyterLab to its Light or its Dark theme; while it does, its splash hides all."""
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
        f"JupyterLab {name}",
    )
    page.wait_for_function(
        "light => document.body.dataset.jpThemeLight === light"
        " && !document.querySelector('#jupyterlab-splash')",
        arg="true" if name == "Light" else "false",
    )


def widget(page, kind: str, number: int = 0):
    """The widget with this class, scrolled to: JupyterLab draws only what is near the view."""
    cells = page.locator(f"{CURRENT} .jp-Cell")
    for position in range(cells.count()):
        cells.nth(position).scroll_into_view_if_needed()
        found = page.locator(f"{CURRENT} {kind}").nth(number)
        if found.count():
            found.scroll_into_view_if_needed()
            return found
    raise AssertionError(f"no {kind} on the page")


def leave(page, name: str) -> str:
    """Leave a picture of the page in shots/, and what its console said; say where."""
    SHOTS.mkdir(exist_ok=True)
    place = SHOTS / re.sub(r"[^\w.-]+", "-", name)
    place.with_suffix(".log").write_text("\n".join(page.console), encoding="utf-8")
    with contextlib.suppress(Exception):  # of a page that hangs or is gone there is no picture
        page.screenshot(path=place.with_suffix(".png"))
    return f"{place}.png and .log"
