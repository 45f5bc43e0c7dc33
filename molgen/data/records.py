"""Lines to records: fields parted and unquoted, and quotes that are not meant as such kept from swallowing the file."""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from molgen.data.columns import looks_like_smiles
from molgen.streams.text import Block

__all__ = ["Batch", "read_batches", "split_at_blanks", "split_quoted"]

#: A quoted field that is still open after so many lines or characters was opened by a stray quote.
MAX_LINES, MAX_CHARACTERS = 1000, 1_000_000

_EXTENDED = re.compile(r"\s*(\S+\s+\|[^|]*\|)\s*(.*)", re.DOTALL).fullmatch


class Batch(NamedTuple):
    """Some consecutive records.

    Attributes
    ----------
    numbers
        The line that each starts on.
    fields
        Its fields, as many as there are; a blank line has none, or a single blank one.
    problems
        Index into ``fields`` -> what is wrong with that record, apart from the number of its fields.
    """

    numbers: Sequence[int]
    fields: list[list[str]]
    problems: dict[int, str]


class OpenQuoteError(ValueError):
    """The text ends inside a quoted field."""


def split_quoted(text: str, delimiter: str) -> list[str]:
    """Split a record as RFC 4180 has it; a quote inside a field that does not begin with one is a plain character.

    Raises
    ------
    OpenQuoteError
        A quoted field is not closed.
    ValueError
        A quoted field goes on after its closing quote.
    """
    fields = []
    start = 0
    while True:
        if text.startswith('"', start):
            end = text.find('"', start + 1)
            while end >= 0 and text.startswith('""', end):
                end = text.find('"', end + 2)
            if end < 0:
                raise OpenQuoteError("unclosed quote")
            fields.append(text[start + 1 : end].replace('""', '"'))
            end += 1
            if end < len(text) and text[end] != delimiter:
                raise ValueError("text after a closing quote")
        else:
            end = text.find(delimiter, start)
            end = len(text) if end < 0 else end
            fields.append(text[start:end])
        if end == len(text):
            return fields
        start = end + 1


def split_at_blanks(line: str, width: int | None = None) -> list[str]:
    """Split at white space; the last of ``width`` fields takes the rest, an extension stays with its SMILES."""
    if line.lstrip().startswith('"'):  # no SMILES does: this table quotes its fields
        with contextlib.suppress(csv.Error):
            return next(csv.reader([line.strip()], delimiter=" ", skipinitialspace=True))
    limit = -1 if width is None else width - 1
    if "|" in line and limit and (parts := _EXTENDED(line)):
        name = parts[2].rstrip()
        return [parts[1], *(name.split(None, limit - 1) if limit != 1 else filter(None, [name]))]
    return line.rstrip().split(None, limit)


def read_batches(blocks: Iterable[Block], delimiter: str, width: int | None = None, smiles: int | None = None) -> Iterator[Batch]:
    """Iterate over the records in some lines, a batch at a time.

    Parameters
    ----------
    blocks
        The lines.
    delimiter
        One character; a blank stands for any run of white space.
    width
        Fields that a record should have, if known: it decides between readings where quotes are not as they should be.
    smiles
        The field that holds SMILES, if known: lines with a SMILES there are records, not part of a quoted field.
    """
    return _Reader(blocks, delimiter, width, smiles).batches()


class _Span:
    """Consecutive lines that can grow by those of the next block."""

    def __init__(self, block: Block) -> None:
        self.lines = list(block.lines)
        self.ends = list(block.ends)
        self.numbers = list(block.numbers)
        self.problems = dict(block.problems)

    def extend(self, block: Block) -> None:
        self.problems.update({len(self.lines) + index: problem for index, problem in block.problems.items()})
        self.lines += block.lines
        self.ends += block.ends
        self.numbers += block.numbers

    def rest(self, index: int) -> Block:
        problems = {position - index: problem for position, problem in self.problems.items() if position >= index}
        lines = self.lines[index:]
        return Block("".join(lines), lines, self.ends[index:], self.numbers[index:], problems)


class _Reader:
    """The state of :func:`read_batches`: the blocks to come, and the rest of one that was read ahead."""

    def __init__(self, blocks: Iterable[Block], delimiter: str, width: int | None, smiles: int | None) -> None:
        self.blocks = iter(blocks)
        self.delimiter = delimiter
        self.width = width
        self.smiles = smiles
        self.returned: Block | None = None

    def batches(self) -> Iterator[Batch]:
        while (block := self._next()) is not None:
            fields = None if block.problems else self._quickly(block)
            yield self._carefully(block) if fields is None else Batch(block.numbers, fields, {})

    def _next(self) -> Block | None:
        block, self.returned = self.returned, None
        return block if block is not None else next(self.blocks, None)

    def _quickly(self, block: Block) -> list[list[str]] | None:
        """Split a block in which each line is a record and every quote is right; None for any other."""
        delimiter, width = self.delimiter, self.width
        if delimiter == " ":
            if '"' in block.text or "|" in block.text:
                return [split_at_blanks(line, width) for line in block.lines]
            limit = -1 if width is None else width - 1
            return [line.rstrip().split(None, limit) for line in block.lines]
        if width == 1 or width is None:
            return None if '"' in block.text else [self._plainly(line) for line in block.lines]
        if '"' not in block.text:
            return [line.split(delimiter) for line in block.lines]
        try:
            fields = list(csv.reader(block.lines, delimiter=delimiter, strict=True))
        except csv.Error:
            return None
        return fields if len(fields) == len(block.lines) and set(map(len, fields)) == {width} else None

    def _plainly(self, line: str) -> list[str]:
        """Split a line without heeding quotes. A blank line has no field, unlike one with a pair of quotes."""
        if self.delimiter == " ":
            return split_at_blanks(line, self.width)
        return [] if not line or (line.isspace() and self.delimiter not in line) else line.split(self.delimiter)

    def _carefully(self, block: Block) -> Batch:
        """Split line by line, reading on into the next blocks where a quoted field does."""
        span = _Span(block)
        numbers: list[int] = []
        batch = Batch(numbers, [], {})
        index, stop = 0, len(block.lines)
        while index < stop:
            line, taken, problem = span.lines[index], 1, span.problems.get(index)
            if problem or '"' not in line or self.delimiter == " ":
                fields = self._plainly(line)
            else:
                taken, fields, problem = self._unquote(span, index)
            if problem:
                batch.problems[len(batch.fields)] = problem
            numbers.append(span.numbers[index])
            batch.fields.append(fields)
            index += taken
        if index < len(span.lines):
            self.returned = span.rest(index)
        return batch

    def _unquote(self, span: _Span, index: int) -> tuple[int, list[str], str | None]:
        """Read the record that starts on a line with quotes: how many lines it takes, its fields, and its problem."""
        line = span.lines[index]
        literal = line.split(self.delimiter)
        try:
            fields = split_quoted(line, self.delimiter)
        except OpenQuoteError as error:
            taken, joined = self._join(span, index)
            if joined is not None:
                return taken, joined, None
            problem: str | None = str(error)
        except ValueError as error:
            problem = str(error)
        else:
            if len(fields) == self.width or self.width is None:
                return 1, fields, None
            literal, problem = fields, None
        spaced = self._without_spaces_before_quotes(line)
        if spaced is not None:
            return 1, spaced, None
        # With the right number of fields all the same, the quote was part of a name, as in 5"-phosphate.
        return 1, literal, None if len(literal) == self.width else problem

    def _without_spaces_before_quotes(self, line: str) -> list[str] | None:
        if f'{self.delimiter} "' not in line:
            return None
        try:
            fields = split_quoted(re.sub(f'{re.escape(self.delimiter)} +"', f'{self.delimiter}"', line), self.delimiter)
        except ValueError:
            return None
        return fields if len(fields) == self.width else None

    def _join(self, span: _Span, index: int) -> tuple[int, list[str] | None]:
        """Add lines until the quoted field is closed; None where it never is, or where it would swallow records."""
        pieces = [span.lines[index], span.ends[index]]
        size = len(pieces[0])
        for position in range(index + 1, index + MAX_LINES):
            if position == len(span.lines) and not self._extend(span):
                break
            line = span.lines[position]
            size += len(line)
            if size > MAX_CHARACTERS or position in span.problems:
                break
            pieces.append(line)
            if '"' in line:
                try:
                    fields = split_quoted("".join(pieces), self.delimiter)
                except OpenQuoteError:
                    pass
                except ValueError:
                    break
                else:
                    wrong = self.width not in (None, len(fields)) or self._swallows(span.lines[index + 1 : position + 1])
                    return (1, None) if wrong else (position + 1 - index, fields)
            pieces.append(span.ends[position])
        return 1, None

    def _extend(self, span: _Span) -> bool:
        block = self._next()
        if block is not None:
            span.extend(block)
        return block is not None

    def _swallows(self, lines: Sequence[str]) -> bool:
        """Tell whether most of the lines that a quoted field goes on over are records of their own."""
        if self.smiles is None:
            return False
        parted = [line.split(self.delimiter) for line in lines]
        return sum(map(self._is_whole, parted)) > 0.5 * len(lines)

    def _is_whole(self, fields: list[str]) -> bool:
        if self.smiles is None or len(fields) != self.width:
            return False
        smiles = fields[self.smiles]
        return len(smiles) > 2 and looks_like_smiles(smiles)  # C, NO or I may stand in a sentence
