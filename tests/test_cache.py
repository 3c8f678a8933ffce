"""What a cache mode does to a write, and the explorer that draws it; without a browser."""

from dataclasses import asdict
from functools import partial

import cost
import pytest
from lxml import etree, html

from virtiolab.caching import facts, ways
from virtiolab.evidence.experiments import caches
from virtiolab.evidence.record import recorded
from virtiolab.views.cache import drawn, in_words
from virtiolab.vocabulary import lookup
from virtiolab.widgets import CacheExplorer
from virtiolab.widgets.cache import IOS

# By mode: through the page cache or past it, when QEMU flushes, and where the bytes are when QEMU
# says that a write is done, and when it says so of a flush.
EXPECTED = {
    None: ("cached", "asked", "page_cache", "disk"),
    "default": ("cached", "asked", "page_cache", "disk"),
    "none": ("direct", "asked", "disk_cache", "disk"),
    "writethrough": ("cached", "every", "disk", "disk"),
    "writeback": ("cached", "asked", "page_cache", "disk"),
    "directsync": ("direct", "every", "disk", "disk"),
    "unsafe": ("cached", "thrown", "page_cache", "page_cache"),
}
SAFE = {"guest": "safe", "qemu": "safe", "power": "safe"}
LOST = {"guest": "lost", "qemu": "lost", "power": "lost"}
UNFLUSHED = {"guest": "safe", "qemu": "raw", "power": "lost"}

each_mode = pytest.mark.parametrize("mode", EXPECTED, ids=str)


@pytest.mark.live
def test_the_switches_are_libvirts(libvirt):
    """Those that all is drawn from, asked again, with the flags of the open file."""
    assert [asdict(one) for one in caches(libvirt)] == recorded()["experiments"]["caches"]


@each_mode
def test_ways(mode):
    """What follows from the switches of each mode on record."""
    way = ways()[mode]
    assert (way.road, way.flush, way.done, way.flushed) == EXPECTED[mode]


def test_every_mode_has_a_way():
    """All that can be written, and none written."""
    assert set(ways()) == set(EXPECTED) == {None, *lookup("/disk/driver/@cache").values}
    assert {*IOS} == {None, *lookup("/disk/driver/@io").values}


@each_mode
def test_past_the_page_cache_is_what_was_seen(mode):
    """QEMU held the file open with O_DIRECT where the way goes past the page cache, only there."""
    [seen] = [one for one in recorded()["experiments"]["caches"] if one["mode"] == mode]
    assert ways()[mode].direct is seen["o_direct"]


@each_mode
@pytest.mark.parametrize("stage", ["written", "done", "flushed"])
def test_fates(mode, stage):
    """What becomes of a write: what is in no more than the guest's memory is gone with it, and what
    QEMU flushed is safe."""
    flush = ways()[mode].flush
    flushed = {"asked": SAFE, "every": SAFE, "thrown": SAFE | {"power": "lost"}}[flush]
    expected = {
        "written": LOST,
        "done": SAFE if flush == "every" else UNFLUSHED,
        "flushed": flushed,
    }
    assert {moment: ways()[mode].fate(stage, moment) for moment in SAFE} == expected[stage]
    assert ways()[mode].fate(stage, "nothing") == "safe"


def test_every_sentence_is_said():
    """Each form of a step holds for some mode, and each row and moment has its words."""
    said = {(step.name, step.form) for way in ways().values() for step in way.steps}
    assert said == {(name, form) for name, forms in facts()["steps"].items() for form in forms}
    assert set(facts()["uses"]) == {mode or "" for mode in ways()}
    places = {place for known in facts()["moments"].values() for place in known["lost"]}
    assert places < set(facts()["places"])
    fates = {way.fate(s, m) for way in ways().values() for s in facts()["stages"] for m in SAFE}
    assert fates == set(facts()["fates"])


def texts(picture):
    """What is written in a picture."""
    return [text for text in picture.inline().itertext()]


@each_mode
def test_picture(mode):
    """It says what the switches make of it: O_DIRECT, who flushes, the switches themselves."""
    way = ways()[mode]
    written = " ".join(texts(drawn(way, "stated")))
    assert ("past it: O_DIRECT" in written) is way.direct
    flush = {"asked": "guest asks for one", "every": "after every", "thrown": "throws it away"}
    assert [key for key, said in flush.items() if said in written] == [way.flush]
    assert ("has no write cache" in written) is not way.told
    assert ("not given" in written) is (mode in (None, "default"))
    assert "✗ lost" not in written


def test_picture_of_a_loss():
    """The host's memory goes with its power, and the disk stays."""
    lost = [text for text in texts(drawn(ways()["none"], "stated", moment="power")) if "✗" in text]
    assert len(lost) == 7 and not any(text.startswith("the disk ") for text in lost)
    assert "QEMU is killed. Lost: the guest's memory, QEMU's memory." in in_words(
        ways()["none"], moment="qemu"
    )


def test_default_is_drawn_as_not_written():
    """QEMU decides both."""
    default, unwritten = (drawn(ways()[mode], "default").inline() for mode in ("default", None))
    del default.attrib["aria-label"], unwritten.attrib["aria-label"]
    assert etree.tostring(default) == etree.tostring(unwritten)


def test_explorer_follows_its_choices():
    """Another mode, another way; the chosen row and column are marked by a sign."""
    explorer = CacheExplorer()
    assert "QEMU's own default is writeback" in explorer.shown.value
    explorer.cache.value, explorer.moment.value = "unsafe", "power"
    assert "does not pass it on" in explorer.shown.value
    root = html.fromstring(explorer.shown.value)
    assert [e.text_content() for e in root.xpath("//*[starts-with(., '▶')][self::th]")] == [
        "▶ The host loses power",
        "▶ unsafe",
    ]
    assert (
        "<driver type='raw' cache='unsafe'/>" in html.fromstring(explorer.xml.value).text_content()
    )


def test_explorer_says_what_libvirt_refuses():
    """Native I/O without the cache for it; the button mends it."""
    explorer = CacheExplorer("writeback")
    explorer.io.value = "native"
    [note] = explorer.notes.children
    assert "needs <code>cache='none'</code>" in note.children[0].value
    note.button.click()
    assert (explorer.cache.value, explorer.io.value) == ("none", "native")
    assert explorer.notes.children == () and "io='native'" in explorer.shown.value


def test_explorer_knows_no_other_mode():
    """A mode that libvirt does not have is an error of the caller."""
    with pytest.raises(ValueError, match="fast"):
        CacheExplorer("fast")


@each_mode
def test_static_form(mode):
    """Pictures of every mode with their words, the steps and all modes; nothing that is dropped."""
    bundle = CacheExplorer(mode)._repr_mimebundle_()
    root = html.fromstring(f"<div>{bundle['text/html']}</div>")
    assert not root.xpath("//svg | //style | //@id")
    images = root.xpath("//img/@alt")
    assert len(images) == (6 if mode in (None, "default") else 5)
    assert images[0] == in_words(ways()[mode])
    for text in (root.text_content(), bundle["text/plain"]):
        assert all(use in text for use in ["Guests so old", "The all-rounder"])
        assert "perhaps lost" in text


def test_a_change_is_quick():
    """5 ms at the median in the kernel."""
    change = partial(setattr, CacheExplorer().cache, "value")
    assert cost.seconds_of(change, EXPECTED) < cost.WIDGET
