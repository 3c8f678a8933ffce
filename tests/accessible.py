"""What stands between a page and a person who cannot see it well, or has no mouse."""

from pathlib import Path

from lab import evaluate

try:
    from axe_playwright_python.sync_playwright import Axe
except ImportError:
    pass  # lab.or_skip() says how to get it

WIDGETS = ".virtiolab.jupyter-widgets"
CONTRAST = 4.5  # of text, at least: WCAG 2, level AA
_SCRIPT = (Path(__file__).parent / "page.js").read_text(encoding="utf-8")
# JupyterLab's body has no height, so that axe-core would take all in it for hidden.
_HEIGHT = "() => { document.body.style.height = '100vh' }"


def objections(page, within: str = WIDGETS, **options) -> list:
    """What axe-core finds serious or critical there, and the texts that are too faint where it cannot
    tell: in pictures, and over a menu's arrow. What is scrolled out of view is left out."""
    evaluate(page, _SCRIPT)
    evaluate(page, _HEIGHT)
    found = Axe().run(page, {"include": [[within]]}, options).response
    unsure = [node["target"][0] for node in nodes(found["incomplete"], "color-contrast")]
    assert nodes(found["passes"], "color-contrast")  # it did see something
    faint = evaluate(page, "([texts, least]) => vl.tooFaint(texts, least)", [unsure, CONTRAST])
    violated = [
        one["id"] for one in found["violations"] if one["impact"] in ("serious", "critical")
    ]
    return faint + [
        (rule, node["html"], node["failureSummary"])
        for rule in violated
        for node in nodes(found["violations"], rule)
    ]


def nodes(rules: list[dict], name: str) -> list[dict]:
    """The elements that axe-core lists under one of its rules."""
    return [node for rule in rules if rule["id"] == name for node in rule["nodes"]]


def lost_by_keyboard(page) -> list[str]:
    """The controls of the page's widgets that Tab does not reach, or where one does not see it."""
    evaluate(page, _SCRIPT)
    lost = []
    for number in range(evaluate(page, "() => vl.widgets().length")):
        evaluate(page, "number => vl.follow(number)", number)
        while evaluate(page, "() => vl.isInside()"):
            page.keyboard.press("Tab")
        lost += evaluate(page, "() => vl.lost()")
    return lost


def sticking_out(page) -> list[str]:
    """What is wider than the room that it has, and neither scrolls nor is cut."""
    evaluate(page, _SCRIPT)
    return evaluate(page, "() => vl.tooWide()")
