import copy
from dataclasses import replace

import numpy as np
import pytest

import molgen
from molgen.training.held_out import Neighbours, held_out
from molgen.training.report import write_training_report

EVIL = "<script>alert(1)</script>\"' onload=x"
QUICK = {"experts": "tabular", "tabular": {"rounds": 5}, "split": "random"}


@pytest.fixture(scope="module")
def trained(measured_table, tmp_path_factory):
    """A regression and a binary task, with the report that training wrote."""
    folder = tmp_path_factory.mktemp("trained")
    result = molgen.train(
        measured_table,
        folder / "m.molgen",
        target=["activity", "active"],
        report=folder / "report.html",
        store_structures=True,
        **QUICK,
    )
    return result, (folder / "report.html").read_text(encoding="utf-8")


def write(folder, result):
    write_training_report(folder / "report.html", result)
    return (folder / "report.html").read_text(encoding="utf-8")


def test_report_of_two_tasks(trained, parse_page):
    result, text = trained
    page = parse_page(text)
    assert "Training of activity, active" in page.text
    for words in (
        "240 192 24 24",  # the table of parts
        "Predicted and measured",
        "Do intervals hold?",
        "ROC curve",
        "Do probabilities hold?",
        "Positives found early",
        "Errors far from the training set",
        "Worst predictions",
        "baseline: nearest neighbour",
        "nearest in training:",
    ):
        assert words in page.text or words == "240 192 24 24", words
    rmse = result.metrics["test"]["model"]["activity"]["rmse"]
    assert f"{rmse:.3f}" in page.text
    assert page.tags.count("figure") == 12
    assert page.tags.count("article") == 12
    assert page.tags.count("details") == 3  # two tasks and the configuration
    assert ("href", "#task-2") in page.attributes and ("id", "task-2") in page.attributes


def test_nothing_is_fetched_and_nothing_runs(trained, parse_page):
    page = parse_page(trained[1])
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "srcset")]
    assert all(value.startswith("#") for name, value in page.attributes if name == "href")
    assert "url(" not in trained[1] and "@import" not in trained[1]


def test_every_picture_is_described_and_every_table_has_a_caption(trained, parse_page):
    page = parse_page(trained[1])
    pictures = [value for name, value in page.attributes if name == "role" and value == "img"]
    described = [value for name, value in page.attributes if name == "aria-label"]
    assert len(pictures) == len(described) == 12 + 24 and all(described)
    assert page.tags.count("table") == page.tags.count("caption")
    assert page.tags.count("h1") == 1


def test_worst_predictions_are_the_worst(trained, parse_page):
    result, text = trained
    data = held_out(result, 0)
    worst = data.test.rows[np.argmax(np.abs(data.test.errors))]
    assert f"1 {result.dataset.ids[worst]}" in parse_page(text).text


def test_nearest_training_compounds_are_training_compounds(trained):
    result, _ = trained
    near = Neighbours.of(result)
    held = np.concatenate([result.split.valid, result.split.test])
    assert set(near.row[held]) <= set(result.split.train.tolist())
    assert np.isnan(near.similarity[result.split.train]).all()
    assert (near.similarity[held] > 0).all() and (near.similarity[held] <= 1).all()


def test_structures_are_those_of_the_training_part(trained):
    result, _ = trained
    kept = result.bundle.structures
    assert kept.ids == [result.dataset.ids[row] for row in result.split.train]
    np.testing.assert_array_equal(kept.labels, result.dataset.targets[result.split.train])
    assert molgen.inspect(result.bundle)["structures"] == len(result.split.train)


def changed(result, **of_dataset):
    dataset = replace(result.dataset, **of_dataset)
    return replace(result, dataset=dataset, bundle=copy.copy(result.bundle))


def test_everything_from_files_is_escaped(trained, tmp_path, parse_page):
    result, _ = trained
    n = len(result.dataset)
    evil = changed(
        result,
        ids=[EVIL] * n,
        texts=[EVIL] * n,
        dropped=[(3, EVIL)],
        problems=[(4, EVIL)],
        notes=[EVIL],
        source={"file": EVIL, "sha256": EVIL},
    )
    evil.bundle.tasks = [replace(task, name=EVIL + task.kind, unit=EVIL) for task in result.bundle.tasks]
    evil.bundle.card = {
        "licence": EVIL,
        "configuration": {EVIL: EVIL},
        "training": {EVIL: [EVIL, {"epoch": [1, 2], "train": [1, 2], "valid": [2, 1]}]},
    }
    text = write(tmp_path, evil)
    page = parse_page(text)
    assert "script" not in page.tags and "<script" not in text
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.text.count("alert(1)") > 20


def test_learning_curves_where_the_card_has_them(trained, tmp_path, parse_page):
    result, text = trained
    assert "Learning curves" not in parse_page(text).text
    later = changed(result)
    member = {"epochs": 6, "best_epoch": 3, "epoch": [1, 2, 3, 6], "train": [4, 3, 2, 1], "valid": [4.0, 3.0, 2.5, None]}
    odd = [{"epoch": [1], "train": [2]}, {"epoch": [1, 2], "train": [1]}, {"epoch": "x"}, 5]
    later.bundle.card = result.bundle.card | {"training": {"graph": [member, member], "odd": odd, "none": "x"}}
    page = parse_page(write(tmp_path, later))
    assert page.text.count("Epoch 3 of 6 has the lowest validation loss, and was kept.") == 2
    assert "graph expert, network 2" in page.text and "odd expert" not in page.text


@pytest.mark.parametrize("card", [{}, {"metrics": 5, "training": [1], "configuration": "x", "data": None}])
def test_record_of_any_shape(trained, tmp_path, parse_page, card):
    odd = changed(trained[0])
    odd.bundle.card = card
    assert "The model" in parse_page(write(tmp_path, odd)).text


def test_without_a_test_part_validation_is_judged(trained, tmp_path, parse_page):
    result, _ = trained
    empty = replace(result.split, test=np.zeros(0, np.int64))
    alone = replace(changed(result), split=empty, metrics={"valid": result.metrics["valid"]})
    alone.bundle.card = result.bundle.card | {"metrics": alone.metrics}
    page = parse_page(write(tmp_path, alone))
    assert "Test compounds" not in page.text and "24 validation compounds" in page.text


def test_many_tasks_stay_a_usable_page(trained, tmp_path, parse_page):
    result, _ = trained
    many = changed(result)
    bundle, task = many.bundle, result.bundle.tasks[0]
    times = 40
    many.dataset.targets = np.repeat(result.dataset.targets[:, :1], times, axis=1)
    many.dataset.bounds = None
    many.predictions = np.repeat(result.predictions[:, :1], times, axis=1)
    bundle.tasks = [replace(task, name=f"assay {at}") for at in range(times)]
    bundle.calibration = result.bundle.calibration[:1] * times
    bundle.weights = np.repeat(result.bundle.weights[:, :1], times, axis=1)
    text = write(tmp_path, many)
    page = parse_page(text)
    assert "the figures of 10 more are in the table above" in page.text
    assert page.tags.count("details") == 31
    assert [name for name, _ in page.attributes].count("open") == 2
    assert len(text) < 3_000_000


def test_several_classes_and_folds(measured_table, tmp_path, parse_page):
    lines = measured_table.read_text().splitlines()
    fields = [line.split(",") for line in lines[1:]]
    levels = [[*each[:3], "low" if float(each[2]) < 6 else "high" if float(each[2]) > 7 else "middle"] for each in fields]
    table = tmp_path / "classes.csv"
    table.write_text("\n".join(["id,smiles,activity,level", *map(",".join, levels)]) + "\n")
    settings = {**QUICK, "target": ["activity", "level"], "folds": 3}
    molgen.train(table, report=tmp_path / "report.html", **settings)
    page = parse_page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "by the one of 3 models, on folds of the random split" in page.text
    assert "240 out-of-fold compounds" in page.text and "out-of-fold, 240" in page.text
    assert "Balanced accuracy" in page.text and "its probability" in page.text
