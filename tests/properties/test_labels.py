"""Label columns: whatever stands in a cell becomes a finite number or a reason, and a limit stays on its side."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molgen.data.labels import Labels, check_labels, match_labels, parse_labels
from molgen.data.numbers import MISSING, with_relations
from molgen.data.units import Conversion, find_unit, shared_unit
from molgen.errors import ConfigError, InputError

WORDS = ["active", "inactive", "Active", "yes", "no", "BBB+", "BBB-", "+", "-", "toxic", "non-toxic", "low", "high", "other"]
BLANKS = ["", " ", "NA", "n/a", "NaN", "-", "?", "<NA>", "None"]
ABOVE, BELOW, ABOUT = [">", ">=", ">>", "\u2265", "=>"], ["<", "<=", "<<", "\u2264", "=<"], ["=", "~", "\u2248", "=="]
UNITS = ["M", "mM", "uM", "nM", "\u00b5M", "\u03bcg/ml", "mg/L", "ug.mL-1", "g/l", "nmol/L", "%", "", "NA", "hr"]
KINDS = ["auto", "regression", "binary", "multiclass"]
MOLS = [None, *map(Chem.MolFromSmiles, ["C", "CCO", "c1ccccc1Cl", "*", "[Na+].[Cl-]"])]

numbers = (
    st.floats(allow_nan=False).map(repr)
    | st.integers(-3, 3).map(str)
    | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-9999, max_value=9999).map(str)
    | st.sampled_from(["1,5", "1,000", "12,345,678", "1e400", "-1e-300", "inf", ".5", "5.", "+1", "1e5", "\u22123", "\u0663"])
)
limits = st.tuples(st.sampled_from(ABOVE + BELOW + ABOUT), st.sampled_from(["", " "]), numbers).map("".join)
odd = st.text(max_size=8) | st.text(st.sampled_from("<>=~ +-.,eE019inf\u00a0"), max_size=7)
cells = numbers | limits | st.sampled_from(WORDS) | st.sampled_from(BLANKS) | odd


@st.composite
def columns(draw: st.DrawFn) -> list[str]:
    """Return a column of one sort of cells, or of any."""
    some = draw(st.sampled_from([numbers, limits, numbers | limits, st.sampled_from(WORDS), cells]))
    pool = draw(st.lists(some, min_size=1, max_size=6))
    return draw(st.lists(st.sampled_from(pool) | st.sampled_from(BLANKS), max_size=15)) + pool


def is_blank(cell: str, column: list[str]) -> bool:
    """Tell whether a cell says that nothing was measured; a minus beside a plus is a class."""
    cell = cell.strip().replace("\u2212", "-").casefold()
    return cell in MISSING and not (cell == "-" and "+" in map(str.strip, column))


def side(cell: str) -> int:
    """Tell by its first characters on which side of a number the true value is."""
    cell = cell.strip()
    return (cell.startswith(tuple(ABOVE)) and not cell.startswith("=<")) - cell.startswith(tuple(BELOW))


def check(labels: Labels, column: list[str]) -> None:
    """Every cell is a finite number, blank, or bad for a reason; and nothing else."""
    assert len(labels.values) == len(labels.bounds) == len(column)
    for row, (value, bound, cell) in enumerate(zip(labels.values.tolist(), labels.bounds.tolist(), column, strict=True)):
        assert math.isfinite(value) or math.isnan(value)
        assert math.isnan(value) == (is_blank(cell, column) or row in labels.problems)
        assert not labels.problems.get(row, "why").isspace()
        assert bound == (side(cell) if labels.kind == "regression" and not math.isnan(value) else 0)
        if labels.kind == "binary":
            assert math.isnan(value) or value in (0, 1)
        if labels.kind == "multiclass":
            assert math.isnan(value) or value in range(len(labels.classes))
        if labels.kind == "regression" and not math.isnan(value) and "," not in cell:
            assert value == float(cell.strip().lstrip("<>=~\u2248\u2264\u2265 ").replace("\u2212", "-"))
    assert set(labels.problems) <= set(range(len(column)))
    assert all("\n" not in reason for reason in labels.problems.values())


@settings(max_examples=900)
@given(column=columns(), kind=st.sampled_from(KINDS), positive=st.sampled_from(["", "", "", "active", "1", "0", "-1", "+", "x"]))
def test_cells_are_numbers_or_blank_or_bad_for_a_reason(column, kind, positive):
    try:
        labels = parse_labels(column, kind, positive, where="t.csv, column 'y'")
    except InputError as error:
        assert "t.csv" in str(error)
        return
    assert kind in ("auto", labels.kind)
    check(labels, column)
    known = labels.values[~np.isnan(labels.values)]
    assert len(set(known.tolist())) > 1
    again = match_labels(column, labels.kind, labels.positive or "", labels.classes, where="t.csv")
    np.testing.assert_array_equal(again.values, labels.values)
    assert again.bounds.tolist() == labels.bounds.tolist()
    assert again.problems.keys() == labels.problems.keys()


@settings(max_examples=480)
@given(
    column=columns(),
    kind=st.sampled_from(KINDS[1:]),
    positive=st.sampled_from(["", "active", "1", "0", "+", "toxic"]),
    classes=st.sampled_from([("low", "mid", "high"), ("0", "1", "2"), ("-1", "0", "1", "NA")]),
)
def test_cells_for_a_model_are_numbers_or_blank_or_bad_for_a_reason(column, kind, positive, classes):
    try:
        labels = match_labels(column, kind, positive, classes if kind == "multiclass" else (), where="t.csv")
    except InputError as error:
        assert "t.csv" in str(error)
        return
    assert labels.kind == kind
    check(labels, column)


@settings(max_examples=480)
@given(
    column=st.lists(numbers | limits, min_size=1, max_size=8),
    result=st.sampled_from(["p", "log10", "nM", "M", "mg/L", "ug/mL"]),
    source=st.sampled_from(["nM", "mg/mL", "M", "ug/L"]),
    units=st.none() | st.lists(st.sampled_from(UNITS) | st.text(max_size=5), min_size=8, max_size=8),
    data=st.data(),
)
def test_conversions_keep_the_side_and_the_order(column, result, source, units, data):
    labels = match_labels(["1", *column], "regression")
    mols = data.draw(st.lists(st.sampled_from(MOLS), min_size=len(column) + 1, max_size=len(column) + 1))
    conversion = Conversion.parse(f"{source}:{result}")
    converted = conversion.apply(labels, units and ["", *units[: len(column)]], mols)
    flip = -1 if result == "p" else 1
    for row in range(len(labels.values)):
        before, after = labels.values[row], converted.values[row]
        assert math.isfinite(after) or math.isnan(after)
        assert math.isnan(after) == (math.isnan(before) or row in converted.problems)
        assert converted.bounds[row] == (0 if math.isnan(after) else flip * labels.bounds[row])
    if units is None and len({mol is None for mol in mols}) == 1 and len(set(mols)) == 1:
        kept = ~np.isnan(converted.values)
        ranks = np.argsort(labels.values[kept], kind="stable")
        assert (np.diff(flip * converted.values[kept][ranks]) >= 0).all()


units_text = st.sampled_from([*UNITS, "p", "log10"]) | st.text(max_size=6)


@settings(max_examples=240)
@given(text=st.text(max_size=10) | st.tuples(units_text, st.sampled_from(["", ":", "::"]), units_text).map("".join))
def test_conversions_are_read_back_or_refused(text):
    try:
        conversion = Conversion.parse(text)
    except ConfigError:
        return
    again = Conversion.parse(conversion.text)
    assert again == conversion
    assert conversion.unit
    assert conversion.needs_units == (again.source == "" and again.result != "log10")


@settings(max_examples=180)
@given(column=st.lists(units_text, max_size=6))
def test_a_column_of_units_is_one_unit_or_refused(column):
    try:
        unit = shared_unit(column, "y", "t.csv")
    except InputError as error:
        assert "t.csv" in str(error)
    else:
        named = {find_unit(each) or each.strip() for each in column if each.strip().casefold() not in MISSING}
        assert named in (set(), {unit})
        assert find_unit(unit) in (unit, None)


@settings(max_examples=300)
@given(
    rows=st.lists(st.tuples(cells, st.sampled_from([*ABOVE, *BELOW, *ABOUT, "", "'>'", "NA", "-", "x"])), min_size=1, max_size=8)
)
def test_relations_make_limits_and_lose_no_value(rows):
    values, relations = map(list, zip(*rows, strict=True))
    joined = with_relations(values, relations)
    bare, related = (match_labels(each, "regression") if _has_number(each) else None for each in (values, joined))
    if bare is None or related is None:
        return
    for row, (value, quoted) in enumerate(rows):
        sign = quoted.strip("'")
        if math.isnan(related.values[row]):
            assert is_blank(value, values) or row in related.problems
        elif side(value) == 0 and not value.strip().startswith(tuple(ABOUT)):
            assert related.bounds[row] == side(sign)
        if sign in ("", "=") and not math.isnan(bare.values[row]) and "," not in value:
            assert related.values[row] == bare.values[row]


def _has_number(column: list[str]) -> bool:
    try:
        match_labels(column, "regression")
    except InputError:
        return False
    return True


def test_a_column_without_two_values_is_refused():
    with pytest.raises(InputError, match="no value"):
        check_labels(match_labels(["", "NA"], "regression"), "t.csv")
