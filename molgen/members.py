"""What lies in a bundle: JSON, arrays and text as bytes, written plainly and read strictly.

Whatever is read here may come from a stranger; each refusal is one :class:`~molgen.errors.BundleError` of one line.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
import safetensors.numpy

from molgen.errors import BundleError

__all__ = [
    "check_tensors",
    "one_line",
    "read_json",
    "read_tensors",
    "read_text",
    "refuse_size",
    "write_json",
    "write_tensors",
]

MAX_MEMBER = 256 * 2**20
MAX_JSON = 4 * 2**20
MAX_DEPTH = 64

# The closing quote is optional, so that a string that never ends costs its length once and not once for every quote in it.
_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|([\[{])|([\]}])', re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def write_json(value: object) -> bytes:
    """JSON of a value as UTF-8: sorted keys, indented, one newline at the end.

    Raises
    ------
    ValueError, TypeError
        If the value holds NaN, an infinity or something that JSON cannot say.
    """
    text = json.dumps(value, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False)
    return f"{text}\n".encode()


def read_json(members: Mapping[str, bytes], name: str, path: str | os.PathLike[str], *, max_size: int = MAX_JSON) -> Any:
    """Value of a JSON member, strictly: UTF-8, no NaN or infinity, no key twice, bounded in size and depth.

    Parameters
    ----------
    members
        What :func:`read_archive` gave.
    name
        The member.
    path
        The archive it came from, for messages.
    max_size
        Largest size in bytes; parsed values take some ten times as much memory.

    Raises
    ------
    BundleError
        If the member is missing or is no such JSON.
    """
    where = _inside(path, name)
    text = _decoded(members, name, path, max_size)
    if _depth(text) > MAX_DEPTH:
        raise BundleError("JSON is nested too deeply", where=where, expected=f"at most {MAX_DEPTH} levels")
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant, parse_float=_finite_float)
        if "\\u" in text:
            # An escape can name half a surrogate pair, which fails much later, wherever the text is first printed.
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BundleError("not valid JSON", where=where, got="half a surrogate pair") from None
    except ValueError as error:
        raise BundleError("not valid JSON", where=where, got=one_line(error)) from None
    return value


def read_text(members: Mapping[str, bytes], name: str, path: str | os.PathLike[str], *, max_size: int = MAX_MEMBER) -> str:
    """Text of a member that is UTF-8 without control characters other than tab and line ends.

    Raises
    ------
    BundleError
        If the member is missing, larger than `max_size` bytes or not such text.
    """
    text = _decoded(members, name, path, max_size)
    control = _CONTROL.search(text)
    if control:
        raise BundleError("not text", where=_inside(path, name), got=f"a control character at {control.start()}")
    return text


def write_tensors(tensors: Mapping[str, np.ndarray]) -> bytes:
    """Safetensors of arrays of any layout; the bytes depend on names and values alone.

    Raises
    ------
    BundleError
        If an array is of a type that safetensors does not know.
    """
    # safetensors takes the memory as it lies, so a transposed or strided view would be saved scrambled, without a word.
    dense = {name: np.array(tensors[name], order="C") for name in sorted(tensors)}
    try:
        return safetensors.numpy.save(dense)
    except safetensors.SafetensorError as error:
        raise BundleError("arrays cannot be saved", got=one_line(error)) from None


def read_tensors(members: Mapping[str, bytes], name: str, path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Arrays of a safetensors member by name.

    Raises
    ------
    BundleError
        If the member is missing or is no valid safetensors file.
    """
    data = _member(members, name, path, MAX_MEMBER)
    where = _inside(path, name)
    # The header is JSON; an array costs some bytes there and a hundred times that as an object.
    if len(data) < 8 or int.from_bytes(data[:8], "little") > MAX_JSON:
        raise BundleError("not a safetensors file", where=where)
    try:
        tensors: dict[str, np.ndarray] = safetensors.numpy.load(data)
    except Exception as error:  # SafetensorError, and KeyError for a type that NumPy lacks
        raise BundleError("not a valid safetensors file", where=where, got=one_line(error)) from None
    # The library gives them in an order that changes from one run to the next.
    tensors = dict(sorted(tensors.items()))
    for key, tensor in tensors.items():
        if tensor.dtype == np.bool_ and tensor.size and tensor.view(np.uint8).max() > 1:
            raise BundleError("a truth value that is neither 0 nor 1", where=f"{where}, tensor {key[:80]!a}")
    return tensors


def check_tensors(tensors: Mapping[str, np.ndarray], expected: Mapping[str, tuple[tuple[int, ...], str]], where: str) -> None:
    """Check that arrays are exactly the expected ones, and finite.

    Parameters
    ----------
    tensors
        Arrays by name.
    expected
        Shape and dtype (``"float32"``) by name.
    where
        The member and archive, for messages.

    Raises
    ------
    BundleError
        If an array is missing, unexpected, of another shape or type, or holds NaN or an infinity.
    """
    for name in sorted(set(expected) ^ set(tensors)):
        problem = "is missing" if name in expected else "is not expected"
        raise BundleError(f"tensor {name[:80]!a} {problem}", where=where)
    for name, (shape, dtype) in expected.items():
        tensor = tensors[name]
        if tensor.shape != tuple(shape) or tensor.dtype != np.dtype(dtype):
            raise BundleError(
                f"tensor {name} does not fit the model",
                where=where,
                expected=f"{dtype} {tuple(shape)}",
                got=f"{tensor.dtype} {tensor.shape}",
            )
        if tensor.dtype.kind in "fc" and not np.isfinite(tensor).all():
            raise BundleError(f"tensor {name} holds NaN or an infinity", where=where)


def _member(members: Mapping[str, bytes], name: str, path: str | os.PathLike[str], max_size: int) -> bytes:
    if name not in members:
        raise BundleError(f"member {name} is missing", where=one_line(path))
    if len(members[name]) > max_size:
        refuse_size("member", _inside(path, name), max_size, len(members[name]))
    return members[name]


def _decoded(members: Mapping[str, bytes], name: str, path: str | os.PathLike[str], max_size: int) -> str:
    try:
        return _member(members, name, path, max_size).decode("utf-8")
    except UnicodeDecodeError as error:
        bad = f"a bad byte at {error.start}"
        raise BundleError("not text", where=_inside(path, name), expected="UTF-8", got=bad) from None


def _inside(path: str | os.PathLike[str], name: str) -> str:
    return f"{one_line(path)}:{name}"


def _depth(text: str) -> int:
    """Deepest nesting of a JSON text, without the recursion that a parser would need to find it."""
    depth = deepest = 0
    for match in _JSON_TOKEN.finditer(text):
        if match.lastindex == 1:
            depth += 1
            deepest = max(deepest, depth)
        elif match.lastindex == 2:
            depth -= 1
    return deepest


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, item in pairs:
        if key in value:
            raise ValueError(f"key {key[:80]!a} twice")
        value[key] = item
    return value


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"number out of range {text[:40]}")
    return value


def refuse_size(what: str, where: str, limit: int, size: int) -> NoReturn:
    """Raise the error for something larger than its limit in bytes."""
    raise BundleError(f"{what} is too large", where=where, expected=f"at most {limit} bytes", got=f"{size} bytes")


def one_line(value: object) -> str:
    """One printable line of at most 400 characters, whatever a path or a message holds."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in str(value)[:400])
