"""What sharing encodings is worth: pairs per CPU-second in training, and in a screen of molecules against one protein.

    python benchmarks/pair_speed.py train --epochs 3
    python benchmarks/pair_speed.py train --epochs 3 --reader dilated
    python benchmarks/pair_speed.py screen --model network.molgen --model blend.molgen

``train`` fits one network to KIBA (DeepDTA's folds) twice: on molgen's batches, which are blocks of some molecules with some
sequences, and on batches of shuffled pairs, in which each molecule and each sequence is encoded once too. Timed is the training of
an epoch, batches made and steps done, without its validation. Losses are squared errors of standardised labels.

``screen`` takes the first sequence of KIBA and molecules of ChEMBL, in one process: the slope between a short and a long library,
so that start-up is taken out. Beside the models stands what RDKit takes to parse the same molecules. Rounds alternate; medians are
printed.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pairs import load, random_pairs
from rdkit import Chem
from screening import write_library

import molgen
from molgen.data.tasks import NOISE, fit_scaling, scale
from molgen.experts.base import compute_features
from molgen.experts.network import NetworkExpert
from molgen.experts.pair import PairExpert
from molgen.experts.scaling import FeatureScaler
from molgen.nn.losses import MultiTaskLoss
from molgen.packed import expanded
from molgen.training.expert_config import PairConfig
from molgen.training.experts import architecture_of
from molgen.training.ingredients import ingredients_for
from molgen.training.loop import Epoch, Feed, fit_network

#: How training pairs are divided into batches.
BATCHES = {"blocks": PairExpert.training_batches, "shuffled pairs": NetworkExpert.training_batches}


class Timed(list[NDArray[np.int64]]):
    """Batches that note how much CPU time went by from the first until the last was done with."""

    def __init__(self, batches: list[NDArray[np.int64]], seconds: list[float]) -> None:
        super().__init__(batches)
        self.seconds = seconds

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        start = time.process_time()
        yield from super().__iter__()
        self.seconds.append(time.process_time() - start)


def train(arguments: argparse.Namespace) -> None:
    """Print seconds and validation loss of each epoch of both, and how many times the pairs per CPU-second blocks are."""
    torch.set_num_threads(1)
    dataset = load("kiba")
    split = random_pairs(dataset)
    ingredients = ingredients_for(dataset.subject, dataset.items)
    features, _ = compute_features([*ingredients.inputs, *ingredients.extras], dataset.subject.batch(dataset.items))
    tasks = fit_scaling(dataset.tasks, dataset.targets[split.train])
    config = PairConfig(epochs=arguments.epochs, batch_size=arguments.batch_size, reader=arguments.reader)
    scaler = FeatureScaler.fit(np.hstack([expanded(features[extra]) for extra in ingredients.extras])[split.train])
    print(f"  {len(split.train):,} training pairs, batches of {config.batch_size}, reader {config.reader}, {config.epochs} epochs")
    speeds = {}
    for name, divide in BATCHES.items():
        architecture = {**architecture_of(config), **ingredients.architecture}
        expert = PairExpert("pair", tasks, architecture, ingredients.extras, scaler)
        extras = expert.scaled_extras(features)
        torch.manual_seed(0)
        network = expert.make_network()
        seconds: list[float] = []

        def batches(order: np.random.Generator, expert=expert, divide=divide, seconds=seconds) -> Timed:
            return Timed(list(divide(expert, features, split.train, order, config.batch_size)), seconds)

        def make_batch(rows: NDArray[np.int64], expert=expert, network=network, extras=extras):
            return expert.make_batch(features, extras, rows, network)

        def tell(number: int, epoch: Epoch, name=name, seconds=seconds) -> None:
            pairs = len(split.train) / seconds[-1]
            found = f"{seconds[-1]:8.1f} CPU seconds, {pairs:7.0f} pairs per CPU-second, validation loss {epoch.valid:.4f}"
            print(f"  {name:<16} epoch {number}: {found}", flush=True)

        feed = Feed(make_batch, batches, expert.validation_batches(features, split.valid))
        loss = MultiTaskLoss(torch.tensor([False]), torch.ones(1), NOISE, {})
        fit_network(network, feed, scale(tasks, dataset.labels), loss, config, seed=0, on_epoch=tell)
        speeds[name] = len(split.train) / statistics.median(seconds)
    print(f"  blocks: {speeds['blocks'] / speeds['shuffled pairs']:.1f} x the pairs per CPU-second of shuffled pairs")


def screen(arguments: argparse.Namespace, folder: Path) -> None:
    """Print pairs per CPU-second of each model."""
    torch.set_num_threads(1)
    protein = folder / "protein.fasta"
    protein.write_text(f">protein\n{load('kiba').items[0].partner}\n")
    sizes = (arguments.short, arguments.long)
    libraries = [write_library(folder / f"{rows}.csv", rows) for rows in sizes]

    def parse(library: Path) -> None:
        for smiles in library.read_text().split()[1:]:
            Chem.MolFromSmiles(smiles)

    def screened(model: str, columns: list[str] | None, library: Path) -> None:
        molgen.screen(library, model, folder / "scores.csv", protein=protein, columns=columns, overwrite=True)

    tasks: dict[str, Callable[[Path], None]] = {}
    for model in arguments.model:
        alone = ["status", *(task.name for task in molgen.load(model).tasks)]
        tasks[Path(model).name] = partial(screened, model, None)
        tasks[f"{Path(model).name}, the score alone"] = partial(screened, model, alone)
    tasks["parsing alone"] = parse
    slopes: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(1 + arguments.rounds):
        for name, task in tasks.items():
            seconds = []
            for library in libraries:
                start = time.process_time()
                task(library)
                seconds.append(time.process_time() - start)
            slopes[name].append((seconds[1] - seconds[0]) / (sizes[1] - sizes[0]))
    for name, (_, *each) in slopes.items():  # the first round loads what is loaded once
        median = statistics.median(each)
        print(f"  {name:<40} {1e6 * median:8.0f} us a pair {1 / median:8.0f} pairs per CPU-second")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["train", "screen"])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--reader", help="what reads the letters; none by default, as in training")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--model", action="append", default=[], help="a model of pairs; repeat for several")
    parser.add_argument("--short", type=int, default=1_000)
    parser.add_argument("--long", type=int, default=11_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{datetime.date.today()}, molgen {molgen.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores")
    if arguments.what == "train":
        train(arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        screen(arguments, Path(folder))


if __name__ == "__main__":
    main()
