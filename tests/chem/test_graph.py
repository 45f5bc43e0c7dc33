"""Graphs equal PyG's, value for value, however they were read."""

import csv
import gzip
import warnings

import numpy as np
import pytest
from rdkit import Chem, rdBase

from molgen.chem import graph, rdkit_binary
from molgen.chem.graph import ATOM_FIELD_SIZES, ATOM_FIELDS, BOND_FIELD_SIZES, BOND_FIELDS, GraphBatch, decode_graphs
from molgen.chem.graph_fields import FieldError, read_mol
from molgen.chem.parse import parse_batch
from molgen.chem.rdkit_probes import odd_probes, plain_probes

FILES = [
    ("molecules/chembl_smiles/chembl_validation.csv.gz", 25),
    ("molecules/moleculenet/HIV.csv.gz", 16),
    ("molecules/moleculenet/tox21.csv.gz", 4),
]


@pytest.fixture(autouse=True)
def fresh_self_check():
    rdkit_binary.is_trusted.cache_clear()
    yield
    rdkit_binary.is_trusted.cache_clear()


@pytest.fixture
def mols() -> list[Chem.Mol]:
    return parse(["CCO", "c1ccccc1", "[Na+].[Cl-]", "C", r"F/C=C\[C@H](N)Cl", "O=C(O)c1ccccc1OC(C)=O"])


def parse(smiles):
    parsed = parse_batch(smiles).mols
    return [mol for mol in parsed if mol is not None]


def by_getters(mols) -> tuple[GraphBatch, set[int]]:
    """The reference: one molecule at a time, by RDKit's getters."""
    parts, failed = [], set()
    for row, mol in enumerate(mols):
        arrays = (np.zeros((0, 9), np.uint8), np.zeros((0, 2), np.int32), np.zeros((0, 3), np.uint8))
        if mol is not None:
            try:
                arrays = read_mol(mol)
            except FieldError:
                failed.add(row)
        parts.append(GraphBatch(*arrays, *(np.array([0, len(arrays[i])], np.int32) for i in (0, 1))))
    return GraphBatch.concatenate(parts), failed


def assert_same(got: GraphBatch, expected: GraphBatch) -> None:
    for name in ("atoms", "bonds", "bond_fields", "atom_ptr", "bond_ptr"):
        left, right = getattr(got, name), getattr(expected, name)
        assert left.dtype == right.dtype, name
        np.testing.assert_array_equal(left, right, err_msg=name)


def pyg_batch(mols):
    from torch_geometric.data import Batch
    from torch_geometric.utils.smiles import from_rdmol

    data = []
    for mol in mols:
        try:
            data.append(from_rdmol(Chem.Mol() if mol is None else mol))
        except ValueError:
            data.append(from_rdmol(Chem.Mol()))
    return Batch.from_data_list(data)


def assert_same_pyg(got, expected) -> None:
    for name in ("x", "edge_index", "edge_attr", "batch", "ptr"):
        left, right = getattr(got, name), getattr(expected, name)
        assert left.dtype == right.dtype, name
        assert left.shape == right.shape, name
        assert left.equal(right), name
    assert got.num_graphs == expected.num_graphs
    assert got.num_nodes == expected.num_nodes


# --- the vocabulary -------------------------------------------------------------------------------------------------


def test_vocabulary_is_that_of_pyg():
    from torch_geometric.utils.smiles import e_map, x_map

    assert tuple(x_map) == ATOM_FIELDS
    assert tuple(e_map) == BOND_FIELDS
    assert tuple(map(len, x_map.values())) == ATOM_FIELD_SIZES
    assert tuple(map(len, e_map.values())) == BOND_FIELD_SIZES


def test_ethanol_by_hand():
    batch, errors = decode_graphs(parse(["CCO"]) * 4)
    assert not errors
    carbon_3h, carbon_2h, oxygen = [6, 0, 4, 5, 3, 0, 4, 0, 0], [6, 0, 4, 5, 2, 0, 4, 0, 0], [8, 0, 2, 5, 1, 0, 4, 0, 0]
    np.testing.assert_array_equal(batch.atoms, [carbon_3h, carbon_2h, oxygen] * 4)
    np.testing.assert_array_equal(batch.bonds[:4], [[0, 1], [1, 2], [3, 4], [4, 5]])
    np.testing.assert_array_equal(batch.bond_fields, [[1, 0, 0]] * 8)
    np.testing.assert_array_equal(batch.atom_ptr, [0, 3, 6, 9, 12])


# --- the same as PyG ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "every"), FILES)
def test_equals_pyg_on_real_molecules(data_dir, name, every):
    with gzip.open(data_dir / name, "rt") as handle:
        smiles = [row["smiles"] for row in csv.DictReader(handle)][::every]
    mols = parse(smiles)
    assert len(mols) > 1800
    batch, errors = decode_graphs(mols)
    assert_same_pyg(batch.to_pyg(), pyg_batch(mols))
    assert errors.keys() == by_getters(mols)[1]


def test_equals_pyg_on_salts_and_metals(nci_smiles):
    mols = parse(nci_smiles[::2])
    assert len(mols) > 2400
    assert_same_pyg(decode_graphs(mols)[0].to_pyg(), pyg_batch(mols))


def test_equals_getters_on_all_of_nci(nci_smiles):
    mols = parse_batch(nci_smiles).mols
    batch, errors = decode_graphs(mols)
    expected, failed = by_getters(mols)
    assert_same(batch, expected)
    assert errors.keys() == failed


def test_equals_from_smiles(monkeypatch):
    from torch_geometric.data import Batch
    from torch_geometric.utils import from_smiles

    monkeypatch.setattr("rdkit.RDLogger.DisableLog", lambda *_: None)  # or PyG silences RDKit for the tests that follow
    smiles = ["CC(=O)Oc1ccccc1C(=O)O", "C/C=C/C", "[Na+].[Cl-]", "C", "C[C@H](N)C(=O)O", "N->[Pt](<-N)(Cl)Cl"]
    expected = Batch.from_data_list([from_smiles(text) for text in smiles])
    assert_same_pyg(decode_graphs([Chem.MolFromSmiles(text) for text in smiles])[0].to_pyg(), expected)


def test_equals_pyg_on_every_kind_of_probe():
    mols = [*plain_probes(), *odd_probes()]
    batch, errors = decode_graphs(mols)
    assert_same_pyg(batch.to_pyg(), pyg_batch(mols))
    assert_same(batch, by_getters(mols)[0])
    assert len(errors) == 1
    assert "SP2D" in next(iter(errors.values()))


def test_probes_cover_the_vocabulary():
    batch, _ = decode_graphs(plain_probes())
    for field, least in {"chirality": 5, "formal_charge": 7, "num_hs": 5, "num_radical_electrons": 3}.items():
        assert len(np.unique(batch.atoms[:, ATOM_FIELDS.index(field)])) >= least, field
    assert set(batch.bond_fields[:, 1]) == set(range(6))
    assert {1, 2, 3, 4, 12, 17} <= set(batch.bond_fields[:, 0])


@pytest.mark.parametrize("n_atoms", [254, 255, 256, 300])
@pytest.mark.parametrize("unit", ["C", "OCC", "NCC(=O)"])
def test_large_molecules(unit, n_atoms):
    atoms_per_unit = sum(letter.isalpha() for letter in unit)
    chain = unit * (n_atoms // atoms_per_unit) + "C" * (n_atoms % atoms_per_unit)
    mols = parse(["CCO", chain, "C1CC1", "C1" + "C" * (n_atoms - 2) + "C1"])
    batch, errors = decode_graphs(mols)
    assert np.diff(batch.atom_ptr).tolist() == [3, n_atoms, 3, n_atoms]
    assert not errors
    assert_same(batch, by_getters(mols)[0])


# --- molecules from elsewhere ---------------------------------------------------------------------------------------


def test_properties_and_coordinates_do_not_matter(mols):
    plain, _ = decode_graphs(mols)
    for mol in mols:
        mol.SetProp("_Name", "x" * 300)
        mol.GetAtomWithIdx(0).SetProp("note", "y")
        mol.AddConformer(Chem.Conformer(mol.GetNumAtoms()))
    before = Chem.GetDefaultPickleProperties()
    Chem.SetDefaultPickleProperties(Chem.PropertyPickleOptions.AllProps)
    try:
        assert_same(decode_graphs(mols)[0], plain)
    finally:
        Chem.SetDefaultPickleProperties(before)


def test_molecules_of_every_origin(mols):
    odd = [
        Chem.AddHs(mols[5]),
        Chem.RemoveHs(Chem.AddHs(mols[4])),
        Chem.MolFromMolBlock(Chem.MolToMolBlock(mols[4])),
        Chem.MolFromMolBlock(Chem.MolToV3KMolBlock(mols[5])),
        Chem.RWMol(mols[1]),
        Chem.GetMolFrags(mols[2], asMols=True)[0],
        Chem.MolFromSequence("MKTAYIAKQR"),
        Chem.MolFromInchi("InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3"),
        Chem.MolFromSmiles("C[C@H](O)[C@@H](F)Cl |&1:1,3|"),
        Chem.MolFromSmiles("CC=CC |w:1.0|"),
        Chem.MolFromSmiles("[CH3:7]O"),
        Chem.MolFromSmiles("CO |$R1;$|"),
    ]
    batch, errors = decode_graphs(odd)
    assert not errors
    assert_same(batch, by_getters(odd)[0])


def test_kekulized_and_fast_ring_molecules_equal_getters(mols):
    kekulized = Chem.Mol(mols[1])
    Chem.Kekulize(kekulized, clearAromaticFlags=True)
    trusted = Chem.MolFromSmiles("C1CC2CCC1C2", sanitize=False)
    trusted.UpdatePropertyCache(False)
    Chem.FastFindRings(trusted)
    Chem.SetHybridization(trusted)
    batch = [kekulized, trusted, mols[0]]
    assert_same(decode_graphs(batch)[0], by_getters(batch)[0])


def test_unsanitized_molecules_are_errors(mols, capfd):
    rows = [Chem.MolFromSmiles("C1CC1", sanitize=False), *mols, Chem.MolFromSmiles("CO", sanitize=False)]
    batch, errors = decode_graphs(rows)
    assert errors == dict.fromkeys([0, 7], "not sanitised: hydrogens are not counted")
    assert_same(batch, by_getters([None, *mols, None])[0])
    assert not capfd.readouterr().err


def test_rings_that_were_never_sought_are_found(mols):
    def without_rings():
        mol = Chem.MolFromSmiles("C1CC1", sanitize=False)
        mol.UpdatePropertyCache()
        return mol

    batch, errors = decode_graphs([*mols, without_rings()])
    assert not errors
    assert_same(batch, by_getters([*mols, without_rings()])[0])
    assert batch.atoms[-3:, 8].all()


@pytest.mark.parametrize(
    ("smiles", "detail"),
    [
        ("[Fe+7]", "formal_charge +7 of atom 0"),
        ("C.[C-6]", "formal_charge -6 of atom 1"),
        ("[UH9]", "num_hs 9 of atom 0"),
        ("C[Pt@SP1](F)(Cl)N", "hybridization SP2D of atom 1"),
    ],
)
def test_values_outside_the_vocabulary_are_errors(mols, smiles, detail):
    from torch_geometric.utils.smiles import from_rdmol

    with rdBase.BlockLogs():
        strange = Chem.MolFromSmiles(smiles)
    with pytest.raises(ValueError, match="is not in list"):
        from_rdmol(strange)
    batch, errors = decode_graphs([mols[0], strange, None, *mols])
    assert errors == {1: f"outside the graph vocabulary: {detail}"}
    assert_same(batch, by_getters([mols[0], None, None, *mols])[0])


def test_atropisomer_bond_is_an_error(mols):
    strange = Chem.MolFromSmiles("Fc1cccc(Cl)c1-c1c(F)cccc1Br")
    bond = next(b for b in strange.GetBonds() if str(b.GetBondType()) == "SINGLE" and b.GetBeginAtomIdx() == 7)
    bond.SetStereoAtoms(5, 9)
    bond.SetStereo(Chem.BondStereo.STEREOATROPCW)
    _, errors = decode_graphs([*mols, strange])
    assert errors == {6: f"outside the graph vocabulary: stereo STEREOATROPCW of bond {bond.GetIdx()}"}


# --- batches --------------------------------------------------------------------------------------------------------


def test_batch_does_not_matter(nci_smiles, monkeypatch):
    mols = parse_batch(nci_smiles[:300]).mols
    whole, errors = decode_graphs(mols)
    for block in (1, 2, 7, 64):
        monkeypatch.setattr(graph, "_BLOCK", block)
        again, again_errors = decode_graphs(mols)
        assert_same(again, whole)
        assert again_errors == errors
    order = np.random.default_rng(0).permutation(len(mols))
    assert_same(decode_graphs([mols[i] for i in order])[0], whole.select(order))


def test_no_rows_and_no_molecules():
    for rows in ([], [None], [None] * 5, [Chem.Mol()] * 4):
        batch, errors = decode_graphs(rows)
        assert not errors
        assert len(batch) == len(rows)
        assert batch.atoms.shape == (0, 9)
        assert batch.bonds.shape == (0, 2)
        assert batch.bond_fields.shape == (0, 3)
        assert batch.to_torch().n_graphs == len(rows)
        assert batch.to_pyg().num_graphs == len(rows)
        assert len(batch.select(np.arange(len(rows)))) == len(rows)
        assert len(GraphBatch.concatenate([batch, batch])) == 2 * len(rows)


def test_select(mols):
    rows = [mols[0], None, *mols[1:]]
    batch, _ = decode_graphs(rows)
    for chosen in ([0], [6, 6, 1, 0], [-1, 2], [], np.array([3, 1], np.int32), range(7)):
        assert_same(batch.select(chosen), by_getters([rows[i] for i in chosen])[0])
    mask = np.array([True, True, False, False, True, False, False])
    assert_same(batch.select(mask), by_getters([rows[0], None, rows[4]])[0])


@pytest.mark.parametrize("rows", [[6], [-7], [True, False], [[True] * 6]])
def test_select_refuses_graphs_that_are_not_there(mols, rows):
    batch, _ = decode_graphs(mols)
    with pytest.raises(IndexError):
        batch.select(rows)


def test_select_refuses_fractions(mols):
    with pytest.raises(TypeError):
        decode_graphs(mols)[0].select([0.5])


def test_concatenate_is_undone_by_select(mols):
    batch, _ = decode_graphs([*mols, None])
    parts = [batch.select([0, 1]), batch.select([]), batch.select([2, 3, 4]), batch.select([5, 6])]
    assert_same(GraphBatch.concatenate(parts), batch)
    assert len(GraphBatch.concatenate([])) == 0


def test_to_pyg_can_be_taken_apart(mols):
    rows = [mols[0], None, *mols[1:]]
    got, expected = decode_graphs(rows)[0].to_pyg(), pyg_batch(rows)
    for left, right in zip(got.to_data_list(), expected.to_data_list(), strict=True):
        assert left.x.equal(right.x)
        assert left.edge_index.equal(right.edge_index)
        assert left.edge_attr.equal(right.edge_attr)
    assert got.get_example(2).edge_index.max() == 5
    assert set(got.keys()) == set(expected.keys())


def test_to_torch_shares_memory(mols):
    batch, _ = decode_graphs([*mols, None])
    tensors = batch.to_torch()
    assert tensors.n_graphs == 7
    assert tensors.batch.tolist() == np.repeat(np.arange(7), np.diff(batch.atom_ptr)).tolist()
    for tensor, array in zip(tensors[:3], (batch.atoms, batch.bonds, batch.bond_fields), strict=True):
        assert tensor.numpy().dtype == array.dtype
        assert np.shares_memory(tensor.numpy(), array)
    batch.atoms.flags.writeable = False
    assert not np.shares_memory(batch.to_torch().atoms.numpy(), batch.atoms)


# --- trust ----------------------------------------------------------------------------------------------------------


def test_known_binary_form_is_trusted_without_a_word(mols):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rdkit_binary.is_trusted()
    decoded = rdkit_binary.decode(mols)
    assert not decoded.refused.any()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("_VERSIONS", frozenset({(99, 0)}), "which molgen does not know"),
        ("_CHIRALITY", rdkit_binary._EXPLICIT_HS, "does not say what its getters say"),
        ("_RING_TAGS", (20,), "has parts that molgen does not know"),
        ("_FIRST_ATOM", 31, "has parts that molgen does not know"),
    ],
)
def test_unknown_binary_form_falls_back_with_one_warning(mols, monkeypatch, name, value, message):
    expected, _ = decode_graphs(mols)
    rdkit_binary.is_trusted.cache_clear()
    monkeypatch.setattr(rdkit_binary, name, value)
    with pytest.warns(RuntimeWarning, match=message) as record:
        for _ in range(3):
            batch, errors = decode_graphs([*mols, None])
    assert len(record) == 1
    assert not errors
    assert_same(batch.select(range(6)), expected)


def test_damaged_bytes_are_refused_not_misread(mols, monkeypatch):
    """Whatever the bytes are, decoding ends, and an honest neighbour is read all the same."""
    pickles = [mol.ToBinary(rdkit_binary._NO_CONFORMERS) for mol in mols]
    rng = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(pickles[5])
        place = int(rng.integers(20, len(damaged)))
        damaged[place : place + int(rng.integers(1, 5))] = rng.bytes(int(rng.integers(0, 5)))
        feed = iter([pickles[0], bytes(damaged), pickles[4]])
        monkeypatch.setattr(rdkit_binary, "_pickle", lambda _, feed=feed: next(feed))
        decoded = rdkit_binary.decode(mols[:3])
        assert not decoded.refused[[0, 2]].any()
        np.testing.assert_array_equal(decoded.arrays[0][:3], read_mol(mols[0])[0])
        np.testing.assert_array_equal(decoded.arrays[0][-len(read_mol(mols[4])[0]) :], read_mol(mols[4])[0])
