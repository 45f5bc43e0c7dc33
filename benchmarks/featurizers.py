"""Cost of molgen's featurizers beside RDKit's own functions and scikit-fingerprints, and whether they give RDKit's values.

Each round parses the molecules afresh (RDKit keeps what it computed on a molecule), and runs the peers in turn, so that a
busy machine slows all of them alike. Figures are microseconds of CPU time a molecule, the median of the rounds.

    python benchmarks/featurizers.py --molecules 20000 --descriptors 2000
    python benchmarks/featurizers.py --only fingerprints --peer-python ~/skfp/bin/python
    python benchmarks/featurizers.py --only cost --rounds 3

The second needs scikit-fingerprints in an environment of its own. There, RDKit's figure is a loop of its function over parsed
molecules that leaves a NumPy row for each, molgen's and the peer's end in a CSR matrix of all. The third is the cost of every
featurizer with its defaults, alone.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rdkit
from rdkit import Chem, rdBase
from rdkit.Avalon import pyAvalonTools
from rdkit.Chem import Descriptors as RDKitDescriptors
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors, rdReducedGraphs
from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D
from rdkit.DataStructs import ConvertToNumpyArray

from molgen.chem.descriptors import DESCRIPTORS_2D, DESCRIPTORS_FAST, compute_descriptors
from molgen.featurizers import (
    MACCS,
    AtomPair,
    Avalon,
    Concat,
    ErG,
    FeatureMorgan,
    Featurizer,
    Morgan,
    PharmacophoreFingerprint,
    RDKitFingerprint,
    TopologicalTorsion,
)
from molgen.featurizers.base import available
from molgen.featurizers.embedding import EmbeddingFeaturizer
from molgen.featurizers.molecule import MoleculeFeaturizer

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("MOLGEN_DATA", ROOT.parent / "shared" / "data"))
Mols = list[Chem.Mol]


def read_smiles(path: Path, n: int) -> list[str]:
    """Return ``n`` SMILES, evenly spread over the file."""
    with gzip.open(path, "rt") as lines:
        rows = [row["smiles"] for row in csv.DictReader(lines)]
    return rows[:: max(1, len(rows) // n)][:n]


def parse(smiles: Sequence[str]) -> Mols:
    return [mol for mol in map(Chem.MolFromSmiles, smiles) if mol is not None]


def measure(peers: dict[str, Callable[[Any], Any]], fresh: Callable[[], Any], rounds: int, n: int) -> dict[str, float]:
    """Return the median CPU time of each peer in microseconds a molecule."""
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, run in peers.items():
            material = fresh()
            start = time.process_time()
            run(material)
            times[name].append((time.process_time() - start) / n * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def compare_morgan(smiles: list[str], rounds: int) -> tuple[dict[str, float], bool]:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    featurizer = Morgan(counts=True)
    peers: dict[str, Callable[[Any], Any]] = {
        "RDKit: MolFromSmiles + GetCountFingerprints": lambda rows: generator.GetCountFingerprints(parse(rows)),
        "molgen: Morgan(counts=True), SMILES to CSR": featurizer.transform,
    }
    few = parse(smiles[:2000])
    expected = np.array([generator.GetCountFingerprintAsNumPy(mol) for mol in few])
    same = bool((featurizer.transform(few).toarray() == expected).all())
    return measure(peers, lambda: smiles, rounds, len(smiles)), same


# --- fingerprints beside scikit-fingerprints --------------------------------------------------------------------


class Contest(NamedTuple):
    """A featurizer, RDKit's function for one molecule, and the peer's class with its arguments."""

    featurizer: Featurizer
    by_rdkit: Callable[[Chem.Mol], Any]
    peer: str
    arguments: dict[str, Any]


def as_row(size: int, make: Callable[[Chem.Mol], Any]) -> Callable[[Chem.Mol], Any]:
    def convert(mol: Chem.Mol) -> Any:
        row = np.zeros(size, dtype=np.uint32)
        ConvertToNumpyArray(make(mol), row)
        return row

    return convert


def pharmacophores(mol: Chem.Mol) -> Any:
    row = np.zeros(Gobbi_Pharm2D.factory.GetSigSize(), dtype=np.uint32)
    row[list(Generate.Gen2DFingerprint(mol, Gobbi_Pharm2D.factory).GetOnBits())] = 1
    return row


def contests() -> list[Contest]:
    generators = rdFingerprintGenerator
    features = generators.GetMorganFeatureAtomInvGen()
    pairs = [
        (Morgan, generators.GetMorganGenerator(radius=2), "ECFPFingerprint", {}),
        (
            FeatureMorgan,
            generators.GetMorganGenerator(radius=2, atomInvariantsGenerator=features),
            "ECFPFingerprint",
            {"use_pharmacophoric_invariants": True},
        ),
        (AtomPair, generators.GetAtomPairGenerator(), "AtomPairFingerprint", {}),
        (TopologicalTorsion, generators.GetTopologicalTorsionGenerator(), "TopologicalTorsionFingerprint", {}),
        (RDKitFingerprint, generators.GetRDKitFPGenerator(), "RDKitFingerprint", {}),
    ]
    found = []
    for cls, generator, peer, arguments in pairs:
        found.append(Contest(cls(), generator.GetFingerprintAsNumPy, peer, arguments))
        found.append(Contest(cls(counts=True), generator.GetCountFingerprintAsNumPy, peer, {**arguments, "count": True}))
    avalon, avalon_counts = (
        as_row(512, pyAvalonTools.GetAvalonFP),
        as_row(512, lambda mol: pyAvalonTools.GetAvalonCountFP(mol, 512)),
    )
    return [
        *found,
        Contest(Avalon(), avalon, "AvalonFingerprint", {}),
        Contest(Avalon(counts=True), avalon_counts, "AvalonFingerprint", {"count": True}),
        Contest(MACCS(), as_row(167, rdMolDescriptors.GetMACCSKeysFingerprint), "MACCSFingerprint", {}),
        Contest(ErG(), rdReducedGraphs.GetErGFingerprint, "ERGFingerprint", {}),
        Contest(PharmacophoreFingerprint(), pharmacophores, "PharmacophoreFingerprint", {"variant": "raw_bits"}),
    ]


class Peer:
    """scikit-fingerprints in a process that lives as long as the run."""

    def __init__(self, python: str) -> None:
        script = Path(__file__).with_name("fingerprint_peer.py")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([python, script], stdin=pipe, stdout=pipe, text=True, env=environment)
        self.version = self._answer()

    def measure(self, contest: Contest, smiles: list[str]) -> float:
        """Return the peer's CPU time in seconds."""
        assert self.process.stdin
        job = {"name": contest.peer, "arguments": contest.arguments, "smiles": smiles}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())


def clock(run: Callable[[Mols], Any], smiles: list[str]) -> tuple[float, Any]:
    """Return the CPU time in seconds of a run over freshly parsed molecules, and what it gave."""
    mols = parse(smiles)
    start = time.process_time()
    made = run(mols)
    return time.process_time() - start, made


def compare_fingerprints(smiles: list[str], rounds: int, peer: Peer | None) -> None:
    print(f"\nFingerprints of parsed molecules, us/molecule, the median of {rounds} rounds ({peer.version if peer else 'no peer'})")
    print(f"{'':44s}{'RDKit':>9s}{'peer':>9s}{'molgen':>9s}{'/RDKit':>8s}{'/peer':>8s}  equal")
    for contest in contests():
        slow = isinstance(contest.featurizer, PharmacophoreFingerprint)
        some = smiles[::20] if slow else smiles
        contest.featurizer.transform(parse(some[:10]))
        contenders: dict[str, Callable[[], tuple[float, Any]]] = {
            "rdkit": lambda: clock(lambda mols: [contest.by_rdkit(mol) for mol in mols], some),  # noqa: B023 - used in this turn
            "peer": lambda: (peer.measure(contest, some) if peer else np.nan, None),  # noqa: B023
            "molgen": lambda: clock(contest.featurizer.transform, some),  # noqa: B023
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        made: dict[str, Any] = {}
        for turn in range(rounds):
            names = list(contenders)
            # Each goes first in turn, after a pause: who has just slept is interrupted less on a busy machine.
            for name in names[turn % 3 :] + names[: turn % 3]:
                time.sleep(0.05)
                seconds, made[name] = contenders[name]()
                times[name].append(seconds)
        rows, values = made["rdkit"], made["molgen"]
        dense = values if isinstance(values, np.ndarray) else values.toarray()
        equal = np.array_equal(dense, np.array(rows))
        by_rdkit, by_peer, by_molgen = (statistics.median(times[name]) / len(some) * 1e6 for name in ("rdkit", "peer", "molgen"))
        figures = f"{by_rdkit:9.1f}{by_peer:9.1f}{by_molgen:9.1f}{by_molgen / by_rdkit:8.2f}{by_molgen / by_peer:8.2f}"
        print(f"{contest.featurizer!r:44s}{figures}  {equal}", flush=True)


# --- descriptors ------------------------------------------------------------------------------------------------


def compare_descriptors(smiles: list[str], rounds: int) -> tuple[dict[str, float], float]:
    def all_by_rdkit(mols: Mols) -> None:
        with rdBase.BlockLogs(), np.errstate(all="ignore"):
            for mol in mols:
                RDKitDescriptors.CalcMolDescriptors(mol)

    def fast_by_rdkit(mols: Mols) -> None:
        functions = [getattr(RDKitDescriptors, name) for name in DESCRIPTORS_FAST]
        for mol in mols:
            for function in functions:
                function(mol)

    peers: dict[str, Callable[[Any], Any]] = {
        "RDKit: CalcMolDescriptors": all_by_rdkit,
        f"molgen: {len(DESCRIPTORS_2D)} descriptors": compute_descriptors,
        f"RDKit: the {len(DESCRIPTORS_FAST)} of DESCRIPTORS_FAST": fast_by_rdkit,
        f"molgen: the {len(DESCRIPTORS_FAST)} of DESCRIPTORS_FAST": lambda mols: compute_descriptors(mols, DESCRIPTORS_FAST),
        "RDKit: MolFromSmiles, to compare with": lambda _: parse(smiles),
    }
    compute_descriptors(parse(smiles[:10]))  # the comparison with RDKit that comes before the first use
    return measure(peers, lambda: parse(smiles), rounds, len(smiles)), share_of_equal_values(smiles)


def share_of_equal_values(smiles: list[str]) -> float:
    """Return how many values are equal within a relative 1e-9; Ipc counts where RDKit's own has digits."""
    got = compute_descriptors(parse(smiles))
    with rdBase.BlockLogs(), np.errstate(all="ignore"):
        rows = [RDKitDescriptors.CalcMolDescriptors(mol) for mol in parse(smiles)]
    expected = np.array([[np.nan if row[name] is None else row[name] for name in DESCRIPTORS_2D] for row in rows])
    equal = np.isclose(got, expected, rtol=1e-9, atol=1e-12, equal_nan=True)
    lost = expected[:, DESCRIPTORS_2D.index("Ipc")] > 1e14
    for name in ("Ipc", "AvgIpc"):
        equal[lost, DESCRIPTORS_2D.index(name)] = True
    return float(equal.mean())


# --- what each costs --------------------------------------------------------------------------------------------


def measure_all(smiles: list[str], rounds: int) -> None:
    """Print the cost of each featurizer of molecules with its defaults; those that embed molecules get one in forty."""
    print(f"\nEach featurizer, {len(smiles)} parsed molecules (* {len(smiles[::40])}), us/molecule, the median of {rounds} rounds")
    parsing = statistics.median(clock(lambda _: parse(smiles), smiles[:1])[0] for _ in range(rounds))
    print(f"{'(parsing)':26s}{parsing / len(smiles) * 1e6:10,.0f}")
    for name, kind in available().items():
        if not issubclass(kind, MoleculeFeaturizer) or kind is Concat:
            continue
        featurizer, slow = kind(), issubclass(kind, EmbeddingFeaturizer)
        some = smiles[::40] if slow else smiles
        featurizer.featurize(parse(some[:10]))  # reads tables
        seconds = statistics.median(clock(featurizer.featurize, some)[0] for _ in range(rounds))
        print(f"{name + ' *' * slow:26s}{seconds / len(some) * 1e6:10,.0f}", flush=True)


def show(title: str, figures: dict[str, float], pairs: Sequence[tuple[int, int]], note: str) -> None:
    print(f"\n{title}\n{'':52s} us/molecule    ratio")
    names = list(figures)
    ratios = {names[mine]: figures[names[mine]] / figures[names[peer]] for peer, mine in pairs}
    for name, value in figures.items():
        print(f"{name:52s} {value:11.0f}" + (f" {ratios[name]:8.2f}" if name in ratios else ""))
    print(note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA / "molecules/chembl_smiles/chembl_validation.csv.gz")
    parser.add_argument("--molecules", type=int, default=20_000, help="for fingerprints")
    parser.add_argument("--descriptors", type=int, default=2_000, help="molecules for descriptors")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fingerprints", type=int, default=2_000, help="molecules for the tables of fingerprints and of costs")
    parser.add_argument("--peer-python", help="Python of an environment with scikit-fingerprints")
    parser.add_argument("--only", choices=("fingerprints", "descriptors", "cost"), help="one part of the comparison")
    options = parser.parse_args()
    print(f"rdkit {rdkit.__version__}, numpy {np.__version__}, python {platform.python_version()}")
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}, {options.data.name}")

    if options.only == "cost":
        measure_all(read_smiles(options.data, options.fingerprints), options.rounds)
        return
    if options.only != "descriptors":
        peer = Peer(options.peer_python) if options.peer_python else None
        compare_fingerprints(read_smiles(options.data, options.fingerprints), options.rounds, peer)
        smiles = read_smiles(options.data, options.molecules)
        figures, same = compare_morgan(smiles, options.rounds)
        show(f"Morgan counts, {len(smiles)} molecules", figures, [(0, 1)], f"values equal: {same}")
    if options.only == "fingerprints":
        return

    smiles = read_smiles(options.data, options.descriptors)
    figures, share = compare_descriptors(smiles, options.rounds)
    note = f"values equal within 1e-9: {share:.4%} (Ipc: where RDKit's own has digits)"
    show(f"Descriptors, {len(smiles)} parsed molecules", figures, [(0, 1), (2, 3), (4, 3)], note)


if __name__ == "__main__":
    main()
