"""How fast sequences are read, encoded, counted and translated, beside other tools in the same run.

    python benchmarks/sequences.py --peer-python .../bin/python

Million letters a CPU-second (MB for files), one process, the median of several rounds in which the tools take turns. Windows are
random ones of 200 letters with an N here and there; the genome is that of E. coli 536 (4.9 million letters, one record); short
records are the windows as a FASTA file. tangermeme and seqpro run in an environment of their own.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from Bio.Seq import Seq
from Bio.SeqIO.FastaIO import SimpleFastaParser
from moleculenet import DATA
from sklearn.feature_extraction.text import CountVectorizer

import molgen
from molgen.bio import read_records, translate
from molgen.featurizers import Kmer, OneHot

GENOME = DATA / "sequences" / "genomes" / "ecoli536_NC_008253.fna.gz"
LENGTH = 200


class Peer:
    """A process in another environment that is told what to time."""

    def __init__(self, python: str) -> None:
        script = Path(__file__).with_name("sequence_peer.py")
        self.process = subprocess.Popen([python, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.versions = self.answer()

    def answer(self) -> object:
        """Return what it says."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def seconds(self, **job: object) -> float:
        """Return the CPU time of a job."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return float(self.answer())  # type: ignore[arg-type]


def own_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of some work in this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def make_windows(n: int) -> list[str]:
    """Return random windows, one letter in 500 of which is N."""
    letters = np.frombuffer(b"ACGTN", np.uint8)[np.random.default_rng(0).choice(5, (n, LENGTH), p=[0.2495] * 4 + [0.002])]
    return [row.tobytes().decode() for row in letters]


def count_with_scikit_learn(text: str) -> None:
    """Count words of six letters with CountVectorizer."""
    CountVectorizer(analyzer="char", ngram_range=(6, 6), lowercase=False).fit_transform([text])


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="Python of an environment with tangermeme and seqpro")
    parser.add_argument("--windows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    peer = Peer(arguments.peer_python) if arguments.peer_python else None
    print(f"{datetime.date.today()}, molgen {molgen.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores")
    windows = make_windows(arguments.windows)
    genome = next(read_records(GENOME)).sequence
    slice_ = genome[:500_000]  # of what the slow ones are timed on
    letters = arguments.windows * LENGTH / 1e6
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder, "short.fa"), Path(folder, "long.fa")
        lines = [
            [f">window{at} random", *(row[start : start + 60] for start in range(0, LENGTH, 60))] for at, row in enumerate(windows)
        ]
        short.write_text("\n".join(line for each in lines for line in each) + "\n")
        long.write_bytes(gzip.decompress(GENOME.read_bytes()))
        works: dict[str, dict[str, tuple[float, Callable[[], float]]]] = {}
        for layout in ("channels_last", "channels_first"):
            encoder = OneHot(layout=layout)
            of_layout = {"molgen": (letters, lambda e=encoder: own_seconds(lambda: e.transform(windows)))}
            for tool in ("tangermeme", "seqpro") if peer else ():
                of_layout[tool] = (letters, lambda t=tool, a=layout: peer.seconds(tool=t, layout=a, windows=windows))
            works[f"one-hot, windows of {LENGTH}, int8, {layout.replace('_', ' ')}"] = of_layout
        works["words of 6, a genome"] = {
            "molgen": (len(genome) / 1e6, lambda: own_seconds(lambda: Kmer(6).transform([genome]))),
            "Counter": (len(slice_) / 1e6, lambda: own_seconds(lambda: Counter(slice_[i : i + 6] for i in range(len(slice_) - 5)))),
            "CountVectorizer": (len(slice_) / 1e6, lambda: own_seconds(lambda: count_with_scikit_learn(slice_))),
        }
        works["words of 6, windows"] = {
            "molgen": (letters, lambda: own_seconds(lambda: Kmer(6).transform(windows))),
        }
        encoded = genome.encode()
        works["translation, a genome"] = {
            "molgen": (len(genome) / 1e6, lambda: own_seconds(lambda: translate(encoded))),
            "Biopython": (len(slice_) / 1e6, lambda: own_seconds(lambda: Seq(slice_[:499_998]).translate())),
        }
        for title, path in (("FASTA, short records", short), ("FASTA, one record", long)):
            size = path.stat().st_size / 1e6
            works[title] = {
                "molgen": (size, lambda p=path: own_seconds(lambda: sum(len(record.sequence) for record in read_records(p)))),
                "SimpleFastaParser": (size, lambda p=path: own_seconds(lambda: read_with_biopython(p))),
            }
        for title, tools in works.items():
            rounds = [{tool: run() for tool, (_, run) in tools.items()} for _ in range(arguments.rounds)]
            speeds = {tool: amount / statistics.median(each[tool] for each in rounds) for tool, (amount, _) in tools.items()}
            print(f"{title:<48} " + ", ".join(f"{tool} {speed:,.0f}" for tool, speed in speeds.items()), flush=True)


def read_with_biopython(path: Path) -> int:
    """Read a FASTA file with Biopython's quickest parser."""
    with path.open() as file:
        return sum(len(letters) for _, letters in SimpleFastaParser(file))


if __name__ == "__main__":
    main()
