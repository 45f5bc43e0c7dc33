"""Structural alerts beside RDKit's FilterCatalog, the cost of each filter, and what filters save in a screen.

Alerts and FilterCatalog look at the same parsed molecules in one process and one thread; hits are the names of all entries that
match, in order, and must be equal. Times are CPU times.

    python benchmarks/filters.py alerts --rows 50000
    python benchmarks/filters.py costs
    python benchmarks/filters.py screen --model esol.molgen
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import itertools
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from moleculenet import DATA
from rdkit import Chem, RDLogger, rdBase
from rdkit.Chem import FilterCatalog

import molgen
from molgen.chem.alerts import CATALOGUES, find_alerts, load_alerts
from molgen.chem.parse import Mol, MolList
from molgen.filters import available
from molgen.filters.window import Window

LIBRARY = DATA / "molecules" / "chembl_smiles" / "chembl_validation.csv.gz"
BLOCK = 1024
MAIN = ("pains", "brenk", "nih")


def smiles() -> list[str]:
    with gzip.open(LIBRARY, "rt") as file:
        return file.read().split("\n")[1:-1]


def blocks(texts: list[str]) -> Iterator[MolList]:
    """Parse block by block, as a screen does."""
    for start in range(0, len(texts), BLOCK):
        yield MolList(mol for mol in map(Chem.MolFromSmiles, texts[start : start + BLOCK]) if mol is not None)


def rdkit_catalogue(*names: str) -> FilterCatalog.FilterCatalog:
    params = FilterCatalog.FilterCatalogParams()
    for name in names:
        params.AddCatalog(FilterCatalog.FilterCatalogParams.FilterCatalogs.names[CATALOGUES[name].rdkit])
    return FilterCatalog.FilterCatalog(params)


def rdkit_hits(catalogue: FilterCatalog.FilterCatalog, mol: Mol) -> list[str]:
    return [entry.GetDescription() for entry in catalogue.GetMatches(mol)]


def compare(names: tuple[str, ...], texts: list[str]) -> None:
    """Print one line: CPU time a molecule of both, their ratio, and whether the hits agree."""
    catalogue = rdkit_catalogue(*names)
    for name in names:
        load_alerts(name)
    ours = theirs = 0.0
    n = n_hits = n_different = 0
    for mols in blocks(texts):
        start = time.process_time()
        found = [find_alerts(mols, name) for name in names]
        ours += time.process_time() - start
        start = time.process_time()
        expected = [rdkit_hits(catalogue, mol) for mol in mols]
        theirs += time.process_time() - start
        joined = [list(itertools.chain.from_iterable(each)) for each in zip(*found, strict=True)]
        n += len(mols)
        n_hits += sum(map(len, expected))
        n_different += sum(one != other for one, other in zip(joined, expected, strict=True))
    title = " + ".join(names)
    print(
        f"  {title:<22}{n:>8,}{n_hits:>9,}{n_different:>11}{1e6 * theirs / n:>12.0f}{1e6 * ours / n:>10.0f}{theirs / ours:>8.1f}",
        flush=True,
    )


def alerts(arguments: argparse.Namespace) -> None:
    """Compare the three common catalogues together on many molecules, and each on fewer."""
    texts = smiles()
    print(f"  {'catalogue':<22}{'rows':>8}{'hits':>9}{'different':>11}{'RDKit us':>12}{'molgen us':>10}{'ratio':>8}")
    compare(MAIN, texts[: arguments.rows])
    for name in CATALOGUES:
        compare((name,), texts[: arguments.rows // 20])


def costs(arguments: argparse.Namespace) -> None:
    """Print what each filter costs a molecule by itself, and how many it rejects."""
    texts = smiles()[: min(arguments.rows, 8 * BLOCK)]
    filters = [cls() for cls in available().values() if None not in cls.settings().values()]
    filters += [Window("MolWt<=500"), Window("1<=TPSA<=120")]
    start = time.process_time()
    n = sum(map(len, blocks(texts)))
    print(f"  reading the SMILES: {1e6 * (time.process_time() - start) / n:.0f} us a row")
    print(f"  {'filter':<24}{'patterns':>9}{'rejected':>10}{'us a row':>10}{'declared':>10}")
    for each in sorted(filters, key=lambda each: each.cost):
        each.check([Chem.MolFromSmiles("CCO")])
        seconds, rejected, n = 0.0, 0, 0
        for mols in blocks(texts):
            start = time.process_time()
            reasons = each.check(mols)
            seconds += time.process_time() - start
            rejected += sum(reason is not None for reason in reasons)
            n += len(mols)
        print(f"  {each.title:<24}{each.patterns:>9}{rejected / n:>10.1%}{1e6 * seconds / n:>10.0f}{each.cost:>10.0f}", flush=True)


def screen(arguments: argparse.Namespace) -> None:
    """Screen a library as it is and through filters that reject most of it; print both costs and the funnel."""
    texts = smiles()[: arguments.rows]
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "library.smi")
        library.write_text("".join(f"{text} {number}\n" for number, text in enumerate(texts)))
        spent = {}
        for title, filters in (("warm-up", []), ("no filter", []), ("filters", ["fragment-like", "pains"])):
            start = time.process_time()
            result = molgen.screen(library, arguments.model, Path(folder, "scores.csv"), filters=filters, overwrite=True)
            spent[title] = time.process_time() - start
        kept = result.summary.statuses["ok"]
        print(f"  {arguments.model}: {len(texts):,} rows, {kept / len(texts):.1%} kept by fragment-like and pains")
        for title in ("no filter", "filters"):
            print(f"  {title:<12}{spent[title]:>8.1f} CPU s {1e6 * spent[title] / len(texts):>8.0f} us a row")
        print(f"  ratio {spent['no filter'] / spent['filters']:.2f}")
        print(f"  {'stage':<16}{'rows in':>9}{'rejected':>10}{'us a row':>10}")
        for stage in result.summary.funnel.values():
            print(f"  {stage.name:<16}{stage.rows:>9,}{stage.rejected:>10,}{stage.microseconds:>10.0f}")
        summary = result.summary
        print(f"  filters took {summary.seconds_filtering:.1f} s and saved about {summary.seconds_saved:.1f} s of prediction")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["alerts", "costs", "screen"])
    parser.add_argument("--rows", type=int)
    parser.add_argument("--model", help="bundle, for screen")
    arguments = parser.parse_args()
    arguments.rows = arguments.rows or {"alerts": 50_000, "costs": 8_192, "screen": 10_000}[arguments.what]
    RDLogger.DisableLog("rdApp.*")
    machine = f"Python {platform.python_version()}, RDKit {rdBase.rdkitVersion}, {os.cpu_count()} cores"
    print(f"{datetime.date.today()}, {machine}, {arguments.what}")
    {"alerts": alerts, "costs": costs, "screen": screen}[arguments.what](arguments)


if __name__ == "__main__":
    main()
