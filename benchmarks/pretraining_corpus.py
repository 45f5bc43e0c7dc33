"""The corpus of the encoder that comes along: ChEMBL compounds, and every nth of MOSES.

    python benchmarks/pretraining_corpus.py corpus.csv
    molgen prepare corpus.csv -o corpus/ --store Descriptors --workers 2
    molgen pretrain corpus/ -o encoder.molgen --config benchmarks/encoder.toml --checkpoint run

No label is read. ChEMBL (78,102 compounds) covers what medicinal chemists make; MOSES (1.6 million lead-like compounds of ZINC) is
many, and alike.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from itertools import islice
from pathlib import Path

from moleculenet import DATA


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--every", type=int, default=6, help="take every nth compound of MOSES")
    arguments = parser.parse_args()
    folder = DATA / "molecules"
    with arguments.output.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "smiles"])
        for name, file, every in (
            ("chembl", "chembl_smiles/chembl_validation.csv.gz", 1),
            ("moses", "moses/train.csv.gz", arguments.every),
        ):
            with gzip.open(folder / file, "rt", encoding="utf-8") as lines:
                next(lines)
                for number, line in enumerate(islice(lines, 0, None, every)):
                    writer.writerow([f"{name}-{number * every + 1}", line.strip()])


if __name__ == "__main__":
    main()
