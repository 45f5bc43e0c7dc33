import pickle
import time

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from molgen.archive import check_tensors, read_json, read_tensors, read_text, write_json, write_tensors
from molgen.errors import BundleError

FINITE = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | st.integers() | FINITE | st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(LEAVES, lambda x: st.lists(x) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), x))
DTYPES = [
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
]


def refuses(read, data, name="a.json", **options):
    with pytest.raises(BundleError) as caught:
        read({name: data}, name, "model.molgen", **options)
    text = str(caught.value)
    assert text.startswith("model.molgen:a.")
    assert text.isprintable()
    return text


@given(JSON)
def test_json_round_trip(value):
    assert read_json({"a.json": write_json(value)}, "a.json", "x") == value


def test_json_bytes():
    assert write_json({"b": 1, "a": "ä"}) == '{\n "a": "ä",\n "b": 1\n}\n'.encode()
    for value in [float("nan"), float("inf"), {1, 2}, "\ud800"]:
        with pytest.raises((ValueError, TypeError)):
            write_json(value)


BAD_JSON = [
    b"", b"{", b"[1,]", b"nonsense", b"[NaN]", b"[Infinity]", b"[-Infinity]", b"[1e999]", b"[-1e999]", b"\xff\xfe[\x00",
    b"\xef\xbb\xbf[1]", b'{"a": 1, "a": 2}', b'{"a": {"b": 1, "b": 1}}', b'["\\ud800"]', b'["\\udc00\\ud800"]',
    b"[1] [2]", b'["\x00"]', b'["\n"]', b"[1\x0b]", b"1" * 5000, b'{"\\u0061": 1, "a": 1}', b"// no", b"['a']",
    b"{1: 2}",
    pickle.dumps({"a": 1}), pickle.dumps([1], protocol=0), b'"', b"]" * 100,
]  # fmt: skip


@pytest.mark.parametrize("data", BAD_JSON)
def test_bad_json(data):
    refuses(read_json, data)


@pytest.mark.parametrize("data", [b"[" * 65 + b"]" * 65, b"[" * 1_000_000, b'{"a":' * 100_000, b'["]",' * 100_000])
def test_deep_json(data):
    assert "nested too deeply" in refuses(read_json, data)


def test_depth_counts_brackets_and_not_text():
    assert read_json({"a.json": b"[" * 64 + b"]" * 64}, "a.json", "x")
    assert read_json({"a.json": b'["' + b"[" * 100 + b'\\"[[[\\\\"]'}, "a.json", "x")


@pytest.mark.parametrize(
    "data",
    [
        b'"' + b'\\"' * 2_000_000,
        b'"' * 4_000_000,
        b"{" + b",".join(b'"%d":0' % i for i in range(300_000)) + b',"299999":0}',
        b'"' + b"\\" * 4_000_000,
    ],
)
def test_json_made_to_be_slow(data):
    start = time.process_time()
    refuses(read_json, data)
    assert time.process_time() - start < 5


def test_json_size():
    assert "too large" in refuses(read_json, b" " * 101, max_size=100)
    assert "too large" in refuses(read_json, b" " * (4 * 2**20 + 1))


def test_missing_member():
    for read in [read_json, read_tensors, read_text]:
        with pytest.raises(BundleError, match=r"^x: member a.json is missing$"):
            read({}, "a.json", "x")


def test_text():
    assert read_text({"a.txt": "tree\r\n\tä".encode()}, "a.txt", "x") == "tree\r\n\tä"
    for data in [b"\xff", b"a\0", b"\x1b[2J", pickle.dumps([1]), b"\x7f"]:
        assert "not text" in refuses(read_text, data, "a.txt")
    assert "too large" in refuses(read_text, b"abc", "a.txt", max_size=2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (3, 4)])
def test_tensors_round_trip(dtype, shape):
    array = np.asarray(np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2, dtype)
    read = read_tensors({"a": write_tensors({"x": array, "y": array})}, "a", "x")
    assert list(read) == ["x", "y"]
    assert read["x"].dtype == dtype
    assert read["x"].shape == shape
    np.testing.assert_array_equal(read["y"], array)


def test_tensors_of_any_layout():
    array = np.arange(24.0).reshape(4, 6)
    views = {
        "turned": array.T,
        "strided": array[::2, ::-1],
        "big": array.astype(">f8"),
        "wide": np.broadcast_to(3.0, (2, 3)),
    }
    read = read_tensors({"a": write_tensors(views)}, "a", "x")
    for name, view in views.items():
        np.testing.assert_array_equal(read[name], view)


def test_tensor_bytes_do_not_depend_on_order():
    a, b = np.ones(3, np.float32), np.zeros(2, np.int64)
    assert write_tensors({"a": a, "b": b}) == write_tensors({"b": b, "a": a})


@pytest.mark.parametrize("array", [np.array(["x"]), np.array([None]), np.array([1j]), np.array(["2020"], "M8[D]")])
def test_arrays_that_cannot_be_saved(array):
    with pytest.raises(BundleError, match="cannot be saved"):
        write_tensors({"x": array})


def header(text, data=b""):
    return len(text).to_bytes(8, "little") + text + data


BAD_TENSORS = [
    b"", b"1234567", pickle.dumps({"a": 1}), b"\xff" * 100, header(b"{}")[:-1], header(b"[]"), header(b"nonsense"),
    (2**62).to_bytes(8, "little") + b"{}", (50 * 2**20).to_bytes(8, "little") + b"{}",
    header(b"[" * 5000), header(b'{"a":' * 5000),
    header(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', bytes(4)),
    header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}', bytes(8)),
    header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', bytes(8)),
    header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(8)),
    header(b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', bytes(4)),
    header(b'{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}'),
    header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
           bytes(4)),
    header(b'{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}', bytes(2)),
    header(b'{"a":{"dtype":"O","shape":[1],"data_offsets":[0,8]}}', bytes(8)),
    header(b'{"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}', b"\2"),
    header(b'{"a\\n\\u001b":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}', b"\2"),
    header(b'{"a":{"dtype":"F32\\nx","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
]  # fmt: skip


@pytest.mark.parametrize("data", BAD_TENSORS)
def test_bad_tensors(data):
    assert "safetensors" in refuses(read_tensors, data, "a.safetensors")


def test_damaged_tensors_are_refused_or_whole():
    data = safetensors.numpy.save({"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(3, bool)})
    generator = np.random.default_rng(1)
    for _ in range(3000):
        damaged = bytearray(data)
        damaged[generator.integers(len(data))] = generator.integers(256)
        try:
            tensors = read_tensors({"a": bytes(damaged)[: generator.integers(len(data) // 2, 2 * len(data))]}, "a", "x")
        except BundleError as error:
            assert str(error).isprintable()
        else:
            assert all(isinstance(tensor.sum(), np.generic) for tensor in tensors.values())


EXPECTED = {"w": ((2, 3), "float32"), "n": ((4,), "int64")}


def test_expected_tensors():
    good = {"w": np.ones((2, 3), np.float32), "n": np.arange(4)}
    check_tensors(good, EXPECTED, "here")
    bad = {
        "'n' is missing": {"w": good["w"]},
        "'x\\\\n' is not expected": good | {"x\n": good["n"]},
        r"expected float32 \(2, 3\); got float32 \(3, 2\)": good | {"w": good["w"].T},
        r"expected float32 \(2, 3\); got float64 \(2, 3\)": good | {"w": good["w"].astype(float)},
        r"expected int64 \(4,\); got int64 \(\)": good | {"n": np.array(4)},
        "tensor w holds NaN": good | {"w": np.full((2, 3), np.nan, np.float32)},
        "an infinity": good | {"w": np.array([[1, 2, np.inf], [1, 2, 3]], np.float32)},
    }
    for message, tensors in bad.items():
        with pytest.raises(BundleError, match=message) as caught:
            check_tensors(tensors, EXPECTED, "here")
        assert str(caught.value).startswith("here: ")
        assert str(caught.value).isprintable()
