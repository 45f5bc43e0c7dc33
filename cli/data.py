"""``molgen data``: public data sets, splits and audits."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import click

from molgen.cli.options import JOIN, files_argument, json_option, overwrite_option, split_options

#: Lines of which one reason is told; of more, how many they are.
_TOLD = 100

_table = click.Path(exists=True, dir_okay=False)
_target = click.option("--target", "targets", multiple=True, metavar="COLUMN", help="Label column; repeat for several.")
_smiles = click.option("--smiles", metavar="COLUMN", help="Column with the SMILES [guessed].")
_kind = click.option(
    "--kind", type=click.Choice(["auto", "regression", "binary"]), default="auto", help="Kind of the labels [auto]."
)
_seed = click.option("--seed", type=click.IntRange(0), default=0, help="Decides everything random [0].")


@click.group()
def data() -> None:
    """Public data sets, splits of a table, and what is wrong with them.

    \b
    Examples:
      molgen data list
      molgen data get esol -o data
      molgen data split measured.csv --split scaffold -o divided.csv
      molgen data audit divided.csv --split-column split --target pIC50
    """


@data.command("list")
@click.argument("name", required=False)
@json_option
def list_(name: str | None, as_json: bool) -> None:
    """List the public data sets that molgen knows and the models that come along, or show the card of the data set NAME.

    \b
    Examples:
      molgen data list
      molgen data list esol
      molgen data list --json
    """
    from dataclasses import asdict

    from molgen import datasets
    from molgen.cli.data_report import print_bundles, print_card, print_cards
    from molgen.cli.printing import print_json

    if name is not None:
        card = datasets.load_card(name)
        print_json(asdict(card)) if as_json else print_card(card)
        return
    cards = datasets.list_cards()
    if as_json:
        print_json([asdict(card) for card in cards])
        return
    print_cards(cards)
    print_bundles(datasets.list_bundles())


@data.command()
@click.argument("name")
@click.option("-o", "--output", required=True, type=click.Path(file_okay=False), metavar="FOLDER", help="Folder for the files.")
@click.option("--file", "files", multiple=True, metavar="FILE", help="One file of the set; repeat for several [all].")
@overwrite_option
def get(name: str, output: str, files: tuple[str, ...], overwrite: bool) -> None:
    """Download the data set NAME, and check what came.

    A file in the folder that the environment variable MOLGEN_DATA names is taken from there instead, if its checksum is right.

    \b
    Examples:
      molgen data get esol -o data
      molgen data get moleculeace --file CHEMBL204_Ki.csv -o data
    """
    from molgen import datasets

    card = datasets.load_card(name)
    paths = datasets.get(card, output, files=files, overwrite=overwrite, progress=lambda text: click.echo(text, err=True))
    for path in paths.values():
        click.echo(str(path))
    click.echo(f"licence: {card.licence}", err=True)


@data.command()
@json_option
def splitters(as_json: bool) -> None:
    """List the ways to divide a table.

    \b
    Examples:
      molgen data splitters
    """
    from molgen.cli.printing import print_json
    from molgen.data.splits import available

    kinds = available()
    if as_json:
        found = [
            {"name": name, "about": kind.about(), "needs_column": kind.needs_column, "options": kind.options()}
            for name, kind in kinds.items()
        ]
        print_json(found)
        return
    for name, kind in kinds.items():
        needs = ["--split-column"] if kind.needs_column else []
        click.echo(name)
        click.echo(f"    {kind.about()}")
        needs += [f"--split-option {option}={value}" for option, value in kind.options().items()]
        if needs:
            click.echo(f"    {', '.join(needs)}")


@data.command()
@files_argument("table")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="Table to write.")
@split_options
@click.option("--fractions", type=float, nargs=3, default=(0.8, 0.1, 0.1), help="Shares of train, valid, test [0.8 0.1 0.1].")
@click.option("--folds", type=click.IntRange(1), help="Write numbers of folds instead of train, valid and test.")
@click.option("--column", metavar="NAME", help="Name of the new column [split, or fold].")
@click.option("--keys", type=click.Path(dir_okay=False), metavar="FILE", help="Table of keys to write, for --split keys elsewhere.")
@_target
@_kind
@_smiles
@click.option("--sequence", metavar="COLUMN", help="Column with the sequences; with --smiles rows are pairs.")
@click.option("--join", "joins", multiple=True, metavar="[COLUMN=]FILE", help=JOIN)
@_seed
@json_option
@overwrite_option
def split(table: list[str], output: str, as_json: bool, **settings: Any) -> None:
    """Add a column to TABLE that says which part each row is in.

    TABLE is a CSV, TSV, SMI, SD or Parquet file, plain or packed, or several of them, which become one; - is standard input. All
    rows are kept. One without a molecule (or, with --target, without a label) gets an empty cell, and a reason on stderr.

    With --keys the parts are also written by keys of molecules, sequences or pairs, which tell nobody what they are;
    --split keys --split-option file=FILE divides another copy of the table the same way.

    \b
    Examples:
      molgen data split measured.csv -o divided.csv
      molgen data split measured.csv --split time --split-column date -o divided.csv
      molgen data split measured.csv --split butina --split-option similarity=0.5 --folds 5 -o folds.csv
      molgen data split affinity.csv --join drugs.csv --smiles smiles --sequence sequence --split both -o divided.csv
      molgen train divided.csv --target pIC50 --split-column split -o model.molgen
    """
    from molgen.cli.printing import print_json
    from molgen.curation import split_table

    result = split_table(table, output, **settings)
    for note in result.notes:
        click.echo(f"note: {note}", err=True)
    counts_of = Counter(reason for _, reason in result.left_out)
    for line, reason in result.left_out:
        if counts_of[reason] <= _TOLD:
            click.echo(f"line {line}: {reason}", err=True)
    for reason, n in counts_of.items():
        if n > _TOLD:
            click.echo(f"{n:,} lines: {reason}", err=True)
    if as_json:
        found: dict[str, Any] = {"output": output, "column": result.column, "sizes": result.sizes, "left_out": result.left_out}
        print_json(found)
        return
    counts = ", ".join(f"{n:,} {part if settings['folds'] is None else f'in fold {part}'}" for part, n in result.sizes.items())
    click.echo(f"{len(result.parts):,} rows: {counts}, {len(result.left_out):,} in no part")
    click.echo(f"column {result.column!r} ({result.split}) written to {output}")
    if settings["keys"] is not None:
        click.echo(f"keys written to {settings['keys']}")


@data.command()
@files_argument("tables", metavar="TRAIN [TESTS]...")
@split_options
@_target
@_kind
@_smiles
@_seed
@click.option("--exclude-keys", type=_table, metavar="KEYS", help="Table of keys of compounds that training must not see.")
@click.option("--endpoint", metavar="NAME", help="Whose keys to look at, where KEYS serves several endpoints.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), metavar="FILE", help="Write TRAIN without the rows that leak.")
@click.option("--report", type=click.Path(dir_okay=False), metavar="FILE", help="Write what --json prints to a file.")
@click.option("--strict", is_flag=True, help="Exit with 1 if a compound is in two parts, or a held-out one in training.")
@json_option
@overwrite_option
def audit(tables: list[str], report: str | None, strict: bool, as_json: bool, **settings: Any) -> None:
    """Look for compounds of TRAIN that are in TESTS too, labels that disagree, and scores that need no chemistry.

    Tables are CSV, TSV, SMI, SD or Parquet files, plain or packed; - is standard input. Of a pattern the first file is TRAIN. With
    one table, --split-column names its column of train, valid and test; or --split divides it for the audit.

    \b
    Examples:
      molgen data audit train.csv test.csv --target pIC50
      molgen data audit divided.csv --split-column split --target pIC50 --strict
      molgen data audit lipo.csv --exclude-keys keys.csv.gz --endpoint lipophilicity_astrazeneca -o clean.csv
    """
    import molgen
    from molgen.cli.data_report import print_audit
    from molgen.screening.output import check_outputs, replacing

    check_outputs([report, settings["output"]], tables, overwrite=settings["overwrite"])
    found = molgen.audit(tables[0], tables[1:], **settings)
    text = json.dumps(found.to_json(), indent=2, ensure_ascii=False)
    if report is not None:
        with replacing(report) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
    click.echo(text) if as_json else print_audit(found)
    if settings["output"] is not None and not as_json:
        click.echo(f"\nTable without the rows that leak written to {settings['output']}")
    if strict and found.leaks:
        raise SystemExit(1)
