"""Models of responses: samples of numbers beside molecules, from tables to scores."""

import numpy as np
import pandas as pd
import pytest

import molgen
from molgen.bio.profiles import Profile
from molgen.errors import BundleError, ConfigError, InputError
from molgen.training.metrics import median_correlation

NETWORK = {"width": 16, "steps": 2, "epochs": 8, "batch_size": 64}
SETTINGS = {
    "split": "cluster",
    "ensemble": 1,
    "pair_network": NETWORK,
    "tabular": {"rounds": 40},
    "replicates": "keep",
    "fractions": [0.6, 0.15, 0.25],
}


@pytest.fixture(scope="module")
def tables(nci_smiles, tmp_path_factory):
    """Sixteen molecules on forty samples; gene g0 of a sample decides what each molecule does to it."""
    folder = tmp_path_factory.mktemp("responses")
    rng = np.random.default_rng(0)
    genes = rng.normal(size=(40, 6))
    pd.DataFrame(genes, index=[f"s{i}" for i in range(40)], columns=[f"g{i}" for i in range(6)]).to_csv(folder / "e.csv")
    effect, slope = rng.normal(size=16), rng.normal(size=16)
    rows = [
        (smiles, f"s{j}", effect[i] + 2 * slope[i] * genes[j, 0] + 0.1 * rng.normal())
        for i, smiles in enumerate(nci_smiles[:16])
        for j in range(40)
    ]
    pd.DataFrame(rows, columns=["smiles", "line", "y"]).to_csv(folder / "r.csv", index=False)
    (folder / "g.csv").write_text("gene,other\ng0,g1\ng2,g3\n")
    return folder


@pytest.fixture(scope="module")
def trained(tables):
    path = tables / "r.molgen"
    files = {"sample": "line", "profiles": [f"e={tables / 'e.csv'}"], "gene_graph": str(tables / "g.csv")}
    return path, molgen.train(tables / "r.csv", path, target="y", **files, **SETTINGS)


def test_samples_that_were_not_seen(trained):
    _, result = trained
    test = {name: values["y"] for name, values in result.metrics["test"].items()}
    assert set(test) == {"mean", "means of both", "response", "tabular", "kernel", "model", "model, profiles swapped"}
    seen, held_out = ({result.dataset.texts[row][1] for row in rows} for rows in (result.split.train, result.split.test))
    assert not seen & held_out
    # Molecules' own means tell samples apart as little as one number does.
    assert test["means of both"]["per_molecule"] == 0 < test["model"]["per_molecule"]
    assert test["model"]["rmse"] < test["means of both"]["rmse"] < test["model, profiles swapped"]["rmse"]
    assert np.isnan(result.metrics["valid"]["model, profiles swapped"]["y"]["rmse"]) == 0


def test_the_saved_model_predicts_what_it_did(trained):
    path, result = trained
    rows = result.split.test
    again = molgen.load(path).predict([result.dataset.texts[row] for row in rows])
    assert list(again)[:3] == ["smiles", "profile", "status"]
    assert again["profile"].tolist() == [str(result.dataset.texts[row][1]) for row in rows]
    assert np.allclose(again["y"], result.predictions[rows, 0], atol=1e-4)


def test_numbers_are_found_by_name_and_may_come_as_they_are(trained):
    path, result = trained
    bundle = molgen.load(path)
    smiles, profile = result.dataset.texts[0]
    turned = Profile("other", [*profile.names[::-1], "e:unheard"], [*profile.values[::-1], 5.0])
    numbers = dict(zip(profile.names, profile.values.tolist(), strict=True))
    found = bundle.predict([(smiles, profile), (smiles, turned), (smiles, numbers), (smiles, {"e:g0": 1}), (smiles, "nobody")])
    assert np.ptp(found["y"][:3]) < 1e-5 and found["y"][3:].isna().all()
    assert found["reason"][3] == "numbers are missing: 5 of 6, such as 'e:g1'" and found["reason"][4] == "no profile of 'nobody'"


def test_a_library_against_samples(trained, tables, nci_smiles, tmp_path):
    path, _ = trained
    library = tmp_path / "l.smi"
    library.write_text(f"{nci_smiles[0]} a\n{nci_smiles[1]} b\nno c\n")
    written = []
    for workers in (1, 2):
        out = tmp_path / f"s{workers}.csv"
        molgen.screen(
            library, path, out, profiles=[f"e={tables / 'e.csv'}"], workers=workers, hits=tmp_path / f"h{workers}.sdf", top=3
        )
        written.append(out.read_bytes())
    assert written[0] == written[1]
    scores = pd.read_csv(tmp_path / "s1.csv")
    assert scores["sample"].tolist() == [f"s{i}" for i in range(40)] * 3 and scores["id"].tolist() == [
        *"a" * 40,
        *"b" * 40,
        *"c" * 40,
    ]
    assert scores["status"].tolist() == ["ok"] * 80 + ["invalid"] * 40 and scores["y"].notna().sum() == 80
    assert "a s" in (tmp_path / "h1.sdf").read_text() or "b s" in (tmp_path / "h1.sdf").read_text()


def test_measured_responses_are_evaluated(trained, tables):
    path, result = trained
    found = molgen.evaluate(tables / "r.csv", path, sample="line", profiles=[f"e={tables / 'e.csv'}"])
    errors = found.predictions["y"] - result.dataset.targets[:, 0]
    assert 0 < found.metrics["y"]["per_molecule"] <= 1 and 0 < found.metrics["y"]["per_sample"] <= 1
    assert found.metrics["y"]["n"] == 640 and np.isclose(found.metrics["y"]["rmse"], np.sqrt((errors**2).mean()), atol=1e-3)


def test_what_is_not_there_is_told(trained, tables, tmp_path, nci_smiles):
    path, _ = trained
    (tmp_path / "l.smi").write_text(nci_smiles[0])
    with pytest.raises(ConfigError, match="--profiles FILE"):
        molgen.screen(tmp_path / "l.smi", path, tmp_path / "s.csv")
    with pytest.raises(ConfigError, match="the model reads responses of samples"):
        molgen.screen(tmp_path / "l.smi", path, tmp_path / "s.csv", protein=tables / "e.csv")
    with pytest.raises(InputError, match="--sample COLUMN --profiles FILE"):
        molgen.evaluate(tables / "r.csv", path)
    with pytest.raises(ConfigError, match="gene_graph joins genes of samples"):
        molgen.train(tables / "r.csv", target="y", gene_graph="g.csv")
    with pytest.raises(ConfigError, match="samples have no letters to read"):
        files = {"sample": "line", "profiles": [str(tables / "e.csv")]}
        molgen.train(tables / "r.csv", target="y", **files, pair_network={"reader": "dilated"})
    with pytest.raises(InputError, match="no row has a profile"):
        (tmp_path / "other.csv").write_text("line,g0\nnobody,1\n")
        molgen.train(tables / "r.csv", target="y", sample="line", profiles=[str(tmp_path / "other.csv")])


def test_rows_without_a_side_are_invalid_and_blocks_of_them_end_nothing(trained, tables, nci_smiles, tmp_path):
    path, result = trained
    bundle = molgen.load(path)
    good = result.dataset.texts[0]
    found = bundle.predict([(good[0], None), good, (None, good[1]), None, "CO"])
    assert found["status"].tolist() == ["invalid", "ok", "invalid", "invalid", "invalid"] and found["y"].notna().sum() == 1
    assert found["reason"].tolist()[3:] == ["not a pair: NoneType", "not a pair: str"]
    assert len(bundle.predict([])) == 0
    library = tmp_path / "bad.smi"
    library.write_text("no a\nnone b\n")
    summary = molgen.screen(library, path, tmp_path / "s.csv", profiles=[f"e={tables / 'e.csv'}"]).summary
    assert summary.statuses == {"invalid": 80}


def test_a_checkpoint_of_other_profiles_or_another_graph_is_refused(tables, tmp_path):
    (tmp_path / "e.csv").write_bytes((tables / "e.csv").read_bytes())
    (tmp_path / "g.csv").write_bytes((tables / "g.csv").read_bytes())
    files = {"sample": "line", "profiles": [f"e={tmp_path / 'e.csv'}"], "gene_graph": str(tmp_path / "g.csv")}

    def train():
        molgen.train(tables / "r.csv", target="y", checkpoint=tmp_path / "run", **files, **SETTINGS, experts="tabular")

    train()
    train()
    (tmp_path / "g.csv").write_text("gene,other\ng0,g5\n")
    with pytest.raises(ConfigError, match="another run"):
        train()
    (tmp_path / "g.csv").write_bytes((tables / "g.csv").read_bytes())
    table = pd.read_csv(tmp_path / "e.csv", index_col=0)
    table["g5"] += 1
    table.to_csv(tmp_path / "e.csv")
    with pytest.raises(ConfigError, match="another run"):
        train()


def test_what_is_read_is_not_written_over(trained, tables, tmp_path, nci_smiles):
    (tmp_path / "l.smi").write_text(nci_smiles[0])
    (tmp_path / "e.csv").write_bytes((tables / "e.csv").read_bytes())
    for outputs in ({"output": tmp_path / "e.csv"}, {"output": tmp_path / "s.csv", "hits": tmp_path / "e.csv"}):
        with pytest.raises(InputError, match="the file is read by the same command"):
            molgen.screen(tmp_path / "l.smi", trained[0], profiles=[f"e={tmp_path / 'e.csv'}"], overwrite=True, **outputs)
    with pytest.raises(ConfigError, match="not ranked among compounds"):
        files = {"sample": "line", "profiles": [str(tables / "e.csv")]}
        molgen.train(tables / "r.csv", target="y", **files, percentiles_of=str(tmp_path / "l.smi"))


def test_a_damaged_kernel_is_refused(trained):
    from molgen.archive import read_tensors, write_tensors
    from molgen.experts.kronecker import KernelExpert

    expert = next(each for each in trained[1].bundle.experts if each.kind == "kernel")
    members = expert.to_members()
    again = KernelExpert.from_members(members, "kernel", expert.tasks, "file")
    assert again.likeness.reach == expert.likeness.reach
    tensors = read_tensors(members, "weights.safetensors", "file")
    for key, value in (("reach", np.array([0.0])), ("scaler.spread", np.zeros(6)), ("partners", np.zeros((2, 6), np.float32))):
        wrong = {**members, "weights.safetensors": write_tensors({**tensors, key: value})}
        with pytest.raises(BundleError):
            KernelExpert.from_members(wrong, "kernel", expert.tasks, "file")


def test_correlation_within_groups():
    labels, groups = np.arange(30.0), np.repeat([4, 7, 9], 10)
    predicted = np.concatenate([labels[:10], -labels[10:20], np.zeros(10)])
    assert np.isclose(median_correlation(predicted, labels, groups), 0.0)
    assert np.isclose(median_correlation(predicted[:10], labels[:10], groups[:10]), 1.0)
    assert np.isnan(median_correlation(predicted[:9], labels[:9], groups[:9]))
