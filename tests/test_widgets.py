"""The widgets by their state, without a browser."""

from datetime import datetime
from functools import partial
from pathlib import Path

import cost
import pytest
from lxml import html

from virtiolab import check, read, widgets
from virtiolab.course.tasks import predictions
from virtiolab.views.text import MOST
from virtiolab.widgets import Predict, StackPicture, XMLExplainer
from virtiolab.widgets.xml_explainer import MAX_FILE

VDA = "<disk><source file='/a'/><target dev='vda'/></disk>"
SDA = VDA.replace("vda", "sda")


def test_explainer_follows_its_text():
    """Another text, another answer."""
    explainer = XMLExplainer(VDA)
    assert "virtio (virtio-blk)" in explainer.answer.value
    explainer.text.value = VDA.replace("vda", "hda")
    assert "not virtio" in explainer.answer.value


def test_explainer_shows_the_chosen_disk():
    """All in the summary, the chosen one in full; a single one needs no choice."""
    explainer = XMLExplainer(VDA + SDA)
    assert [label for label in explainer.disk.options] == ["1. vda, line 1", "2. sda, line 1"]
    explainer.disk.index = 1
    assert "it depends" in explainer.answer.value and "vda" in explainer.summary.value
    assert explainer.disk.layout.display == ""
    explainer.text.value = SDA
    assert explainer.disk.index == 0 and explainer.disk.layout.display == "none"


def test_explainer_shows_an_edit_once():
    """Not the first disk for a moment, although the menu begins anew."""
    explainer = XMLExplainer(VDA + SDA)
    explainer.disk.index = 1
    shown = []
    explainer.answer.observe(lambda change: shown.append(change["new"]), "value")
    explainer.text.value = VDA.replace("vda", "vdb") + SDA.replace("sda", "sdb")
    assert explainer.disk.index == 1 and ["sdb" in answer for answer in shown] == [True]


def test_explainer_says_what_is_wrong():
    """One sentence, no answers, and the next text works."""
    explainer = XMLExplainer(VDA)
    explainer.text.value = "<disk>\n<target"
    assert "line 2: The XML is cut short" in explainer.summary.value
    assert explainer.answer.value == "" and explainer.disk.options == ()
    explainer.text.value = VDA
    assert "virtio" in explainer.answer.value


@pytest.mark.parametrize("nothing", ["", "  \n"])
def test_explainer_without_xml(nothing):
    """An empty box is no error."""
    assert "Nothing to explain yet" in XMLExplainer(nothing).static().text


def test_explainer_examples(tmp_path):
    """A choice puts the example into the box; `your own XML` empties it."""
    (tmp_path / "one.xml").write_text(VDA, encoding="utf-8")
    (tmp_path / "two.xml").write_text(SDA, encoding="utf-8")
    explainer = XMLExplainer("", tmp_path)
    explainer.example.value = "two"
    assert explainer.text.value == SDA
    explainer.example.index = 0
    assert explainer.text.value == ""


def upload(content):
    """What a FileUpload holds after a file was opened."""
    file = {"name": "a.xml", "type": "text/xml", "last_modified": datetime.now()}
    return (file | {"size": len(content), "content": memoryview(content)},)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_explainer_upload(encoding):
    """A file is read like a paste, and the same file can be opened again."""
    explainer = XMLExplainer()
    for _ in range(2):
        explainer.text.value = ""
        explainer.upload.value = upload(VDA.encode(encoding))
        assert explainer.text.value == VDA


def test_explainer_takes_no_huge_file():
    """A page would take minutes for it; what was there before stays, and a small file still opens."""
    explainer = XMLExplainer(VDA)
    explainer.upload.value = upload(b"\n" * (MAX_FILE + 1))
    assert "larger than 128 KiB" in explainer.static().text and "larger" in explainer.summary.value
    assert explainer.text.value == VDA and "vda" in explainer.answer.value
    assert explainer.upload.value == ()
    explainer.upload.value = upload(b"\n" * MAX_FILE)
    explainer.upload.value = upload(SDA.encode())
    assert explainer.text.value == SDA and "sda" in explainer.answer.value


def test_explainer_shows_what_is_hidden():
    """In the box too: as references, which are the same XML; line ends are as a box has them."""
    explainer = XMLExplainer(
        "<disk>\r\n<source file='a\u202eb\u200b\u00a0'/>\r<target dev='vda'/></disk>"
    )
    shown = "<disk>\n<source file='a&#x202e;b&#x200b;&#xa0;'/>\n<target dev='vda'/></disk>"
    assert explainer.text.value == shown
    assert "a\\u202eb\\u200b\\u00a0" in explainer.answer.value
    explainer.text.value = shown.replace("&#x202e;", "\u202e")
    assert explainer.text.value == shown
    explainer.text.value = hidden_in_a_name = "<disk><ty\u200dpo/></disk>"
    assert explainer.text.value == hidden_in_a_name and "ty\\u200dpo" in explainer.answer.value
    explainer.text.value = "<disk ty\u200dpo='\u202e'/>"
    assert explainer.text.value == "<disk ty\u200dpo='&#x202e;'/>"
    explainer.text.value = "<disk\u00a0type='file'/>"
    assert explainer.text.value == "<disk&#xa0;type='file'/>" and explainer.answer.value == ""


def test_explainer_with_very_many_disks():
    """The list stays short and says so."""
    explainer = XMLExplainer(VDA * (MOST + 5))
    assert len(explainer.disk.options) == MOST
    assert "… and 5 more disks." in explainer.summary.value


def test_widgets_are_offered():
    """By Tab, which asks dir(), also those whose file was not read."""
    assert set(widgets.__all__) <= set(dir(widgets))


def test_predict():
    """No reveal before a guess; a wrong guess can be changed."""
    asked = Predict("change-to-sda")
    reveal = asked.reveals["certain"]
    reveal.click()
    assert reveal.disabled and asked.outcome.value == ""
    asked.guess.value = "IDE"
    reveal.click()
    assert "✗ You said “IDE”. It is: SCSI" in asked.outcome.value
    asked.guess.value = "SCSI"
    assert asked.outcome.value == ""
    asked.reveals["guessing"].click()
    assert "✓ Right: SCSI" in asked.outcome.value


def test_the_proof_opens_with_the_answer():
    """What a cell could show, lines, and widgets; all of it is folded away in the static form."""
    table, picture = check(read("<disk/>")), StackPicture(VDA)
    asked = Predict("change-to-sda", "un", "deux", table, picture)
    shown, drawn = asked.proof.children
    assert asked.proof.layout.display == "none" and drawn is picture
    assert "un\ndeux" in shown.value and table._repr_html_() in shown.value
    asked.guess.value = "IDE"
    asked.reveals["fairly sure"].click()
    assert asked.proof.layout.display == ""
    asked.guess.value = "SCSI"
    assert asked.proof.layout.display == "none"
    bundle = asked._repr_mimebundle_()
    question, _, answer = bundle["text/html"].partition("<details>")
    for piece in ("deux", "has no source", "virtio_blk"):
        assert piece in answer and piece in bundle["text/plain"] and piece not in question


@pytest.mark.parametrize("name", predictions())
def test_predictions_can_be_answered(name):
    """The answer is one of the options, and the question does not give it away."""
    asked = predictions()[name]
    assert asked["options"].count(asked["answer"]) == 1
    assert len(set(asked["options"])) == len(asked["options"]) >= 2
    assert asked["why"].endswith(".") and asked["question"].count("`") % 2 == 0


@pytest.mark.parametrize("widget", [Predict("first-disk-virtio"), XMLExplainer(VDA)])
def test_static_form(widget):
    """The same as HTML that JupyterLab's sanitizer keeps, and as text."""
    bundle = widget._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    root = html.fromstring(f"<div>{bundle['text/html']}</div>")
    kept = {"div", "p", "ul", "li", "code", "details", "summary", "span", "strong", "pre"}
    kept |= {"table", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", "a"}
    assert {element.tag for element in root.iter()} <= kept
    assert not root.xpath("//@id") and bundle["text/plain"].strip()


def test_a_change_is_quick():
    """5 ms at the median in the kernel, for a guest as virsh dumpxml prints it."""
    file = Path(__file__).parents[1] / "notebooks/domains/virtio-scsi.xml"
    texts = [file.read_text(encoding="utf-8"), file.read_text(encoding="utf-8") + " "]
    explainer = XMLExplainer()
    assert cost.seconds_of(partial(setattr, explainer.text, "value"), texts) < cost.WIDGET
