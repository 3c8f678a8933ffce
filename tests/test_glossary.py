"""The glossary of the course: each word once, as the package explains it, with a link that leads on."""

import re
from pathlib import Path

import nbformat
import pytest

from virtiolab.explanation import glossary

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
BOOKS = {path.name: nbformat.read(path, 4) for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
COURSE = [name for name in BOOKS if name.startswith("0")]
GLOSSARY = BOOKS["glossary.ipynb"]
CELLS = [cell.source for cell in GLOSSARY.cells]
GROUPS = [text.splitlines()[0].removeprefix("## ") for text in CELLS if text.startswith("## ")]
ENTRIES = {
    text.splitlines()[0].removeprefix("### "): text.partition("\n")[2]
    for text in CELLS
    if text.startswith("### ")
}
each_entry = pytest.mark.parametrize("word", ENTRIES)
# Other names of the same, which stand in bold.
ALSO = {
    also: word
    for word, text in ENTRIES.items()
    if word != "driver"  # in which stand its four senses
    for also in re.findall(r"\*\*(.+?)\*\*", text)
}
# Where the notebooks use another word of the family.
SPOKEN_AS = {"emulation": "imitate", "prediction": "Predict"}
LINK = re.compile(r"\]\((\w+\.ipynb)(?:#([^)]+))?\)")
# What a reader of the notebooks looks up, by the groups in which it stands.
WANTED = {
    "The machine": ["guest", "host", "KVM", "para-virtualization", "QEMU", "libvirt", "hypervisor",
                    "machine type", "monitor"],
    "The description": ["XML", "element", "attribute", "domain", "disk", "schema"],
    "The disk as the guest sees it": [
        "bus", "IDE", "SCSI", "SATA", "USB", "virtio", "virtio-blk", "virtio-scsi", "controller",
        "address", "target", "label", "device", "cdrom", "floppy", "LUN",
    ],
    "The bytes": [
        "source", "image", "format", "raw", "qcow2", "backing file", "overlay", "snapshot", "internal",
        "external", "block device", "NBD", "Ceph", "RBD", "pool", "volume",
    ],
    "The handling": [
        "driver", "cache", "page cache", "flush", "O_DIRECT", "write-back", "write-through", "discard",
        "iothread", "queue", "virtqueue", "probing",
    ],
    "The words of this course": ["stated", "inferred", "default", "unknown", "ladder of proof", "rung",
                                 "lesson", "record"],
}  # fmt: skip


def anchor(heading):
    """What JupyterLab calls it in a link."""
    return heading.replace(" ", "-")


def group_of(word):
    """The group in which a word, or another name of it, stands."""
    place = CELLS.index(f"### {word}\n{ENTRIES[word]}")
    above = [text for text in CELLS[:place] if text.startswith("## ")]
    return above[-1].splitlines()[0].removeprefix("## ")


def test_it_is_a_page_to_read():
    """A title, groups and words, a heading a cell, and nothing to run."""
    assert {cell.cell_type for cell in GLOSSARY.cells} == {"markdown"}
    assert CELLS[0].startswith("# ")
    assert len(CELLS) == 2 + len(GROUPS) + len(ENTRIES)  # the title, and the words from A to Z
    assert GLOSSARY.metadata == BOOKS[COURSE[0]].metadata


def test_each_word_is_explained_once():
    """Under one heading or as another name in one entry, whatever its capitals."""
    words = [text.splitlines()[0][4:] for text in CELLS if text.startswith("### ")]
    words += [also for text in ENTRIES.values() for also in re.findall(r"\*\*(.+?)\*\*", text)]
    assert len({word.casefold() for word in words}) == len(words)
    assert not set(GROUPS) & set(words)


@pytest.mark.parametrize(
    ("group", "word"), [(group, word) for group, words in WANTED.items() for word in words]
)
def test_what_is_looked_up_is_there(group, word):
    """In the group where one looks for it."""
    assert group_of(ALSO.get(word, word)) == group


def test_the_groups_have_their_order():
    """From the machine to the course's own words; last what only the explainer says."""
    assert GROUPS[:-1] == list(WANTED)


@pytest.mark.parametrize("term", glossary())
def test_the_package_explains_it_in_the_same_words(term):
    """What stands beside a name in the explainer is the entry, or the greater part of it."""
    assert glossary()[term] in ENTRIES[ALSO.get(term, term)]


@each_entry
def test_an_entry_is_short(word):
    """Two sentences, or three where the package's own are two; of the driver, four senses."""
    assert len(ENTRIES[word].split()) <= 70 or word == "driver"
    assert ENTRIES[word][0].isupper() or ENTRIES[word].startswith(("libvirt", "`"))


@each_entry
def test_an_entry_leads_on(word):
    """To a notebook in which the word is spoken of; from the last group, which no notebook needs, to
    nothing."""
    links = LINK.findall(ENTRIES[word])
    names = [SPOKEN_AS.get(word, word), *(also for also, main in ALSO.items() if main == word)]
    spoken = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, names))})s?(?!\w)", re.IGNORECASE)
    for name, _ in links:
        assert spoken.search("\n".join(cell.source for cell in BOOKS[name].cells)), name
    assert bool(links) == (group_of(word) != GROUPS[-1])


def test_the_words_from_a_to_z():
    """All of them and all other names, each with the link to its entry."""
    named = {word: word for word in ENTRIES} | ALSO
    wanted = [
        f"[{word}](#{anchor(named[word])})" for word in sorted(named, key=lambda w: w.casefold())
    ]
    assert re.findall(r"\[[^\]]+\]\([^)]+\)", CELLS[1]) == wanted


def test_the_four_drivers():
    """In one entry, and each in a line."""
    assert len(re.findall(r"^- \*\*", ENTRIES["driver"], flags=re.MULTILINE)) == 4


@pytest.mark.parametrize("name", COURSE)
def test_every_notebook_leads_here(name):
    """From its last cell, where one goes on."""
    assert "(glossary.ipynb)" in BOOKS[name].cells[-1].source


@pytest.mark.parametrize("name", BOOKS)
def test_links_lead_to_what_there_is(name):
    """Those to a notebook, from any notebook; and those to a word, to its entry."""
    for cell in BOOKS[name].cells:
        for to, place in LINK.findall(cell.source):
            assert (NOTEBOOKS / to).exists(), to
            assert to != "glossary.ipynb" or not place or place in map(anchor, ENTRIES), place
