"""Notebook 07: what stands in it as text or as a picture is what the real thing says."""

from pathlib import Path

import nbformat
import pytest
from lxml import etree
from test_command_line import run  # noqa: F401 (a fixture)

from virtiolab.evidence.lessons import lessons
from virtiolab.evidence.libvirt import dotted
from virtiolab.evidence.record import recorded
from virtiolab.views.rungs import TITLES

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PROSE = "\n".join(
    cell.source
    for cell in nbformat.read(NOTEBOOKS / "07_prove_it.ipynb", 4).cells
    if cell.cell_type == "markdown"
)


@pytest.mark.live
def test_ask_is_shown_as_it_answers(run, libvirt):
    """Two pieces of the output of `virtiolab ask`; a … leaves out what is between them."""
    if dotted(libvirt.version) != recorded()["versions"]["libvirt"]:
        pytest.skip("the notebook shows what another libvirt said")
    _, out, _ = run("ask", "-", stdin=lessons()["misspelt"].disks.strip().encode())
    shown = PROSE.split("virtiolab ask misspelt.xml\n```")[1].split("```")[1].strip("\n")
    for piece in shown.split("\n…\n"):
        assert piece in "\n".join(out)


def test_the_ladder_has_the_rungs_of_the_table():
    """The picture and its alternative text number and name them as the widget does."""
    drawn = "".join(etree.parse(NOTEBOOKS / "pictures/ladder.svg").getroot().itertext())
    for number, title in enumerate(TITLES.values(), 1):
        assert f"{number}  {title}" in drawn
        assert f"{number} {title}".replace(",", "") in PROSE
