"""Explanations: parts that add up, planted contributions that are found again, and neighbours with their labels."""

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

import molgen
from molgen.attribution.gradients import can_integrate, integrate_gradients
from molgen.attribution.masking import mask_atom
from molgen.data.tasks import logit
from molgen.errors import ConfigError, InputError

PLANTED = {"[OX2H]": -1.0, "[CX3](=O)": -0.5, "[#7]": -0.7, "[Cl,Br]": 0.8, "[CH3]": 0.5, "c": 0.3}
SMILES = ["CC(=O)Nc1ccc(O)cc1", "CN1CCC[C@H]1c1cccnc1", "ClC(Cl)=C(Cl)C(O)CC"]


def planted(mol):
    """Return what each atom adds to the planted property."""
    parts = np.zeros(mol.GetNumAtoms())
    for smarts, value in PLANTED.items():
        for first, *_ in mol.GetSubstructMatches(Chem.MolFromSmarts(smarts)):
            parts[first] += value
    return parts


@pytest.fixture(scope="module")
def table(nci_smiles, tmp_path_factory):
    """1,400 molecules whose property is a sum over their atoms, and whether they have a hydroxyl group."""
    path = tmp_path_factory.mktemp("planted") / "planted.csv"
    mols = [mol for smiles in nci_smiles[:2200] if (mol := Chem.MolFromSmiles(smiles)) is not None and mol.GetNumAtoms() > 5]
    hydroxyl = Chem.MolFromSmarts("[OX2H]")
    rows = [(Chem.MolToSmiles(mol), planted(mol).sum(), int(mol.HasSubstructMatch(hydroxyl))) for mol in mols[:1400]]
    pd.DataFrame(rows, columns=["smiles", "sum", "hydroxyl"]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def network(table):
    settings = {"experts": "graph", "split": "random", "graph": {"epochs": 15, "width": 64}, "ensemble": 2}
    return molgen.train(table, target=["sum", "hydroxyl"], store_structures=True, **settings).bundle


@pytest.fixture(scope="module")
def trees(table):
    return molgen.train(table, target=["sum", "hydroxyl"], experts="tabular", split="random", tabular={"rounds": 150}).bundle


@pytest.fixture(scope="module")
def unseen(nci_smiles):
    mols = [Chem.MolFromSmiles(smiles) for smiles in nci_smiles[2300:2420]]
    return [Chem.MolToSmiles(mol) for mol in mols if mol is not None and mol.GetNumAtoms() > 5][:60]


def correlation(explanations):
    """Correlate the parts of atoms with what was planted, over all atoms."""
    found = [(each.tasks[0].atoms, planted(each.mol)) for each in explanations if each.mol is not None]
    parts, truth = (np.concatenate(each) for each in zip(*found, strict=True))
    known = ~np.isnan(parts)
    return np.corrcoef(parts[known], truth[known])[0, 1]


def test_parts_add_up_to_the_prediction(network):
    predicted = network.predict(SMILES)
    for each, row in zip(molgen.explain(SMILES, network), predicted.to_dict("records"), strict=True):
        for of in each.tasks:
            whole = of.base + of.atoms.sum() + of.bonds.sum() + sum(of.features.values())
            value = row[of.task.name] if of.task.is_regression else float(logit(np.array(row[of.task.name])))
            assert of.value == pytest.approx(row[of.task.name])
            assert of.method == "gradients"
            assert whole + of.remainder == pytest.approx(value, abs=1e-5)
            assert abs(of.remainder) < 0.05 * max(1.0, abs(value))


def test_more_points_leave_less_of_a_remainder(network):
    left = [
        np.abs([of.remainder for each in molgen.explain(SMILES, network, steps=steps) for of in each.tasks]).mean()
        for steps in (4, 256)
    ]
    assert left[1] < left[0] / 3


def test_planted_contributions_are_found_by_gradients(network, unseen):
    assert correlation(molgen.explain(unseen, network, tasks=["sum"])) > 0.75


def test_planted_contributions_are_found_by_masking_in_trees(trees, unseen):
    explained = molgen.explain(unseen, trees, tasks=["sum"])
    assert {each.tasks[0].method for each in explained} == {"masking"}
    assert correlation(explained) > 0.5


@pytest.mark.parametrize("method", ["gradients", "masking"])
def test_the_group_that_decides_a_class_stands_out(network, method):
    (explained,) = molgen.explain("CCCCC(O)CCC(C)C", network, tasks=["hydroxyl"], method=method)
    oxygen = next(atom.GetIdx() for atom in explained.mol.GetAtoms() if atom.GetSymbol() == "O")
    (of,) = explained.tasks
    assert of.value > 0.5
    assert int(np.argmax(of.atoms)) == oxygen


def test_masking_works_for_a_blend_and_several_classes(measured_table, small_bundle, tmp_path):
    explained = molgen.explain(SMILES[0], small_bundle)[0]
    assert [of.method for of in explained.tasks] == ["masking"] * 2
    frame = pd.read_csv(measured_table)
    frame["level"] = pd.qcut(frame["activity"], 3, labels=["low", "middle", "high"])
    frame.to_csv(tmp_path / "levels.csv", index=False)
    model = molgen.train(tmp_path / "levels.csv", target="level", experts="graph", split="random", graph={"epochs": 2, "width": 16})
    (of,) = molgen.explain(SMILES[0], model.bundle)[0].tasks
    assert of.method == "masking"
    assert of.label == model.bundle.predict(SMILES[:1])["level"][0]
    row = model.bundle.predict(SMILES[:1]).iloc[0]
    assert of.value == pytest.approx(max(row[f"level_{word}"] for word in ("low", "middle", "high")))


def test_neighbours_are_training_compounds_with_their_labels(network, table):
    known = pd.read_csv(table)
    (explained,) = molgen.explain(known["smiles"][0], network, tasks=["sum"], neighbours=4)
    kept = dict(zip(network.structures.ids, network.structures.labels[:, 0], strict=True))
    assert [near.similarity for near in explained.neighbours] == sorted(
        (near.similarity for near in explained.neighbours), reverse=True
    )
    assert len(explained.neighbours) == 4
    assert all(near.measured["sum"] == kept[near.id] for near in explained.neighbours)
    assert molgen.explain("CCO", network, neighbours=0)[0].neighbours == []


def test_every_row_comes_out_and_bad_ones_say_why(network):
    explained = molgen.explain(["CCO", "nonsense", "", "C", "[Na+].[Cl-]", "CC(=O)[O-].[Na+]"], network, method="masking")
    assert [each.status for each in explained] == ["ok", "invalid", "invalid", "ok", "ok", "ok"]
    assert explained[1].reason
    assert np.isnan(explained[3].tasks[0].atoms).all()
    assert "salt" in explained[5].notes


@pytest.mark.parametrize(
    ("smiles", "at", "masked"),
    [
        ("CCO", 2, "CC"),
        ("c1ccncc1", 3, "c1ccccc1"),
        ("c1ccncc1", 0, "C1C=NC=CC1"),
        ("CC(=O)NC", 3, "CCC(C)=O"),
        ("C[N+](C)(C)CC(=O)[O-]", 1, "CC(C)(C)CC(=O)[O-]"),
        ("FS(F)(F)(F)(F)c1ccccc1", 1, None),
        ("O", 0, None),
        ("c1cc[nH]c1", 3, "C1=CCC=C1"),
    ],
)
def test_what_stands_in_an_atoms_place(smiles, at, masked):
    mol = Chem.MolFromSmiles(smiles)
    found = mask_atom(mol, at)
    assert (None if found is None else Chem.MolToSmiles(found)) == (masked and Chem.CanonSmiles(masked))
    assert Chem.MolToSmiles(mol) == Chem.CanonSmiles(smiles)


def test_calls_that_cannot_work_are_told(network, trees, small_bundle):
    with pytest.raises(ConfigError, match=r"no task 'nothing'.*'sum'"):
        molgen.explain("CCO", network, tasks=["nothing"])
    with pytest.raises(ConfigError, match="use masking"):
        molgen.explain("CCO", trees, method="gradients")
    with pytest.raises(ConfigError, match="unknown method"):
        molgen.explain("CCO", network, method="guess")
    with pytest.raises(ConfigError, match="steps"):
        molgen.explain("CCO", network, steps=0)


def test_a_model_that_reads_columns_is_refused(measured_table, tmp_path):
    frame = pd.read_csv(measured_table).assign(dose=1.0)
    frame.to_csv(tmp_path / "dosed.csv", index=False)
    quick = {"experts": "tabular", "split": "random", "tabular": {"rounds": 3}}
    model = molgen.train(tmp_path / "dosed.csv", target="activity", features=["dose"], **quick).bundle
    with pytest.raises(ConfigError, match="dose"):
        molgen.explain("CCO", model)


def test_the_table_and_the_page(network, tmp_path, parse_page):
    table, report = tmp_path / "parts.csv", tmp_path / "why.html"
    found = molgen.explain([*SMILES, "<b>bad"], network, table, report=report)
    whole = pd.read_csv(table)
    assert whole["row"].unique().tolist() == [*range(1, len(SMILES) + 2)]
    assert whole.iloc[-1][["smiles", "status"]].tolist() == ["<b>bad", "invalid"]
    assert whole.iloc[-1]["reason"] == found[-1].reason
    frame = whole[whole["status"] == "ok"]
    assert list(frame) == ["row", "smiles", "status", "reason", "task", "part", "index", "name", "attribution"]
    assert set(frame["part"]) == {"atom", "bond", "feature", "base", "remainder"}
    for each in found[:3]:
        for of in each.tasks:
            own = frame[(frame["smiles"] == each.smiles) & (frame["task"] == of.task.name)]
            value = of.value if of.task.is_regression else float(logit(np.array(of.value)))
            assert own["attribution"].sum() == pytest.approx(value, abs=1e-3)
    shown = parse_page(report.read_text())
    assert "<b>bad" not in report.read_text()
    assert report.read_text().count("<svg") == 6
    assert "hydroxyl" in shown.text
    with pytest.raises(InputError, match="exists"):
        molgen.explain("CCO", network, table)


def test_atoms_are_numbered_as_in_what_was_scored(network):
    (explained,) = molgen.explain("[Na+].[O-]C(=O)CCl", network, tasks=["sum"], method="masking")
    symbols = [atom.GetSymbol() for atom in explained.mol.GetAtoms()]
    assert explained.scored == Chem.CanonSmiles(explained.scored) == "O=C(O)CCl"
    assert symbols == ["O", "C", "O", "C", "Cl"]
    assert explained.to_json()["symbols"] == symbols
    same = molgen.explain("O=C(O)CCl", network, tasks=["sum"], method="masking")[0]
    np.testing.assert_allclose(explained.tasks[0].atoms, same.tasks[0].atoms, atol=1e-5)


def test_molecules_and_nothing_at_all(network, tmp_path):
    mol = Chem.MolFromSmiles("CCO")
    assert [each.smiles for each in molgen.explain(mol, network)] == ["CCO"]
    assert [each.smiles for each in molgen.explain([mol, "CCN"], network)] == ["CCO", "CCN"]
    assert molgen.explain([], network, tmp_path / "none.csv", report=tmp_path / "none.html") == []
    assert list(pd.read_csv(tmp_path / "none.csv"))[:2] == ["row", "smiles"]
    with pytest.raises(ConfigError, match="1 to 512"):
        molgen.explain("CCO", network, steps=100_000)


@pytest.mark.parametrize("architecture", ["gin", "attentivefp"])
def test_other_architectures_are_explained_too(measured_table, architecture):
    quick = {"network": architecture, "epochs": 2, "width": 16}
    bundle = molgen.train(measured_table, target="activity", experts="graph", split="random", graph=quick).bundle
    (of,) = molgen.explain("CC(=O)Nc1ccc(O)cc1", bundle)[0].tasks
    assert of.method == "gradients"
    assert abs(of.remainder) < 0.05


def test_an_expert_without_weight_is_not_integrated(small_bundle):
    bundle = molgen.load(small_bundle)
    task = bundle.tasks[0]
    assert not can_integrate(bundle, task)
    networks = np.array([expert.kind == "graph" for expert in bundle.experts], float)
    bundle.weights = np.repeat((networks / networks.sum())[:, None], len(bundle.tasks), axis=1)
    assert can_integrate(bundle, task)
    (mol,) = bundle.read(["CCOc1ccccc1C(=O)N"]).items
    found = integrate_gradients(bundle, mol, task, 64)
    whole = found.base + found.atoms.sum() + found.bonds.sum() + sum(found.features.values())
    assert whole == pytest.approx(bundle.score([mol]).values[0, 0], abs=0.02)
