"""How problems look, as text and as HTML."""

from lxml import html as parser

from virtiolab import check, read


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
