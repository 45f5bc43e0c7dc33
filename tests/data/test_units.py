"""Units: conversions worked out by hand, limits that flip with a sign, rows that cannot be converted."""

import math

import numpy as np
import pytest
from rdkit import Chem

from molgen.data.dataset import load_dataset
from molgen.data.labels import parse_labels
from molgen.data.tasks import Task
from molgen.data.units import Conversion, find_unit, shared_unit
from molgen.errors import ConfigError, InputError

ETHANOL = Chem.MolFromSmiles("CCO")  # 46.07 g/mol


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("nM", "nM"),
        (" \u00b5M", "uM"),
        ("\u03bcmol/L", "uM"),
        ("mol/l", "M"),
        ("ug/mL", "mg/L"),
        ("ug.mL-1", "mg/L"),
        ("mg/ml", "g/L"),
        ("m", None),
        ("%", None),
        ("", None),
        ("/uM", None),
    ],
)
def test_names_of_units(text, unit):
    assert find_unit(text) == unit


@pytest.mark.parametrize(
    ("conversion", "value", "expected"),
    [
        ("nM:p", 100, 7),
        ("uM:p", 100, 4),
        ("M:p", 10, -1),
        ("pM:nM", 250, 0.25),
        ("uM:nM", 0.5, 500),
        ("mg/L:p", 46.069, 3),
        ("mg/L:uM", 46.069, 1000),
        ("mM:mg/L", 2, 92.138),
        ("ug/mL:g/L", 5, 0.005),
        ("nM:log10", 1000, 3),
        (":log10", 0.01, -2),
        ("mL/min/kg:log10", 100, 2),
    ],
)
def test_conversions(conversion, value, expected):
    labels = parse_labels([str(value), "1"], "regression")
    converted = Conversion.parse(conversion).apply(labels, None, [ETHANOL, ETHANOL])
    assert converted.values[0] == pytest.approx(expected, rel=1e-4)
    assert Conversion.parse(Conversion.parse(conversion).text) == Conversion.parse(conversion)


def test_a_limit_turns_with_the_scale():
    labels = parse_labels([">1000", "<10", "50", "0", "-3"], "regression")
    p = Conversion.parse("nM:p").apply(labels, None, [None] * 5)
    np.testing.assert_allclose(p.values[:3], [6, 8, 9 - math.log10(50)])
    assert p.bounds.tolist() == [-1, 1, 0, 0, 0]
    assert p.problems == {row: f"{value} has no logarithm: a positive number was expected" for row, value in ((3, 0), (4, -3))}
    assert Conversion.parse("nM:uM").apply(labels, None, [None] * 5).bounds.tolist() == [1, -1, 0, 0, 0]


def test_units_row_by_row():
    labels = parse_labels(["100", "0.1", "5", "5", "46.069"], "regression")
    p = Conversion.parse("p").apply(labels, ["nM", "uM", "%", "", "mg/L"], [None, None, None, None, ETHANOL])
    np.testing.assert_allclose(p.values, [7, 7, np.nan, np.nan, 3], rtol=1e-4)
    assert p.problems == {2: "the unit '%' is no concentration", 3: "it has no unit"}


@pytest.mark.parametrize("text", ["nM", "furlong:p", "nM:pIC50", ":p", "", "p:nM", "nM:"])
def test_conversions_that_do_not_exist(text):
    if text == "nM":
        assert Conversion.parse(text) == Conversion("", "nM")
        return
    with pytest.raises(ConfigError, match="no such conversion"):
        Conversion.parse(text)


def test_one_unit_is_shown_and_several_are_refused():
    assert shared_unit(["nM", "nmol/L", "", "NA"], "IC50", "t.csv") == "nM"
    with pytest.raises(InputError, match=r"several units; got nM \(2\), uM \(1\); bring .* --convert IC50=nM, or IC50=p"):
        shared_unit(["nM", "nM", "uM"], "IC50", "t.csv")


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("smiles,IC50,unit,rel\nCCO,100,nM,=\nCCN,1,uM,>\nCCC,0,nM,=\nCCF,3,nM,<\n")
    return file


def test_a_table_in_several_units(path):
    dataset = load_dataset(path, targets=["IC50"], convert={"ic50": "p"}, unit_columns=["unit"], relations=["rel"])
    assert dataset.tasks == [Task("pIC50", "regression", unit="-log10 mol/L", column="IC50", conversion="p")]
    np.testing.assert_allclose(dataset.targets[:, 0], [7, 6, 9 - math.log10(3)])
    assert dataset.bounds[:, 0].tolist() == [0, -1, 1]
    assert dataset.dropped == [(4, "label 'IC50': 0 has no logarithm: a positive number was expected")]


@pytest.mark.parametrize(("given", "expected"), [((), "high"), (("low",), "high"), (("high",), "low")])
def test_a_given_direction_is_the_columns(path, given, expected):
    dataset = load_dataset(path, targets=["IC50"], convert={"IC50": "nM:p"}, directions=given)
    assert dataset.tasks[0].direction == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"unit_columns": ["unit"]}, "several units"),
        ({"convert": {"Ki": "nM:p"}}, "no target 'Ki' to convert"),
        ({"convert": {"IC50": "p"}}, "the unit of 'IC50' is not known; say it"),
        ({"convert": {"IC50": "nM:p"}, "units": ["nM"]}, "which gives it its unit"),
        ({"unit_columns": ["units"]}, "--unit-column unit"),
    ],
)
def test_what_cannot_be_converted_is_refused(path, settings, message):
    with pytest.raises(InputError, match=message):
        load_dataset(path, targets=["IC50"], **settings)
