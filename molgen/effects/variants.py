"""What variants of a genome change in predictions: each allele's window scored beside the reference's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molgen.bio.genome import Genome
from molgen.bio.strands import reverse_complement
from molgen.bio.variants import Variant, check_reference, read_variants
from molgen.bundle import Bundle
from molgen.data.tasks import Task, logit, score_views, spans
from molgen.datasets import find_bundle
from molgen.errors import ConfigError, InputError
from molgen.screening.output import TableWriter, check_outputs, round_significant
from molgen.streams.source import Source
from molgen.subjects import SequenceSubject

__all__ = ["VariantResult", "variants"]

#: Alleles that are scored together.
_ROWS = 512


@dataclass(slots=True)
class VariantResult:
    """What became of the alleles of a VCF file.

    Attributes
    ----------
    output
        The table.
    rows
        Alleles read.
    statuses, reasons
        Status, and kind of reason -> alleles.
    length
        Letters of the windows.
    """

    output: Path
    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    length: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        reasons = [{"reason": reason, "rows": n} for reason, n in self.reasons.most_common()]
        return {
            "output": str(self.output),
            "rows": self.rows,
            "statuses": dict(self.statuses),
            "reasons": reasons,
            "length": self.length,
        }


def variants(
    vcf: str | Path,
    model: str | Path | Bundle,
    output: str | Path,
    *,
    genome: str | Path,
    length: int | None = None,
    both_strands: bool = False,
    overwrite: bool = False,
    progress: Callable[[int, float], None] | None = None,
) -> VariantResult:
    """Predict what each allele of a VCF file changes.

    Two windows of the genome are scored for each allele. That of the reference is cut so that the first letter of ``REF`` has
    ``length // 2`` letters before it. In that of the allele ``ALT`` stands in the place of ``REF``, and letters of the genome after
    it fill the window up, or fall out of it: what is before the variant stays where it is. Beyond the ends of a contig there is
    ``N``.

    Parameters
    ----------
    vcf
        Plain or packed; ``-`` is standard input. It is read as a stream.
    model
        A bundle of DNA sequences, its file, or the name of one that comes along.
    output
        Table to write, CSV or Parquet: ``row, contig, position, id, ref, alt, filter, status, reason``, then for each task
        ``<task>_ref`` and ``<task>_alt``, ``<task>_effect`` (the second less the first), and of probabilities
        ``<task>_log_odds``, the difference of their log-odds. A line with several alleles has a row for each. An allele whose
        ``REF`` is not the genome's is ``invalid``, and so is a symbolic one.
    genome
        FASTA or 2bit file.
    length
        Letters of the windows; by default those that the model was trained on, where these were all of one length.
    both_strands
        Score the other strand of both windows as well, and average.
    overwrite
        Replace ``output`` if it exists.
    progress
        Told how many rows are done.

    Raises
    ------
    ConfigError
        If the model reads no DNA, or nobody knows how long windows are.
    InputError
        If a file cannot be used.

    Examples
    --------
    >>> molgen.variants("calls.vcf.gz", "peaks.molgen", "effects.csv", genome="hg38.fa")  # doctest: +SKIP
    """
    read = [vcf, genome, *([model] if isinstance(model, str | Path) else [])]
    (target,) = check_outputs([output], read, overwrite=overwrite)
    bundle = model if isinstance(model, Bundle) else Bundle.load(find_bundle(model))
    if not isinstance(bundle.subject, SequenceSubject) or bundle.subject.alphabet == "protein" or bundle.columns:
        raise ConfigError("variants change DNA, and the model reads something else", got=bundle.subject.noun)
    length = length or bundle.subject.length
    if length is None:
        raise ConfigError("the model was not trained on sequences of one length", where="--length", expected="a number of letters")
    result = VariantResult(target, length=length)
    views = [view for task in bundle.tasks for view in score_views(task)]
    schema = _schema(views)
    source = Source(vcf)
    with Genome(genome) as opened, TableWriter(target, schema) as writer:
        coming = read_variants(source)
        while batch := list(islice(coming, _ROWS)):
            writer.write(_score(bundle, views, opened, batch, length, both_strands, schema, result))
            if progress:
                progress(result.rows, source.share_read())
    return result


def _schema(views: Sequence[Task]) -> pa.Schema:
    words = ("contig", "id", "ref", "alt", "filter", "status", "reason")
    kinds = {"row": pa.int64(), "position": pa.int64(), **dict.fromkeys(words, pa.string())}
    names = ("row", "contig", "position", "id", "ref", "alt", "filter", "status", "reason")
    scores = [f"{view.name}_{what}" for view in views for what in _measures(view)]
    return pa.schema([*((name, kinds[name]) for name in names), *((name, pa.float64()) for name in scores)])


def _measures(view: Task) -> list[str]:
    return ["ref", "alt", "effect", *(["log_odds"] if not view.is_regression else [])]


def _score(
    bundle: Bundle,
    views: Sequence[Task],
    genome: Genome,
    batch: Sequence[Variant],
    length: int,
    both_strands: bool,
    schema: pa.Schema,
    result: VariantResult,
) -> pa.RecordBatch:
    pairs, reasons = _windows(genome, batch, length)
    rows = sorted(pairs)
    texts = [text for row in rows for text in pairs[row]]
    values, errors = _predicted(bundle, texts, both_strands)
    for at, row in enumerate(rows):
        reason = errors.get(2 * at) or errors.get(2 * at + 1)
        if reason:
            reasons[row] = reason
    kept = [at for at, row in enumerate(rows) if row not in reasons]
    columns: dict[str, Any] = {
        "row": [each.number for each in batch],
        "contig": [each.contig for each in batch],
        "position": [each.position or None for each in batch],
        "id": [each.id for each in batch],
        "ref": [each.ref for each in batch],
        "alt": [each.alt for each in batch],
        "filter": [each.filter for each in batch],
        "status": ["invalid" if at in reasons else "ok" for at in range(len(batch))],
        "reason": [reasons.get(at) for at in range(len(batch))],
    }
    result.rows += len(batch)
    result.statuses.update(columns["status"])
    result.reasons.update(reason.split(":", 1)[0] for reason in reasons.values())
    outputs = [output for span in spans(bundle.tasks) for output in range(span.start, span.stop)]
    for view, output in zip(views, outputs, strict=True):
        reference, allele = values[0::2, output], values[1::2, output]
        found = {"ref": reference, "alt": allele, "effect": allele - reference}
        if not view.is_regression:
            found["log_odds"] = logit(allele) - logit(reference)
        for what, numbers in found.items():
            full = np.full(len(batch), np.nan)
            full[[rows[at] for at in kept]] = numbers[kept]
            columns[f"{view.name}_{what}"] = pa.array(round_significant(full), mask=np.isnan(full))
    return pa.RecordBatch.from_pydict(columns, schema=schema)


def _windows(genome: Genome, batch: Sequence[Variant], length: int) -> tuple[dict[int, tuple[str, str]], dict[int, str]]:
    """Return the windows of each variant, reference and allele, and why others have none."""
    windows: dict[int, tuple[str, str]] = {}
    reasons: dict[int, str] = {}
    for row, variant in enumerate(batch):
        other = "" if variant.problem else check_reference(variant, genome)
        if variant.problem or other:
            reasons[row] = variant.problem or f"{'not in the genome' if variant.contig not in genome.lengths else 'REF'}: {other}"
            continue
        if max(len(variant.ref), len(variant.alt)) > length // 2:
            reasons[row] = f"too long: an allele of {max(len(variant.ref), len(variant.alt)):,} letters, the window has {length:,}"
            continue
        start = variant.start - length // 2
        try:
            longer = genome.fetch(variant.contig, start, start + length + len(variant.ref), pad=True)
        except InputError as error:
            reasons[row] = f"not in the genome: {error}"
            continue
        before, after = longer[: length // 2], longer[length // 2 + len(variant.ref) :]
        windows[row] = longer[:length], (before + variant.alt + after)[:length]
    return windows, reasons


def _predicted(bundle: Bundle, texts: Sequence[str], both_strands: bool) -> tuple[NDArray[np.float64], dict[int, str]]:
    """Score texts, and if it is asked for their other strands, and average."""
    read = bundle.read(texts)
    scores = bundle.score(read.items, with_domain=False)
    values, errors = scores.values, {**scores.errors, **read.reasons}
    if both_strands and isinstance(bundle.subject, SequenceSubject):
        alphabet = bundle.subject.alphabet
        turned = [None if item is None else reverse_complement(item.encode(), alphabet).decode() for item in read.items]
        values = (values + bundle.score(turned, with_domain=False).values) / 2
    return values, errors
