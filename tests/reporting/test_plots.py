import re

import numpy as np
import pytest

from molgen.reporting.html import tag
from molgen.reporting.plots import MAX_POINTS, Axis, Plot, robust_limits, sample_rows, ticks


def make(low=0.0, high=1.0):
    return Plot(Axis(low, high, "x"), Axis(low, high, "y"))


def places(svg, kind):
    (path,) = re.findall(rf'<path d="([^"]*)" class="{kind}', svg)
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def test_points_lie_where_they_should():
    plot = make()
    plot.points(np.array([0.0, 1.0, 0.5]), np.array([0.0, 1.0, 0.5]), "blue")
    (left, bottom), (right, top), middle = places(plot.svg("x"), "points")
    assert left < right and bottom > top
    assert middle == pytest.approx(((left + right) / 2, (bottom + top) / 2), abs=0.1)


def test_nothing_is_drawn_outside():
    plot = make()
    plot.points(np.array([-5.0, 9.0]), np.array([1e300, -1e300]), "blue")
    plot.line(np.array([-5.0, 9.0]), np.array([9.0, -9.0]), "orange")
    plot.band(-3.0, 0.5)
    plot.mark(1.0, 1.0, "12")
    for x, y in places(plot.svg("x"), "points") + places(plot.svg("x"), "orange"):
        assert 0 <= x <= plot.width and 0 <= y <= plot.height


def test_names_side_by_side_do_not_cover_each_other():
    plot = make()
    for name in "123":
        plot.mark(0.5, 0.5, name)
    at = re.findall(r'<text class="name" x="([\d.]+)" y="([\d.]+)"', plot.svg("x"))
    assert len(set(at)) == 3


def test_plots_say_what_they_show_and_escape_it():
    svg = make().svg('<script>"')
    assert 'role="img"' in svg and 'aria-label="&lt;script&gt;&quot;"' in svg


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.2, 4.7), (0, 1e-9), (1e6, 1e6 + 1), (0, 3e12)])
def test_ticks_are_few_round_and_inside(low, high):
    found = ticks(low, high)
    assert 2 <= len(found) <= 8
    assert all(low - 1e-9 * (high - low) <= at <= high + 1e-6 * (high - low) for at in found)


@pytest.mark.parametrize("values", [[2.0], [0.0, 0.0], [1.0, 1.0, 1e9], [-1e-12, 1e-12]])
def test_limits_have_a_width(values):
    low, high = robust_limits(np.array(values))
    assert low < high


def test_samples_are_even_and_bounded():
    rows = sample_rows(10 * MAX_POINTS)
    assert len(rows) == MAX_POINTS and rows[0] == 0 and rows[-1] == 10 * MAX_POINTS - 1
    assert sample_rows(3).tolist() == [0, 1, 2]


def test_attributes_and_text_are_escaped():
    assert tag("p", "<b>", title='"x', open=None) == '<p title="&quot;x">&lt;b&gt;</p>'
