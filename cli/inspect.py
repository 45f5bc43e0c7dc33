"""``molgen inspect``."""

from __future__ import annotations

from typing import Any

import click

from molgen.cli.options import ModelName, json_option


@click.command()
@click.argument("model", type=ModelName(folders=True))
@json_option
def inspect(model: str, as_json: bool) -> None:
    """Show what MODEL predicts, from what data it was trained, and how well it does beside its baselines.

    Of the folder of a prepared library, show what is in it.

    \b
    Examples:
      molgen inspect esol.molgen
      molgen inspect esol.molgen --json
      molgen inspect library/
    """
    import molgen
    from molgen.cli.printing import print_json

    about = molgen.inspect(model)
    if as_json:
        print_json(about)
        return
    if "shards" in about:
        _print_library(about)
        return
    click.echo(f"{about['file']}: molgen bundle of format {about['format']}, {about['bytes']:,} bytes")
    for task in about["tasks"]:
        _print_task(task, about["descriptions"].get(task["name"]))
    _print_experts(about["experts"])
    _print_record(about)
    _print_metrics(about)


def _print_library(about: dict[str, Any]) -> None:
    counts = ", ".join(f"{n:,} {status}" for status, n in about["counts"].items())
    click.echo(f"{about['folder']}: prepared library of format {about['format']}, {about['bytes']:,} bytes")
    click.echo(f"{about['rows']:,} rows in {about['shards']:,} files: {counts or 'it is empty'}")
    click.echo(f"{about['duplicates']:,} rows are the same compound as an earlier row")
    for source in about["sources"]:
        click.echo(f"from {source['file']}: {source['rows']:,} rows, SHA-256 {source['sha256']}")
    click.echo(f"stored: {', '.join(map(_read, about['features']))}")
    click.echo(f"own columns: {', '.join(about['extras']) or 'none'}")
    click.echo(f"molecules up to {about['max_atoms']:,} heavy atoms, tautomers {'settled' if about['tautomers'] else 'as drawn'}")
    click.echo(f"made with {', '.join(f'{name} {version}' for name, version in about['versions'].items())}")


def _print_task(task: dict[str, Any], description: str | None) -> None:
    unit = f" in {task['unit']}" if task["unit"] else ""
    positive = f", positive is {task['positive']!r}" if task["positive"] else ""
    click.echo(f"\n{task['name']}: {task['kind']}{unit}, {task['direction']} is good{positive}")
    if description:
        click.echo(f"  {description}")
    calibration = task["calibration"]
    if task["kind"] == "multiclass":
        click.echo(f"  classes: {', '.join(task['classes'])}")
        click.echo(f"  probabilities scaled by temperature {calibration['temperature']:.3g}")
    elif task["kind"] != "regression":
        click.echo(f"  probabilities scaled by slope {calibration['slope']:.3g}, intercept {calibration['intercept']:.3g} (Platt)")
    elif calibration["half_width"] is None:
        click.echo("  no interval: too few validation compounds")
    else:
        click.echo(f"  interval for {calibration['coverage']:.0%} of new compounds: \u00b1 {calibration['half_width']:.3g}{unit}")


def _print_experts(experts: list[dict[str, Any]]) -> None:
    from molgen.cli.printing import print_table

    click.echo("\nExperts and their weights")
    rows = [[each["name"], each["size"], *(f"{w:.2f}" for w in each["weights"].values())] for each in experts]
    print_table(["", "size", *experts[0]["weights"]], rows)
    for each in experts:
        click.echo(f"  {each['name']} reads {', '.join(map(_read, each['featurizers']))}")


def _read(spec: dict[str, Any]) -> str:
    return f"columns {', '.join(map(repr, spec['columns']))}" if spec["type"] == "Columns" else str(spec["type"])


def _print_record(about: dict[str, Any]) -> None:
    data, split, domain, parent = about["data"], about["split"], about["domain"], about["parent"]
    ranked, noun = about["percentiles"], about["subject"]["noun"]
    lines = {
        "Data": data["file"] and f"{data['file']}, {data['compounds'] or 0:,} {noun}s, {data['left_out'] or 0:,} rows left out",
        "SHA-256": data["sha256"],
        "Split": split["name"] and f"{split['name']}: {', '.join(f'{n:,} {part}' for part, n in split['sizes'].items())}",
        "Training": "; ".join(map(_epochs, about["training"], about["training"].values())) or "of no network is known",
        "Domain": f"similarity to the nearest of {domain['references']:,} training {noun}s ({domain['featurizer']['type']})",
        "Structures": f"of {about['structures']:,} training {noun}s, with names and labels"
        if about["structures"]
        else "none are kept",
        "Percentiles": f"among the predictions for {ranked['compounds']:,} compounds ({ranked['of']})"
        if ranked
        else "none are kept",
        **about["subject"]["facts"],
        "Made with": ", ".join(f"{name} {version}" for name, version in about["versions"].items()),
        "Licence": about["licence"],
    }
    for name, source in (("Started from", parent), ("Pretrained network from", about["pretrained"])):
        if source:
            lines[name] = ", ".join(f"{key} {text}" if key != "file" else text for key, text in source.items())
    click.echo("")
    for name, text in lines.items():
        click.echo(f"{name}: {text or 'not known'}")


def _epochs(expert: str, networks: list[dict[str, int]]) -> str:
    kept = ", ".join(f"{each['best_epoch']} of {each['epochs']}" for each in networks)
    return f"{expert}: kept epoch {kept}"


def _print_metrics(about: dict[str, Any]) -> None:
    from molgen.cli.printing import print_applicability, print_curve, print_folds, print_metrics, print_search

    for part, title in (("test", "Test"), ("valid", "Validation")):
        if part in about["metrics"]:
            print_metrics(f"{title} compounds", about["metrics"][part])
            break
    for part in [part for part in ("test", "valid") if part in about["tracks"]][:1]:
        print_metrics(f"Where counts are, {part} part", about["tracks"][part])
    if about["cross_validation"]:
        print_folds(about["cross_validation"])
    print_applicability(about["applicability"])
    for search in about["search"]:
        print_search(search)
    if about["learning_curve"]:
        print_curve(about["learning_curve"])
    if not (about["metrics"] or about["cross_validation"]):
        click.echo("\nNo metrics were written down.")
