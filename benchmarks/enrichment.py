"""Early recognition on DUD: similarity to known actives, random forests and molgen's boosted trees, with confidence intervals.

A fifth of each target's actives, whole scaffolds at a time, and of its decoys are known; the ranking of the others is
measured. Repeated compounds count once. "properties" is a random forest that sees no structure, only six simple properties:
what it finds is an artefact of how the decoys were chosen.

    python benchmarks/enrichment.py --targets ace dhfr --decoys 1000
    python benchmarks/enrichment.py --table docs/enrichment.md
"""

from __future__ import annotations

import argparse
import csv
import gzip
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from moleculenet import DATA
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

import molgen
from molgen.chem.fingerprints import morgan_csr, morgan_packed
from molgen.chem.parse import Mol
from molgen.chem.scaffold import murcko_scaffolds
from molgen.chem.similarity import highest_tanimoto
from molgen.chem.standardize import canonical_smiles, read_compounds
from molgen.featurizers import Descriptors
from molgen.training.enrichment import MEASURES, Enrichment, enrichment

DUD = DATA / "molecules" / "virtual_screening" / "dud_actives_decoys.csv.gz"
PROPERTIES = ["MolWt", "MolLogP", "NumHDonors", "NumHAcceptors", "NumRotatableBonds", "TPSA"]
KNOWN = 0.2


class Target(NamedTuple):
    """The compounds of a target, each once, and which of them are known."""

    smiles: list[str]
    mols: list[Mol]
    labels: NDArray[np.float64]
    known: NDArray[np.bool_]


def read_target(rows: list[dict[str, str]], decoys: int, seed: int) -> Target:
    """Read what RDKit can, drop repeated compounds, and choose what is known."""
    rng = np.random.default_rng(seed)
    mols = read_compounds([row["smiles"] for row in rows]).items
    unique: dict[str, tuple[Mol, float]] = {}
    for mol, smiles, row in zip(mols, canonical_smiles(mols), rows, strict=True):
        # A compound that is on both lists is active.
        if mol is not None and smiles is not None and (smiles not in unique or row["label"] == "1"):
            unique[smiles] = mol, float(row["label"])
    labels = np.array([label for _, label in unique.values()])
    others = np.flatnonzero(labels == 0)
    chosen = np.sort(np.concatenate([np.flatnonzero(labels), rng.permutation(others)[:decoys]]))
    smiles, found = [list(unique)[at] for at in chosen], [list(unique.values())[at][0] for at in chosen]
    labels = labels[chosen]
    return Target(smiles, found, labels, _choose_known(found, labels, rng))


def _choose_known(mols: list[Mol], labels: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.bool_]:
    known = (labels == 0) & (rng.random(len(labels)) < KNOWN)
    actives = np.flatnonzero(labels)
    scaffolds = np.array(murcko_scaffolds([mols[at] for at in actives], chirality=False))
    for scaffold in rng.permutation(np.unique(scaffolds)):
        members = actives[scaffolds == scaffold]
        if known[actives].sum() + len(members) <= max(KNOWN * len(actives), 3):
            known[members] = True
    return known


# --- ways to rank: from a target to a score for each compound that is not known -------------------------------------


def similarity(target: Target) -> NDArray[np.float64]:
    references = morgan_packed(
        [mol for mol, known, label in zip(target.mols, target.known, target.labels, strict=True) if known and label]
    )
    return highest_tanimoto(morgan_csr(_unknown(target)), references).astype(np.float64)


def forest(target: Target) -> NDArray[np.float64]:
    return _forest(target, morgan_csr(target.mols).toarray())


def properties(target: Target) -> NDArray[np.float64]:
    return _forest(target, Descriptors(names=PROPERTIES).transform(target.mols))


def _forest(target: Target, features: NDArray[Any]) -> NDArray[np.float64]:
    model = RandomForestClassifier(200, class_weight="balanced", random_state=0)
    model.fit(features[target.known], target.labels[target.known])
    found: NDArray[np.float64] = model.predict_proba(features[~target.known])[:, 1]
    return found


def boosted(target: Target) -> NDArray[np.float64]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "known.csv")
        with path.open("w", newline="") as file:
            rows = zip(target.smiles, target.labels, target.known, strict=True)
            csv.writer(file).writerows([["smiles", "active"], *([smiles, int(label)] for smiles, label, known in rows if known)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trained = molgen.train(
                path, target="active", kind="binary", experts="tabular", split="random", fractions=(0.9, 0.1, 0.0)
            )
    smiles = [smiles for smiles, known in zip(target.smiles, target.known, strict=True) if not known]
    found: NDArray[np.float64] = trained.bundle.predict(smiles)["active"].to_numpy(dtype=np.float64)
    return found


def _unknown(target: Target) -> list[Mol]:
    return [mol for mol, known in zip(target.mols, target.known, strict=True) if not known]


METHODS: dict[str, Callable[[Target], NDArray[np.float64]]] = {
    "similarity": similarity,
    "random forest": forest,
    "molgen, boosted": boosted,
    "properties": properties,
}


# --- tables -------------------------------------------------------------------------------------------------------


def targets(wanted: list[str]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    with gzip.open(DUD, "rt") as file:
        rows: dict[str, list[dict[str, str]]] = {}
        for row in csv.DictReader(file):
            rows.setdefault(row["target"], []).append(row)
    yield from ((name, rows[name]) for name in wanted or sorted(rows))


def line(name: str, size: str, method: str, found: dict[str, Enrichment]) -> str:
    cells = [f"{each.value:.2f} ({each.lower:.2f} - {each.upper:.2f})" for each in found.values()]
    return f"| {name} | {size} | {method} | {' | '.join(cells)} |"


def mean_line(method: str, found: list[dict[str, Enrichment]]) -> str:
    """The mean over targets; its interval is over targets drawn again."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(found), size=(2000, len(found)))
    cells = []
    for measure in MEASURES:
        values = np.array([each[measure].value for each in found])
        lower, upper = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
        cells.append(f"{values.mean():.2f} ({lower:.2f} - {upper:.2f})")
    return f"| mean of {len(found)} | | {method} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="*", default=[], help="some of DUD's targets [all]")
    parser.add_argument("--decoys", type=int, default=1500, help="decoys of a target at most")
    parser.add_argument("--samples", type=int, default=1000, help="bootstrap samples")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", type=Path, help="page to write the table into, between its marks")
    options = parser.parse_args()
    start = time.process_time()
    lines = [f"| target | actives of | method | {' | '.join(MEASURES)} |", "|---|---|---|" + "---|" * len(MEASURES)]
    print("\n".join(lines))
    results: dict[str, list[dict[str, Enrichment]]] = {method: [] for method in METHODS}
    for name, rows in targets(options.targets):
        target = read_target(rows, options.decoys, options.seed)
        left = target.labels[~target.known]
        for method, rank in METHODS.items():
            found = enrichment(left, rank(target), samples=options.samples, seed=options.seed)
            results[method].append(found)
            lines.append(line(name, f"{int(left.sum())} of {len(left):,}", method, found))
            print(lines[-1], flush=True)
    means = [mean_line(method, found) for method, found in results.items()]
    print("\n".join(means))
    print(f"{time.process_time() - start:,.0f} s of CPU time")
    if options.table:
        page = options.table.read_text()
        table = "\n".join([*lines[:2], *means, *lines[2:]])
        options.table.write_text(
            re.sub(r"(<!-- table -->\n).*?(<!-- end -->)", lambda at: f"{at[1]}{table}\n{at[2]}", page, flags=re.DOTALL)
        )


if __name__ == "__main__":
    main()
