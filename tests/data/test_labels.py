"""Labels: what is a number, a class, missing, or bad - with values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molgen.data.columns import find_target_columns
from molgen.data.labels import match_labels, parse_labels
from molgen.data.numbers import with_relations
from molgen.data.tables import open_table
from molgen.errors import ConfigError, InputError

nan = np.nan


def check(values, expected, kind="regression", asked="auto", **rest):
    labels = parse_labels(values, asked)
    assert labels.kind == kind
    assert labels.values.dtype == np.float64
    np.testing.assert_array_equal(labels.values, expected)
    for name, value in rest.items():
        assert getattr(labels, name) == value
    return labels


def test_numbers():
    cells = ["1.5", " -2 ", "+3e-2", ".5", "4.", "\u22127", "1E3"]
    check(cells, [1.5, -2, 0.03, 0.5, 4, -7, 1000], problems={}, positive=None, negative=None, notes=[])


@pytest.mark.parametrize("word", ["", " ", "NA", "n/a", "N/A", "NaN", "nan", "null", "None", "NONE", "-", "?", "nd", "ND", "#N/A"])
def test_missing_words_are_no_problem(word):
    check(["1.5", word, "2"], [1.5, nan, 2], problems={})
    check(["active", word, "inactive"], [1, nan, 0], "binary", problems={})


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("inf", "not finite"),
        ("-Infinity", "not finite"),
        ("1e999", "not finite"),
        ("active", "'active' is not a number"),
        (">inf", "not a number"),
        (">1,000", "thousands or a fraction"),
        (">5 nM", "not a number"),
        ("><5", "not a number"),
        ("3,5", "decimal comma"),
        ("1,000", "thousands or a fraction"),
        ("1,000.5", "thousands or a fraction"),
        ("5 nM", "not a number"),
        ("50%", "not a number"),
        ("1_000", "not a number"),
        ("0x10", "not a number"),
        ("\u0661", "not a number"),
        ("1.2.3", "not a number"),
        ("x" * 100, "not a number"),
    ],
)
def test_bad_values_have_a_reason(cell, reason):
    labels = check(["1.5", cell, "2"], [1.5, nan, 2])
    assert list(labels.problems) == [1]
    assert reason in labels.problems[1]
    assert len(labels.problems[1]) < 160


@pytest.mark.parametrize(
    ("cell", "value", "bound"),
    [
        (">10", 10, 1),
        ("< 0.1", 0.1, -1),
        (">=3", 3, 1),
        ("<=-3e2", -300, -1),
        ("\u226510", 10, 1),
        ("\u2264 .5", 0.5, -1),
        (">>4", 4, 1),
        ("<<4", 4, -1),
        ("> \u22121", -1, 1),
        ("~5", 5, 0),
        ("=5", 5, 0),
    ],
)
def test_limits(cell, value, bound):
    labels = check(["1.5", cell, "0", "1"], [1.5, value, 0, 1], problems={})
    assert labels.bounds.tolist() == [0, bound, 0, 0]
    assert labels.bounds.dtype == np.int8
    assert labels.notes == (["1 approximate values (~) were read as they stand"] if cell == "~5" else [])


def test_a_limit_is_no_class():
    labels = check(["1", "0", ">1", "0"], [1, 0, nan, 0], "binary", "binary")
    assert set(labels.problems) == {2}
    assert check(["1", "0", ">1", "0"], [1, 0, 1, 0], "regression").bounds.tolist() == [0, 0, 1, 0]


def test_limits_with_decimal_commas():
    assert check(["3,5", ">0,25"], [3.5, 0.25]).bounds.tolist() == [0, 1]


def test_a_column_of_relations():
    cells = with_relations(["10", "20", "30", "", ">5", "7", "8"], ["'>'", "=", " < ", ">", ">", "about", "NA"])
    assert cells == ["> 10", "20", "< 30", "", ">5", "about 7", "8"]
    labels = check(cells, [10, 20, 30, nan, 5, nan, 8])
    assert labels.bounds.tolist() == [1, 0, -1, 0, 1, 0, 0]
    assert labels.problems == {5: "'about 7' is not a number"}
    # What contradicts itself is no number either.
    assert 1 in parse_labels(with_relations(["1", "<5", "2"], ["", ">", ""])).problems
    assert set(parse_labels(with_relations(["1", "2.5", "3"], ["", "2.5", ""])).problems) == {1}


def test_decimal_commas_throughout():
    check(["3,5", "-0,25", "7", "", "1,500"], [3.5, -0.25, 7, nan, 1.5], notes=["decimal commas were read as points"])
    with pytest.raises(InputError, match="thousands or a fraction"):
        parse_labels(["1,500", "2,300"])


@pytest.mark.parametrize(
    ("cells", "expected", "positive", "negative"),
    [
        (["1", "0", "1"], [1, 0, 1], "1", "0"),
        (["1.0", "0.0", "0"], [1, 0, 0], "1", "0"),
        (["-1", "1", "-1"], [0, 1, 0], "1", "-1"),
        (["active", "inactive"], [1, 0], "active", "inactive"),
        (["Inactive", "ACTIVE", "Active"], [0, 1, 1], "ACTIVE", "Inactive"),
        (["yes", "no"], [1, 0], "yes", "no"),
        (["Y", "N"], [1, 0], "Y", "N"),
        (["True", "False"], [1, 0], "True", "False"),
        (["pos", "neg"], [1, 0], "pos", "neg"),
        (["Positive", "Negative"], [1, 0], "Positive", "Negative"),
        (["BBB+", "BBB-"], [1, 0], "BBB+", "BBB-"),
        (["+", "-", "+"], [1, 0, 1], "+", "-"),
        (["toxic", "non-toxic"], [1, 0], "toxic", "non-toxic"),
        (["nonblocker", "blocker"], [0, 1], "blocker", "nonblocker"),
        (["soluble", "insoluble"], [1, 0], "soluble", "insoluble"),
        (["permeable", "impermeable"], [1, 0], "permeable", "impermeable"),
    ],
)
@pytest.mark.parametrize("asked", ["auto", "binary"])
def test_two_classes(cells, expected, positive, negative, asked):
    check(cells, expected, "binary", asked, positive=positive, negative=negative, problems={})


def test_any_two_words_once_the_positive_one_is_known():
    labels = parse_labels(["CI", "CM", "ci", ""], positive="CM")
    np.testing.assert_array_equal(labels.values, [0, 1, 0, nan])
    assert (labels.kind, labels.positive, labels.classes) == ("binary", "CM", ("CI", "CM"))
    labels = parse_labels(["CI", "CM", "ci"], positive="ci")
    assert (labels.kind, labels.values.tolist(), labels.positive, labels.negative) == ("binary", [1, 0, 1], "CI", "CM")
    # Words that tell are turned round, and need no list unless they are.
    assert parse_labels(["active", "inactive"], positive="active").classes == ()
    turned = parse_labels(["active", "inactive"], positive="inactive")
    assert (turned.values.tolist(), turned.classes) == ([0, 1], ("active", "inactive"))
    assert parse_labels(["1", "0", "0"], positive="0").values.tolist() == [0, 1, 1]
    assert parse_labels(["1", "-1"], positive="-1").values.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("cells", "kind", "positive", "message"),
    [
        (["CI", "CM"], "auto", "CX", "no class 'CX'; expected one of ci, cm"),
        (["a", "b", "c"], "binary", "a", "not two classes; got .* use --kind multiclass"),
        (["0", "1"], "auto", "2", "no class '2'; expected 0 or 1"),
        (["1.5", "2"], "auto", "high", "no class 'high'; got a column of numbers"),
        (["a", "b", "c"] * 2, "auto", "d", "no class 'd'; expected one of a, b, c"),
    ],
)
def test_a_positive_class_that_is_not_there(cells, kind, positive, message):
    with pytest.raises(InputError, match=message):
        parse_labels(cells, kind, positive)


def test_several_words_are_classes():
    cells = ["Low", "high", "medium", "", "HIGH", "medium", "low", "3.5"]
    labels = check(cells, [1, 0, 2, nan, 0, 2, 1, nan], "multiclass", classes=("high", "Low", "medium"), positive=None)
    assert labels.problems == {7: "'3.5' is neither 'high', 'Low' nor 'medium'"}
    assert parse_labels(cells, positive="Medium").positive == "medium"


def test_numbers_are_classes_if_asked_for():
    labels = check(["10", "2", "2.0", "1", "nan"], [2, 1, 1, 0, nan], "multiclass", "multiclass")
    assert labels.classes == ("1", "2", "10")
    assert check(["10", "2", "2.0", "1"], [10, 2, 2, 1]).kind == "regression"
    words = ["active", "inactive", "inconclusive", "active"]
    assert parse_labels(words, "multiclass").classes == ("active", "inactive", "inconclusive")


@pytest.mark.parametrize("cells", [["a", "b", "a"], [str(n) for n in range(200)]])
def test_too_few_or_many_classes(cells):
    with pytest.raises(InputError, match="no such number of classes; expected 3 to 100"):
        parse_labels(cells, "multiclass")


def test_words_are_matched_with_a_models():
    labels = match_labels(["LOW", "none such", "high"], "multiclass", "", ("high", "low"))
    np.testing.assert_array_equal(labels.values, [1, nan, 0])
    assert set(labels.problems) == {1}
    assert match_labels(["CM", "CM"], "binary", "CM", ("CI", "CM")).values.tolist() == [1, 1]
    assert match_labels(["1", "0"], "binary", "CM", ("CI", "CM")).values.tolist() == [1, 0]
    with pytest.raises(InputError, match=r"none of the classes; expected high, low; got 1\.5"):
        match_labels(["1.5"], "multiclass", "", ("high", "low"))


def test_a_third_word_is_a_problem():
    cells = ["active", "inactive", "inconclusive", "0.5", "active"]
    problems = {2: "'inconclusive' is neither 'active' nor 'inactive'", 3: "'0.5' is neither 'active' nor 'inactive'"}
    check(cells, [1, 0, nan, nan, 1], "binary", problems=problems)


def test_zero_and_one_can_be_a_regression():
    check(["1", "0", "1"], [1, 0, 1], "regression", "regression")
    check(["1", "0", "2"], [1, 0, 2], "regression")


def test_other_numbers_among_classes_are_problems():
    labels = check(["1", "0", "0.5", "2", "x"], [1, 0, nan, nan, nan], "binary", "binary")
    assert labels.problems[2] == "'0.5' is no class: 0 or 1 was expected"
    assert labels.problems[4] == "'x' is not a number"


@pytest.mark.parametrize(
    ("cells", "asked", "message"),
    [
        (["", "NA"], "auto", "no value in it; got 2 missing values"),
        ([], "auto", "no value in it"),
        (["5", "5.0", ""], "auto", "all values are the same; got 5 only"),
        (["1", "1"], "auto", "all values are the same; got 1 only"),
        (["1", "1"], "binary", "all values are the same; got 1 only"),
        (["yes", "yes"], "auto", r"all values are the same; got 'yes' \(2\)"),
        (
            ["CI", "CM", "CI"],
            "auto",
            r"nobody knows which is positive; got 'CI' \(2\), 'CM' \(1\); say it with --positive",
        ),
        (["a", "b", "c"], "auto", "no number that can be used"),
        (["active", "inactive"], "regression", "no number that can be used; expected numbers"),
        ([">1", ">2", ">3"], "auto", "every value is a limit; got 3 limits"),
        (["2", "3"], "binary", "not two classes; expected 0 and 1; got 2, 3"),
        (["yes", "no", "true", "false"], "auto", "more than one pair of classes"),
    ],
)
def test_nothing_to_learn_from(cells, asked, message):
    with pytest.raises(InputError, match=message) as error:
        parse_labels(cells, asked, where="t.csv, column 'y'")
    assert str(error.value).startswith("t.csv, column 'y': ")
    assert error.value.remedy


def test_unknown_kind():
    with pytest.raises(ConfigError, match="multiclass"):
        parse_labels(["1", "0"], "ordinal")


MEASURABLE = st.floats(-9e14, 9e14).filter(lambda number: number == 0 or abs(number) > 1e-14)


@given(st.lists(MEASURABLE, min_size=2, unique=True), st.sampled_from([repr, str]))
def test_every_measurable_float_comes_back(numbers, write):
    labels = parse_labels([write(number) for number in numbers], "regression")
    np.testing.assert_array_equal(labels.values, numbers)


def test_numbers_that_nothing_measures_are_problems():
    labels = parse_labels(["1.5", "1e39", "2.5", "1e-300", "0"], "regression")
    assert set(labels.problems) == {1, 3}
    assert all("unit" in why for why in labels.problems.values())


@pytest.mark.parametrize(
    ("name", "target", "kind", "filled", "positive"),
    [
        ("moleculenet/BBBP.csv.gz", "p_np", "binary", 2050, 1567),
        ("moleculenet/HIV.csv.gz", "HIV_active", "binary", 41127, 1443),
        ("moleculenet/bace.csv.gz", "Class", "binary", 1513, 691),
        ("moleculenet/Lipophilicity.csv.gz", "exp", "regression", 4200, None),
        ("cyp450/CYP450.csv.gz", "label_1a2", "binary", 10072, 3666),
        ("b3db/B3DB_classification.tsv.gz", "BBB+/BBB-", "binary", 7807, 4956),
        ("b3db/B3DB_classification.tsv.gz", "logBB", "regression", 1058, None),
        ("biogen_adme/ADME_public_set_3521.csv.gz", "LOG HLM_CLint (mL/min/kg)", "regression", 3087, None),
    ],
)
def test_real_columns(data_dir, name, target, kind, filled, positive):
    table = open_table(data_dir / "molecules" / name)
    column = table.columns.index(find_target_columns(table.columns, [target])[0])
    labels = parse_labels([row.values[column] for row in table.rows()])
    assert (labels.kind, int((~np.isnan(labels.values)).sum()), labels.problems) == (kind, filled, {})
    if positive is not None:
        assert np.nansum(labels.values) == positive


def test_text_column_of_a_real_file(data_dir):
    table = open_table(data_dir / "molecules/moleculenet/HIV.csv.gz")
    column = table.columns.index("activity")
    labels = parse_labels([row.values[column] for row in table.rows()])
    assert (labels.kind, labels.classes) == ("multiclass", ("CA", "CI", "CM"))
    assert np.bincount(labels.values.astype(int)).tolist() == [404, 39684, 1039]
