"""Models of sequences, from FASTA and BED files to tables of scores."""

import numpy as np
import pandas as pd
import pytest

import molgen
from molgen.errors import ConfigError, InputError

MOTIF = "TTGACATATAAT"
NETWORK = {"width": 16, "steps": 2, "epochs": 3, "batch_size": 32}
SETTINGS = {"split": "random", "ensemble": 1, "sequence_network": NETWORK, "tabular": {"rounds": 30}}


def drawn(n, length=60, seed=0, *, motif=False):
    rng = np.random.default_rng(seed)
    rows = ["".join(rng.choice(list("ACGT"), length)) for _ in range(n)]
    return [row[:20] + MOTIF + row[20 + len(MOTIF) :] for row in rows] if motif else rows


def fasta(path, rows, prefix="s"):
    path.write_text("".join(f">{prefix}{number} about\n{row}\n" for number, row in enumerate(rows)))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sequences")
    return fasta(folder / "bound.fa", drawn(150, motif=True), "p"), fasta(folder / "unbound.fa", drawn(150, seed=1), "n")


@pytest.fixture(scope="module")
def trained(files, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "bound.molgen"
    return path, molgen.train(files[0], path, negatives=str(files[1]), target="bound", **SETTINGS)


def test_a_planted_motif_is_found_and_baselines_stand_beside(trained):
    _, result = trained
    figures = result.metrics["test"]
    assert set(figures) == {"mean", "nearest neighbour", "GC content", "words", "sequence", "tabular", "linear", "model"}
    assert figures["model"]["bound"]["auroc"] > 0.95 > figures["GC content"]["bound"]["auroc"]
    assert result.bundle.subject.to_json() == {"kind": "sequence", "alphabet": "dna", "max_letters": 1_000_000, "length": 60}
    assert result.bundle.card["data"]["compounds"] == 300


def test_the_saved_model_predicts_what_it_did(trained):
    path, result = trained
    again = molgen.load(path).predict(result.dataset.texts)
    assert list(again)[:4] == ["sequence", "status", "reason", "notes"]
    assert np.allclose(again["bound"], result.predictions[:, 0], atol=1e-6)


def test_every_row_of_a_screen_keeps_its_place(trained, tmp_path):
    path, result = trained
    table = tmp_path / "rows.csv"
    good = result.dataset.texts[0]
    rows = [good, good.lower(), "", "PEPTIDE", "ACGT", "N" * 60, good + good, good[:30] + "-" + good[31:]]
    pd.DataFrame({"name": list("abcdefgh"), "sequence": rows, "kept": range(8)}).to_csv(table, index=False)
    molgen.screen(table, path, tmp_path / "scores.csv", hits=tmp_path / "hits.csv", report=tmp_path / "report.html", top=2)
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert scores["id"].tolist() == list("abcdefgh") and scores["kept"].tolist() == list(range(8))
    assert scores["status"].tolist() == ["ok", "ok", "invalid", "invalid", "invalid", "invalid", "ok", "ok"]
    assert scores["bound"].isna().tolist() == [status == "invalid" for status in scores["status"]]
    assert scores["bound"][0] == scores["bound"][1]
    assert "too short" in scores["reason"][4] and scores["reason"][5] == "no letter that stands for itself"
    with pytest.raises(ConfigError, match="sequences have no structures"):
        molgen.screen(table, path, tmp_path / "s.csv", hits=tmp_path / "hits.sdf")
    assert pd.read_csv(tmp_path / "hits.csv")["rank"].tolist() == [1, 2]
    assert "Top sequences" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("strands", ["forward", "augment", "average", "share"])
def test_a_graph_network_serves_like_any_other(files, tmp_path, strands):
    network = NETWORK | {"network": "graph", "strands": strands}
    settings = SETTINGS | {"experts": "network", "sequence_network": network}
    path = tmp_path / "graph.molgen"
    result = molgen.train(files[0], path, negatives="dinucleotide", target="bound", **settings)
    again = molgen.load(path)
    assert again.experts[0].architecture["network"] == "graph"
    texts = result.dataset.texts
    rows = [*texts[:5], texts[0][:7], texts[0] * 30]
    one_by_one = np.array([again.predict([row])["bound"][0] for row in rows])
    assert np.allclose(again.predict([*rows, *texts])["bound"][: len(rows)], one_by_one, atol=1e-5)
    other = [row[::-1].translate(str.maketrans("ACGT", "TGCA")) for row in rows]
    assert np.allclose(again.predict(other)["bound"], one_by_one, atol=1e-5) == (strands in ("average", "share"))
    assert np.isfinite(molgen.scan(fasta(tmp_path / "one.fa", texts[:1]), path, positions=(20, 25))[0].effects[:, 19:25]).all()


def test_what_was_measured_is_compared_with_what_is_predicted(trained, files, tmp_path):
    path, _ = trained
    found = molgen.evaluate(files[0], path, tmp_path / "e.csv", negatives=str(files[1]))
    assert found.metrics["bound"]["n"] == 300 and found.metrics["bound"]["auroc"] > 0.95
    assert any("trained on this very table" in note for note in found.notes)
    labels = tmp_path / "labels.csv"
    pd.DataFrame({"id": [f"p{n}" for n in range(150)], "bound": [1] * 150}).to_csv(labels, index=False)
    assert molgen.evaluate(files[0], path, labels=str(labels)).metrics["bound"]["n"] == 150


def test_workers_write_the_same_bytes(trained, files, tmp_path):
    path, _ = trained
    for name, workers in (("one.csv", 1), ("two.csv", 2)):
        molgen.screen(files, path, tmp_path / name, workers=workers)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_labels_of_another_table_are_found_by_id(files, tmp_path):
    labels = tmp_path / "labels.csv"
    pd.DataFrame({"gene": [f"p{n}" for n in range(100)], "level": np.arange(100.0)}).to_csv(labels, index=False)
    result = molgen.train(files[0], labels=str(labels), target="level", experts="tabular", split="random", tabular={"rounds": 20})
    assert len(result.dataset) == 100 and len(result.dataset.dropped) == 50
    assert {reason for _, reason in result.dataset.dropped} == {"no label"}
    assert result.bundle.tasks[0].is_regression


def test_intervals_are_split_by_chromosome_and_read_on_both_strands(tmp_path):
    contigs = {f"chr{n}": "".join(drawn(1, 6000, seed=n)) for n in range(1, 6)}
    (tmp_path / "g.fa").write_text("".join(f">{name}\n{letters}\n" for name, letters in contigs.items()))
    lines = [f"{name}\t{at}\t{at + 40}" for name in contigs for at in range(200, 5800, 280)]
    (tmp_path / "p.bed").write_text("\n".join(lines) + "\n")
    settings = SETTINGS | {"split": "auto", "split_options": {}, "experts": "network"}
    result = molgen.train(tmp_path / "p.bed", genome=str(tmp_path / "g.fa"), length=60, negatives="gc", **settings)
    assert {len(text) for text in result.dataset.texts} == {60}
    assert result.bundle.card["split"]["name"] == "chromosome"
    contigs_of = [
        {result.dataset.contigs[row] for row in part} for part in (result.split.train, result.split.valid, result.split.test)
    ]
    assert sum(map(len, contigs_of)) == len(set().union(*contigs_of)) == 5
    assert result.bundle.experts[0].architecture["strands"] == "average"
    assert [type(extra).__name__ for extra in result.bundle.experts[0].extras] == ["Composition"]  # frames tell strands apart
    result.bundle.save(tmp_path / "p.molgen")
    molgen.screen(tmp_path / "p.bed", tmp_path / "p.molgen", tmp_path / "s.csv", genome=str(tmp_path / "g.fa"))
    assert set(pd.read_csv(tmp_path / "s.csv")["sequence"].str.len()) == {60}  # as in training
    turned = [text[::-1].translate(str.maketrans("ACGTacgt", "TGCAtgca")) for text in result.dataset.texts[:20]]
    assert turned != result.dataset.texts[:20] and result.bundle.predict(turned)["status"].eq("ok").all()


def test_proteins_and_several_classes(tmp_path):
    rng = np.random.default_rng(0)
    kinds = {"helix": "AELKM", "sheet": "VIYFW", "coil": "GPNDS"}
    rows = [(kind, "".join(rng.choice(list(letters), rng.integers(20, 60)))) for kind, letters in kinds.items() for _ in range(40)]
    pd.DataFrame(rows, columns=["fold", "protein"]).to_csv(tmp_path / "t.csv", index=False)
    result = molgen.train(tmp_path / "t.csv", sequence="protein", target="fold", **SETTINGS)
    assert result.bundle.subject.alphabet == "protein"
    assert result.metrics["test"]["model"]["fold"]["balanced_accuracy"] > 0.9
    assert result.bundle.predict(["AELKM" * 5])["fold"].tolist() == ["helix"]


def test_folds_train_on_all_rows(files):
    settings = SETTINGS | {"experts": "tabular", "split": "cluster"}
    result = molgen.train(files[0], negatives=str(files[1]), folds=3, **settings)
    table = result.cross_validation.table()
    assert len(table) == 300 and "sequence" in table and result.split.sizes()["train"] == 300


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": "scaffold"}, "sequences cannot be split by molecular structure"),
        ({"length": 20}, "a length needs a genome"),
        ({"negatives": "gc"}, "drawn from a genome"),
        ({"parent": "encoder"}, "networks of molecules alone"),
        ({"alphabet": "protein", "sequence_network": {"strands": "share"}}, "no other strand"),
    ],
)
def test_what_does_not_go_together_is_refused(files, settings, message):
    with pytest.raises((ConfigError, InputError), match=message):
        molgen.train(files[0], **({"negatives": str(files[1])} | SETTINGS | settings))


def test_models_refuse_what_they_do_not_read(trained, small_bundle, files, tmp_path):
    path, _ = trained
    (tmp_path / "x.smi").write_text("CCO\n")
    with pytest.raises(InputError, match="sequences"):
        molgen.screen(tmp_path / "x.smi", path, tmp_path / "s.csv")
    with pytest.raises(InputError, match="not of molecules"):
        molgen.screen(files[0], small_bundle, tmp_path / "s.csv")
    with pytest.raises(ConfigError, match="filters look at molecules"):
        molgen.screen(files[0], path, tmp_path / "s.csv", filters=["lipinski"])
    with pytest.raises(ConfigError, match="no molecules"):
        molgen.explain("CCO", path)
    with pytest.raises(ConfigError, match="the model reads SMILES"):
        molgen.screen(tmp_path / "x.smi", small_bundle, tmp_path / "s.csv", sequence="x")
