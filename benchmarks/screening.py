"""Cost and memory of ``molgen screen``, beside ``chemprop predict`` in the same run.

Four ways to screen are measured: all columns and the score alone, each from text and from a prepared library. Speed is the slope
between a short and a long library, so that start-up is taken out: CPU time of the whole process tree, as the kernel counts it.
Rounds alternate between the tools; the median is printed.

    python benchmarks/screening.py speed --model graph.molgen --chemprop .../bin/chemprop --chemprop-model best.pt
    python benchmarks/screening.py memory --model graph.molgen
    python benchmarks/screening.py kill --model graph.molgen

``kill`` sends SIGKILL twenty times at random moments to one screen, lets it finish, and compares its bytes with those of an
undisturbed run.
"""

from __future__ import annotations

import argparse
import datetime
import filecmp
import gzip
import itertools
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from moleculenet import DATA

import molgen

LIBRARY = DATA / "molecules" / "chembl_smiles" / "chembl_validation.csv.gz"


def write_library(path: Path, rows: int) -> Path:
    """Write a CSV of ``rows`` ChEMBL SMILES, from the start again where they run out."""
    with gzip.open(LIBRARY, "rt") as file:
        smiles = file.read().split("\n")[1:-1]
    with path.open("w") as out:
        out.write("smiles\n")
        out.writelines(f"{text}\n" for text in itertools.islice(itertools.cycle(smiles), rows))
    return path


def cost(command: list[str]) -> tuple[float, float]:
    """Run a command; return its CPU seconds (children included) and its peak memory in MB."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    complaint = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{complaint.decode()}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def molgen_command(model: str, library: Path, out: Path) -> list[str]:
    """Return the command that screens with all columns, one worker."""
    return ["molgen", "screen", str(library), "-m", model, "-o", str(out), "--quiet", "--overwrite"]


def chemprop_command(chemprop: str, model: str, library: Path, out: Path) -> list[str]:
    """Return chemprop's command for the same rows, on the CPU, with its defaults."""
    command = [chemprop, "predict", "-i", str(library), "--model-paths", model, "-o", str(out)]
    return [*command, "-s", "smiles", "--accelerator", "cpu", "-n", "0"]


def speed(arguments: argparse.Namespace, folder: Path) -> None:
    """Print microseconds of CPU time a row: from text and from a prepared library, with all columns and with the score alone."""
    sizes = (arguments.short, arguments.long)
    libraries = [write_library(folder / f"{rows}.csv", rows) for rows in sizes]
    for path in libraries:
        cost(["molgen", "prepare", str(path), "-o", str(path.with_suffix("")), "--quiet"])
    alone = ["--columns", f"status,{','.join(task.name for task in molgen.load(arguments.model).tasks)}"]

    def screen(path: Path, *options: str) -> list[str]:
        return [*molgen_command(arguments.model, path, folder / "m.csv"), *options]

    tools = {
        "molgen screen": screen,
        "the score alone": lambda path: screen(path, *alone),
        "prepared": lambda path: screen(path.with_suffix("")),
        "prepared, the score alone": lambda path: screen(path.with_suffix(""), *alone),
    }
    if arguments.chemprop:
        tools["chemprop predict"] = lambda path: chemprop_command(
            arguments.chemprop, arguments.chemprop_model, path, folder / "c.csv"
        )
    slopes: dict[str, list[float]] = {name: [] for name in tools}
    for _ in range(arguments.rounds):
        for name, command in tools.items():
            short, long = (cost(command(path))[0] for path in libraries)
            slopes[name].append((long - short) / (sizes[1] - sizes[0]))
    medians = {name: statistics.median(each) for name, each in slopes.items()}
    for name, seconds in medians.items():
        ratios = f"{medians['molgen screen'] / seconds:8.2f} x molgen screen"
        if "chemprop predict" in medians:
            ratios += f"{medians['chemprop predict'] / seconds:8.2f} x chemprop"
        print(f"  {name:<26}{1e6 * seconds:8.0f} us a row {1 / seconds:10.0f} rows per CPU-second {ratios}")


def memory(arguments: argparse.Namespace, folder: Path) -> None:
    """Print peak memory for a short and a long library, and for prepared ones of twice and 200 times the short one's rows."""
    tables = [write_library(folder / f"{rows}.csv", rows) for rows in (arguments.short, arguments.long)]
    print_peaks(arguments.model, tables, folder)
    twice = folder / "twice"
    cost(["molgen", "prepare", str(write_library(folder / "twice.csv", 2 * arguments.short)), "-o", str(twice), "--quiet"])
    print_peaks(arguments.model, [twice, repeat_library(twice, folder / "hundred", 100)], folder)


def print_peaks(model: str, libraries: list[Path], folder: Path) -> None:
    """Screen libraries, and print what each takes."""
    peaks = []
    for library in libraries:
        seconds, peak = cost(molgen_command(model, library, folder / "scores.csv"))
        peaks.append(peak)
        print(f"  {library.name:<12} {peak:7.0f} MB peak {seconds:8.0f} CPU seconds", flush=True)
    print(f"  ratio {peaks[1] / peaks[0]:.3f}")


def repeat_library(folder: Path, out: Path, times: int) -> Path:
    """Make a prepared library of the shards of another, each so many times over; they are links, and take no space."""
    contents = json.loads((folder / "molgen-library.json").read_text())
    shards = []
    out.mkdir()
    for number, shard in enumerate(contents["shards"] * times):
        name = f"part-{number:05d}.parquet"
        os.link(folder / shard["file"], out / name)
        shards.append({**shard, "file": name})
    (out / "molgen-library.json").write_text(json.dumps({**contents, "rows": contents["rows"] * times, "shards": shards}))
    return out


def kill(arguments: argparse.Namespace, folder: Path) -> None:
    """Kill one screen at random moments, finish it, and compare."""
    library = write_library(folder / "library.csv", arguments.long)
    command = [*molgen_command(arguments.model, library, folder / "clean.csv"), "--hits", str(folder / "clean-hits.csv")]
    single = molgen_command(arguments.model, write_library(folder / "single.csv", 1), folder / "single-scores.csv")
    begun = time.monotonic()
    cost(single)
    started = time.monotonic()
    cost(command)
    starting, whole = started - begun, time.monotonic() - started
    command = [*molgen_command(arguments.model, library, folder / "killed.csv"), "--hits", str(folder / "killed-hits.csv")]
    moments = random.Random(arguments.seed)
    parts = folder / "killed.csv.parts"
    found = []
    for at in range(arguments.kills):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Starting takes some seconds, in which nothing is done yet.
        time.sleep(moments.uniform(0, starting + 3 * max(0.0, whole - starting) / arguments.kills))
        process.kill()
        process.wait()
        if (folder / "killed-hits.csv").exists() and not parts.exists():
            print(f"  finished before kill {at + 1}")
            break
        found.append(len(list(parts.glob("part-*"))))
    print(f"  parts that were there after each kill: {' '.join(map(str, found))}")
    if not (folder / "killed-hits.csv").exists() or parts.exists():
        cost(command)
    for name in ("{}.csv", "{}-hits.csv"):
        same = filecmp.cmp(folder / name.format("clean"), folder / name.format("killed"), shallow=False)
        print(f"  {name.format('killed'):<16} {'identical' if same else 'DIFFERENT'}")
        if not same:
            sys.exit(1)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["speed", "memory", "kill"])
    parser.add_argument("--model", required=True)
    parser.add_argument("--chemprop")
    parser.add_argument("--chemprop-model")
    parser.add_argument("--short", type=int)
    parser.add_argument("--long", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.short = arguments.short or {"speed": 2_000, "memory": 50_000, "kill": 0}[arguments.what]
    arguments.long = arguments.long or {"speed": 12_000, "memory": 1_000_000, "kill": 400_000}[arguments.what]
    print(f"{datetime.date.today()}, Python {platform.python_version()}, {os.cpu_count()} cores, {arguments.what}")
    with tempfile.TemporaryDirectory() as folder:
        {"speed": speed, "memory": memory, "kill": kill}[arguments.what](arguments, Path(folder))


if __name__ == "__main__":
    main()
