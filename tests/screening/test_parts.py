"""Rounding, sampling and ranking on their own."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from molgen.data.tasks import Task
from molgen.screening.ranking import TopHits
from molgen.screening.score import round_significant
from molgen.screening.summary import Sample, Summary


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=1, max_size=50))
def test_rounding_is_that_of_printing_with_six_digits(values):
    array = np.array(values)
    reasonable = np.abs(array) < 1e15
    reasonable &= (np.abs(array) > 1e-15) | (array == 0)
    rounded = round_significant(array)
    for value, found, usual in zip(values, rounded, reasonable, strict=True):
        if usual:
            # Halves may round either way: both neighbours print with six digits.
            assert float(f"{found:.6g}") == found
            assert abs(found - value) <= abs(value) * 5.01e-6
        elif np.isnan(value):
            assert np.isnan(found)


def test_sample_is_even_and_bounded():
    sample = Sample(limit=100)
    for start in range(0, 10_000, 37):
        sample.add(np.arange(start, min(start + 37, 10_000), dtype=float))
    values = sample.values()
    assert 40 < len(values) <= 100
    steps = np.diff(values)
    assert (steps == steps[0]).all()


def test_sample_leaves_out_what_is_missing():
    sample = Sample()
    sample.add(np.array([1.0, np.nan, 3.0]))
    assert sample.values().tolist() == [1, 3]


def test_summary_bounds_the_kinds_of_reason():
    summary = Summary()
    reasons = [f"kind{n}: detail" for n in range(5000)]
    batch = {"status": ["invalid"] * 5000, "reason": reasons, "notes": pa.array([None] * 5000, pa.string())}
    summary.add(pa.RecordBatch.from_pydict(batch))
    assert len(summary.reasons) <= 101
    assert sum(summary.reasons.values()) == 5000


def hits(values_by_batch, size, direction="high"):
    schema = pa.schema([("row", pa.int64()), ("y", pa.float64())])
    top = TopHits(Task("y", "regression", direction=direction), size, schema)
    row = 0
    for values in values_by_batch:
        rows = list(range(row, row + len(values)))
        row += len(values)
        masked = pa.array(np.array(values, dtype=float), mask=np.isnan(np.array(values, dtype=float)))
        top.add(pa.RecordBatch.from_arrays([pa.array(rows, pa.int64()), masked], schema=schema))
    return top.table()["row"].to_pylist()


@given(
    st.lists(st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0, float("nan")]), max_size=12), max_size=8),
    st.integers(1, 10),
    st.sampled_from(["high", "low"]),
)
def test_top_hits_are_a_stable_sort(batches, size, direction):
    everything = [(row, value) for row, value in enumerate(v for batch in batches for v in batch) if not np.isnan(value)]
    sign = -1 if direction == "high" else 1
    expected = [row for row, value in sorted(everything, key=lambda pair: (sign * pair[1], pair[0]))][:size]
    assert hits(batches, size, direction) == expected
