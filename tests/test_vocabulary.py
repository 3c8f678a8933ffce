"""The vocabulary against libvirt's own schema, and every entry in use."""

import re
from pathlib import Path

import pytest
from lxml import etree

from virtiolab import explain, read
from virtiolab.evidence.schema import HOW_TO_GET_IT, grammar, schema_file
from virtiolab.explanation import glossary, terms_of
from virtiolab.syntax import entries, lookup, meant, nearest_name

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.xml"))
ENTRIES = entries()
# Documented, but not listed in the schema: it takes any name there, or a word of another place.
UNLISTED_VALUES = {("driver/@name", name) for name in ("qemu", "tap", "tap2", "phy", "file")} | {
    (key, "aio") for key in ("mirror/@format", "format/@type")
}


OLDEST = (9, 0)  # the libvirt whose schema the vocabulary was first held to
NAMES = ("`", "libvirt", "virtio", "iSCSI", "qcow2", "raw")  # what may begin a sentence small


def key_of(path):
    """The key of the entry that explains a path."""
    parts = path.strip("/").split("/")
    keys = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((key for key in keys if key in ENTRIES), None)


def is_newer(since, than):
    """Whether a version such as `9.8.0` is later."""
    numbers = re.search(r"(\d+)\.(\d+)", since or "")
    return bool(numbers) and (int(numbers[1]), int(numbers[2])) > than


@pytest.fixture(scope="module")
def allowed():
    """What the installed libvirt allows inside <disk>."""
    if schema_file() is None:
        pytest.skip(HOW_TO_GET_IT)
    return grammar(schema_file()).values


@pytest.mark.schema
def test_every_path_is_explained(allowed):
    """All that the schema allows, at every depth."""
    assert len(allowed) > 400
    assert [path for path in allowed if lookup(path) is None] == []


@pytest.mark.schema
def test_every_value_is_described(allowed):
    """All that the schema lists."""
    listed = {(path, value) for path, values in allowed.items() for value in values}
    assert len(listed) > 200
    assert {(p, value) for p, value in listed if value not in lookup(p).values} == set()


@pytest.mark.schema
def test_no_name_is_made_up(allowed):
    """Each is in the schema, or newer than it and says since when."""
    known = {key_of(path) for path in allowed} | {"disk", "backingStore/backingStore"}
    others = ENTRIES.keys() - known
    assert {key for key in others if not is_newer(ENTRIES[key].since, OLDEST)} == set()


@pytest.mark.schema
def test_no_value_is_made_up(allowed):
    """Each is listed in the schema, or newer than it and says so."""
    listed = {(key_of(path), value) for path, values in allowed.items() for value in values}
    for key, entry in ENTRIES.items():
        if is_newer(entry.since, OLDEST):
            continue
        for value, sentence in entry.values.items():
            since = re.search(r"since (\d[\d.]*\d)", sentence)
            is_known = (key, value) in listed | UNLISTED_VALUES
            assert is_known or (since and is_newer(since[1], OLDEST)), (key, value)


@pytest.mark.parametrize("key", ENTRIES)
def test_sentences(key):
    """Whole, short, with their backticks closed, and with words that the glossary explains."""
    entry = ENTRIES[key]
    sentences = [
        entry.meaning,
        *entry.values.values(),
        *filter(None, [entry.default, entry.matters]),
    ]
    for sentence in sentences:
        assert 5 < len(sentence) <= 240 and sentence.endswith((".", ")"))
        assert sentence[0].isupper() or sentence.startswith(NAMES)
        assert sentence.count("`") % 2 == 0 and "  " not in sentence
        assert not re.search(
            r"\b(this attribute|can be used to|specifies|allows to)\b", sentence, re.IGNORECASE
        )
    assert entry.doc is None or re.fullmatch(r"format\w+\.html#[\w-]+", entry.doc)


def test_glossary():
    """Each term has a sentence, and most are linked from one."""
    assert all(text.endswith(".") and len(text) <= 240 for text in glossary().values())
    said = (terms_of(entry.meaning, *entry.values.values()) for entry in ENTRIES.values())
    linked = {term for terms in said for term in terms}
    wanted = {"virtqueue", "page cache", "O_DIRECT", "overlay", "LUN", "frontend", "backend"}
    assert wanted <= set(glossary()) and len(linked) > 70


def rows_of_examples():
    """The rows of every example disk."""
    return [row for file in EXAMPLES for disk in read(file).disks for row in explain(disk)]


def test_every_entry_has_an_example():
    """And every value: what no example exercises, nobody has looked at."""
    rows = [row for row in rows_of_examples() if not row.added]
    assert [row.path for row in rows if not row.known] == []
    exercised = {(key_of(row.path), row.value) for row in rows}
    assert ENTRIES.keys() - {key for key, _ in exercised} == set()
    seen = {(id(ENTRIES[key].values), value) for key, value in exercised}  # same_as shares them
    values = {(key, value) for key, entry in ENTRIES.items() for value in entry.values}
    assert {
        (k, value) for k, value in values if (id(ENTRIES[k].values), value) not in seen
    } == set()


@pytest.mark.schema
@pytest.mark.parametrize("file", [f for f in EXAMPLES if f.stem != "newer"], ids=lambda f: f.stem)
def test_examples_are_valid(file, allowed):
    """Libvirt's schema accepts each disk of the examples, but for what is newer."""
    relaxng = etree.RelaxNG(file=str(schema_file()))
    for disk in etree.parse(file).getroot().iterchildren("disk"):
        guest = etree.fromstring(
            "<domain type='kvm'><name>d</name><memory>65536</memory>"
            "<os><type>hvm</type></os><devices/></domain>"
        )
        guest.find("devices").append(disk)
        assert relaxng.validate(guest), (disk.sourceline, relaxng.error_log)


@pytest.mark.parametrize(
    "path, suggestion",
    [
        ("/disk/driver/@typo", "@type"),
        ("/disk/driver/@cash", "@cache"),
        ("/disk/sorce", "source"),
        ("/disk/source/@flie", "@file"),
        ("/disk/source/host/@prot", "@port"),
        ("/disk/xyzzy", None),
        ("/disk/driver/@q", None),
    ],
)
def test_suggestions(path, suggestion):
    """The nearest name that is known beside it; nothing where none is near."""
    assert lookup(path) is None
    assert nearest_name(path) == suggestion


def test_suggested_values():
    """The nearest value of the same name."""
    assert (
        meant("driver/@cache", "writebac", [*lookup("/disk/driver/@cache").values]) == "writeback"
    )
    assert meant("target/@bus", "vertio", [*lookup("/disk/target/@bus").values]) == "virtio"
    assert meant("target/@bus", "zzz", [*lookup("/disk/target/@bus").values]) is None
