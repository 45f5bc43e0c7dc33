"""CPU time a row of the models that come along, beside ADMET-AI in the same run: SMILES in, scores out, one process.

    python benchmarks/admet_speed.py --admet-ai .../bin/admet_predict

As in ``screening.py`` the figure is the slope between a short and a long library, CPU time of the whole process tree, median of
rounds in which the tools alternate. ADMET-AI, being slower, gets shorter libraries of the same rows.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import tempfile
from pathlib import Path

from screening import cost, molgen_command, write_library

import molgen
from molgen.datasets import list_bundles

#: Rows of the short library and of the long one.
SIZES = {"molgen": (2000, 12000), "admet-ai": (50, 350)}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--admet-ai", required=True, help="its command admet_predict, in its own environment")
    parser.add_argument("--models", nargs="*", default=sorted(list_bundles()))
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{datetime.date.today()}, molgen {molgen.__version__}, {os.cpu_count()} cores, us of CPU a row")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def screen(model: str, library: Path) -> list[str]:
            scores = ",".join(task.name for task in molgen.load(model).tasks)
            return [*molgen_command(model, library, folder / "scores.csv"), "--columns", f"status,{scores}"]

        def peer(library: Path) -> list[str]:
            return [
                *(arguments.admet_ai, "--data_path", str(library), "--save_path", str(folder / "peer.csv")),
                *("--smiles_column", "smiles"),
            ]

        tools = {f"molgen {model}": ("molgen", lambda path, model=model: screen(model, path)) for model in arguments.models}
        tools["ADMET-AI"] = ("admet-ai", peer)
        slopes: dict[str, list[float]] = {tool: [] for tool in tools}
        for _ in range(arguments.rounds):
            for tool, (kind, command) in tools.items():
                sizes = SIZES[kind]
                short, long = (cost(command(write_library(folder / f"{rows}.csv", rows)))[0] for rows in sizes)
                slopes[tool].append((long - short) / (sizes[1] - sizes[0]))
        medians = {tool: statistics.median(each) for tool, each in slopes.items()}
        for tool, seconds in medians.items():
            times = medians["ADMET-AI"] / seconds
            print(f"  {tool:<24}{1e6 * seconds:10.0f} {1 / seconds:10.0f} rows per CPU-second {times:8.1f} x ADMET-AI")


if __name__ == "__main__":
    main()
