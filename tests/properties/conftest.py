"""What property-based tests share: no deadlines, the same examples on every run of CI, and ways to spoil a file."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

settings.register_profile(
    "molgen", deadline=None, derandomize=os.environ.get("CI") == "true", suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("molgen")


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file name that all examples of all tests write to, one after another."""
    return tmp_path_factory.mktemp("properties") / "table"


def zstd(content: bytes) -> bytes:
    import pyarrow as pa

    return pa.compress(content, codec="zstd", asbytes=True) if content else b"\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00"


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": lambda content: gzip.compress(content, 1),
    "two gzip members": lambda content: gzip.compress(content[:50], 1) + gzip.compress(content[50:], 1),
    "bzip2": lambda content: bz2.compress(content, 1),
    "xz": lambda content: lzma.compress(content, preset=0),
    "zstd": zstd,
}

#: What a JSON file can hold, in small.
arbitrary_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Return a function that does one to three things to bytes: change, cut out, double, insert, cut short."""
    edits = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["change", "remove", "double", "insert", "end"]),
                st.floats(0, 1),
                st.integers(1, 40),
                st.binary(min_size=1, max_size=12) | st.sampled_from([b"\n", b"\r", b'"', b",", b"\t", b"$$$$\n", b"\0", b"\xff"]),
            ),
            min_size=1,
            max_size=3,
        )
    )

    def mutate(content: bytes) -> bytes:
        for what, place, length, new in edits:
            at = int(place * len(content))
            if what == "change":
                content = content[:at] + new + content[at + len(new) :]
            elif what == "remove":
                content = content[:at] + content[at + length :]
            elif what == "double":
                content = content[: at + length] + content[at:]
            elif what == "insert":
                content = content[:at] + new + content[at:]
            else:
                content = content[:at]
        return content

    return mutate
