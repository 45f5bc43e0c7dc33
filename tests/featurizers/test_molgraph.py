"""The graph featurizer: SMILES in, one packed batch out, a reason for each row that failed."""

import numpy as np
import pytest

from molgen.chem.graph import GraphBatch, decode_graphs
from molgen.chem.parse import parse_batch
from molgen.errors import InputError
from molgen.featurizers import molgraph
from molgen.featurizers.molgraph import MolGraph

ROWS = ["CCO", "not a molecule", None, "c1ccccc1", "[Fe+7]", "C1CC1"]


def assert_same(got: GraphBatch, expected: GraphBatch) -> None:
    for name in ("atoms", "bonds", "bond_fields", "atom_ptr", "bond_ptr"):
        np.testing.assert_array_equal(getattr(got, name), getattr(expected, name), err_msg=name)


def test_every_row_comes_out_with_a_reason_for_each_empty_one():
    features = MolGraph().featurize(ROWS)
    assert list(features.errors) == [1, 2, 4]
    assert features.errors[4] == "outside the graph vocabulary: formal_charge +7 of atom 0"
    assert np.diff(features.values.atom_ptr).tolist() == [3, 0, 0, 6, 0, 3]


def test_transform_raises_or_masks():
    with pytest.raises(InputError, match="row 1 and 2 more"):
        MolGraph().transform(ROWS)
    assert len(MolGraph(errors="mask").transform(ROWS)) == 6


def test_blocks_do_not_matter(nci_smiles, monkeypatch):
    rows = [*nci_smiles[:150], "?", *nci_smiles[150:200]]
    whole = MolGraph().featurize(rows)
    expected, _ = decode_graphs(parse_batch(rows).mols)
    assert_same(whole.values, expected)
    for block in (1, 7, 50):
        monkeypatch.setattr(molgraph, "_BLOCK", block)
        again = MolGraph().featurize(rows)
        assert_same(again.values, whole.values)
        assert again.errors == whole.errors


def test_processes_do_not_matter(nci_smiles):
    rows = ["?", *nci_smiles[:1200]]
    serial, parallel = MolGraph().featurize(rows), MolGraph(n_jobs=2).featurize(rows)
    assert_same(parallel.values, serial.values)
    assert parallel.errors == serial.errors
