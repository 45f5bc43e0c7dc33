"""Models of tracks: how many counts a window has, and where they are, from files of a genome to files for its browser."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner

import molgen
from molgen.archive import read_archive, write_archive, write_json
from molgen.bio.tracks import open_track
from molgen.cli.main import main
from molgen.data.counts import Counts
from molgen.data.dataset import load_dataset
from molgen.data.labelled import open_labelled
from molgen.effects.bed_graph import Coverage, write_bed_graph
from molgen.errors import BundleError, ConfigError, InputError
from molgen.nn.losses import MultiTaskLoss, TrackLoss
from molgen.training.report import write_training_report
from molgen.training.tracks import track_metrics

MOTIF, LENGTH = "TTGACATATAAT", 100
NETWORK = {"width": 16, "steps": 3, "epochs": 20, "batch_size": 16, "learning_rate": 0.01}
SETTINGS = {"split": "random", "ensemble": 1, "experts": "network", "sequence_network": NETWORK, "length": LENGTH}


def other(letters):
    return letters[::-1].translate(str.maketrans("ACGT", "TGCA"))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A genome of two contigs with a motif on either strand here and there: counts 8 letters before it, and 12 after, by strand."""
    folder = tmp_path_factory.mktemp("tracks")
    rng = np.random.default_rng(0)
    peaks, genome = [], {}
    tracks = {"plus": [], "minus": []}
    for contig in ("one", "two"):
        letters = rng.choice(list("ACGT"), 40_000)
        counts = {name: rng.poisson(0.01, len(letters)) for name in tracks}
        for number in range(160):
            middle, forward = 200 + 245 * number, bool(rng.random() < 0.5)
            if number % 4:
                letters[middle - 6 : middle + 6] = list(MOTIF if forward else other(MOTIF))
                before, after = ("plus", "minus") if forward else ("minus", "plus")
                side = 1 if forward else -1
                counts[before][middle - 8 * side] += rng.poisson(20)
                counts[after][middle + 12 * side] += rng.poisson(20)
            shift = int(rng.integers(-20, 20))
            peaks.append(f"{contig}\t{middle + shift - 50}\t{middle + shift + 50}\t{contig}{number}\n")
        genome[contig] = "".join(letters)
        for name, values in counts.items():
            tracks[name] += [f"{contig}\t{at}\t{at + 1}\t{values[at]}\n" for at in np.flatnonzero(values)]
    (folder / "genome.fa").write_text("".join(f">{name}\n{letters}\n" for name, letters in genome.items()))
    (folder / "peaks.bed").write_text("".join(peaks))
    for name, lines in tracks.items():
        (folder / f"{name}.bedgraph").write_text("".join(lines))
    return folder


@pytest.fixture(scope="module")
def track(files):
    return f"m={files / 'plus.bedgraph'},{files / 'minus.bedgraph'}"


@pytest.fixture(scope="module")
def trained(files, track, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.molgen"
    return path, molgen.train(files / "peaks.bed", path, genome=str(files / "genome.fa"), tracks=[track], **SETTINGS)


def read(files, track, strand="."):
    lines = (files / "peaks.bed").read_text().splitlines()
    path = files / f"strand{'.+-'.index(strand)}.bed"
    path.write_text("".join(f"{line}\t0\t{strand}\n" for line in lines))
    table = open_labelled(path, genome=files / "genome.fa", length=LENGTH, tracks=[track])
    return load_dataset(table, targets=["m"])


def test_counts_are_those_of_the_window_on_its_own_strand(files, track):
    forward, backward = read(files, track, "+"), read(files, track, "-")
    assert forward.counts.values.shape == (320, 2, LENGTH) and forward.counts.strands == {"m": 2}
    assert np.array_equal(forward.counts.values, backward.counts.values[:, ::-1, ::-1])
    assert np.allclose(forward.targets[:, 0], np.log1p(forward.counts.values.sum(axis=(1, 2))))
    assert [other(text) for text in forward.texts] == backward.texts


def test_rows_of_the_same_letters_have_the_mean_of_their_counts(files, tmp_path):
    (tmp_path / "g.fa").write_text(">a\nACGTACGTAAACGTACGTAA\n")
    (tmp_path / "b.bed").write_text("a\t0\t10\na\t10\t20\n")
    (tmp_path / "c.bedgraph").write_text("a\t2\t3\t4\na\t12\t13\t8\na\t15\t16\t2\n")
    table = open_labelled(tmp_path / "b.bed", genome=tmp_path / "g.fa", length=10, tracks=[f"c={tmp_path / 'c.bedgraph'}"])
    dataset = load_dataset(table, targets=["c"], replicates="aggregate", kind="regression")
    assert dataset.counts.values.tolist() == [[[0, 0, 6, 0, 0, 1, 0, 0, 0, 0]]]
    assert dataset.targets[0, 0] == pytest.approx(np.log1p(7))
    first = load_dataset(table, targets=["c"], replicates="first", kind="regression")
    assert first.counts.values.sum() == 4 and first.targets[0, 0] == pytest.approx(np.log1p(4))


def test_where_counts_are_is_learnt(trained):
    path, result = trained
    assert result.bundle.tracks == {"m": 2} and result.bundle.tasks[0].unit == "ln(1 + counts)"
    for part in ("valid", "test"):
        mean, model = (result.tracks[part][name]["m"] for name in ("mean", "model"))
        assert model["nats"] < mean["nats"] - 1.5 and model["jsd"] < mean["jsd"] - 0.2 and model["pearson"] > 0.6
    assert result.metrics["test"]["model"]["m"]["r2"] > 0.7
    architecture = result.bundle.experts[0].architecture
    assert (architecture["network"], architecture["strands"], architecture["steps"]) == ("bpnet", "average", 3)
    assert molgen.inspect(path)["tracks"]["test"]["mean"]["m"].keys() == {"n", "nats", "jsd", "pearson"}


def test_the_report_tells_where_counts_are(trained, tmp_path, parse_page):
    write_training_report(tmp_path / "r.html", trained[1])
    words = " ".join(parse_page((tmp_path / "r.html").read_text()).words)
    assert "Where counts are" in words and "Jensen-Shannon distance" in words and "baseline: mean" in words


def test_each_letter_of_a_window_gets_its_count(files, track, trained, tmp_path):
    path, result = trained
    out, folder = tmp_path / "e.parquet", tmp_path / "browser"
    shares = []
    given = {"genome": files / "genome.fa", "bed_graph": folder, "progress": lambda rows, share: shares.append((rows, share))}
    told = molgen.predict_tracks(files / "peaks.bed", path, out, **given)
    assert shares[-1] == (told.rows, 1.0)
    table = pd.read_parquet(out)
    assert (told.rows, dict(told.statuses)) == (320, {"ok": 320}) and table["id"].tolist() == result.dataset.ids
    places = np.stack([np.stack(table[f"m_{strand}_places"]) for strand in ("plus", "minus")], axis=1)
    assert np.allclose(places.sum(axis=(1, 2)), table["m"], rtol=1e-4)
    assert np.allclose(np.log1p(table["m"]), np.maximum(result.predictions[:, 0], 0), atol=1e-4)
    # An interval on the other strand is told in the genome's order, too.
    read(files, track, "-")
    molgen.predict_tracks(files / "strand2.bed", path, tmp_path / "minus.parquet", genome=files / "genome.fa")
    turned = pd.read_parquet(tmp_path / "minus.parquet")
    assert np.allclose(np.stack(turned["m_plus_places"]), places[:, 0], atol=1e-4) and turned["start"].equals(table["start"])
    # Windows lie apart: a line of the bedGraph is a place of one of them.
    lines = pd.read_csv(folder / "m_minus.bedgraph", sep="\t", names=["contig", "start", "stop", "value"])
    row = table.iloc[200]
    inside = lines[(lines["contig"] == row["contig"]) & (lines["start"] >= row["start"]) & (lines["stop"] <= row["stop"])]
    spread = np.repeat(inside["value"], inside["stop"] - inside["start"])
    assert np.allclose(spread, places[200, 1], rtol=1e-3)


def test_rows_without_a_prediction_say_why(files, trained, tmp_path):
    path, _ = trained
    (tmp_path / "x.bed").write_text("one\t100\t200\nnowhere\t1\t200\none\tx\t3\none\t0\t5\n")
    molgen.predict_tracks(tmp_path / "x.bed", path, tmp_path / "x.parquet", genome=files / "genome.fa")
    table = pd.read_parquet(tmp_path / "x.parquet")
    assert table["status"].tolist() == ["ok", "invalid", "invalid", "invalid"]
    assert table["m"].notna().tolist() == table["m_plus_places"].notna().tolist() == [True, False, False, False]
    assert table["reason"][1:].notna().all() and "nowhere" in table["reason"][1]
    good = "ACGT" * 25
    (tmp_path / "x.fa").write_text(f">a\n{good}\n>b\n{good}A\n>c\nACGX*\n>d\n\n")
    told = molgen.predict_tracks(tmp_path / "x.fa", path, tmp_path / "fa.parquet")
    table = pd.read_parquet(tmp_path / "fa.parquet")
    assert table["status"].tolist() == ["ok", "invalid", "invalid", "invalid"] and table["contig"].isna().all()
    assert "101 letters, the model reads 100" in table["reason"][1] and told.to_json()["statuses"] == {"ok": 1, "invalid": 3}
    assert len(table["m_plus_places"][0]) == 100


def test_evaluation_tells_where_counts_are_on_either_strand(files, track, trained):
    path, _ = trained
    read(files, track, "-")
    settings = {"genome": str(files / "genome.fa"), "tracks": [track]}
    found = [molgen.evaluate(files / name, path, **settings) for name in ("peaks.bed", "strand2.bed")]
    assert found[0].tracks["m"]["nats"] == pytest.approx(found[1].tracks["m"]["nats"], rel=1e-4)
    assert found[0].tracks["m"]["pearson"] > 0.6 and set(found[0].to_json()["tracks"]["m"]) == {"n", "nats", "jsd", "pearson"}
    with pytest.raises(ConfigError, match="other tracks; expected m_plus, m_minus; got m"):
        molgen.evaluate(files / "peaks.bed", path, genome=settings["genome"], tracks=[f"m={files / 'plus.bedgraph'}"])


def test_folds_and_refit_measure_on_what_was_not_seen(files, track, tmp_path):
    network = {**NETWORK, "epochs": 4, "width": 8}
    given = {**SETTINGS, "sequence_network": network, "genome": str(files / "genome.fa"), "tracks": [track]}
    result = molgen.train(files / "peaks.bed", tmp_path / "f.molgen", folds=3, **given)
    assert len(result.cross_validation.tracks) == 3 and not result.tracks
    assert set(result.cross_validation.to_json()["tracks"]["model"]["m"]) == {"n", "nats", "jsd", "pearson"}
    assert molgen.inspect(tmp_path / "f.molgen")["cross_validation"]["tracks"]["model"]["m"]["nats"]["mean"] > 0
    again = molgen.train(files / "peaks.bed", refit=True, **given)
    assert list(again.tracks) == ["test"]


def test_a_checkpoint_of_other_counts_is_refused(files, track, tmp_path):
    given = {**SETTINGS, "sequence_network": {**NETWORK, "epochs": 1, "width": 8}, "genome": str(files / "genome.fa")}
    copy = tmp_path / "plus.bedgraph"
    lines = (files / "plus.bedgraph").read_text().splitlines()
    copy.write_text("\n".join(lines))
    given |= {"tracks": [f"m={copy},{files / 'minus.bedgraph'}"], "checkpoint": tmp_path / "kept"}
    molgen.train(files / "peaks.bed", **given)
    # The same number of counts in the window, elsewhere.
    at = next(number for number, line in enumerate(lines) if int(line.split()[3]) > 10)
    contig, start, stop, count = lines[at].split()
    lines[at] = f"{contig}\t{int(start) + 1}\t{int(stop) + 1}\t{count}"
    copy.write_text("\n".join(lines))
    with pytest.raises(ConfigError, match="another run: data"):
        molgen.train(files / "peaks.bed", **given)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"length": None}, "give genome and length"),
        ({"experts": "tabular"}, "experts is 'tabular'"),
        ({"negatives": "dinucleotide"}, "never counted"),
        ({"tracks": ["{plus}"]}, "a track needs a name"),
        ({"tracks": ["a={plus}", "a={plus}"]}, "two tracks of one name"),
        ({"tracks": ["a={plus},{plus},{plus}"]}, "more than two strands"),
        ({"tracks": ["a={plus},"]}, "a strand without a file"),
        ({"tracks": ["../a={plus}"]}, "cannot be called so"),
        ({"tracks": ["a={plus}", "a_places={plus}"]}, "'a_places'"),
        ({"tracks": ["a={plus},{plus}", "a_plus={plus}"]}, "'a_plus_places'"),
        ({"directions": ["low"]}, "directions: tracks are counted"),
        ({"kind": "binary"}, "kind: tracks are counted"),
        ({"features": ["score"]}, "features: tracks are counted"),
        ({"labels": "labels.csv"}, "name their columns"),
        ({"tracks": ["score={plus}"]}, "a column 'score' already"),
        ({"sequence_network": {**NETWORK, "network": "dilated"}}, "takes letters together"),
    ],
)
def test_settings_that_do_not_fit_are_refused(files, track, changes, why):
    given = {**SETTINGS, "genome": str(files / "genome.fa"), "tracks": [track]} | changes
    given["tracks"] = [each.format(plus=files / "plus.bedgraph") for each in given["tracks"]]
    with pytest.raises(ConfigError, match=why):
        molgen.train(files / "peaks.bed", **given)


def test_intervals_of_a_contig_that_was_not_counted_are_left_out(files, tmp_path):
    lines = [line for line in (files / "plus.bedgraph").read_text().splitlines() if line.startswith("one")]
    (tmp_path / "one.bedgraph").write_text("\n".join(lines))
    table = open_labelled(files / "peaks.bed", genome=files / "genome.fa", length=LENGTH, tracks=[f"m={tmp_path / 'one.bedgraph'}"])
    dataset = load_dataset(table, targets=["m"])
    assert len(dataset) == 160 and len(dataset.dropped) == 160 and "no counts on contig 'two'" in dataset.dropped[0][1]


def test_background_windows_have_the_counts_of_their_place(files, track):
    table = open_labelled(files / "peaks.bed", genome=files / "genome.fa", length=LENGTH, tracks=[track], negatives="gc")
    dataset = load_dataset(table, targets=["m"])
    drawn = np.array([":" in name for name in dataset.ids])
    assert drawn.sum() > 250 and dataset.counts.values[drawn].sum() < 0.2 * dataset.counts.values[~drawn].sum()
    row = int(np.flatnonzero(drawn)[0])
    contig, _, place = dataset.ids[row].partition(":")
    start, stop = map(int, place.split("-"))
    lines = [line.split() for line in (files / "plus.bedgraph").read_text().splitlines()]
    wanted = np.zeros(LENGTH)
    for name, first, _, count in lines:
        if name == contig and start <= int(first) < stop:
            wanted[int(first) - start] = float(count)
    assert dataset.counts.values[row, 0].tolist() == wanted.tolist()


def test_tracks_are_told_apart_by_name_and_some_can_be_left_out(files, tmp_path):
    genome, path = str(files / "genome.fa"), tmp_path / "ab.molgen"
    each = {name: f"{name}={files / file}.bedgraph" for name, file in (("a", "plus"), ("b", "minus"))}
    network = {**NETWORK, "epochs": 6, "width": 8}
    given = {**SETTINGS, "sequence_network": network, "genome": genome, "tracks": list(each.values())}
    result = molgen.train(files / "peaks.bed", path, negatives="gc", **given)
    assert result.bundle.tracks == {"a": 1, "b": 1} and len(result.dataset) > 500
    both = molgen.evaluate(files / "peaks.bed", path, genome=genome, tracks=[each["a"], each["b"]])
    turned = molgen.evaluate(files / "peaks.bed", path, genome=genome, tracks=[each["b"], each["a"]])
    alone = molgen.evaluate(files / "peaks.bed", path, genome=genome, tracks=[each["b"]])
    assert both.tracks == turned.tracks and alone.tracks["b"] == both.tracks["b"] and both.tracks["a"] != both.tracks["b"]
    background = molgen.evaluate(files / "peaks.bed", path, genome=genome, tracks=list(each.values()), negatives="gc")
    assert len(background.dataset) > 500
    with pytest.raises(ConfigError, match="as long as those of training"):
        molgen.evaluate(files / "peaks.bed", path, genome=genome, length=80, tracks=list(each.values()))
    with pytest.raises(InputError, match="say --track a=FILE"):
        molgen.evaluate(files / "peaks.bed", path, genome=genome)


@pytest.mark.parametrize("tracks", [[1], "m", 5, {"m": 3}, {"zz": 1}, {"../m": 1}, {"": 1}])
def test_tracks_of_a_damaged_file_are_refused(trained, tmp_path, tracks):
    members = read_archive(trained[0])
    described = json.loads(members["experts/0/expert.json"])
    described["architecture"]["tracks"] = tracks
    write_archive(tmp_path / "bad.molgen", {**members, "experts/0/expert.json": write_json(described)})
    with pytest.raises(BundleError):
        molgen.load(tmp_path / "bad.molgen")


def test_contigs_of_another_name_are_what_is_told(files, tmp_path):
    (tmp_path / "x.bedgraph").write_text("1\t0\t10\t3\n")
    with pytest.raises(InputError, match=r"no row can be read.*no counts on contig 'one'"):
        molgen.train(files / "peaks.bed", genome=str(files / "genome.fa"), tracks=[f"m={tmp_path / 'x.bedgraph'}"], **SETTINGS)


def test_where_windows_overlap_a_bedgraph_has_their_mean(tmp_path):
    coverage = Coverage()
    for start, value in ((4, 3.0), (0, 1.0), (20, 5.0)):
        coverage.add("c", start, np.array([[value] * 6, [0] * 6], np.float32))
    found = [(each.start, each.stop, each.value) for each in coverage.stretches(0)]
    assert found == [(0, 4, 1), (4, 6, 2), (6, 10, 3), (20, 26, 5)]
    assert [each.stop for each in coverage.stretches(1)] == [10, 26]
    write_bed_graph(tmp_path / "x.bedgraph", coverage.stretches(0))
    assert open_track(tmp_path / "x.bedgraph").fetch("c", 3, 8).tolist() == [1, 2, 2, 3, 3]


def test_outputs_are_what_they_are_called(files, trained, tmp_path, small_bundle):
    path, _ = trained
    with pytest.raises(ConfigError, match="Parquet"):
        molgen.predict_tracks(files / "peaks.bed", path, tmp_path / "e.csv", genome=files / "genome.fa")
    with pytest.raises(ConfigError, match="bedGraph is of a genome"):
        molgen.predict_tracks(files / "peaks.bed", path, tmp_path / "e.parquet", bed_graph=tmp_path)
    with pytest.raises(ConfigError, match="predicts no tracks"):
        molgen.predict_tracks(files / "peaks.bed", small_bundle, tmp_path / "e.parquet")
    with pytest.raises(InputError, match="read by the same command"):
        molgen.train(
            files / "peaks.bed", files / "plus.bedgraph", overwrite=True, genome=str(files / "genome.fa"),
            tracks=[f"m={files / 'plus.bedgraph'}"], **SETTINGS,
        )  # fmt: skip


def test_the_commands(files, track, tmp_path):
    (tmp_path / "small.toml").write_text("[sequence_network]\nwidth = 8\nsteps = 2\nepochs = 2\n")
    genome = ["--genome", str(files / "genome.fa")]
    common = [*genome, "--track", track]
    model = str(tmp_path / "m.molgen")
    run = CliRunner().invoke
    made = run(
        main,
        ["train", str(files / "peaks.bed"), *common, "--length", "100", "--experts", "network", "--split", "random"]
        + ["--config", str(tmp_path / "small.toml"), "-o", model],
    )
    assert made.exit_code == 0 and "Where counts are, test part: m" in made.output, made.output
    found = run(main, ["evaluate", str(files / "peaks.bed"), *common, "-m", model])
    assert found.exit_code == 0 and "Where counts are: m" in found.output, found.output
    out = str(tmp_path / "e.parquet")
    told = run(main, ["tracks", str(files / "peaks.bed"), *genome, "-m", model, "-o", out, "--bedgraph", str(tmp_path / "b")])
    assert told.exit_code == 0 and "320 rows: 320 ok; tracks m, 100 letters a row" in told.output, told.output
    plain = run(main, ["tracks", str(files / "peaks.bed"), *genome, "-m", model, "-o", out, "--overwrite", "--json"])
    assert json.loads(plain.output)["tracks"] == {"m": 2}


def test_the_loss_is_that_of_tasks_and_the_multinomial_one_of_places():
    torch.manual_seed(0)
    outputs, tasks = torch.randn(4, 2 + 3 * 5), MultiTaskLoss(torch.tensor([False, False]), torch.ones(2))
    counts, labels, weights = torch.randint(0, 5, (4, 15)).float(), torch.randn(4, 2), torch.tensor([1.0, 0.0, 2.0, 1.0])
    loss = TrackLoss(tasks, 2, 2, [2, 1])
    found = loss(outputs, torch.cat([labels, counts], 1), None, weights)
    wanted = tasks(outputs[:, :2], labels, None, weights)
    for part in (slice(0, 10), slice(10, 15)):
        logs = [torch.distributions.Multinomial(1, logits=row).logits for row in outputs[:, 2:][:, part]]
        bits = sum(w * (n * log).sum() for w, n, log in zip(weights, counts[:, part], logs, strict=True))
        wanted = wanted - bits / (weights[:, None] * counts[:, part]).sum() / 2
    assert torch.allclose(found, wanted)


def test_measures_of_what_is_known():
    counts = Counts({"a": 1}, np.array([[[4, 0, 4]], [[0, 0, 0]], [[1, 1, 2]]], np.float32))
    perfect = np.array([[[0.5, 0, 0.5]], [[1, 0, 0]], [[0.25, 0.25, 0.5]]], np.float32)
    found = track_metrics(perfect, counts)["a"]
    entropy = (8 * np.log(2) + 2 * np.log(4) + 2 * np.log(2)) / 12
    assert found["n"] == 2 and found["nats"] == pytest.approx(entropy) and found["jsd"] == pytest.approx(0, abs=1e-6)
    assert found["pearson"] == pytest.approx(1)
    opposite = track_metrics(np.array([[[0, 1, 0]]], np.float32), counts.take([0]))["a"]
    assert opposite["jsd"] == pytest.approx(1) and opposite["pearson"] == pytest.approx(-1)
    rng = np.random.default_rng(0)
    drawn = rng.poisson(2, (50, 1, 100)).astype(np.float32) + 1
    exact = drawn / drawn.sum(axis=2, keepdims=True)
    assert track_metrics(exact, Counts({"a": 1}, drawn))["a"]["jsd"] == pytest.approx(0, abs=1e-3)
    nothing = track_metrics(perfect[1:2], counts.take([1]))["a"]
    assert nothing["n"] == 0 and np.isnan(nothing["nats"])
