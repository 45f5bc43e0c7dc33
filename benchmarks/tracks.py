"""Tracks whose process is known: counts drawn around the chi sites (GCTGGTGG) of E. coli 536, learnt from letters.

    python benchmarks/tracks.py --seeds 3 --out FOLDER

Each site has 60 counts on the average on the strand it stands on, around 20 letters before its middle, and as many on the other,
around 20 letters after it (standard deviation 5); anywhere else a place of a strand has .02. Windows of 200 letters hold a site
within 40 letters of their middle, or stand anywhere; a tenth of them, drawn at random, is tested. No model can do better than the
process itself, but by chance.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import re
from pathlib import Path

import numpy as np
from moleculenet import DATA
from numpy.typing import NDArray

import molgen
from molgen.bio.strands import reverse_complement
from molgen.data.counts import Counts
from molgen.training.tracks import track_metrics

GENOME = DATA / "sequences" / "genomes" / "ecoli536_NC_008253.fna.gz"
SITE, LENGTH = "GCTGGTGG", 200
COUNTS, SIDE, SPREAD, ELSEWHERE, AWAY = 60, 20, 5.0, 0.02, 40


def expected_counts(letters: str) -> NDArray[np.float64]:
    """Return the mean of the process at each place of a genome, ``[2, length]``, plus and minus."""
    means = np.full((2, len(letters)), ELSEWHERE)
    reach = np.arange(-4 * SPREAD, 4 * SPREAD + 1).astype(int)
    peak = np.exp(-0.5 * (reach / SPREAD) ** 2)
    for site, before in ((SITE, 0), (reverse_complement(SITE.encode(), "dna").decode(), 1)):
        for found in re.finditer(site, letters):
            middle = found.start() + len(SITE) // 2
            for strand, side in ((before, -SIDE), (1 - before, SIDE)):
                # On the other strand what is before a site has a higher place.
                places = middle + (side if before == 0 else -side) + reach
                inside = (places >= 0) & (places < len(letters))
                means[strand, places[inside]] += COUNTS * (peak / peak.sum())[inside]
    return means


def write_files(folder: Path, seed: int) -> tuple[list[str], NDArray[np.float64]]:
    """Write genome, windows and counts; return the tracks, and what is expected of each place."""
    rng = np.random.default_rng(seed)
    lines = gzip.decompress(GENOME.read_bytes()).decode().splitlines()
    contig, letters = lines[0][1:].split()[0], "".join(lines[1:]).upper()
    (folder / "genome.fa").write_text(f">{contig}\n{letters}\n")
    means = expected_counts(letters)
    sites = [found.start() for site in (SITE, "CCACCAGC") for found in re.finditer(site, letters)]
    middles = np.concatenate(
        [np.array(sites) + rng.integers(-AWAY, AWAY + 1, len(sites)), rng.integers(0, len(letters), len(sites))]
    )
    middles = np.sort(middles[(middles > LENGTH) & (middles < len(letters) - LENGTH)])
    (folder / "windows.bed").write_text("".join(f"{contig}\t{at - 50}\t{at + 50}\n" for at in middles))
    for name, counts in zip(("plus", "minus"), rng.poisson(means), strict=True):
        text = "".join(f"{contig}\t{at}\t{at + 1}\t{counts[at]}\n" for at in np.flatnonzero(counts))
        (folder / f"{name}.bedgraph").write_text(text)
    return [f"chi={folder / 'plus.bedgraph'},{folder / 'minus.bedgraph'}"], means


def run(folder: Path, seed: int) -> dict[str, dict[str, float]]:
    """Return measures of the test part, of the mean of the training rows, the model, and the process itself."""
    folder.mkdir(parents=True, exist_ok=True)
    tracks, means = write_files(folder, seed)
    settings = {"genome": str(folder / "genome.fa"), "length": LENGTH, "tracks": tracks, "split": "random", "seed": seed}
    result = molgen.train(folder / "windows.bed", folder / "chi.molgen", overwrite=True, **settings)
    rows = result.split.test
    assert result.dataset.counts is not None
    starts = [int(result.dataset.ids[row].rpartition(":")[2].partition("-")[0]) + 50 - LENGTH // 2 for row in rows]
    shares = np.stack([means[:, start : start + LENGTH] for start in starts])
    shares /= shares.sum(axis=(1, 2), keepdims=True)
    counts = Counts({"chi": 2}, result.dataset.counts.values[rows])
    found = {name: measures["chi"] for name, measures in result.tracks["test"].items()}
    totals = {name: result.metrics["test"][name]["chi"]["r2"] for name in ("mean", "model")}
    known = np.log1p([means[:, start : start + LENGTH].sum() for start in starts])
    labels = result.dataset.targets[rows, 0]
    totals["the process"] = 1 - ((labels - known) ** 2).sum() / ((labels - labels.mean()) ** 2).sum()
    found["the process"] = track_metrics(shares.astype(np.float32), counts)["chi"]
    return {name: {**measures, "r2 of totals": totals[name]} for name, measures in found.items()}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("tracks"), help="folder for tables and models")
    arguments = parser.parse_args()
    runs = [run(arguments.out / str(seed), seed) for seed in range(arguments.seeds)]
    print(f"{datetime.date.today()}, molgen {molgen.__version__}, {len(runs)} seeds, test windows")
    for name in runs[0]:
        spread = {measure: [each[name][measure] for each in runs] for measure in runs[0][name]}
        told = [
            f"{measure} {np.mean(values):.3f} +- {np.std(values, ddof=len(values) > 1):.3f}" for measure, values in spread.items()
        ]
        print(f"  {name:<12} {', '.join(told)}")


if __name__ == "__main__":
    main()
