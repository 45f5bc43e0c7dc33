"""Drug-target affinity on Davis and KIBA: DeepDTA's folds, and unseen drugs, targets and both.

    python benchmarks/pairs.py davis kiba --seeds 3 --out FOLDER
    python benchmarks/pairs.py davis kiba --refit --out FOLDER
    python benchmarks/pairs.py kiba --cold --draws 3 --out FOLDER
    python benchmarks/pairs.py davis kiba --keys

Random pairs are DeepDTA's (setting 1): its test fold, which is read once, at the end; the first of its five training folds
validates what the other four train. With ``--refit`` all five then train what that has chosen, as published models do.
``--cold`` draws scaffolds of drugs, clusters of sequences, and both (``scaffold-balanced``, ``cluster``, ``both``; 80/10/10 of
either side), the same for all predictors. ``molgen train`` with its defaults; the means of both sides and the experts, KronRLS
among them (whose penalty the validation part chooses), stand beside the blend. Mean squared error; of the blend also the
concordance index over all comparable pairs, and r2m. Each run is kept in ``--out``, and not done again.

``--keys`` writes three draws of the cold splits to ``benchmarks/splits``, as keys that others can divide their copy by: ``--split
keys --split-option file=benchmarks/splits/kiba.csv.gz --split-option parts=drug-0``, or ``target-0``, or ``both-0``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from pathlib import Path

import numpy as np
from moleculenet import DATA
from numpy.typing import NDArray

import molgen
from molgen.curation.tables import write_table
from molgen.data.dataset import Dataset, load_dataset
from molgen.data.labelled import open_labelled
from molgen.data.splits import Split, SplitRows, make_split
from molgen.data.splits.keys import find_keys

TARGETS = {"davis": "pKd", "kiba": "kiba_score"}
COLD = {"drug": "scaffold-balanced", "target": "cluster", "both": "both"}
#: The keys of the cold splits; draws of each.
SPLITS, DRAWS = Path(__file__).parent / "splits", 3


def load(name: str) -> Dataset:
    """Return the pairs of a set with DeepDTA's folds."""
    folder = DATA / "pairs" / name
    table = open_labelled(folder / "affinity.csv.gz", joins=[folder / "drugs.csv", folder / "targets.csv.gz"])
    columns = {"smiles": "smiles", "sequence": "sequence", "extra_columns": ["fold"]}
    return load_dataset(table, targets=[TARGETS[name]], replicates="keep", **columns)


def random_pairs(dataset: Dataset) -> Split:
    """Return DeepDTA's test fold, and its first training fold for validation."""
    fold = np.array([int(cell) for cell in dataset.columns["fold"]])
    return Split.of(*(np.flatnonzero(each) for each in (fold > 0, fold == 0, fold == -1)))


def keys_of_draws(dataset: Dataset) -> list[list[str]]:
    """Return a table: each key of a molecule or a sequence, and its part in each draw of each cold split; empty for none."""
    draws = {f"{unseen}-{draw}": (splitter, draw) for unseen, splitter in COLD.items() for draw in range(DRAWS)}
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name, (splitter, draw) in draws.items():
        parts = make_split(dataset, splitter, seed=draw).parts(len(dataset))
        for side, key, part in find_keys(SplitRows(dataset.items), parts):
            found.setdefault((side, key), {})[name] = part
    return [["side", "key", *draws], *([*key, *(found[key].get(name, "") for name in draws)] for key in sorted(found))]


def concordance(measured: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """Return the share of pairs of different labels that are in the right order; ties of predictions count half."""
    order = np.argsort(measured, kind="stable")
    measured, predicted = measured[order], predicted[order]
    ranks = np.unique(predicted, return_inverse=True)[1] + 1
    tree = np.zeros(ranks.max() + 1, np.int64)  # a Fenwick tree of the predictions seen so far

    def add(at: int) -> None:
        while at < len(tree):
            tree[at] += 1
            at += at & -at

    def below(at: int) -> int:
        total = 0
        while at > 0:
            total += int(tree[at])
            at -= at & -at
        return total

    right = pairs = 0.0
    starts = np.flatnonzero(np.diff(measured, prepend=-np.inf))
    seen = 0
    for start, stop in zip(starts, [*starts[1:], len(measured)], strict=True):
        for rank in ranks[start:stop].tolist():
            less, upto = below(rank - 1), below(rank)
            right += less + 0.5 * (upto - less)
            pairs += seen
        for rank in ranks[start:stop].tolist():
            add(rank)
        seen = stop
    return right / pairs


def r2m(measured: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """Return DeepDTA's modified r squared."""
    r2 = np.corrcoef(measured, predicted)[0, 1] ** 2
    slope = (measured * predicted).sum() / (predicted**2).sum()
    through = 1 - ((measured - slope * predicted) ** 2).sum() / ((measured - measured.mean()) ** 2).sum()
    return float(r2 * (1 - np.sqrt(abs(r2**2 - through**2))))


def run(name: str, dataset: Dataset, split: Split, seed: int, path: Path, *, refit: bool = False) -> dict[str, dict[str, float]]:
    """Train, measure on the test part, and keep what was measured."""
    if path.exists():
        return json.loads(path.read_text())
    start = time.process_time()
    dataset.columns["split"] = split.parts(len(dataset))
    settings = {"split": "column", "split_column": "split", "replicates": "keep", "refit": refit}
    result = molgen.train(dataset, path.with_suffix(".molgen"), target=TARGETS[name], seed=seed, overwrite=True, **settings)
    found = {predictor: {"mse": figures[TARGETS[name]]["rmse"] ** 2} for predictor, figures in result.metrics["test"].items()}
    measured, predicted = dataset.targets[split.test, 0], result.predictions[split.test, 0]
    found["model"] |= {"ci": concordance(measured, predicted), "r2m": r2m(measured, predicted)}
    found["cpu"] = {"seconds": time.process_time() - start, **split.sizes()}
    path.write_text(json.dumps(found, indent=1))
    return found


def tell(title: str, runs: list[dict[str, dict[str, float]]]) -> None:
    """Print mean and standard deviation over runs."""
    print(f"\n{title}, {len(runs)} runs, test pairs {', '.join(str(each['cpu']['test']) for each in runs)}")
    for predictor in runs[0]:
        measures = {measure: [each[predictor][measure] for each in runs] for measure in runs[0][predictor]}
        spread = {measure: np.std(each, ddof=min(1, len(each) - 1)) for measure, each in measures.items()}
        shown = [f"{measure} {np.mean(each):.3f} +- {spread[measure]:.3f}" for measure, each in measures.items()]
        print(f"  {predictor:<26} {', '.join(shown)}", flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", choices=list(TARGETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--refit", action="store_true")
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--unseen", action="append", choices=list(COLD), help="with --cold, what is unseen [all three]")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--keys", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.keys:
        SPLITS.mkdir(exist_ok=True)
        for name in arguments.sets:
            header, *lines = keys_of_draws(load(name))
            write_table(SPLITS / f"{name}.csv.gz", header, lines)
        return
    if arguments.out is None:
        parser.error("--out is needed")
    arguments.out.mkdir(exist_ok=True)
    print(f"{datetime.date.today()}, molgen {molgen.__version__}")
    for name in arguments.sets:
        dataset = load(name)
        if not arguments.cold:
            split = random_pairs(dataset)
            kind = "refit" if arguments.refit else "random"
            paths = [arguments.out / f"{name}-{kind}-{seed}.json" for seed in range(arguments.seeds)]
            runs = [run(name, dataset, split, seed, path, refit=arguments.refit) for seed, path in enumerate(paths)]
            tell(f"{name}, random pairs", runs)
            continue
        for unseen in arguments.unseen or COLD:
            splitter, runs = COLD[unseen], []
            for draw in range(arguments.draws):
                split = make_split(dataset, splitter, seed=draw)
                runs.append(run(name, dataset, split, draw, arguments.out / f"{name}-{unseen}-{draw}.json"))
            tell(f"{name}, unseen {unseen}", runs)


if __name__ == "__main__":
    main()
