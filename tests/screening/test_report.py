import re

import numpy as np
import pyarrow as pa
import pytest
from rdkit import Chem

from molgen.bundle import Bundle
from molgen.chem.parse import parse_batch
from molgen.data.tasks import Task
from molgen.experts.calibration import Calibration
from molgen.experts.domain import Domain
from molgen.experts.graph import GraphExpert
from molgen.experts.structures import Structures
from molgen.featurizers import Morgan
from molgen.screening.ranking import TopHits
from molgen.screening.report import _clusters, write_report
from molgen.screening.screen import screen
from molgen.screening.summary import Summary

EVIL = "<script>alert(1)</script>\"' onload=x"
LOGS = Task("logS", "regression", unit="log mol/L", mean=-3.0, scale=2.0)
TOXIC = Task("toxic", "binary", direction="low", positive="toxic")
SMILES = ["CCO", "c1ccccc1", "CC(=O)O", "C1CCNCC1", "CC(C)C", "OCCO.Cl"]


def make_bundle(tasks, card):
    expert = GraphExpert("graph", list(tasks), {"width": 8, "steps": 1, "dropout": 0.0})
    domain = Domain.fit(Morgan(2, 256), parse_batch(SMILES).mols)
    return Bundle(list(tasks), [expert], np.ones((1, len(tasks))), [Calibration() for _ in tasks], domain, card)


def make_card(tasks, data="train.csv"):
    measured = {"mae": 0.5, "n": 30.0, "r2": None, "rmse": 0.7123}
    rivals = {"graph": {**measured, "rmse": 0.7}, "mean": {**measured, "rmse": 2.0}, "model": measured}
    return {
        "data": {"file": data, "compounds": 1128, "left_out_count": 0, "sha256": "e2" * 32},
        "split": {"name": "scaffold", "sizes": {"train": 902, "valid": 113, "test": 113}},
        "metrics": {"test": {name: {task.name: figures for task in tasks} for name, figures in rivals.items()}},
        "versions": {"rdkit": "2025.3.1"},
        "licence": "CC-BY 4.0",
    }


def make_batch(tasks, n=40, *, full=True, **replaced):
    """Rows as a screen makes them: every fifth cannot be scored; scores fall, similarities rise."""
    ok = np.arange(n) % 5 != 4
    columns = {
        "row": list(range(1, n + 1)),
        "source": ["folder/lib.smi"] * n,
        "id": [f"CMP-{at}" for at in range(1, n + 1)],
        "smiles": [SMILES[at % len(SMILES)] if ok[at] else "junk" for at in range(n)],
        "status": np.where(ok, "ok", "invalid").tolist(),
        "reason": [None if each else "not SMILES: cannot be read (junk)" for each in ok],
        "notes": ["salt stripped: Cl" if each and at % len(SMILES) == 5 else None for at, each in enumerate(ok)],
    }
    values = np.where(ok, np.linspace(1, 0, n), np.nan)
    for task in tasks:
        columns[task.name] = pa.array(values, from_pandas=True)
        if full and task.is_regression:
            columns[f"{task.name}_lower"] = pa.array(values - 1.5, from_pandas=True)
            columns[f"{task.name}_upper"] = pa.array(values + 1.5, from_pandas=True)
    if full:
        columns["domain"] = pa.array(np.where(ok, np.linspace(0.1, 0.9, n), np.nan), from_pandas=True)
    return pa.RecordBatch.from_pydict(columns | replaced)


def report(folder, batch, tasks, card=None, *, libraries=("folder/lib.smi",), size=24):
    bundle = make_bundle(tasks, make_card(tasks) if card is None else card)
    summary, best = Summary(), TopHits(tasks[0], size, batch.schema)
    summary.add(batch)
    best.add(batch)
    path = folder / "report.html"
    write_report(path, bundle, summary, best.table(), tasks[0], libraries)
    assert [each.name for each in folder.iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page_text(tmp_path_factory):
    return report(tmp_path_factory.mktemp("report"), make_batch([LOGS, TOXIC]), [LOGS, TOXIC])


def test_page_is_whole_and_says_what_was_done(page_text, parse_page):
    page = parse_page(page_text)
    assert page.tags[:2] == ["html", "head"] and page_text.startswith("<!DOCTYPE html>")
    assert page.tags.count("article") == 24
    for words in (
        "Screen of lib.smi",
        "Ranked by logS , highest first, by a model trained on train.csv.",
        "invalid: no molecule can be read 8 20 %",
        "not SMILES 8 20 %",
        "1 CMP-1 1.00 log mol/L \u22120.50 to 2.50 toxic 1.000 similarity 0.10: low",
        "lib.smi, row 1",
        "salt stripped: Cl",
        "logS: 30 test compounds",
        "RMSE MAE R\u00b2 this model 0.712 0.500 \u2013 graph expert alone 0.700 0.500 \u2013 baseline: mean 2.000",
        "train 902, valid 113, test 113",
        "graph 100 %",
        "CC-BY 4.0",
    ):
        assert words in page.text, words


def test_nothing_is_fetched_and_nothing_runs(page_text, parse_page):
    assert set(re.findall(r"https?://[^'\"\s)<]*", page_text)) <= {"http://www.w3.org/2000/svg"}
    page = parse_page(page_text)
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href", "srcset")]
    assert "url(" not in page_text and "@import" not in page_text
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_low_similarity_is_said_in_words(tmp_path, parse_page):
    similarity = [0.29, 0.31, 0.9, 0.05, None]
    page = parse_page(report(tmp_path, make_batch([LOGS], 5, domain=pa.array(similarity)), [LOGS]))
    assert re.findall(r"similarity (0\.\d\d): low", page.text) == ["0.29", "0.05"]
    assert "2 of 4 similarity below 0.3" in page.text


def test_everything_from_files_is_escaped(tmp_path, parse_page):
    task = Task(EVIL, "regression", unit=EVIL, scale=2.0)
    other = Task(EVIL + "2", "binary", positive=EVIL)
    n = 40
    batch = make_batch(
        [task, other],
        n,
        id=[EVIL] * n,
        source=[f"x/{EVIL}"] * n,
        notes=[EVIL] * n,
        reason=[EVIL] * n,
        smiles=[f"CCO {EVIL}"] * n,
        status=["ok", EVIL] * (n // 2),
    )
    card = make_card([task, other], data=EVIL) | {"licence": EVIL, "versions": {EVIL: EVIL}}
    card["metrics"]["test"][EVIL] = card["metrics"]["test"]["mean"]
    text = report(tmp_path, batch, [task, other], card, libraries=[f"a/{EVIL}"])
    page = parse_page(text)
    assert "script" not in page.tags and "<script" not in text
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.text.count("alert(1)") > 100


def test_only_the_columns_that_every_hit_has(tmp_path, parse_page):
    page = parse_page(report(tmp_path, make_batch([LOGS], full=False), [LOGS]))
    assert "CMP-1 1.00 log mol/L" in page.text
    assert "imilarity" not in page.text and "interval" not in page.text


def test_missing_ids_and_unknown_bounds(tmp_path, parse_page):
    unknown = pa.array([None] * 10, pa.float64())
    page = parse_page(report(tmp_path, make_batch([LOGS], 10, id=[""] * 10, logS_lower=unknown, logS_upper=unknown), [LOGS]))
    assert "1 row 1 1.00 log mol/L" in page.text
    assert "not known" not in page.text


@pytest.mark.parametrize("n", [0, 6])
def test_nothing_could_be_scored(tmp_path, n, parse_page):
    batch = make_batch([LOGS], n)
    batch = batch.set_column(batch.schema.names.index("logS"), "logS", pa.array([None] * n, pa.float64()))
    page = parse_page(report(tmp_path, batch, [LOGS]))
    assert "No row could be scored, so there is nothing to rank." in page.text
    assert "No row has a value." in page.text
    assert "article" not in page.tags
    assert f"Rows read {n}" in page.text


def test_binary_task_shows_probabilities_and_ranks_low_first(tmp_path, parse_page):
    page = parse_page(report(tmp_path, make_batch([TOXIC]), [TOXIC], size=3))
    assert "Ranked by toxic , lowest first" in page.text
    assert re.search(r"1 CMP-39 0\.026 probability of toxic", page.text)
    assert "the 3 hits: 0.026 to 0.077" in page.text


def test_hundreds_of_tasks_are_cut_short(tmp_path, parse_page):
    tasks = [Task(f"assay {at}", "binary") for at in range(100)]
    page = parse_page(report(tmp_path, make_batch(tasks), tasks))
    assert page.tags.count("figure") == 13  # twelve and the similarity
    assert "88 more are in the table of scores only" in page.text


@pytest.mark.parametrize(
    "card",
    [
        {},
        [],
        "text",
        {"data": 5, "split": [], "metrics": {"test": {}}, "versions": None},
        {"metrics": {"test": {"model": {"logS": {"rmse": "x", "n": None}}, "odd": 3, "mean": {"logS": 1}}}},
        {"metrics": {"valid": {"model": {}}}, "licence": "lone \ud800 surrogate"},
    ],
)
def test_record_of_any_shape(tmp_path, card, parse_page):
    assert "The model" in parse_page(report(tmp_path, make_batch([LOGS]), [LOGS], card)).text


@pytest.mark.parametrize("values", [[2.0] * 40, [0.0] * 40, [1e-12] * 40, [-5e8] * 40, [1e30, *[0.5] * 39]])
def test_distributions_without_spread_or_with_wild_values(tmp_path, values, parse_page):
    parse_page(report(tmp_path, make_batch([LOGS], logS=pa.array(values)), [LOGS]))


def test_one_wild_value_does_not_squeeze_the_others(tmp_path, parse_page):
    values = [*np.linspace(0, 1, 999), 1e6]
    text = report(tmp_path, make_batch([LOGS], 1000, logS=pa.array(values)), [LOGS], size=1)
    assert "1 beyond the axis" in parse_page(text).text
    bars = max(re.findall(r'd="(M[^"]*)"', text), key=lambda path: path.count("M"))
    assert bars.count("M") > 10


def test_bars_are_as_high_as_their_counts(tmp_path):
    text = report(tmp_path, make_batch([TOXIC], 4, full=False, toxic=pa.array([0.1, 0.9, 0.1, 0.1])), [TOXIC])
    low, high = re.findall(r"M([\d.]+) [\d.]+v-([\d.]+)h", text)
    assert float(low[0]) < float(high[0]) and float(low[1]) == pytest.approx(3 * float(high[1]), rel=0.01)


def test_screen_writes_it(tmp_path, parse_page):
    tasks = [LOGS]
    make_bundle(tasks, make_card(tasks)).save(tmp_path / "model.molgen")
    library = tmp_path / "lib.smi"
    library.write_text("".join(f"{smiles} {name}\n" for name, smiles in zip("abcdef", [*SMILES[:5], "junk"], strict=True)))
    screen(library, tmp_path / "model.molgen", tmp_path / "out.csv", report=tmp_path / "report.html")
    page = parse_page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.tags.count("article") == 5
    assert "nearest in training" not in page.text
    assert "Rows read 6 lib.smi" in page.text and "Scored 5" in page.text


def test_training_labels_lie_behind_the_scores(tmp_path, parse_page):
    card = make_card([LOGS]) | {"labels": {"logS": {"n": 902, "low": -1.0, "high": 2.0, "counts": [1, 5, 3]}}}
    text = report(tmp_path, make_batch([LOGS]), [LOGS], card)
    assert "training labels, 902" in parse_page(text).text
    assert 'class="orange"' in text
    card["labels"]["logS"]["counts"] = [1, -5, "x"]
    (tmp_path / "report.html").unlink()
    assert "training labels" not in parse_page(report(tmp_path, make_batch([LOGS]), [LOGS], card)).text


def test_nearest_training_compounds_where_the_bundle_keeps_them(tmp_path, parse_page):
    bundle = make_bundle([LOGS], make_card([LOGS]))
    kept = ["CCCO", "c1ccccc1C", EVIL.replace("\t", " ")]
    bundle.structures = Structures(["CCO", "c1ccccc1", "no SMILES"], kept, np.array([[-0.77], [np.nan], [1.0]]))
    batch = make_batch([LOGS], 2)
    summary, best = Summary(), TopHits(LOGS, 2, batch.schema)
    summary.add(batch)
    best.add(batch)
    write_report(tmp_path / "report.html", bundle, summary, best.table(), LOGS, ["lib.smi"])
    page = parse_page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "similarity 1.00 nearest in training: CCCO, measured \u22120.77" in page.text
    assert "nearest in training: c1ccccc1C lib.smi" in page.text


def test_annotations_are_shown_where_there_are_any(tmp_path, parse_page):
    batch = make_batch([LOGS], 2, qed=pa.array([0.61234, None]), alerts=["quinone", ""])
    bundle, summary, best = make_bundle([LOGS], make_card([LOGS])), Summary(), TopHits(LOGS, 2, batch.schema)
    summary.add(batch)
    best.add(batch)
    write_report(tmp_path / "r.html", bundle, summary, best.table(), LOGS, ["lib.smi"], annotations=["qed", "alerts", "gone"])
    page = parse_page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert page.text.count("qed: 0.612") == page.text.count("alerts: quinone") == 1
    assert page.text.count("qed:") == page.text.count("alerts:") == 1


def test_hundred_structures_stay_small(tmp_path, nci_smiles):
    smiles = nci_smiles[:100]
    batch = make_batch([LOGS], 100, smiles=smiles, status=["ok"] * 100, logS=pa.array(np.linspace(1, 0, 100)))
    assert len(report(tmp_path, batch, [LOGS], size=100)) < 3_000_000


def test_clusters_of_the_hits_are_numbered_as_they_are_met():
    mols = [Chem.MolFromSmiles(smiles) for smiles in ("CCCCCCO", "c1ccc2[nH]ccc2c1", "CCCCCCCO", "Cc1ccc2[nH]ccc2c1")]
    assert _clusters([mols[0], mols[1], None, mols[2], mols[0]]) == [1, 2, 3, 1, 1]
    assert _clusters([]) == []
