"""Files of sequences as tables: FASTA, FASTQ and GenBank, a row a record."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

from molgen.bio.records import find_format, read_records
from molgen.data.tables import SAMPLE, Row, Table, make_row
from molgen.errors import InputError
from molgen.streams.source import Source

__all__ = ["SequenceTable"]


class SequenceTable(Table):
    """Records of sequences: columns ``sequence``, ``id`` and ``description``; a FASTQ file has ``quality`` as well."""

    def __init__(self, source: Source, columns: list[str], *, format: str) -> None:
        super().__init__(source, columns, format=format)
        self.sequence = "sequence"

    @classmethod
    def recognizes(cls, head: bytes) -> bool:
        """Tell by the mark before the first title."""
        return find_format(head) is not None

    @classmethod
    def open(cls, source: Source) -> SequenceTable:
        """Name the columns, which the format decides."""
        found = find_format(source.head()) or "fasta"
        return cls(source, ["sequence", "id", "description", *(["quality"] if found == "fastq" else [])], format=found)

    @cached_property
    def sample(self) -> list[list[str]]:
        """The values of the first rows of a file; nothing has to be guessed from those of a pipe."""
        return [row.values for row in islice(self.rows(), SAMPLE)] if self.source.is_file else []

    def rows(self) -> Iterator[Row]:
        """Iterate over all records in order, each once; every call starts anew (but for a pipe, which is read once).

        Raises
        ------
        InputError
            The file is damaged; all rows before the damage came out.
        """
        width = len(self.columns)
        for record in read_records(self.source):
            values = [record.sequence, record.id, record.description, record.quality][:width]
            yield make_row((record.number, record.number, values, record.problem or None))

    def find_smiles(self, wanted: str | None = None) -> str:  # noqa: ARG002 - there is none whatever is wanted
        """Refuse: there are no structures in the file."""
        raise InputError("a file of sequences, not of molecules", where=self.name, got=self.format)

    def place(self, row: Row) -> str:
        """Say where in the file a row is."""
        return f"record {row.number}"
