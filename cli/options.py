"""Options that several commands share."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import click

from molgen.data.paths import expand_paths, is_prepared
from molgen.errors import InputError
from molgen.streams.source import is_stdin

__all__ = [
    "JOIN",
    "ModelName",
    "column_options",
    "files_argument",
    "filter_options",
    "fingerprint_options",
    "genome_options",
    "hits_options",
    "json_option",
    "label_options",
    "measured_options",
    "output_option",
    "overwrite_option",
    "pairs_option",
    "profiles_option",
    "quiet_option",
    "restart_option",
    "row_limit_options",
    "sequence_option",
    "settings_option",
    "split_options",
]

#: What --join does.
JOIN = "Table to join by the column that both have, or by its ids to a COLUMN; repeat for several."

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

# A word may stand for itself, but not one that somebody could mean as a value.
_WORD = re.compile(r"(?!(?:true|false|none|null|nan|inf|infinity)$)[a-z][\w.-]*", re.IGNORECASE).fullmatch


class ModelName(click.ParamType):  # type: ignore[type-arg]
    """A model: a file, or the name of one that comes with the package; where it is allowed, the folder of a prepared library."""

    name = "model"

    def __init__(self, *, folders: bool = False) -> None:
        self._folders = folders

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check that there is one."""
        from molgen.datasets import find_bundle, list_bundles

        path = find_bundle(value)
        if not path.exists():
            known = ", ".join(list_bundles()) or "none does"
            self.fail(f"File {value!r} does not exist, and no model of that name comes along ({known}).", param, ctx)
        if path.is_dir() and not self._folders:
            self.fail(f"File {value!r} is a directory.", param, ctx)
        return value


def files_argument(name: str, *, folders: bool = False, metavar: str | None = None) -> Decorator:
    """One or more tables of compounds: names, quoted patterns, or ``-`` for standard input; prepared libraries where allowed."""

    def find(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> list[str]:
        return _find_files(texts, folders)

    return click.argument(name, nargs=-1, required=True, callback=find, metavar=metavar)


def _find_files(texts: tuple[str, ...], folders: bool) -> list[str]:
    try:
        files = expand_paths(texts)
    except InputError as error:
        raise click.BadParameter(str(error)) from None
    for file in files:
        if not is_stdin(file) and not file.exists():
            raise click.BadParameter(f"File {str(file)!r} does not exist.")
        if file.is_dir() and not (folders and is_prepared(file)):
            raise click.BadParameter(f"File {str(file)!r} is a directory.")
    return [str(file) for file in files]


def column_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which columns hold the SMILES and the compound's name."""
    command = click.option("--id", "ids", metavar="COLUMN", help="Column with the compound's name or number [guessed].")(command)
    return click.option("--smiles", metavar="COLUMN", help="Column with the SMILES [guessed].")(command)


def genome_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Sequences from a genome, for files that say where."""
    length = click.option("--length", type=click.IntRange(1), help="Letters of every row, around the middle of its interval.")
    genome = click.option(
        "--genome",
        type=click.Path(exists=True, dir_okay=False),
        metavar="FILE",
        help="FASTA or 2bit file, of which BED files say where.",
    )
    return genome(length(command))


def sequence_option(guess: str = "guessed") -> Decorator:
    """Which column sequences are read from, and when it is guessed."""
    return click.option("--sequence", metavar="COLUMN", help=f"Column with the sequences [{guess}].")


def measured_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where measured sequences, pairs and responses, and what is known of them, are read from."""

    def one_file(_context: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> str | None:
        if len(names) > 1:  # the last one would be taken alone
            raise click.BadParameter("name one file, or put several into a quoted pattern")
        return names[0] if names else None

    about = "File of what DATA is not; or 'dinucleotide': DATA shuffled; or 'gc': stretches of the genome with as much G and C."
    command = click.option("--negatives", multiple=True, callback=one_file, metavar="FILE", help=about)(command)
    command = click.option("--join", "joins", multiple=True, metavar="[COLUMN=]FILE", help=JOIN)(command)
    about = "bedGraph or bigWig file of counts along the genome, letter by letter; repeat for several."
    command = click.option("--track", "tracks", multiple=True, metavar="NAME=FILE[,MINUS]", help=about)(command)
    command = profiles_option(command)
    about = "Column that names the sample (cell line) of each row, of which --profiles tell."
    command = click.option("--sample", metavar="COLUMN", help=about)(command)
    about = "Table of labels, which finds rows by their id."
    command = click.option("--labels", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help=about)(command)
    return sequence_option("guessed in FASTA and the like")(genome_options(command))


def profiles_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """What was measured of samples."""
    about = "Table of numbers, a row a sample; NAME, such as expression, tells several apart. Repeat for several."
    return click.option("--profiles", multiple=True, metavar="[NAME=]FILE", help=about)(command)


def pairs_option(flag: str, name: str, metavar: str, help_text: str, read: Callable[[str], Any] = str) -> Decorator:
    """Options that give something to a name, each once: ``--flag NAME=VALUE``; the name ends at the first equals sign."""

    def parse(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, Any]:
        pairs = {}
        for text in texts:
            key, equals, value = text.partition("=")
            if not (key and equals and value):
                raise click.BadParameter(f"{text!r} is not {metavar}")
            if key in pairs:
                raise click.BadParameter(f"{key} is named twice")
            pairs[key] = read(value)
        return pairs

    return click.option(flag, name, multiple=True, metavar=metavar, callback=parse, help=help_text)


def label_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How the cells of the label columns are to be read."""
    said = "one for all, or one each."
    units = click.option("--unit-column", "unit_columns", multiple=True, metavar="COLUMN", help=f"Column of units; {said}")
    signs = click.option(
        "--relation", "relations", multiple=True, metavar="COLUMN", help=f"Column of =, < and > for limits; {said}"
    )
    convert = pairs_option(
        "--convert", "convert", "TARGET=FROM:TO", "Learn another unit, such as IC50=nM:p; or log10, uM, mg/L ..."
    )
    return signs(units(convert(command)))


def _read_value(text: str) -> bool | int | float | str:
    if text in ("true", "false"):
        return text == "true"
    for number in (int, float):
        try:
            value = number(text)
        except ValueError:
            continue
        return value if math.isfinite(value) else text
    return text


def split_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How compounds are held out."""
    about = "Option of the splitter, such as similarity=0.7 of butina."
    command = pairs_option("--split-option", "split_options", "NAME=VALUE", about, read=_read_value)(command)
    command = click.option(
        "--split-column",
        metavar="COLUMN",
        help="Column that the splitter reads: dates, groups, or train, valid and test (implies --split column).",
    )(command)
    return click.option(
        "--split",
        metavar="NAME",
        help="How test compounds are held out: scaffold, random, butina, time, group, column or another that "
        "`molgen data splitters` lists [scaffold].",
    )(command)


_FILTER_OPTIONS = (
    click.option("--filter", "names", multiple=True, metavar="NAME", help="Filter, such as pains or qed:min=0.6."),
    click.option("--window", "windows", multiple=True, metavar="RANGE", help="Range of a descriptor, such as '1<=TPSA<=120'."),
    click.option(
        "--smarts",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False),
        help="File of patterns: name, SMARTS and, if not reject, the rule on each line.",
    ),
    click.option("--reject-smarts", "reject", multiple=True, metavar="SMARTS", help="Pattern that a compound must not have."),
    click.option("--require-smarts", "require", multiple=True, metavar="SMARTS", help="Pattern that a compound must have."),
    click.option("--drop-duplicates", is_flag=True, help="Filter rows of the same parent compound as an earlier row."),
    click.option("--annotate", multiple=True, metavar="NAME", help="Filter that fills a column and rejects nothing."),
)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which rows are filtered, and which columns filters fill."""
    for option in reversed(_FILTER_OPTIONS):
        command = option(command)
    return command


_HITS_OPTIONS = (
    click.option(
        "--hits",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="Best rows to write: CSV, Parquet, or structures (.sdf, .smi).",
    ),
    click.option("--top", default=100, show_default=True, type=click.IntRange(1), help="Number of hits."),
    click.option(
        "--objective",
        type=click.Path(exists=True, dir_okay=False),
        metavar="FILE",
        help="TOML file of what is wanted of several properties: fills and ranks by a column desirability.",
    ),
    click.option(
        "--rescore", type=click.IntRange(1), metavar="ROWS", help="Score so many of the best rows again, by the model of --with."
    ),
    click.option(
        "--with",
        "rescore_with",
        type=ModelName(),
        help="Slower, better model that ranks what --rescore lets through.",
    ),
    click.option("--rank-by", metavar="TASK", help="Task, or column of a class, that ranks the hits [the only one]."),
    click.option("--report", type=click.Path(dir_okay=False), metavar="FILE", help="HTML report to write."),
)


def hits_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The best rows, and the report."""
    for option in reversed(_HITS_OPTIONS):
        command = option(command)
    return command


def settings_option(whose: str) -> Decorator:
    """Parameters of a featurizer, their values as JSON."""
    about = f"Parameter of the {whose}, its value as JSON; repeat for several."
    return click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", callback=_parse_settings, help=about)


def fingerprint_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which fingerprint molecules are compared by."""
    about = "Fingerprint of bits that molecules are compared by; molgen featurize --list shows them."
    named = click.option("--fingerprint", default="Morgan", show_default=True, metavar="NAME", help=about)
    return named(settings_option("fingerprint")(command))


def _parse_settings(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, Any]:
    """Read ``NAME=VALUE``: values are JSON, quotes around a plain word may be left out."""
    settings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise click.BadParameter(f"{text!r} is not NAME=VALUE, such as radius=3")
        if name in settings:
            raise click.BadParameter(f"{name} is set twice")
        try:
            settings[name] = value if _WORD(value) else json.loads(value)
        except ValueError:
            expected = 'expected JSON, such as 3, 0.5, true, "text" or ["a", "b"]'
            raise click.BadParameter(f"{value!r} is no value for {name}: {expected}") from None
    return settings


_ROW_LIMIT_OPTIONS = (
    click.option(
        "--row-timeout",
        type=click.FloatRange(0),
        metavar="SECONDS",
        help="Give up a row that takes longer [30; with one worker here, none].",
    ),
    click.option(
        "--row-memory",
        type=click.FloatRange(0),
        metavar="MB",
        help="Give up a row that takes more memory [4000; with one worker here, none].",
    ),
)


def row_limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What one row may take."""
    for option in reversed(_ROW_LIMIT_OPTIONS):
        command = option(command)
    return command


def output_option(what: str, *, required: bool = True) -> Decorator:
    """The file to write."""
    return click.option("-o", "--output", required=required, type=click.Path(dir_okay=False), metavar="FILE", help=what)


json_option = click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON, and nothing else, on stdout.")
restart_option = click.option("--restart", is_flag=True, help="Throw away what a killed run has left, and begin again.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace output files that exist.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
