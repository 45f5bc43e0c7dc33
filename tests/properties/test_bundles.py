"""Bundles of strangers: whatever is done to a file, it is refused in one line, or predicts finite numbers."""

from __future__ import annotations

import json
import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rdkit import Chem

import molgen
from molgen.archive import read_archive, write_archive
from molgen.chem.descriptors import compute_descriptors
from molgen.cli.inspect import inspect
from molgen.errors import BundleError, InputError
from molgen.featurizers import descriptors
from tests.properties.conftest import arbitrary_json, mutations

GOLDEN = Path(__file__).parent.parent / "golden" / "format-1.molgen"
MEMBERS = read_archive(GOLDEN)
ROWS = ["CCO", "not_a_smiles", "c1ccccc1C(=O)Nc1ccncc1"]
JSON = [name for name in MEMBERS if name.endswith(".json")]
TENSORS = [name for name in MEMBERS if name.endswith(".safetensors")]
TREES = [name for name in MEMBERS if name.endswith(".txt")]


def load(path: Path) -> Any:
    """Return the bundle, or None if it is refused as it should be."""
    try:
        return molgen.load(path)
    except BundleError as error:
        assert "\n" not in str(error)
        assert str(path) in str(error)
        return None


def load_members(path: Path, members: dict[str, bytes]) -> Any:
    try:
        write_archive(path, members, overwrite=True)
    except (BundleError, InputError):
        return None
    return load(path)


def predict(bundle: Any) -> Any:
    """Predict, and check that every value is a number where there is a molecule and none where there is not."""
    table = bundle.predict(ROWS)
    for task in bundle.tasks:
        values = table[task.name].to_numpy(dtype=float)
        assert not np.isinf(values).any()
        assert np.isnan(values[1])
        assert task.kind != "binary" or all(np.isnan(value) or 0 <= value <= 1 for value in values)
    assert table["status"][1] == "invalid"
    return table


USUAL = predict(molgen.load(GOLDEN))


@pytest.fixture(autouse=True, scope="module")
def remembered_descriptors() -> Iterator[None]:
    """Compute descriptors, most of what a prediction costs, once for each molecules and names: bundles do not change them."""
    known: dict[Any, Any] = {}

    def remember(mols: Any, names: list[str]) -> Any:
        key = (*(None if mol is None else Chem.MolToSmiles(mol) for mol in mols), *names)
        if key not in known:
            known[key] = compute_descriptors(mols, names)
        return known[key].copy()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(descriptors, "compute_descriptors", remember)
        yield


def check_same(bundle: Any) -> None:
    assert predict(bundle).equals(USUAL)


@settings(max_examples=100)
@given(spoil=mutations())
def test_spoilt_bytes_are_refused_or_change_nothing(scratch, spoil):
    scratch.write_bytes(spoil(GOLDEN.read_bytes()))
    bundle = load(scratch)
    if bundle is not None:
        check_same(bundle)


@settings(max_examples=90)
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=3), end=st.booleans())
def test_flipped_bits_are_refused_or_change_nothing(scratch, flips, end):
    content = bytearray(GOLDEN.read_bytes())
    # The directory, whose fields mean the most, is the last kilobyte.
    first = len(content) - 1000 if end else 0
    for place, bit in flips:
        content[first + int(place * (len(content) - first))] ^= 1 << bit
    scratch.write_bytes(content)
    bundle = load(scratch)
    if bundle is not None:
        check_same(bundle)


@settings(max_examples=60)
@given(spoil=mutations(), name=st.sampled_from(sorted(MEMBERS)))
def test_spoilt_members_are_refused_or_predict(scratch, spoil, name):
    bundle = load_members(scratch, MEMBERS | {name: spoil(MEMBERS[name])})
    if bundle is not None:
        predict(bundle)


names = st.sampled_from(
    [*MEMBERS, "experts/3/expert.json", "x.txt", "../x.json", "manifest.json ", "MANIFEST.json", "a/../x.txt", ""]
)


@settings(max_examples=50)
@given(data=st.data())
def test_members_removed_doubled_or_renamed_are_refused_or_change_nothing(scratch, data):
    entries = list(MEMBERS.items())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(entries) - 1))
        what = data.draw(st.sampled_from(["remove", "double", "rename", "swap"]))
        if what == "remove":
            del entries[at]
        elif what == "double":
            entries.insert(at, (entries[at][0], data.draw(st.sampled_from(entries))[1]))
        elif what == "rename":
            entries[at] = (data.draw(names), entries[at][1])
        else:
            entries[at] = (entries[at][0], data.draw(st.sampled_from(entries))[1])
    with (
        pytest.warns(UserWarning) if len(dict(entries)) < len(entries) else nullcontext(),
        zipfile.ZipFile(scratch, "w") as archive,
    ):
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content)
    bundle = load(scratch)
    if bundle is not None:
        predict(bundle)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value of a JSON document; of a long list, of the first two."""
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in _places(each, (*path, key)))]


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _replaced(copy[path[0]], path[1:], new)
    return copy


PLACES = [(name, place) for name in JSON if name != "card.json" for place in _places(json.loads(MEMBERS[name]))]
extreme = st.sampled_from([0, -1, 2, 1e308, -1e308, 5e-324, 10**30, 2**31, 2**63, 1.5, "", "x", True, [], {}, [[]], [0.5, 0.5]])


@settings(max_examples=180)
@given(where=st.sampled_from(PLACES), new=arbitrary_json | extreme)
@example(where=("experts/0/expert.json", ("architecture", "width")), new=0)
@example(where=("manifest.json", ("calibration", 0, "slope")), new=1e308)
@example(where=("manifest.json", ("calibration", 0, "intercept")), new=-1e308)
def test_other_json_is_refused_or_predicts(scratch, where, new):
    name, place = where
    changed = json.dumps(_replaced(json.loads(MEMBERS[name]), place, new)).encode()
    bundle = load_members(scratch, MEMBERS | {name: changed})
    if bundle is not None:
        predict(bundle)


SAID = json.loads(MEMBERS["card.json"]) | {
    "parent": {"file": "mother.molgen", "sha256": "ab"},
    "cross_validation": {"folds": [{"train": 2}], "metrics": {"model": {}}, "epochs": {"graph": 3}},
    "learning_curve": [{"rows": 5, "metrics": {"test": {}}}],
}


@settings(max_examples=20)
@given(card=arbitrary_json | st.builds(_replaced, st.just(SAID), st.sampled_from(_places(SAID)), arbitrary_json))
def test_a_card_may_say_anything(scratch, card):
    bundle = load_members(scratch, MEMBERS | {"card.json": json.dumps(card).encode()})
    if bundle is not None:
        check_same(bundle)
        shown = CliRunner().invoke(inspect, [str(scratch)])
        assert shown.exit_code == 0
        assert all(char.isprintable() for char in shown.output.replace("\n", ""))
        json.dumps(molgen.inspect(bundle), allow_nan=False)


KINDS = ["float64", "float16", "int32", "uint8", "bool", "float32"]


@settings(max_examples=60)
@given(data=st.data(), name=st.sampled_from(TENSORS))
def test_other_tensors_are_refused_or_predict(scratch, data, name):
    tensors = dict(safetensors.numpy.load(MEMBERS[name]))
    key = data.draw(st.sampled_from(sorted(tensors)))
    tensor = tensors[key]
    what = data.draw(st.sampled_from(["type", "shape", "value", "remove", "rename"]))
    if what == "type":
        tensors[key] = tensor.astype(data.draw(st.sampled_from(KINDS)))
    elif what == "shape":
        shape = data.draw(st.lists(st.integers(0, 20), max_size=3))
        tensors[key] = np.resize(tensor, shape) if 0 not in shape else np.zeros(shape, tensor.dtype)
    elif what == "value" and tensor.size:
        values = tensor.reshape(-1).copy()
        limit = np.iinfo(tensor.dtype) if tensor.dtype.kind in "iu" else np.finfo(tensor.dtype)
        numbers = [limit.max, limit.min, 0] + [np.nan, np.inf, 1e-45, 1e30] * (tensor.dtype.kind == "f")
        values[data.draw(st.integers(0, values.size - 1)) :: data.draw(st.sampled_from([1, 7, 10**6]))] = data.draw(
            st.sampled_from(numbers)
        )
        tensors[key] = values.reshape(tensor.shape)
    elif what == "remove":
        del tensors[key]
    else:
        tensors[data.draw(st.text(max_size=5))] = tensors.pop(key)
    bundle = load_members(scratch, MEMBERS | {name: safetensors.numpy.save(tensors)})
    if bundle is not None:
        predict(bundle)


described = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "U8", "F64", "X"]),
        "shape": st.lists(st.integers(-1, 2**62), max_size=3),
        "data_offsets": st.lists(st.integers(0, 2**62), min_size=2, max_size=2),
    }
)


@settings(max_examples=40)
@given(
    header=arbitrary_json | st.dictionaries(st.text(max_size=4), described, max_size=2),
    length=st.none() | st.integers(0, 2**64 - 1),
    rest=st.binary(max_size=16),
    name=st.sampled_from(TENSORS),
)
def test_headers_of_tensors_are_not_believed(scratch, header, length, rest, name):
    text = json.dumps(header).encode()
    content = struct.pack("<Q", len(text) if length is None else length) + text + rest
    assert load_members(scratch, MEMBERS | {name: content}) is None


INDICES = re.compile(
    r"^(split_feature|left_child|right_child|decision_type|num_leaves|max_feature_idx|leaf_count|num_class)=.*$", re.M
)
NUMBERS = re.compile(r"^(threshold|leaf_value|split_gain|internal_value|shrinkage|leaf_weight)=.*$", re.M)


@settings(max_examples=90)
@given(
    name=st.sampled_from(TREES),
    numeric=st.booleans(),
    line=st.floats(0, 1, exclude_max=True),
    word=st.integers(0, 40),
    data=st.data(),
)
def test_other_trees_are_refused_or_predict(scratch, name, numeric, line, word, data):
    text = MEMBERS[name].decode()
    found = list((NUMBERS if numeric else INDICES).finditer(text))
    match = found[int(line * len(found))]
    key, _, values = match[0].partition("=")
    words = values.split(" ")
    integers = st.integers(-(2**31) - 1, 2**31) | st.integers(-40, 40)
    numbers = st.floats().map(repr) | st.sampled_from(["1e999", "nan", "inf", "-1e400", "0x1p3", "1_0", ""])
    words[word % len(words)] = str(data.draw(numbers if numeric else integers))
    changed = text[: match.start()] + f"{key}={' '.join(words)}" + text[match.end() :]
    bundle = load_members(scratch, MEMBERS | {name: changed.encode()})
    if bundle is not None:
        predict(bundle)
