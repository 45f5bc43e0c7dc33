"""Which column is which: the SMILES, the name of the compound, the values to learn - by name first, then by content."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from molgen.errors import InputError

__all__ = [
    "find_column",
    "find_id_column",
    "find_sequence_column",
    "find_smiles_column",
    "find_target_columns",
    "is_known",
    "looks_like_smiles",
]

#: Names of a SMILES column, in lower case; the first rank that is there wins.
SMILES_NAMES = (
    ("smiles",),
    ("canonical_smiles", "isomeric_smiles", "can_smiles", "iso_smiles", "smiles_string", "smi", "cxsmiles"),
    ("mol", "molecule", "structure", "compound", "drug", "ligand", "compound_structure", "mol_smiles"),
)
#: Names of a column of sequences, in lower case: those that say so, and those that may be of names, too.
SEQUENCE_NAMES = (
    ("sequence", "seq", *(f"{what}_sequence" for what in ("dna", "rna", "protein", "target", "aa", "nucleotide"))),
    ("dna", "rna", "protein", "target", "gene", "fasta"),
)
#: Names of a column that tells compounds apart, in lower case, best first.
ID_NAMES = (
    "id",
    "compound_id",
    "molecule_id",
    "mol_id",
    "cmpd_id",
    "drug_id",
    "ligand_id",
    "molecule_chembl_id",
    "cmpd_chemblid",
    "chembl_id",
    "chemblid",
    "mol_chembl_id",
    "zinc_id",
    "zincid",
    "external_id",
    "internal_id",
    "catalog_id",
    "vendor_id",
    "idnumber",
    "registry_number",
    "cid",
    "sid",
    "pubchem_cid",
    "cas",
    "cas_number",
    "name",
    "compound_name",
    "molecule_name",
    "drug_name",
    "pref_name",
    "title",
    "identifier",
    "iupac",
    "num",
    "no.",
)

_ATOM = r"(?:\[[^\[\]\s]{1,60}\]|Cl|Br|[BCNOPSFIbcnops*])"
_SMILES = re.compile(rf"{_ATOM}(?:{_ATOM}|[-=#$:/\\.~()]|%\d\d|%\(\d+\)|\d)*").fullmatch
# Words are shorter, and hardly any is written without a break.
_SEQUENCE = re.compile(r"[A-Za-z*.-]{20,}").fullmatch
_LETTERS = re.compile(r"[A-Za-z*.-]+").fullmatch
_BRACKET_ATOM = re.compile(r"\[[^\]]*\]")
_RING_BOND = re.compile(r"%\d\d|%\(\d+\)|\d")
_EXTENSION = re.compile(r"\s*\|[^|]*\|\s*$")


def looks_like_smiles(text: str) -> bool:
    """Tell whether a text could be a SMILES: its alphabet, brackets and ring bonds fit. Far cheaper than parsing it."""
    text = _EXTENSION.sub("", text.strip())
    if not text or text[-1] in "-=#$:/\\.~(" or not _SMILES(text):
        return False
    bare = _BRACKET_ATOM.sub("*", text)
    if bare.count("(") != bare.count(")"):
        return False
    rings = _RING_BOND.findall(bare)
    return all(rings.count(ring) % 2 == 0 for ring in set(rings))


def is_known(name: str) -> bool:
    """Tell whether a text is a common name of a SMILES or identifier column."""
    plain = _plain(name)
    return "smiles" in plain or plain in ID_NAMES or any(plain in rank for rank in SMILES_NAMES)


def find_column(columns: Sequence[str], wanted: str, *, flag: str, where: str | None = None) -> str:
    """Return the column with a name, exactly or but for case and outer blanks.

    Raises
    ------
    InputError
        There is none, or several differ from ``wanted`` by case alone. ``flag`` is what the user named it with.
    """
    if wanted in columns:
        return wanted
    folded = wanted.strip().casefold()
    same = [name for name in columns if name.strip().casefold() == folded]
    if len(same) == 1:
        return same[0]
    if same:
        raise InputError(f"several columns are named {wanted!r}", where=where, got=_listed(same), remedy=f"use {flag} exactly")
    by_folded = {name.strip().casefold(): name for name in columns}
    close = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.5)
    remedy = f"did you mean {flag} {_quoted(by_folded[close[0]])}?" if close else f"name one of them with {flag} COLUMN"
    raise InputError(f"no column {wanted!r}", where=where, expected=f"one of {_listed(columns)}", remedy=remedy)


def find_smiles_column(
    columns: Sequence[str],
    sample_rows: Iterable[Sequence[str]],
    wanted: str | None = None,
    *,
    where: str | None = None,
) -> str:
    """Return the name of the column that holds the SMILES.

    A column named ``smiles`` comes first, then ``canonical_smiles`` and the like, then ``mol``, ``structure`` or
    ``drug``, then any name that mentions SMILES, each if its cells look like SMILES; then any column whose cells do.

    Parameters
    ----------
    columns
        The names.
    sample_rows
        Some rows of the table, a value a column.
    wanted
        The name given by the user: no guessing then.
    where
        The file, for the message.

    Raises
    ------
    InputError
        ``wanted`` is not there, or nothing or more than one thing could be the SMILES.
    """
    if wanted is not None:
        return find_column(columns, wanted, flag="--smiles", where=where)
    plain = [_plain(name) for name in columns]
    shares = [smiles_share(cells) for cells in _cells(columns, sample_rows)]
    ranks = [[i for i, name in enumerate(plain) if name in rank] for rank in SMILES_NAMES]
    ranks.append([i for i, name in enumerate(plain) if "smiles" in name and i not in (*ranks[0], *ranks[1], *ranks[2])])
    for rank in ranks:
        found = [i for i in rank if (shares[i] or 0.0) >= 0.5]
        if found:
            return _only([columns[i] for i in found], where)
    # No name fits its content. A column that says it is SMILES and one that looks like it are as good as each other.
    found = [*ranks[0], *ranks[1], *ranks[3], *(i for i, share in enumerate(shares) if (share or 0.0) >= 0.8)]
    found = found or [i for i in ranks[2] if shares[i] is None]
    if found:
        return _only([columns[i] for i in found], where)
    raise InputError(
        "no column with SMILES found",
        where=where,
        got=f"the columns {_listed(columns)}",
        remedy="name it with --smiles COLUMN",
    )


def find_sequence_column(
    columns: Sequence[str], sample_rows: Iterable[Sequence[str]], wanted: str | None = None, *, where: str | None = None
) -> str:
    """Return the name of the column that holds sequences of DNA, RNA or proteins.

    Parameters
    ----------
    columns, sample_rows
        The names, and the cells of some rows.
    wanted
        The name given by the user: no guessing then.
    where
        The file, for the message.

    Raises
    ------
    InputError
        ``wanted`` is not there, or nothing or more than one thing could be the sequences.
    """
    if wanted is not None:
        return find_column(columns, wanted, flag="--sequence", where=where)
    cells = [list(filter(None, each)) for each in _cells(columns, sample_rows)]
    for names, fits in ((SEQUENCE_NAMES[0], _LETTERS), (SEQUENCE_NAMES[1], _SEQUENCE), (None, _SEQUENCE)):
        found = [
            column
            for column, each in zip(columns, cells, strict=True)
            if (names is None or _plain(column) in names) and sum(map(bool, map(fits, each))) >= 0.8 * len(each) and (each or names)
        ]
        if found:
            return _only(found, where, "sequences", "--sequence")
    raise InputError(
        "no column with sequences found",
        where=where,
        got=f"the columns {_listed(columns)}",
        remedy="name it with --sequence COLUMN",
    )


def find_id_column(
    columns: Sequence[str],
    wanted: str | None = None,
    exclude: Iterable[str] = (),
    *,
    where: str | None = None,
) -> str | None:
    """Return the name of the column that tells compounds apart, or None if no name says so.

    Parameters
    ----------
    columns
        The names.
    wanted
        The name given by the user.
    exclude
        Columns that serve for something else, such as the SMILES.
    where
        The file, for the message.

    Raises
    ------
    InputError
        ``wanted`` is not there.
    """
    if wanted is not None:
        return find_column(columns, wanted, flag="--id", where=where)
    taken = set(exclude)
    free = {_plain(name): name for name in reversed(columns) if name not in taken}
    return next((free[name] for name in ID_NAMES if name in free), None)


def find_target_columns(columns: Sequence[str], wanted: Sequence[str], *, where: str | None = None) -> list[str]:
    """Return the names of the columns to learn, in the order they were asked for.

    Raises
    ------
    InputError
        None is asked for, one is asked for twice, or one is not there.
    """
    if not wanted:
        raise InputError(
            "no target column is named",
            where=where,
            expected=f"some of {_listed(columns)}",
            remedy="use --target COLUMN",
        )
    found = [find_column(columns, name, flag="--target", where=where) for name in wanted]
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise InputError(f"target named twice: {_listed(twice)}", where=where, remedy="name each column once")
    return found


def smiles_share(cells: Iterable[str]) -> float | None:
    """Return the share of the filled cells that look like SMILES; None if all are empty, 0 if none is over two long."""
    filled = [cell for cell in cells if cell.strip()]
    if not filled:
        return None
    if max(map(len, filled)) < 3:
        return 0.0  # C, N, O, NO or I could be classes
    return sum(map(looks_like_smiles, filled)) / len(filled)


def _cells(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[list[str]]:
    rows = list(rows)
    return [[row[i] for row in rows if i < len(row)] for i in range(len(columns))]


def _plain(name: str) -> str:
    return name.strip().lstrip("#").strip().casefold().replace(" ", "_").replace("-", "_")


def _only(names: list[str], where: str | None, what: str = "SMILES", flag: str = "--smiles") -> str:
    if len(names) == 1:
        return names[0]
    raise InputError(
        f"more than one column could hold the {what}",
        where=where,
        got=_listed(names),
        remedy=f"name one with {flag} COLUMN, such as {flag} {_quoted(names[0])}",
    )


def _listed(names: Sequence[str], limit: int = 12) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(repr, names[:limit])) + more


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w.+-]+", name) else repr(name)
