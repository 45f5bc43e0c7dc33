"""What every registered featurizer keeps to: one suite over all of them, those included that nobody has written yet."""

from __future__ import annotations

import importlib.util
import json
import math
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from Bio.Seq import Seq
from Bio.SeqRecord import SeqRecord
from rdkit import Chem
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

from molgen.bio.records import Record
from molgen.chem.graph import GraphBatch
from molgen.errors import ConfigError, InputError
from molgen.featurizers import Columns, Features, ProfileNumbers, available, from_spec
from molgen.featurizers.molecule import MoleculeFeaturizer
from molgen.featurizers.sequence import SequenceFeaturizer

#: Optional packages that featurizers need.
NEEDS = {"Selfies": "selfies"}


@dataclass(frozen=True)
class Rows:
    """Rows for the featurizers of a kind: good ones, the sixth of which has something for each of them; bad and odd ones."""

    good: list[Any]
    bad: list[Any]
    odd: list[Any]
    #: The reason of the second bad row of a list that raises.
    reason: str


GOOD = ["CCO", "c1ccccc1C(=O)N", "C[C@H](N)C(=O)[O-]", "F/C=C/Cl", "[Na+].[Cl-]", "CC(=O)Nc1ccc(O)cc1", "OB(O)c1ccsc1"]
BAD: list[Any] = [
    "not one",
    "",
    " ",
    None,
    math.nan,
    5,
    b"CCO",
    [],
    "C" * 25_000,
    "c1ccc",
    "F(F)F",
    "CC>>CO",
    "C\u00e9",
    "InChI=1S/CH4/h1H4",
]
ODD = ["[Fe+2]", "[2H]C([2H])([2H])O", "*c1ccccc1", "[H][H]", "[235U]", "C", "N->[Pt](Cl)(Cl)<-N", "C12C3C4C1C5C2C3C45", "[CH2]C"]
MOLECULES = Rows(GOOD, BAD, ODD, "not SMILES")
#: Letters that nucleic acids and proteins share, for the examples of both.
SEQUENCES = Rows(
    [
        "ACGTACGTACGTA",
        "aaccggttaaccgg",
        "ACGTNACGTACGTACGT",
        "TTTTTTTTTTTTTTTT",
        "GATTACAGATTACA",
        "ATGGCATGCATTAGACCAGATTACA",
        "GC" * 40,
    ],
    [
        "not one",
        "",
        " ",
        None,
        math.nan,
        5,
        [],
        "ACGT1ACGTACGTAC",
        "ACGTACGTACGT\n",
        "AC\u00c9GTACGTACGTA",
        "ACGT\0ACGTACGT",
        object(),
    ],
    ["NNNNNNNNNNNNNNNN", "ACGTACGTACGT-A", b"ACGTACGTACGTAC", "RYKMSWBDHVNACGTRYKMSW", "ACG", "A" * 35_000, Seq("ACGTACGTACGTA")],
    "no letters of (DNA|proteins): '1' at position 1",
)


def rows_for(featurizer: Any) -> Rows:
    return SEQUENCES if isinstance(featurizer, SequenceFeaturizer) else MOLECULES


def _cases() -> list[Any]:
    cases = []
    for name, cls in available().items():
        if cls in (Columns, ProfileNumbers):  # read numbers; see test_columns.py and test_profiles.py
            continue
        reads = MoleculeFeaturizer | SequenceFeaturizer
        assert issubclass(cls, reads), f"{name} reads neither molecules nor sequences: this suite has no rows for it"
        package = NEEDS.get(name)
        missing = package is not None and importlib.util.find_spec(package) is None
        marks = [pytest.mark.skip(reason=f"{package} is not installed")] if missing else []
        cases += [pytest.param(example, id=f"{name}-{number}", marks=marks) for number, example in enumerate(cls.examples())]
    return cases


every_featurizer = pytest.mark.parametrize("featurizer", _cases())


def arrays(values: Any) -> list[np.ndarray]:
    """Take values apart into arrays."""
    if isinstance(values, np.ndarray):
        return [values]
    if issparse(values):
        return [np.array(values.shape), values.data, values.indices, values.indptr]
    names = GraphBatch.__slots__ if isinstance(values, GraphBatch) else values.members()
    return [getattr(values, name) for name in names]


def assert_same(found: Any, expected: Any) -> None:
    assert type(found) is type(expected)
    for one, other in zip(arrays(found), arrays(expected), strict=True):
        assert one.dtype.kind == other.dtype.kind
        # What a network computes in float32 depends on what else is in the batch, to its last digits.
        tolerance = 1e-5 if one.dtype == np.float32 else 1e-9
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def n_rows(values: Any) -> int:
    return values.shape[0] if hasattr(values, "shape") else len(values)


def row_of(values: Any, row: int) -> Any:
    return values[[row]] if hasattr(values, "shape") else values.select([row])


def is_blank(row: Any) -> bool:
    """Tell whether a row is what stands for failure: NaN, zeros or nothing."""
    if isinstance(row, np.ndarray):
        return bool(np.isnan(row).all() if row.dtype.kind == "f" else not row.any())
    if issparse(row):
        return row.nnz == 0
    return len(arrays(row)[0]) == 0


def has_columns(featurizer: Any) -> bool:
    return getattr(featurizer.featurize(["C"]).values, "ndim", 0) == 2


def masked(featurizer: Any, **changes: Any) -> Any:
    return clone(featurizer).set_params(errors="mask", **changes)


@every_featurizer
class TestContract:
    def test_every_row_comes_out_with_values_or_a_reason(self, featurizer):
        good, bad_rows, odd = (kind := rows_for(featurizer)).good, kind.bad, kind.odd
        rows = [each for pair in zip(good, bad_rows[: len(good)], strict=True) for each in pair] + bad_rows[len(good) :] + odd
        features = featurizer.featurize(rows)
        assert isinstance(features, Features)
        assert n_rows(features.values) == len(rows)
        bad = {
            row for row, item in enumerate(rows) if any(item is each for each in bad_rows) and not any(item is each for each in odd)
        }
        assert bad <= set(features.errors), "a row that cannot be read has no reason"
        assert list(features.errors) == sorted(features.errors)
        for row in range(len(rows)):
            reason = features.errors.get(row)
            assert reason is None or reason.strip()
            assert is_blank(row_of(features.values, row)) or reason is None
        # Paracetamol, or a sequence that is long enough: every featurizer finds something.
        assert rows.index(good[5]) not in features.errors
        assert not is_blank(row_of(features.values, rows.index(good[5])))

    def test_no_rows(self, featurizer):
        features = featurizer.featurize([])
        assert n_rows(features.values) == 0
        assert features.errors == {}

    def test_one_by_one_is_the_batch(self, featurizer):
        rows = [*rows_for(featurizer).good, "not one", *rows_for(featurizer).odd]
        together = featurizer.featurize(rows)
        for row, item in enumerate(rows):
            alone = featurizer.featurize([item])
            assert_same(alone.values, row_of(together.values, row))
            assert alone.errors.get(0) == together.errors.get(row)

    def test_sequences_are_what_they_are_written_as(self, featurizer):
        if not isinstance(featurizer, SequenceFeaturizer):
            return
        expected = featurizer.featurize(SEQUENCES.good).values
        for kind in (str.encode, str.swapcase, Seq, lambda text: SeqRecord(Seq(text)), lambda text: Record(1, "one", text)):
            assert_same(featurizer.featurize([kind(text) for text in SEQUENCES.good]).values, expected)

    def test_molecules_are_their_smiles_and_stay_as_they_were(self, featurizer):
        if not isinstance(featurizer, MoleculeFeaturizer):
            return
        mols = [Chem.MolFromSmiles(smiles) for smiles in GOOD]
        properties = int(Chem.PropertyPickleOptions.AtomProps | Chem.PropertyPickleOptions.BondProps)
        before = [mol.ToBinary(properties) for mol in mols]
        assert_same(featurizer.featurize(mols).values, featurizer.featurize(GOOD).values)
        assert [mol.ToBinary(properties) for mol in mols] == before
        assert not [name for mol in mols for name in mol.GetPropNames(True, True) if "Distance" in name]

    def test_processes_change_nothing(self, featurizer, monkeypatch):
        good = rows_for(featurizer).good
        rows = [*good, "bad one", *good[:2]]
        one = featurizer.featurize(rows)
        monkeypatch.setattr(type(featurizer), "_chunk", 4)
        two = clone(featurizer).set_params(n_jobs=2).featurize(rows)
        assert_same(two.values, one.values)
        assert two.errors == one.errors

    def test_bad_rows_raise_or_are_masked(self, featurizer):
        one, other = rows_for(featurizer).good[:2]
        rows = [one, "1x", other, None]
        with pytest.raises(InputError, match=rf"row 1 and 1 more: {rows_for(featurizer).reason}.*errors='mask'"):
            featurizer.transform(rows)
        values = masked(featurizer).transform(rows)
        assert is_blank(row_of(values, 1))
        assert is_blank(row_of(values, 3))
        assert_same(row_of(values, 2), featurizer.transform([other]))
        with pytest.raises(ConfigError, match="'raise' or 'mask'"):
            clone(featurizer).set_params(errors="ignore").transform(rows)


@every_featurizer
class TestIdentity:
    def test_a_spec_goes_to_json_and_back(self, featurizer):
        spec = json.loads(json.dumps(featurizer.spec()))
        again = from_spec(spec, errors="mask", n_jobs=1)
        assert again == featurizer
        assert hash(again) == hash(featurizer)
        assert again.spec() == spec
        assert not {"errors", "n_jobs"} & set(spec)
        assert_same(again.transform(rows_for(featurizer).good[:2]), featurizer.transform(rows_for(featurizer).good[:2]))

    def test_unknown_spec_keys_are_refused(self, featurizer):
        with pytest.raises(ConfigError, match="has no parameter 'colour'"):
            from_spec(featurizer.spec() | {"colour": "red"})

    def test_clones_and_pickles_are_equal_and_apart(self, featurizer):
        for twin in (clone(featurizer), pickle.loads(pickle.dumps(featurizer))):
            assert twin is not featurizer
            assert twin == featurizer
            assert twin.get_params().keys() == featurizer.get_params().keys()
            assert_same(
                twin.fit_transform(rows_for(featurizer).good[:2], [0, 1]), featurizer.transform(rows_for(featurizer).good[:2])
            )

    def test_parameters_can_be_set(self, featurizer):
        assert clone(featurizer).set_params(**featurizer.get_params()) == featurizer
        with pytest.raises(ConfigError, match="has no parameter 'colour'"):
            clone(featurizer).set_params(colour="red")
        assert type(featurizer).__name__ in repr(featurizer)


@every_featurizer
class TestScikitLearn:
    def test_every_column_has_a_name(self, featurizer):
        if not has_columns(featurizer):
            with pytest.raises(ConfigError, match="columns"):
                featurizer.get_feature_names_out()
            return
        names = featurizer.get_feature_names_out()
        assert len(names) == len(set(names)) == featurizer.transform(rows_for(featurizer).good).shape[1]
        assert names.dtype == object

    def test_input_may_be_any_column(self, featurizer):
        rows = rows_for(featurizer).good[:3]
        expected = featurizer.transform(rows)
        frame = pd.DataFrame({"smiles": rows})
        for column in (np.array(rows), np.array(rows, dtype=object)[:, None], frame["smiles"], frame, iter(rows)):
            assert_same(featurizer.transform(column), expected)

    def test_pipelines_fit_and_predict(self, featurizer):
        if not has_columns(featurizer):
            return
        rows, y = rows_for(featurizer).good[:4], [1.0, 2.0, 3.0, 4.0]
        pipeline = make_pipeline(clone(featurizer), StandardScaler(with_mean=False), Ridge()).fit(rows, y)
        assert pipeline.predict(rows).shape == (4,)
        assert len(pipeline[:-1].get_feature_names_out()) == featurizer.transform(rows).shape[1]

    def test_column_transformers_take_a_column(self, featurizer):
        if not has_columns(featurizer):
            return
        frame = pd.DataFrame({"dose": [1.0, 2.0, 3.0], "smiles": rows_for(featurizer).good[:3]}, index=range(5, 8))
        transformer = ColumnTransformer([("mol", clone(featurizer), "smiles"), ("rest", "passthrough", ["dose"])])
        values = transformer.fit_transform(frame)
        assert values.shape == (3, featurizer.transform(rows_for(featurizer).good[:3]).shape[1] + 1)
        assert transformer.get_feature_names_out()[0] == f"mol__{featurizer.get_feature_names_out()[0]}"

    def test_pandas_output_is_for_dense_values(self, featurizer):
        column = pd.Series(rows_for(featurizer).good[:3], index=range(5, 8))
        to_frame = clone(featurizer).set_output(transform="pandas")
        if not isinstance(featurizer.transform(column), np.ndarray):
            with pytest.raises(ConfigError, match=r"which no DataFrame holds; .*dense"):
                to_frame.transform(column)
        elif not has_columns(featurizer):
            with pytest.raises(ConfigError, match=r"only flat rows .* have columns"):
                to_frame.transform(column)
        else:
            frame = clone(to_frame).transform(column)
            assert frame.index.tolist() == [5, 6, 7]
            assert frame.columns.tolist() == featurizer.get_feature_names_out().tolist()

    # Those of scikit-learn's checks that feed no data, or only to what takes any. All others hand a two-dimensional array of
    # numbers to ``fit`` and ``transform``, which a reader of SMILES refuses by contract: test_numbers_are_refused.
    @pytest.mark.parametrize(
        "check",
        [
            "check_estimator_cloneable",
            "check_estimator_repr",
            "check_estimator_tags_renamed",
            "check_get_params_invariance",
            "check_mixin_order",
            "check_no_attributes_set_in_init",
            "check_parameters_default_constructible",
            "check_set_params",
            "check_transformer_n_iter",
            "check_valid_tag_types",
        ],
    )
    def test_scikit_learns_own_checks(self, featurizer, check):
        getattr(estimator_checks, check)(type(featurizer).__name__, clone(featurizer))

    def test_numbers_are_refused(self, featurizer):
        with pytest.raises(InputError, match="one column"):
            featurizer.transform(np.ones((3, 2)))
        with pytest.raises(InputError, match="not text: float"):
            featurizer.transform(np.ones((3, 1)))


def test_every_featurizer_is_documented_and_tried():
    for name, cls in available().items():
        first = (cls.__doc__ or "").split("\n")[0]
        assert first.endswith((".", ":")), f"{name} has no summary"
        assert cls.examples(), f"{name} has no examples"
