"""Models of pairs: each side once, blocks in training, KronRLS as it is written down, and a library against proteins."""

import numpy as np
import pandas as pd
import pytest
import torch

import molgen
from molgen.data.splits import Split
from molgen.data.targets import Targets
from molgen.data.tasks import Task
from molgen.errors import ConfigError, InputError
from molgen.experts.kronecker import KernelExpert
from molgen.experts.pair import PairExpert
from molgen.featurizers import Kmer, Morgan
from molgen.packed import Repeated
from molgen.training.kronecker import fit_kernel_expert

NETWORK = {"width": 16, "steps": 2, "reader": "dilated", "reader_width": 16, "reader_steps": 2, "epochs": 3, "batch_size": 64}
SETTINGS = {"split": "random", "ensemble": 1, "pair_network": NETWORK, "tabular": {"rounds": 30}}
COLUMNS = {"smiles": "smiles", "sequence": "sequence", "target": "y"}


@pytest.fixture(scope="module")
def tables(nci_smiles, tmp_path_factory):
    """Twenty molecules and twelve proteins; both count, and their product."""
    folder = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(0)
    smiles = nci_smiles[:20]
    proteins = ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), rng.integers(40, 90))) for _ in range(12)]
    a, b = rng.normal(size=20), rng.normal(size=12)
    rows = [(f"d{i}", f"t{j}", a[i] + b[j] + a[i] * b[j]) for i in range(20) for j in range(12) if rng.random() < 0.9]
    pd.DataFrame(rows, columns=["drug", "target", "y"]).to_csv(folder / "affinity.csv", index=False)
    pd.DataFrame({"drug": [f"d{i}" for i in range(20)], "smiles": smiles}).to_csv(folder / "drugs.csv", index=False)
    (folder / "targets.fasta").write_text("".join(f">t{j} kinase\n{each}\n" for j, each in enumerate(proteins)))
    return folder


@pytest.fixture(scope="module")
def trained(tables):
    path = tables / "pairs.molgen"
    joins = [str(tables / "drugs.csv"), f"target={tables / 'targets.fasta'}"]
    return path, molgen.train(tables / "affinity.csv", path, joins=joins, **COLUMNS, **SETTINGS)


def test_baselines_and_experts_of_pairs(trained):
    _, result = trained
    assert set(result.metrics["test"]) == {
        "mean",
        "means of both",
        "pair",
        "tabular",
        "kernel",
        "model",
        "model, sequences swapped",
    }
    assert result.metrics["test"]["means of both"]["y"]["rmse"] < result.metrics["test"]["mean"]["y"]["rmse"]
    swapped, model = (result.metrics["test"][name]["y"]["rmse"] for name in ("model, sequences swapped", "model"))
    assert swapped > model
    assert result.bundle.card["split"]["name"] == "random"
    assert result.dataset.subject.kind == "pair" and len(result.dataset) > 200


def test_the_saved_model_predicts_what_it_did(trained):
    path, result = trained
    again = molgen.load(path).predict(result.dataset.texts)
    assert list(again)[:3] == ["smiles", "sequence", "status"]
    assert np.allclose(again["y"], result.predictions[:, 0], atol=1e-4)


def test_a_library_against_proteins(trained, tables, tmp_path):
    path, result = trained
    texts = dict(result.dataset.texts)
    library = tmp_path / "library.csv"
    pd.DataFrame({"name": ["a", "b", "c"], "smiles": [*list(texts)[:2], "no molecule"], "own": [1, 2, 3]}).to_csv(
        library, index=False
    )
    molgen.screen(library, path, tmp_path / "s.csv", protein=tables / "targets.fasta", hits=tmp_path / "h.csv", top=3)
    scores = pd.read_csv(tmp_path / "s.csv")
    assert scores["id"].tolist() == ["a"] * 12 + ["b"] * 12 + ["c"] * 12
    assert scores["protein"].tolist() == [f"t{j}" for j in range(12)] * 3 and "sequence" not in scores
    assert (
        scores["status"].tolist() == ["ok"] * 24 + ["invalid"] * 12 and scores["own"].tolist() == np.repeat([1, 2, 3], 12).tolist()
    )
    assert len(pd.read_csv(tmp_path / "h.csv")) == 3
    molgen.screen(library, path, tmp_path / "x.csv", protein=tables / "targets.fasta", hits=tmp_path / "h.smi", top=2)
    lines = (tmp_path / "h.smi").read_text().splitlines()
    assert len(lines) == 2 and all(line.split("\t")[0] and " t" in line for line in lines)
    molgen.screen(library, path, tmp_path / "two.csv", protein=tables / "targets.fasta", workers=2)
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "s.csv").read_bytes()


def test_a_table_of_pairs_is_screened_as_it_is(trained, tmp_path):
    path, result = trained
    smiles, letters = zip(*result.dataset.texts[:5], strict=True)
    pd.DataFrame({"smiles": smiles, "sequence": letters}).to_csv(tmp_path / "pairs.csv", index=False)
    molgen.screen(tmp_path / "pairs.csv", path, tmp_path / "s.csv")
    assert np.allclose(pd.read_csv(tmp_path / "s.csv")["y"], result.predictions[:5, 0], atol=1e-4)


def test_the_protein_counts(trained):
    """A model that does not look at the protein would predict the same with another."""
    path, result = trained
    bundle = molgen.load(path)
    (smiles, first), second = result.dataset.texts[0], result.dataset.texts[5][1]
    values = bundle.predict([(smiles, first), (smiles, second)])["y"]
    assert first != second and abs(values[0] - values[1]) > 1e-3


def test_blocks_hold_every_pair_once_and_few_of_each_side(trained):
    _, result = trained
    expert = next(each for each in result.bundle.experts if isinstance(each, PairExpert))
    batch = result.dataset.subject.batch(result.dataset.items)
    features = {
        each: Repeated(each.featurize(batch.parts[each.reads].items).values, batch.parts[each.reads].of_row)
        for each in expert.inputs
    }
    rows = np.arange(len(result.dataset))
    blocks = expert.training_batches(features, rows, np.random.default_rng(0), 20)
    assert sorted(np.concatenate(blocks).tolist()) == rows.tolist() and 8 <= len(blocks) <= 16
    sides = [
        [len({int(features[each].index[row]) for row in block}) for each in (expert.graph, expert.letters)] for block in blocks
    ]
    assert all(molecules * sequences <= 2 * len(block) + 20 for (molecules, sequences), block in zip(sides, blocks, strict=True))
    again = expert.training_batches(features, rows, np.random.default_rng(1), 20)
    assert [block.tolist() for block in again] != [block.tolist() for block in blocks]


def test_each_side_is_encoded_once_when_predicting(trained, monkeypatch):
    _, result = trained
    expert = next(each for each in result.bundle.experts if isinstance(each, PairExpert))
    seen = []
    network = expert.networks[0]
    for name in ("encode_molecules", "encode_sequences"):
        plain = getattr(network, name)

        def counted(*parts, plain=plain, name=name):
            vectors = plain(*parts)
            seen.append((name, len(vectors)))
            return vectors

        monkeypatch.setattr(network, name, counted)
    result.bundle.predict(result.dataset.texts)
    counts = {name: sum(n for each, n in seen if each == name) for name, _ in seen}
    smiles, letters = (len(set(side)) for side in zip(*result.dataset.texts, strict=True))
    assert counts == {"encode_molecules": smiles, "encode_sequences": letters}


def test_kernel_ridge_regression_is_that_of_the_whole_kernel(nci_smiles):
    """With all pairs of few, the dense system can be written down."""
    rng = np.random.default_rng(0)
    bits, words = Morgan(2, 256), Kmer(2, alphabet="protein")
    smiles, proteins = nci_smiles[:8], ["".join(rng.choice(list("ACDEFG"), 30)) for _ in range(5)]
    of_molecule, of_sequence = (each.reshape(-1) for each in np.meshgrid(range(8), range(5), indexing="ij"))
    features = {bits: Repeated(bits.transform(smiles), of_molecule), words: Repeated(words.transform(proteins), of_sequence)}
    y = rng.normal(size=40)
    train = np.arange(0, 40, 1)[rng.random(40) < 0.7]
    valid = np.setdiff1d(np.arange(40), train)
    targets, split = Targets.exact(y[:, None]), Split.of(train, valid, [])
    expert = fit_kernel_expert("k", [Task("y", "regression")], (bits, words), features, targets, split, seed=0)
    dense = bits.transform(smiles).toarray() > 0
    tanimoto = (dense[:, None] & dense).sum(2) / (dense[:, None] | dense).sum(2)
    counts = words.transform(proteins).toarray().astype(float)
    counts /= np.linalg.norm(counts, axis=1, keepdims=True)
    kernel = tanimoto[np.ix_(of_molecule, of_molecule)] * (counts @ counts.T)[np.ix_(of_sequence, of_sequence)]
    found = []
    for strength in (0.03, 0.1, 0.3, 1.0, 3.0):
        dual = np.linalg.solve(kernel[np.ix_(train, train)] + strength * np.eye(len(train)), y[train] - y[train].mean())
        found.append(kernel[:, train] @ dual + y[train].mean())
    best = min(found, key=lambda each: np.mean((each - y)[valid] ** 2))
    assert np.allclose(expert.predict(features)[:, 0], best, atol=5e-3)
    again = KernelExpert.from_members(expert.to_members(), "k", expert.tasks, "file")
    assert np.array_equal(again.predict(features), expert.predict(features))


def test_unseen_molecules_and_unseen_proteins(tables):
    joins = [str(tables / "drugs.csv"), f"target={tables / 'targets.fasta'}"]
    for split, sides in (("scaffold", [0]), ("cluster", [1]), ("both", [0, 1])):
        result = molgen.train(
            tables / "affinity.csv", joins=joins, **COLUMNS, **(SETTINGS | {"split": split, "experts": "tabular"})
        )
        for side in sides:
            parts = [{result.dataset.texts[row][side] for row in part} for part in (result.split.train, result.split.test)]
            assert parts[1] and not parts[0] & parts[1]


@pytest.mark.parametrize(
    ("fasta", "message"),
    [("", "an empty file|no sequence|empty"), (">a\nMKV\n>a\nMKL\n", "two sequences are called 'a'"), (">a\n\n", "record 1")],
)
def test_proteins_that_leave_doubts_are_refused(trained, tmp_path, fasta, message):
    path, _ = trained
    (tmp_path / "p.fasta").write_text(fasta)
    (tmp_path / "x.smi").write_text("CCO\n")
    with pytest.raises(InputError, match=message):
        molgen.screen(tmp_path / "x.smi", path, tmp_path / "s.csv", protein=tmp_path / "p.fasta")


def test_what_does_not_go_together_is_refused(trained, small_bundle, tables, tmp_path):
    path, _ = trained
    (tmp_path / "x.smi").write_text("CCO\n")
    with pytest.raises(InputError, match="sequences"):
        molgen.screen(tmp_path / "x.smi", path, tmp_path / "s.csv")
    with pytest.raises(ConfigError, match="the model reads SMILES"):
        molgen.screen(tmp_path / "x.smi", small_bundle, tmp_path / "s.csv", protein=tables / "targets.fasta")
    with pytest.raises(ConfigError, match="pairs are not stored"):
        joins = [str(tables / "drugs.csv"), f"target={tables / 'targets.fasta'}"]
        molgen.train(tables / "affinity.csv", joins=joins, store_structures=True, **COLUMNS, **SETTINGS)
    table = pd.read_csv(tables / "affinity.csv")
    table.assign(pH=7.0).to_csv(tmp_path / "more.csv", index=False)
    with pytest.raises(ConfigError, match="reads no columns beside them"):
        molgen.train(tmp_path / "more.csv", joins=joins, features=["pH"], **COLUMNS, **SETTINGS)
    with pytest.raises(ConfigError, match="no molecules"):
        molgen.load(path).molecules  # noqa: B018


def test_a_long_protein_is_read_to_its_end(trained):
    path, result = trained
    bundle, smiles = molgen.load(path), result.dataset.texts[0][0]
    rng = np.random.default_rng(0)
    titin = "".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), 35_000))
    torch.manual_seed(0)
    values = bundle.predict([(smiles, titin), (smiles, titin[:30_000] + "W" * 5_000)])
    assert values["status"].tolist() == ["ok", "ok"] and values["y"][0] != values["y"][1]


def test_kernel_expert_of_several_classes(nci_smiles):
    rng = np.random.default_rng(0)
    letters = ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), 50)) for _ in range(5)]
    molecule, sequence = (each.ravel() for each in np.meshgrid(np.arange(12), np.arange(5), indexing="ij"))
    fingerprint, words = Morgan(2, 2048), Kmer(3, alphabet="protein")
    features = {
        fingerprint: Repeated(fingerprint.transform(nci_smiles[:12]), molecule),
        words: Repeated(words.transform(letters), sequence),
    }
    codes = molecule % 3
    values = np.where(np.arange(60)[:, None] % 7 == 0, np.nan, codes[:, None].astype(float))
    task = Task("effect", "multiclass", classes=["none", "partial", "full"])
    split = Split.of(np.arange(60), [], [])
    expert = fit_kernel_expert("kernel", [task], (fingerprint, words), features, Targets.exact(values), split, seed=0)
    again = KernelExpert.from_members(expert.to_members(), "kernel", [task], "file")
    predicted = again.predict(features)
    assert predicted.shape == (60, 3)
    assert np.allclose(predicted, expert.predict(features))
    assert np.allclose(predicted.sum(axis=1), 1) and predicted.min() >= 0
    assert np.mean(predicted.argmax(axis=1) == codes) > 0.8  # one row of seven was not seen
