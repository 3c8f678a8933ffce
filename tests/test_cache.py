"""What a cache mode does to a write, and the explorer that draws it; without a browser."""

import re
from dataclasses import asdict
from functools import partial

import cost
import pytest
from lxml import etree, html

from virtiolab.course.writes import facts, ways
from virtiolab.evidence.experiments import caches
from virtiolab.evidence.record import recorded
from virtiolab.inference import DIRECT_CACHES
from virtiolab.syntax import lookup
from virtiolab.views.way_of_a_write import drawn, in_words
from virtiolab.widgets import CacheExplorer
from virtiolab.widgets.cache_explorer import IOS

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
    assert set(facts()["uses"]) == {*ways()} - {None, "default"}
    lost = {place for known in facts()["moments"].values() for place in known["lost"]}
    assert lost - {"qemu"} < set(facts()["places"])
    fates = {way.fate(s, m) for way in ways().values() for s in facts()["stages"] for m in SAFE}
    assert fates == set(facts()["fates"])


def texts(picture):
    """What is written in a picture."""
    return [text for text in picture.inline().itertext()]


def number(text):
    """The number that a text in a picture begins with, if it does."""
    return re.match(r"\d[ab]?(?=  |$)", text)


@each_mode
def test_picture(mode):
    """It says what the switches make of it: O_DIRECT, who flushes, the switches themselves."""
    way = ways()[mode]
    written = " ".join(texts(drawn(way, "stated")))
    assert ("past it: O_DIRECT" in written) is way.direct
    flush = {"asked": "guest asks for one", "every": "with each", "thrown": "throws it away"}
    assert [key for key, said in flush.items() if said in written] == [way.flush]
    assert ("has no write cache" in written) is not way.told
    assert ("not given" in written) is (mode in (None, "default"))
    assert ("later, in any order" in written) is (mode == "unsafe")
    assert ("later, or at a flush" in written) is (way.flush == "asked")
    assert "✗ lost" not in written and "✗ stopped" not in written


@each_mode
def test_steps_are_numbered_in_the_picture(mode):
    """Each step has a number there, and no number comes twice."""
    numbers = [found[0] for text in texts(drawn(ways()[mode], "stated")) if (found := number(text))]
    after_each = ["4a", "4b"] if mode in ("writethrough", "directsync") else ["4"]
    assert sorted(numbers) == sorted(["1", "2", "3", *after_each, "5"])
    said = " ".join(step.says for step in ways()[mode].steps)
    assert ("4a" in said and "4b" in said) is (len(after_each) == 2)


# What is lost with the guest, with QEMU and with the host's power: memory that the bytes go through.
CACHES = ["the guest's page cache", "the host's page cache", "the disk's own cache"]


@each_mode
@pytest.mark.parametrize(
    ("moment", "stopped"), [("guest", 1), ("qemu", 2), ("power", 3)], ids=["guest", "qemu", "power"]
)
def test_picture_of_a_loss(mode, moment, stopped):
    """What holds bytes is lost, what merely runs stops, and the disk keeps what has come to it."""
    way = ways()[mode]
    passed = ["the host's page cache"] if way.direct else []
    caches = CACHES if moment == "power" else CACHES[:1]
    lost = [cache for cache in caches if cache not in passed]
    written = texts(drawn(way, "stated", moment=moment))
    assert [text for text in written if "lost" in text] == [f"{cache}  ✗ lost" for cache in lost]
    assert written.count("✗ stopped") == stopped
    disk = written[written.index("the disk") + 1]
    assert ("✓" in disk) is (mode != "unsafe") and ("any order" in disk) is (mode == "unsafe")
    said = in_words(way, moment=moment)
    assert f"Stopped: {', '.join(['guest', 'QEMU', 'host'][:stopped])}." in said
    assert f"Lost: {', '.join(lost)}. On the disk: {disk}." in said


def test_what_is_safe_by_itself_is_on_the_disk():
    """A mode that flushes after every write needs no flush of the guest's for it."""
    for mode in ("writethrough", "directsync"):
        assert "✓ each write that was done" in texts(drawn(ways()[mode], "stated", moment="power"))


def switches(mode):
    way = ways()[mode]
    return way.direct, way.told, way.no_flush


def test_default_is_drawn_as_not_written():
    """QEMU decides both, and takes what writeback is."""
    assert {*map(switches, (None, "default", "writeback"))} == {(False, True, False)}
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


def test_back_to_what_is_not_written():
    """As the page tells it, by the number of the button: that one stays chosen."""
    explorer = CacheExplorer("none")
    explorer.cache.set_state({"index": 0})
    assert explorer.cache.index == 0 and "cache=" not in explorer.xml.value


@pytest.mark.parametrize("mode", [None, "default"])
def test_one_row_for_what_qemu_decides(mode):
    """Not written and `default` share a row, which is marked for both; each other mode has its own."""
    root = html.fromstring(CacheExplorer(mode).shown.value)
    *_, table = root.iter("table")
    heads = [row[0].text_content() for row in table.find("tbody")]
    others = ["none", "writethrough", "writeback", "directsync", "unsafe"]
    assert heads == ["▶ (not written), default", *others]
    first, *rest = table.find("tbody")
    assert "writeback" in first[1].text_content() and first[1].get("colspan") == "5"
    assert {len(row) for row in rest} == {len(table.find("thead")[0])} == {6}


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
    way = ways()[mode]
    assert images[:2] == [in_words(way), in_words(way, moment="power")]
    taken = "writeback" if mode in (None, "default") else mode
    shown = {"writeback", "none", "writethrough", "unsafe"} - {taken}
    assert {*images[2:]} == {in_words(ways()[other], moment="power") for other in shown}
    for text in (root.text_content(), bundle["text/plain"]):
        text = " ".join(text.split())
        assert all(use in text for use in ["Guests so old", "The all-rounder"])
        assert "perhaps lost" in text and "tables of a qcow2 image in its own memory" in text


def test_static_form_after_trouble():
    """Where something goes wrong, the pictures show that, behind one in which nothing does."""
    explorer = CacheExplorer("none")
    explorer.moment.value = "qemu"
    first, *others = html.fromstring(explorer.static().html).xpath("//img/@alt")
    assert "Stopped" not in first
    assert others and all("QEMU is killed. Stopped: guest, QEMU." in said for said in others)


def test_a_change_is_quick():
    """5 ms at the median in the kernel."""
    change = partial(setattr, CacheExplorer().cache, "value")
    assert cost.seconds_of(change, EXPECTED) < cost.WIDGET


def test_direct_caches():
    """Those that the rules name are those whose open file was O_DIRECT."""
    seen = recorded()["experiments"]["caches"]
    assert {said["mode"] for said in seen if said["o_direct"]} == set(DIRECT_CACHES)
