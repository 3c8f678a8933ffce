"""How problems look, as text and as HTML."""

from lxml import html as parser

from virtiolab import check, read

HOSTILE = "&lt;img src=x onerror=alert(1)&gt;"
GUEST = f"""<devices>
<disk device='cdrom'><source file='/{HOSTILE}.qcow2'/><target dev='vda{HOSTILE}'/></disk>
<disk><driver io='{HOSTILE}' name='{HOSTILE}' {{}}='1'/><source file='/a'/><target dev='hda'/>
<readonly/></disk>
</devices>"""


def test_they_are_a_list_that_shows_itself():
    """Indexed like a list, read like a report."""
    problems = check(read("<disk><source file='/a'/><target dev='hda'/><readonly/></disk>"))
    assert [problem.code for problem in problems] == ["readonly-on-ide"]
    assert "line 1: error:" in repr(problems) and "- " in repr(problems)
    assert "No problem" in repr(check(read("<disk><source file='/a'/><target dev='vda'/></disk>")))


def test_each_says_what_why_and_how():
    """In HTML too, without a style sheet: the word, the sentences, the lines that go."""
    problems = check(read("<disk><source file='/a'/><target dev='hda'/><readonly/></disk>"))
    tree = parser.fromstring(problems._repr_html_())
    [item] = tree.xpath("//li")
    assert "error" in item.text_content() and problems[0].why in item.text_content()
    assert [line.text_content() for line in item.xpath(".//del")] == ["−   <readonly/>\n"]


def test_nothing_hostile_becomes_markup():
    """Names, values and paths of a guest stay text, in messages, paths and fixes."""
    problems = check(read(GUEST.format("onclick")))
    assert len(problems) > 4
    tree = parser.fromstring(problems._repr_html_())
    assert not tree.xpath("//img | //script | //@onerror | //@onclick")
    assert "onerror" in tree.text_content()
    assert all(character.isprintable() or character == "\n" for character in repr(problems))
