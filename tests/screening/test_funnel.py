from typing import NamedTuple

from molgen.screening.funnel import funnel


class Count(NamedTuple):
    name: str
    rows: int
    rejected: int
    seconds: float


STAGES = [Count("read", 1000, 100, 0.3), Count("<b>pains", 900, 450, 0.1), Count("predict", 450, 0, 0.6)]


def test_what_came_was_rejected_and_cost(parse_page):
    page = parse_page(funnel(STAGES))
    assert "1.0 s of CPU time in all" in page.text
    assert "read and standardised 1,000 100 900 0.3 s 30 % 300 \u00b5s" in page.text
    assert "<b>pains 900 450 450 0.1 s 10 % 111 \u00b5s" in page.text
    assert "b" not in page.tags
    widths = [value for name, value in page.attributes if name == "style"]
    assert widths == ["width:90.00%", "width:45.00%", "width:45.00%"]


def test_repetitions_that_are_found_late_are_said():
    assert "another block" not in funnel(STAGES)
    assert "another block" in funnel([Count("duplicates", 10, 4, 0.0), Count("predict", 8, 0, 0.1)])


def test_stages_that_nothing_came_to():
    assert funnel([]) is None
    assert "\u2013" in funnel([Count("read", 0, 0, 0.0)])
