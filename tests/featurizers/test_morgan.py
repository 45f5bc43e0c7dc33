"""Morgan fingerprints beside RDKit's own."""

from __future__ import annotations

import gzip
import warnings

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from scipy.sparse import csr_matrix

from molgen.chem.fingerprints import morgan_csr, morgan_packed
from molgen.errors import ConfigError
from molgen.featurizers import Morgan

ODD = ["[Na+].[Cl-]", "C", "[2H]C([2H])([2H])O", "F/C=C/F", "C[C@H](N)C(=O)O", "*c1ccccc1", "[Fe+2]", "C" * 300, "[H][H]"]


@pytest.fixture(scope="module")
def mols(data_dir, nci_smiles):
    with gzip.open(data_dir / "molecules/chembl_smiles/chembl_validation.csv.gz", "rt") as lines:
        chembl = lines.read().split()[1:2001]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [Chem.MolFromSmiles(smiles) for smiles in [*ODD, *chembl, *nci_smiles[:1500]]]
    return [mol for mol in found if mol is not None]


@pytest.mark.parametrize("kind", [{}, {"radius": 3, "size": 1000}, {"radius": 0, "size": 64}, {"chirality": True}])
@pytest.mark.parametrize("counts", [False, True])
def test_csr_is_rdkits_folded_fingerprint(mols, kind, counts):
    values = morgan_csr(mols, counts=counts, **kind)
    names = {"radius": "radius", "size": "fpSize", "chirality": "includeChirality"}
    arguments = {"radius": 2, "fpSize": 2048} | {names[key]: value for key, value in kind.items()}
    generator = rdFingerprintGenerator.GetMorganGenerator(**arguments)
    read = generator.GetCountFingerprintAsNumPy if counts else generator.GetFingerprintAsNumPy
    expected = csr_matrix(np.array([read(mol) for mol in mols], dtype=np.int32))
    assert isinstance(values, csr_matrix)
    assert values.dtype == np.int32
    assert values.shape == expected.shape
    assert values.has_canonical_format
    assert (values != expected).nnz == 0


def test_counts_above_a_byte_are_kept(mols):
    assert morgan_csr([Chem.MolFromSmiles("C" * 300)], counts=True).max() > 255


def test_packed_bits_unpack_to_the_csr(mols):
    packed = morgan_packed(mols[:500], size=512)
    assert packed.dtype == np.uint8
    assert packed.shape == (500, 64)
    np.testing.assert_array_equal(np.unpackbits(packed, axis=1), morgan_csr(mols[:500], size=512).toarray())


def test_a_missing_molecule_is_an_empty_row():
    mols = [None, Chem.MolFromSmiles("CCO"), None]
    assert morgan_csr(mols).getnnz(axis=1).tolist()[0::2] == [0, 0]
    assert morgan_csr(mols).getnnz(axis=1)[1] > 0
    assert morgan_packed(mols)[[0, 2]].sum() == 0
    assert morgan_csr([]).shape == (0, 2048)
    assert morgan_packed([None]).shape == (1, 256)


@pytest.mark.parametrize(("output", "dtype"), [("csr", np.int32), ("dense", np.float32), ("packed", np.uint8)])
def test_outputs_say_the_same(output, dtype):
    smiles = ["CCO", "not a molecule", "c1ccccc1O"]
    features = Morgan(size=256, output=output).featurize(smiles)
    assert list(features.errors) == [1]
    assert features.values.dtype == dtype
    values = features.values.toarray() if output == "csr" else features.values
    if output == "packed":
        values = np.unpackbits(values, axis=1)
    np.testing.assert_array_equal(values[[0, 2]], morgan_csr([Chem.MolFromSmiles(smiles[i]) for i in (0, 2)], size=256).toarray())
    assert np.isnan(values[1]).all() if output == "dense" else not values[1].any()


def test_names_count_the_columns():
    for featurizer in (Morgan(size=128), Morgan(size=128, output="packed")):
        names = featurizer.get_feature_names_out()
        assert len(set(names)) == featurizer.transform(["CCO"]).shape[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"radius": -1}, "radius"),
        ({"radius": 2.0}, "radius"),
        ({"radius": True}, "radius"),
        ({"size": 0}, "size"),
        ({"size": "2048"}, "size"),
        ({"counts": "yes"}, "counts"),
        ({"chirality": 1}, "chirality"),
        ({"output": "sparse"}, "output"),
        ({"output": "packed", "counts": True}, "counts do not fit"),
        ({"output": "packed", "size": 100}, "8 divides"),
    ],
)
def test_bad_arguments_are_refused_when_used(arguments, words):
    featurizer = Morgan(**arguments)
    with pytest.raises(ConfigError, match=words):
        featurizer.featurize(["CCO"])


@pytest.mark.parametrize("kind", [{}, {"radius": 3, "chirality": True}])
def test_counts_of_a_wider_fingerprint_fold_into_those_of_a_narrower_one(mols, kind):
    smiles = [None, *mols]
    wide = Morgan(size=2048, counts=True, **kind)
    counts = wide.featurize(smiles).values
    before = counts.copy()
    for narrow in (Morgan(size=1024, counts=True, **kind), Morgan(size=2048, **kind), Morgan(size=64, **kind)):
        expected = narrow.featurize(smiles).values
        folded = narrow.folded(wide, counts)
        assert folded.dtype == expected.dtype and folded.has_sorted_indices
        for name in ("data", "indices", "indptr"):
            np.testing.assert_array_equal(getattr(folded, name), getattr(expected, name))
    assert (before != counts).nnz == 0
    for other in (Morgan(size=1000, **kind), Morgan(radius=1, size=1024), Morgan(size=1024, output="dense", **kind)):
        assert other.folded(wide, counts) is None
    assert Morgan(size=1024, **kind).folded(Morgan(**kind), counts) is None
