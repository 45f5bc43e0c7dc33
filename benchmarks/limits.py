"""What labels that are limits are worth to boosted trees: dropped, taken as values, one-sided, and as molgen does.

Labels of training are replaced by limits; the test labels stay as they were measured. RMSE on the test part.

    python benchmarks/limits.py esol --rounds 500
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from moleculenet import DATA, SETS
from numpy.typing import NDArray
from rdkit import Chem

from molgen.data.splits import make_split
from molgen.data.targets import Targets
from molgen.data.tasks import NOISE
from molgen.experts.tabular import as_table
from molgen.featurizers import Descriptors, Morgan
from molgen.training.boosting import boost_with_limits

PARAMETERS = {
    **{"objective": "regression", "learning_rate": 0.04, "num_leaves": 31, "feature_fraction": 0.15, "min_data_in_leaf": 10},
    **{"bagging_fraction": 0.8, "bagging_freq": 1, "seed": 0, "deterministic": True, "num_threads": 1, "verbose": -1},
}


def censor(truth: NDArray[np.float64], how: str) -> Targets:
    """Replace the upper part of the labels, both ends, or what lies above a limit of each row's own."""
    lower, upper = np.full(len(truth), -np.inf), np.full(len(truth), np.inf)
    if how == "both":
        lower[:], upper[:] = np.quantile(truth, [0.25, 0.75])
    elif how == "varied":
        upper = np.random.default_rng(0).normal(np.quantile(truth, 0.6), truth.std() / 2, len(truth))
    else:
        upper[:] = np.quantile(truth, 1 - float(how))
    bounds = (truth > upper).astype(np.int8) - (truth < lower).astype(np.int8)
    return Targets(np.clip(truth, lower, upper), bounds, np.ones(len(truth)))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("set", choices=[name for name, each in SETS.items() if each.kind == "regression"])
    parser.add_argument("--rounds", type=int, default=500)
    arguments = parser.parse_args()
    chosen = SETS[arguments.set]
    frame = pd.read_csv(DATA / "molecules" / "moleculenet" / chosen.file)
    frame = frame.sample(min(2000, len(frame)), random_state=0)
    mols, truth = [Chem.MolFromSmiles(smiles) for smiles in frame[chosen.smiles]], frame[chosen.targets[0]].to_numpy(float)
    features = as_table([each.featurize(mols).values for each in (Morgan(2, 1024, counts=True), Descriptors())])
    print(f"{'':18}{'dropped':>9}{'as values':>11}{'one-sided':>11}{'molgen':>9}{'measured':>10}")
    for split_name, split in (("random", make_split(mols, "random", seed=1)), ("scaffold", make_split(mols, "scaffold"))):
        train, test = np.concatenate([split.train, split.valid]), split.test
        for how in ("0.3", "0.5", "both", "varied"):
            labels = censor(truth, how)
            spread = labels.values[train].std()
            figures = []
            for rows, targets, noise in (
                (train[labels.bounds[train] == 0], labels, NOISE),
                (train, Targets.exact(labels.values), NOISE),
                (train, labels, 1e-3),  # a limit then says nothing of what lies beyond it
                (train, labels, NOISE),
                (train, Targets.exact(truth), NOISE),
            ):
                booster = boost_with_limits(PARAMETERS, features[rows], targets.take(rows), noise * spread, arguments.rounds)
                figures.append(float(np.sqrt(np.mean((booster.predict(features[test]) - truth[test]) ** 2))))
            dropped, values, one_sided, ours, measured = figures
            print(f"{split_name:9} {how:8}{dropped:9.2f}{values:11.2f}{one_sided:11.2f}{ours:9.2f}{measured:10.2f}", flush=True)


if __name__ == "__main__":
    main()
