"""What plain models on molgen's featurizers are worth on promoters and on binding sites: what a network has to beat.

    python benchmarks/sequence_baselines.py

Logistic regression (scikit-learn, its strength chosen by cross-validation within the training rows) on GC content, on counts of
words, and on words and letters at their places. Promoters of E. coli and of the mouse (TATA) against sequences that are none: five
stratified folds, those of one sequence in one of them; sensitivity, specificity, MCC and AUROC, mean and standard deviation. CTCF
against PU.1, 100 letters around the summits of their peaks: chromosomes 8 and 9 are tested on, once.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
from moleculenet import DATA
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import confusion_matrix, matthews_corrcoef, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

import molgen
from molgen.bio import Record, read_records
from molgen.featurizers import Composition, Kmer, OneHot

FOLDER = DATA / "sequences"
PROMOTERS = {
    "E. coli promoters": ("Ecoli_prom.fa.gz", "Ecoli_non_prom.fa.gz"),
    "mouse TATA promoters": ("Mouse_tata.fa.gz", "Mouse_nonprom.fa.gz"),
}


def read(path: Path) -> list[Record]:
    """Return the records of a file."""
    return [record for record in read_records(path) if not record.problem]


def features(rows: list[str], *, canonical: bool) -> dict[str, csr_matrix]:
    """Return what each model sees."""
    words = hstack([Kmer(k, canonical=canonical).transform(rows) for k in (3, 4, 5, 6)], format="csr")
    places = csr_matrix(OneHot(len(rows[0]), layout="flat").transform(rows))
    return {
        "GC content": csr_matrix(Composition("gc").transform(rows)),
        "words of 3 to 6": words,
        "words and places": hstack([words, places], format="csr"),
    }


def fit(values: csr_matrix, labels: NDArray[np.int64]) -> object:
    """Fit logistic regression, the strength of its penalty by cross-validation."""
    strengths = np.logspace(-3, 2, 6)
    model = LogisticRegressionCV(Cs=strengths, cv=3, scoring="neg_log_loss", max_iter=2000, solver="liblinear", l1_ratios=(0.0,))
    return make_pipeline(MaxAbsScaler(), model).fit(values, labels)


def read_both(folder: Path, positive: str, negative: str) -> tuple[list[Record], NDArray[np.int64]]:
    """Return the records of two files, and 1 and 0 for those of each."""
    ours, others = (read(folder / name) for name in (positive, negative))
    return ours + others, np.repeat([1, 0], [len(ours), len(others)])


def promoters(title: str, positive: str, negative: str) -> None:
    """Print the figures of five folds."""
    records, labels = read_both(FOLDER / "promoters", positive, negative)
    rows = [record.sequence.upper() for record in records]
    groups = np.unique(rows, return_inverse=True)[1]
    print(f"\n{title}: {labels.sum():,} of {len(labels):,}, {len(rows[0])} letters")
    folds = list(StratifiedGroupKFold(5, shuffle=True, random_state=0).split(rows, labels, groups))
    for name, values in features(rows, canonical=False).items():
        found = []
        for train, test in folds:
            scores = fit(values[train], labels[train]).decision_function(values[test])  # type: ignore[attr-defined]
            (tn, fp), (fn, tp) = confusion_matrix(labels[test], scores > 0)
            mcc = matthews_corrcoef(labels[test], scores > 0)
            found.append({"Sn": tp / (tp + fn), "Sp": tn / (tn + fp), "MCC": mcc, "AUROC": roc_auc_score(labels[test], scores)})
        measures = {measure: [each[measure] for each in found] for measure in found[0]}
        told = [f"{measure} {np.mean(each):.3f} +- {np.std(each, ddof=1):.3f}" for measure, each in measures.items()]
        print(f"  {name:<18} {', '.join(told)}", flush=True)


def binding_sites() -> None:
    """Print the figures of the chromosomes that are held out."""
    records, labels = read_both(FOLDER / "tf_ctcf_pu1", "ctcf.fa.gz", "pu1.fa.gz")
    tested = np.array([record.title.split(":")[0] in ("chr8", "chr9") for record in records])
    print(f"\nCTCF against PU.1: {labels.sum():,} of {len(labels):,}, {tested.sum():,} on chromosomes 8 and 9")
    for name, values in features([record.sequence for record in records], canonical=True).items():
        scores = fit(values[~tested], labels[~tested]).decision_function(values[tested])  # type: ignore[attr-defined]
        print(f"  {name:<18} AUROC {roc_auc_score(labels[tested], scores):.4f}", flush=True)


def main() -> None:
    """Run the benchmark."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print(f"{datetime.date.today()}, molgen {molgen.__version__}")
    for title, (positive, negative) in PROMOTERS.items():
        promoters(title, positive, negative)
    binding_sites()


if __name__ == "__main__":
    main()
