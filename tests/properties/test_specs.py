"""Specs of featurizers and filters, as strangers' files and command lines hold them: they go round, or are refused in words."""

from __future__ import annotations

import importlib.util
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molgen.errors import BundleError, ConfigError, InputError
from molgen.featurizers import available, from_spec
from molgen.featurizers.molecule import MoleculeFeaturizer
from molgen.filters import registry
from molgen.filters.pipeline import Pipeline
from tests.featurizers.test_common import is_blank, n_rows, row_of
from tests.properties.conftest import arbitrary_json

SMILES = ["CCO", "c1ccccc1C(=O)N", "C[C@H](N)C(=O)[O-]", "[Na+].[Cl-]", "N->[Pt](Cl)(Cl)<-N", "*CC", "[2H]C", "[H][H]", "[235U]"]
MOLS = [Chem.MolFromSmiles(smiles) for smiles in SMILES]
BAD = ["not one", "", " ", None, math.nan, 5, b"CCO", [], {}, "F(F)F", "CC>>CO", "C\u00e9", "c1ccc", object, True, np.str_("")]

FEATURIZERS = {
    name: cls
    for name, cls in available().items()
    if issubclass(cls, MoleculeFeaturizer) and (name != "Selfies" or importlib.util.find_spec("selfies") is not None)
}
CHEAP = sorted(set(FEATURIZERS) - {"Conformers3D", "Descriptors3D", "Concat"})
#: What can be passed for any parameter: mostly what some parameter takes.
values = (
    st.integers(-2, 12)
    | st.sampled_from([16, 64, 100, 1024, 2**16, 2**31, 2**40, 10**30, 0.5, 1e300, -0.0])
    | st.booleans()
    | st.sampled_from(["csr", "dense", "packed", "padded", "none", "mmff", "uff", "whim", "shape", "MolWt", "qed", ""])
    | st.lists(st.sampled_from(["MolWt", "TPSA", "shape", "usr", "nothing"]), max_size=3)
    | arbitrary_json
)


@st.composite
def specs(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    name = draw(st.sampled_from(names))
    known = sorted(set(FEATURIZERS[name]._parameters()) - {"errors", "n_jobs"})
    keys = draw(st.lists(st.sampled_from(known), max_size=3, unique=True)) if known else []
    return {"type": name} | {key: draw(values) for key in keys}


def make(spec: Any) -> Any:
    """Return the featurizer of a spec that is usable, or None."""
    try:
        featurizer = from_spec(spec)
        again = json.loads(json.dumps(featurizer.spec()))
        assert from_spec(again) == featurizer
        assert hash(from_spec(again)) == hash(featurizer)
        assert all(again[key] == value for key, value in spec.items() if value is not None and key != "parts")
        featurizer.featurize([])
    except (BundleError, ConfigError) as error:
        assert "\n" not in str(error)
        return None
    return featurizer


@settings(max_examples=210)
@given(spec=arbitrary_json | st.dictionaries(st.sampled_from(["type", "parts", "names", "size"]), arbitrary_json, max_size=3))
def test_any_json_is_a_spec_or_refused(spec):
    for build in (from_spec, registry.from_spec):
        with pytest.raises(ConfigError, match=r"spec|featurizer|filter"):
            build(spec)


@settings(max_examples=840)
@given(spec=specs(CHEAP))
def test_specs_go_round_and_featurize_or_are_refused(spec):
    featurizer = make(spec)
    if featurizer is None:
        return
    features = featurizer.featurize(["CCO", "x"])
    assert n_rows(features.values) == 2
    assert features.errors[1].startswith("not SMILES")
    assert is_blank(row_of(features.values, 1))


@settings(max_examples=40)
@given(spec=specs(["Conformers3D", "Descriptors3D"]))
def test_specs_in_space_go_round_or_are_refused(spec):
    make(spec)


@settings(max_examples=140)
@given(parts=st.lists(specs(CHEAP) | arbitrary_json, max_size=3) | arbitrary_json)
def test_specs_side_by_side_go_round_or_are_refused(parts):
    featurizer = make({"type": "Concat", "parts": parts})
    if featurizer is not None:
        assert is_blank(row_of(featurizer.featurize(["CCO", "x"]).values, 1))


text = st.text(max_size=12) | st.text(st.sampled_from("CNOc1()=#[]+-@/\\.%nH2 "), max_size=16)
items = st.sampled_from(SMILES) | st.sampled_from(BAD) | text | st.sampled_from(MOLS) | arbitrary_json


@pytest.mark.parametrize("name", CHEAP)
@settings(max_examples=30)
@given(rows=st.lists(items, max_size=6), number=st.integers(0, 9))
def test_no_row_raises_and_no_bad_row_has_a_value(name, rows, number):
    examples = FEATURIZERS[name].examples()
    features = examples[number % len(examples)].featurize(rows)
    assert n_rows(features.values) == len(rows)
    with Chem.rdBase.BlockLogs():
        for row, item in enumerate(rows):
            if row in features.errors:
                assert features.errors[row].strip()
                assert is_blank(row_of(features.values, row))
            else:
                assert isinstance(item, (str, Chem.Mol))
                assert not isinstance(item, str) or item.strip()


# --- filters --------------------------------------------------------------------------------------------------------

FILTERS = registry.available()
WINDOWS = [
    "MolWt<=500",
    "1<=TPSA<=120",
    "qed>0.5",
    "1<qed>2",
    "MolWt<=",
    "<=5",
    "colour<1",
    "MolWt<1e999",
    "2<MolWt<1",
    "NumAtoms=3",
]
rules = st.lists(
    st.tuples(
        st.text(max_size=3),
        st.sampled_from(["CO", "[#6]", "C(", "", "[$(CC)]"]),
        st.integers(-1, 3),
        st.none() | st.integers(-1, 3),
    )
    | arbitrary_json,
    max_size=2,
)


@st.composite
def filter_specs(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(list(FILTERS)))
    usual = st.integers(-1, 3) | st.floats() | st.sampled_from(WINDOWS) | rules.map(lambda found: json.loads(json.dumps(found)))
    keys = draw(st.lists(st.sampled_from(list(FILTERS[name].settings())), max_size=2, unique=True))
    return {"type": name} | {key: draw(usual | arbitrary_json) for key in keys}


def check(made: Any) -> None:
    """A filter that was made goes round, and has an answer for every molecule."""
    again = registry.from_spec(json.loads(json.dumps(made.spec())))
    assert again == made
    pipeline = Pipeline([made], [again])
    sifted = pipeline.sift([None, *MOLS])
    assert not sifted.failures
    assert sorted([*sifted.rows, *sifted.reasons]) == list(range(1, len(MOLS) + 1))
    for column in pipeline.annotate(sifted.items).values():
        assert len(column) == len(sifted.rows)
    assert made.title
    assert made.cost > 0


@settings(max_examples=350)
@given(spec=filter_specs())
def test_specs_of_filters_go_round_and_filter_or_are_refused(spec):
    try:
        made = registry.from_spec(spec)
    except (ConfigError, InputError) as error:  # the latter of a file that is named
        assert "\n" not in str(error)
        return
    check(made)


words = st.sampled_from([*FILTERS, "x"])
settings_text = st.sampled_from(["violations", "max", "min", "expression", "rules", "of", "known", ""])
numbers_text = (
    st.integers(-2, 9).map(str) | st.floats().map(str) | st.text(max_size=4) | st.sampled_from([*WINDOWS, "1_0", "\u0661"])
)


@settings(max_examples=280)
@given(
    made=st.tuples(words, st.sampled_from([":", "", ","]), settings_text, st.sampled_from(["=", "==", ""]), numbers_text).map(
        "".join
    )
)
def test_filters_from_text_filter_or_are_refused(made):
    try:
        each = registry.from_text(made)
    except (ConfigError, InputError) as error:  # the latter of a file that is named
        assert "\n" not in str(error)
        return
    check(each)
