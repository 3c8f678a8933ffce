"""The disk builder by its state, without a browser."""

from urllib.parse import unquote

import cost
import pytest
from lxml import html
from test_refusals import each_of_the_document, of_the_document

from virtiolab import read
from virtiolab.build import build, choices
from virtiolab.refusals import check
from virtiolab.rewriting.choices import choices_of
from virtiolab.widgets import DiskBuilder, XMLExplainer
from virtiolab.widgets.draft import Draft, path_of

WIN7 = dict(type="file", source="/data/win7.img", target="vda")


def text_of(widget):
    """What an HTML widget says, on one line."""
    return " ".join(html.fromstring(f"<div>{widget.value}</div>").text_content().split())


def pick(builder, name, label):
    """Choose an entry of a menu, as somebody would."""
    menu = builder.fields[name].control
    menu.index = menu.options.index(label)


def notes_of(holder):
    """The problems that a field or the list below the XML shows."""
    notes = getattr(holder, "notes", None)
    return list(notes.children) if notes else []


def names_shown(builder):
    """The choices whose fields are there to see."""
    return [name for name in builder.form.names if builder.fields[name].layout.display != "none"]


def marked_lines(builder):
    """The lines of the XML that are marked as changed."""
    root = html.fromstring(builder.built.xml.value)
    return [line.text_content().strip("+ \n") for line in root.iter("ins")]


# ------------------------------------------------------------------------------------- the fields


DISKS = {  # with one choice that each does not have
    "queues": dict(source="/a.img", target="sda", bus="sata"),
    "iothread": dict(source="/a.img", target="sda", bus="usb"),
    "packed": dict(source="/a.img", target="sda", bus="scsi"),
    "wwn": dict(device="cdrom", source="/a.iso", target="sda", bus="sata"),
    "vendor": dict(device="lun", type="block", source="/dev/sdx", target="sda", bus="scsi"),
}


@pytest.mark.parametrize("lacking", DISKS)
def test_greyed_out(lacking, libvirt):
    """What has no place in a disk cannot be set there, and the form says why; libvirt refuses it."""
    builder, grey = DiskBuilder(**DISKS[lacking]), {}
    draft = builder.draft
    assert libvirt.ask(draft.domain).refusal is None
    for chip in builder.form.chips.values():
        chip.value = True
        fields = {name: builder.fields[name] for name in builder.form.names}
        grey |= {name: field for name, field in fields.items() if field.control.disabled}
    assert lacking in grey and "source" not in grey and ("rawio" in grey) is (lacking != "vendor")
    for name, field in grey.items():
        assert "Not in this disk" in text_of(field.hint), name
        draft.choose(DISKS[lacking] | with_others(name))
        errors = [problem for problem in draft.problems if problem.severity == "error"]
        assert errors, name
        if not all(problem.since for problem in errors):  # which older ones take
            assert libvirt.ask(draft.domain).refusal, name


def with_others(name):
    """A value for a choice, and for those without which it says nothing."""
    choice = choices()[name]
    beside = {"queues": "1"} if name == "iothreads" else {}
    if name.startswith("reservations_"):
        beside = {"reservations": "no"}
    values = [value for value in choice.values if value != "default"]
    return beside | {name: True if choice.flag else (values or ["1"])[0]}


def test_an_emptied_field_is_not_greyed_out():
    """Who takes away what has no place there still has the keyboard in that field."""
    builder = DiskBuilder(**WIN7, bus="virtio")
    builder.form.chips["Driver"].value = True
    field = builder.fields["queues"]
    field.control.value = "4"
    pick(builder, "bus", "sata")
    assert not field.control.disabled and notes_of(field)
    field.control.value = ""
    assert not field.control.disabled and "Not in this disk" in text_of(field.hint)


def test_menu():
    """A choice with values is a menu, which begins with what is not written."""
    builder = DiskBuilder(**WIN7)
    menu = builder.fields["bus"].control
    assert menu.options == ("(not written)", *choices()["bus"].values)
    pick(builder, "bus", "scsi")
    assert builder.xml == build(**WIN7, bus="scsi")
    menu.index = 0
    assert builder.xml == build(**WIN7)


def test_flag():
    """A flag is a menu of two, and the second is the element."""
    builder = DiskBuilder(**WIN7)
    assert builder.fields["readonly"].control.options == ("(not written)", "<readonly/>")
    pick(builder, "readonly", "<readonly/>")
    assert builder.xml == build(**WIN7, readonly=True)
    pick(builder, "readonly", "(not written)")
    assert builder.xml == build(**WIN7)


def test_text():
    """An empty line is not written."""
    builder = DiskBuilder(**WIN7)
    builder.fields["target"].control.value = "sdb"
    assert "<target dev='sdb'/>" in builder.xml
    builder.fields["target"].control.value = ""
    assert "target" not in builder.xml


def test_lines():
    """What repeats has a line for each element; an empty one is not written."""
    builder = DiskBuilder(fields=["host", "port"], type="network", protocol="rbd", source="a/b")
    builder.fields["host"].control.value = "one\ntwo\nthree\n"
    builder.fields["port"].control.value = "\n6789"
    assert read(builder.xml).disks[0].element.xpath("source/host/@name") == ["one", "two", "three"]
    assert builder.chosen["port"] == [None, "6789"]
    builder.fields["port"].control.value = ""
    assert "port" not in builder.xml


@pytest.mark.parametrize("name", choices())
def test_every_choice_has_a_field(name):
    """Its label is its path, its tooltip what it means; it says what holds where it is missing."""
    builder = DiskBuilder(fields=[name])
    field = builder.fields[name]
    assert field.path == path_of(choices()[name], None) and "{" not in field.path
    assert field.control.tooltip.endswith(".") and "`" not in field.control.tooltip
    assert len(text_of(field.hint)) > 5 and field.value is None


def test_label_follows_the_type():
    """The source of a block device is another attribute, with a meaning of its own."""
    builder = DiskBuilder(**WIN7)
    assert builder.fields["source"].path == "source/@file"
    builder = DiskBuilder(**WIN7 | {"source": "/dev/vg0/win7"})
    pick(builder, "type", "block")
    assert builder.fields["source"].path == "source/@dev"
    assert "block device" in text_of(builder.fields["source"].hint)
    pick(builder, "type", "network")
    assert builder.fields["source"].path == "source/@name"


def test_values_are_kept_exactly():
    """A number, a value that is not on the list, and an empty one stay until somebody edits."""
    chosen = dict(WIN7, bus="a bus", cache="", source="", boot_order=0, transport=["tcp", "unix"])
    builder = DiskBuilder(**chosen)
    builder.form.chips["Behaviour"].value = True
    builder.form.chips["Source"].value = True
    assert builder.fields["bus"].control.label == "a bus"
    assert builder.fields["transport"].control.label == "tcp, unix"
    assert builder.xml == build(**chosen)
    builder.choose(target="vdb")
    assert builder.xml == build(**chosen | {"target": "vdb"})


# ----------------------------------------------------------------- what follows where nothing is


def test_not_written_is_inferred():
    """Its value, who decides, and why, beside the field; when it is written, what it does."""
    builder = DiskBuilder(**WIN7)
    bus = builder.fields["bus"]
    assert text_of(bus.hint).startswith("virtio (inferred) No bus is written, so the name decides")
    assert "vl-inferred" in bus.hint.value and "italic" in bus.hint.value
    assert text_of(builder.fields["format"].hint).startswith("raw (default) No <driver type=…>")
    builder.fields["target"].control.value = "sda"
    assert text_of(bus.hint).startswith("scsi (inferred)")
    builder.fields["target"].control.value = "xx"
    assert text_of(bus.hint).startswith("– (unknown)")
    builder.fields["target"].control.value = "sda"
    pick(builder, "bus", "usb")
    assert text_of(bus.hint).startswith("stated")


def test_not_written_is_a_default():
    """Where no rule infers, the vocabulary's sentence stands."""
    builder = DiskBuilder(**WIN7)
    assert "Not written, QEMU uses threads." in text_of(builder.fields["io"].hint)


def test_address_is_inferred():
    """The parts of the place that libvirt gives a disk."""
    builder = DiskBuilder(target="sdb", fields=["address_type", "address_unit"])
    assert text_of(builder.fields["address_type"].hint).startswith("drive (inferred)")
    assert text_of(builder.fields["address_unit"].hint).startswith("1 (inferred)")


# ---------------------------------------------------------------------------------------- groups


def test_groups_open_one_at_a_time():
    """Closed at first, and their fields are not made; Basics are always there."""
    builder = DiskBuilder(**WIN7)
    basics = [name for name, choice in choices().items() if choice.group == "Basics"]
    assert list(builder.fields) == names_shown(builder) == basics
    driver, target = builder.form.chips["Driver"], builder.form.chips["Target"]
    driver.value = True
    assert "iothread" in names_shown(builder) and driver.description == "▾ Driver"
    target.value = True
    assert not driver.value and "iothread" not in names_shown(builder)
    assert "tray" in names_shown(builder) and driver.description == "▸ Driver"
    target.value = False
    assert names_shown(builder) == basics and builder.form.panel.children == ()


def test_groups_count_what_is_written():
    """A closed group tells what is in it."""
    builder = DiskBuilder(**WIN7, iothread=1, queues=2)
    assert builder.form.chips["Driver"].description == "▸ Driver (2 written)"


def test_nothing_is_left_out_in_silence():
    """What libvirt would not look at is not shown, and named with where it matters."""
    builder = DiskBuilder(**WIN7)
    builder.form.chips["Source"].value = True
    assert "protocol" not in names_shown(builder) and "fdgroup" in names_shown(builder)
    said = text_of(builder.form.panel.children[-1])
    assert "libvirt does not look at them" in said and "source/@protocol: Disks of type=" in said
    pick(builder, "type", "network")
    assert "protocol" in names_shown(builder) and "fdgroup" not in names_shown(builder)


def test_what_is_written_is_shown():
    """Even if libvirt does not look at it: the field says so, and offers to take it away."""
    builder = DiskBuilder(**WIN7, protocol="rbd")
    builder.form.chips["Source"].value = True
    assert "protocol" in names_shown(builder)
    (note,) = notes_of(builder.fields["protocol"])
    assert note.problem.code == "name-without-effect"
    note.button.click()
    assert "protocol" not in builder.xml and "protocol" not in names_shown(builder)


@pytest.mark.parametrize("name", choices())
def test_what_libvirt_looks_at(name):
    """A field is left out exactly where check() would say that its name is without effect."""
    choice = choices()[name]
    for chosen in ({}, {"type": "network", "protocol": "https"}, {"type": "nvme"}):
        draft, value = Draft("pc", chosen), True if choice.flag else (*choice.values, "1")[0]
        if name in chosen:
            continue
        try:
            problems = check(read(build(**chosen | {name: value})))
        except ValueError:
            assert not draft.filled(choice.name).is_read
        else:
            without = any(p.code in ("name-without-effect", "name-unknown") for p in problems)
            assert draft.filled(choice.name).is_read == (not without)


def test_limited():
    """A lesson about one element offers its fields alone; the rest stays as it is."""
    builder = DiskBuilder(fields=["bus", "target"], **WIN7, cache="none")
    assert names_shown(builder) == ["target", "bus"] and not builder.form.chips
    pick(builder, "bus", "sata")
    assert builder.xml == build(**WIN7, cache="none", bus="sata")
    assert "cache='none'" in builder.static().text


@pytest.mark.parametrize("wrong", [dict(fields=["buss"]), dict(buss="ide")])
def test_unknown_names(wrong):
    """The same sentence as build()'s."""
    with pytest.raises(TypeError, match="did you mean 'bus'"):
        DiskBuilder(**wrong)


# ------------------------------------------------------------------------------------ what is built


def test_last_change_is_marked():
    """The lines that the last click changed, and no others; opening a group changes nothing."""
    builder = DiskBuilder(**WIN7)
    assert marked_lines(builder) == []
    pick(builder, "bus", "usb")
    assert marked_lines(builder) == ["<target dev='vda' bus='usb'/>"]
    pick(builder, "cache", "none")
    assert marked_lines(builder) == ["<driver cache='none'/>"]
    builder.form.chips["Driver"].value = True
    assert marked_lines(builder) == ["<driver cache='none'/>"]


def test_verdict():
    """The two questions, each with its reason, and the number of problems."""
    builder = DiskBuilder(**WIN7)
    said = text_of(builder.built.verdict)
    assert said.startswith("vda: virtio (virtio-blk), format raw") and "none found" in said
    pick(builder, "bus", "ide")
    said = text_of(builder.built.verdict)
    assert said.startswith("vda: not virtio") and "1 note" in said


def test_machine_decides():
    """IDE is in pc and not in q35; of a fragment nobody knows."""
    builder = DiskBuilder(source="/a", target="hda")
    assert not notes_of(builder.fields["bus"])
    builder.machine.index = 1
    (note,) = notes_of(builder.fields["bus"])
    assert note.problem.code == "bus-not-in-machine"
    builder.machine.index = 2
    assert not notes_of(builder.fields["bus"]) and not builder.draft.domain.complete
    assert DiskBuilder("s390-ccw-virtio", target="sda").draft.answers.virtio.value is True


def test_written_back_and_copied():
    """Both are one click away, and follow; what is typed into the text is put back; the same text is
    in the link that saves it."""
    builder = DiskBuilder(**WIN7)
    built = builder.built
    assert built.resolved.value == "" and built.plain.layout.display == "none"
    built.resolve.value = built.copy.value = True
    assert "bus='virtio'" in built.resolved.value and built.plain.value == builder.xml
    pick(builder, "bus", "usb")
    assert "bus='usb'" in built.resolved.value and built.plain.value == builder.xml
    [link] = html.fromstring(built.file.value).iter("a")
    assert unquote(link.get("href").partition(",")[2]) == builder.draft.text
    built.plain.value = "something else"
    assert built.plain.value == builder.xml
    built.resolve.value = built.copy.value = False
    assert built.resolved.value == built.file.value == "" and built.plain.layout.display == "none"


def test_explained_below():
    """The explainer gets the guest too, because its machine decides."""
    builder = DiskBuilder("q35", **WIN7)
    builder.built.explain.click()
    (explainer,) = builder.built.below.children
    assert "machine='q35'" in explainer.text.value and "virtio-blk" in explainer.answer.value
    builder.choose(target="sda")
    builder.built.explain.click()
    assert builder.built.below.children == (explainer,) and "'sda'" in explainer.text.value


def test_explained_elsewhere():
    """An explainer that is given is used."""
    explainer = XMLExplainer()
    builder = DiskBuilder(None, explainer=explainer, **WIN7)
    builder.built.explain.click()
    assert explainer.text.value == builder.xml and not builder.built.below.children


def test_start_over():
    """As it was at first."""
    builder = DiskBuilder(**WIN7)
    builder.choose(bus="ide", source=None, cache="none")
    builder.again.click()
    assert builder.xml == build(**WIN7) and builder.fields["bus"].control.index == 0


# --------------------------------------------------------------------------------------- problems


def test_problem_stands_beside_its_field():
    """What is wrong, why, and what would mend it."""
    builder = DiskBuilder(**WIN7, io="native")
    (note,) = notes_of(builder.fields["io"])
    said = text_of(note.children[0])
    assert said.startswith("✗ error: io='native' needs cache='none'") and "Linux's native" in said
    assert note.button.description == "Apply: driver/@cache = none"
    assert not notes_of(builder.fields["cache"]) and not notes_of(builder.built)


def test_fix_is_applied():
    """It is read back into the fields, the change is marked, and the problem is gone."""
    builder = DiskBuilder(**WIN7, io="native")
    notes_of(builder.fields["io"])[0].button.click()
    assert builder.fields["cache"].control.label == "none" and not notes_of(builder.fields["io"])
    assert builder.xml == build(**WIN7, io="native", cache="none")
    assert marked_lines(builder) == ["<driver cache='none' io='native'/>"]


def test_problem_of_an_element():
    """It stands beside the first field inside."""
    builder = DiskBuilder()
    assert notes_of(builder.fields["target"])[0].problem.code == "target-missing"
    assert notes_of(builder.fields["source"])[0].problem.code == "source-missing"


def test_problem_of_a_field_that_is_not_there():
    """It stands below the XML, with its path, until its group is opened."""
    builder = DiskBuilder(target="sda", bus="sata", source="/a", iothread=1)
    (note,) = notes_of(builder.built)
    assert text_of(note.children[0]).startswith("driver/@iothread ✗ error")
    builder.form.chips["Driver"].value = True
    assert not notes_of(builder.built) and len(notes_of(builder.fields["iothread"])) == 1
    builder.form.chips["Driver"].value = False
    assert len(notes_of(builder.built)) == 1


def test_fix_of_the_guest():
    """What has to be added beside the disk is shown with it, and the answers know of it."""
    builder = DiskBuilder(source="/a", target="sda", bus="scsi")
    (note,) = notes_of(builder.fields["bus"])
    assert note.button.description == "Apply: controller @model = virtio-scsi"
    note.button.click()
    assert "<controller type='scsi' index='0' model='virtio-scsi'/>" in builder.draft.text
    assert builder.draft.answers.virtio.value is True and not builder.draft.problems
    assert builder.xml == build(source="/a", target="sda", bus="scsi")
    builder.choose(target="sdb")
    assert builder.draft.answers.virtio.value is True


def test_every_problem_is_shown_once():
    """Beside a field or below the XML, for a disk with very much wrong."""
    builder = DiskBuilder(
        "q35", type="dir", device="lun", target="hda1", bus="ide", io="native", wwn="x", sgio="no",
        iothread="y", protocol="z", serial="\u2028", snapshot="q", shareable=True, transient=True,
    )  # fmt: skip
    for group in [None, *builder.form.chips]:
        if group:
            builder.form.chips[group].value = True
        shown = [n.problem for n in notes_of(builder.built)]
        for name in names_shown(builder):
            shown += [note.problem for note in notes_of(builder.fields[name])]
        assert len(shown) == len(builder.draft.problems) > 8


@pytest.mark.parametrize("chosen", [dict(io="native"), dict(bus="ide"), dict(target="vda1")])
def test_notes_are_used_again(chosen):
    """A problem that comes and goes makes no new widgets."""
    builder = DiskBuilder(**WIN7 | chosen)
    before = {id(note) for field in builder.fields.values() for note in notes_of(field)}
    builder.load(WIN7)
    builder.load(WIN7 | chosen)
    assert before == {id(note) for field in builder.fields.values() for note in notes_of(field)}


# ------------------------------------------------------------------------------------ real disks


@each_of_the_document
def test_configurations_of_the_document(name):
    """Loaded into the fields and built again, nothing is lost, whichever group was opened."""
    disk = of_the_document(name).disks[0]
    chosen = choices_of(disk)
    builder = DiskBuilder(**chosen)
    assert choices_of(read(builder.xml).disks[0]) == chosen
    other = DiskBuilder()
    for chip in other.form.chips.values():
        chip.value = True
    other.load(disk)
    assert other.xml == builder.xml
    values = {name: field.value for name, field in other.fields.items()}
    assert values["target"] == disk.target


# -------------------------------------------------------------------------------------------- wrong


def test_what_cannot_be_written():
    """One sentence beside the field; the last XML stays, and the next good value is taken."""
    builder = DiskBuilder(**WIN7)
    source = builder.fields["source"]
    source.control.value = "/a\tb"
    assert "source holds the character U+0009" in text_of(source.hint)
    assert "stays as it was" in text_of(builder.built.refused) and builder.xml == build(**WIN7)
    pick(builder, "bus", "usb")
    assert "U+0009" in text_of(source.hint) and builder.xml == build(**WIN7)
    builder.machine.index = 1
    builder.form.chips["Driver"].value = True
    assert "U+0009" in text_of(source.hint) and source.control.value == "/a\tb"
    source.control.value = "/b"
    assert builder.xml == build(**WIN7 | {"source": "/b", "bus": "usb"})
    assert "U+0009" not in source.hint.value and builder.built.refused.value == ""


def test_a_type_without_a_source():
    """NVMe has no attribute for it: the field says so, empty or filled."""
    builder = DiskBuilder(type="nvme", target="vda")
    source = builder.fields["source"]
    assert source.path == "source" and "does not look at it" in text_of(source.hint)
    source.control.value = "/dev/nvme0n1"
    assert "source cannot be written for type 'nvme'" in text_of(source.hint)


def test_what_cannot_be_written_and_has_no_field():
    """Then it is said at the XML."""
    builder = DiskBuilder(fields=["target"])
    builder.choose(serial="\0")
    assert "serial holds the character U+0000" in text_of(builder.built.refused)


def test_what_cannot_be_read():
    """A text that is longer than any guest's XML is refused as such."""
    builder = DiskBuilder(**WIN7)
    builder.fields["source"].control.value = "a" * 20_000_000
    assert "stays as it was" in text_of(builder.built.refused) and builder.xml == build(**WIN7)


# ----------------------------------------------------------------------------------- static form


def test_static_form():
    """What is chosen, what follows, the XML and the problems, as HTML and as text."""
    builder = DiskBuilder(**WIN7, io="native", iothread=1)
    bundle = builder._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    root = html.fromstring(f"<div>{bundle['text/html']}</div>")
    kept = {"div", "p", "ul", "li", "code", "span", "strong", "pre", "em", "ins", "del", "mark"}
    kept |= {"table", "thead", "tbody", "tr", "th", "td"}
    assert {element.tag for element in root.iter()} <= kept and not root.xpath("//@id")
    for said in (" ".join(root.text_content().split()), " ".join(bundle["text/plain"].split())):
        assert "vda: virtio (virtio-blk), format raw" in said and "driver/@iothread" in said
        assert "(not written)" in said and "so the name decides" in said
        assert "<source file='/data/win7.img'/>" in said and "needs cache='none'" in said


# ---------------------------------------------------------------------------------------- the cost


@pytest.mark.parametrize("group", [None, "Driver", "Limits"])
@pytest.mark.parametrize(
    "name, values",
    [("bus", ["ide", "scsi", None]), ("target", ["vda", "sda"]), ("io", ["native", None])],
)
def test_a_change_is_quick(group, name, values):
    """5 ms at the median in the kernel, whatever is open."""
    builder = DiskBuilder(**WIN7)
    if group:
        builder.form.chips[group].value = True
    assert cost.seconds_of(lambda value: builder.choose(**{name: value}), values) < cost.WIDGET
