"""Cards of data sets and audits, as text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from molgen.cli.printing import print_metrics, print_table

if TYPE_CHECKING:
    from molgen.data.audit import AuditReport
    from molgen.datasets import DataCard

__all__ = ["print_audit", "print_bundles", "print_card", "print_cards"]


def print_cards(cards: Sequence[DataCard]) -> None:
    """Print one line a data set."""
    rows = [[card.name, _number(card.rows), _tasks(card), _size(card.bytes), _short(card.licence)] for card in cards]
    print_table(["name", "rows", "labels", "size", "licence"], rows)
    click.echo("\nmolgen data list NAME shows a card; molgen data get NAME -o FOLDER downloads the files.")


def print_bundles(bundles: Mapping[str, Path]) -> None:
    """Print one line a model that comes with the package."""
    if bundles:
        click.echo("\nModels that come along, for molgen screen -m NAME; molgen inspect NAME says what they predict, and how well")
        print_table(["name", "size"], [[name, _size(path.stat().st_size)] for name, path in bundles.items()])


def print_card(card: DataCard) -> None:
    """Print all that is known of a data set."""
    click.echo(f"{card.name}: {_number(card.rows)} rows, {_size(card.bytes)}")
    _paragraph(card.about)
    labels = ", ".join(f"{column} ({kind})" for column, kind in card.tasks.items())
    for name, text in (
        ("Structures", card.smiles and f"column {card.smiles}"),
        ("Labels", labels),
        ("Licence", card.licence),
        ("Source", card.source),
        ("Cite", card.citation),
    ):
        if text:
            _paragraph(f"{name}: {text}")
    if card.columns:
        click.echo("\nColumns")
        for column, meaning in card.columns.items():
            click.echo(f"  {column}: {meaning}")
    click.echo("\nFiles")
    for file in card.files:
        click.echo(f"  {file.name}: {_number(file.rows)} rows, {_size(file.bytes)}, SHA-256 {file.sha256}")
        for url in file.urls or ["no URL: taken from the folder that MOLGEN_DATA names"]:
            click.echo(f"    {url}")


def print_audit(report: AuditReport) -> None:
    """Print what an audit found, the worst first."""
    parts = ", ".join(f"{n:,} {'compounds' if name == 'all' else name}" for name, n in report.parts.items())
    click.echo(f"{report.rows:,} rows: {parts}; {report.unreadable:,} without a molecule; {report.repeats:,} repeat a compound")
    _print_held_out(report)
    _print_overlaps(report)
    _print_nearness(report)
    _print_conflicts(report)
    for part, by_predictor in report.baselines.items():
        print_metrics(f"Without chemistry, {part}", by_predictor)
    click.echo(f"\n{_verdict(report)}")


def _print_held_out(report: AuditReport) -> None:
    found = report.held_out
    if found is None:
        return
    of = f" of {found.endpoint}" if found.endpoint else ""
    click.echo(f"\nHeld-out compounds{of}: {len(found.rows):,} of {found.checked:,} rows are on the list of {found.listed:,} keys")
    _print_where(report, [[place] for place in found.rows[:5]], len(found.rows))


def _print_overlaps(report: AuditReport) -> None:
    if not report.overlaps:
        return
    click.echo("\nCompounds in two parts")
    rows = [
        [f"{each.part}, seen in {each.seen_in}", f"{each.same_structure:,}", f"{each.same_skeleton:,}", f"{each.rows:,}"]
        for each in report.overlaps
    ]
    print_table(["", "same structure", "same skeleton", "of"], rows)
    for each in report.overlaps:
        _print_where(report, [[report.where[row] for row in pair] for pair in each.examples], each.same_skeleton)


def _print_nearness(report: AuditReport) -> None:
    if not report.nearness:
        return
    click.echo("\nTanimoto similarity to the nearest training compound")
    rows = [
        [name, *(f"{value:.2f}" for value in near.quartiles), f"{near.near:.1%}", f"{near.same:.1%}"]
        for name, near in report.nearness.items()
    ]
    print_table(["", "25 %", "median", "75 %", ">= 0.9", "1.0"], rows)


def _print_conflicts(report: AuditReport) -> None:
    for each in report.conflicts:
        if not each.structures:
            click.echo(f"\n{each.task}: no structure has two labels")
            continue
        repeated = f"repeated structures with labels: {each.structures:,} (in {each.rows:,} rows)"
        click.echo(f"\n{each.task}: {repeated}; labels differ in {each.differing:,}")
        if each.max_spread is not None:
            spread = f"median {each.median_spread:.3g}, at most {each.max_spread:.3g}"
            click.echo(f"  spread of those: {spread}; standard deviation within a structure: {each.noise:.3g}")
        elif each.noise:
            click.echo(f"  {each.noise:.1%} of the rows contradict the majority of their structure")
        for structure, labels, rows in each.examples[:3]:
            values = " and ".join(f"{label:g} (line {report.where[row][1]})" for label, row in zip(labels, rows, strict=True))
            click.echo(f"  {structure}: {values}")


def _print_where(report: AuditReport, found: Sequence[Sequence[tuple[str, int]]], total: int) -> None:
    several = len(report.files) > 1
    for places in found:
        click.echo("  " + " and ".join(f"{file}, line {line}" if several else f"line {line}" for file, line in places))
    if total > len(found):
        click.echo(f"  and {total - len(found):,} more")


def _verdict(report: AuditReport) -> str:
    if report.leaks:
        return f"LEAK: {len(report.leaking):,} rows must go before anything is trained or selected on this."
    if report.overlaps or report.held_out is not None:
        return "No leak found."
    return "One part, no list of held-out compounds: no leak was looked for."


def _paragraph(text: str) -> None:
    click.echo(textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="  "))


def _tasks(card: DataCard) -> str:
    kinds = list(card.tasks.values())
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "-"


def _number(n: int | None) -> str:
    return "?" if n is None else f"{n:,}"


def _size(n: int | None) -> str:
    if n is None:
        return "?"
    return f"{n / 1e6:.1f} MB" if n >= 1e6 else f"{max(1, round(n / 1e3))} kB"


def _short(text: str) -> str:
    return textwrap.shorten(text, 40, placeholder=" ...")
