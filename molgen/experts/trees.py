"""LightGBM's text models, checked before LightGBM may see them.

LightGBM believes what a model file says: a child or feature index out of range reads anywhere in memory, and a child
that is its own parent never ends. So the text is parsed here line by line against what LightGBM 4.3 to 4.7 writes
("v4"; ``src/boosting/gbdt_model_text.cpp`` and ``src/io/tree.cpp`` of its source), and written anew from what was
understood.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import NoReturn

from molgen.errors import BundleError

__all__ = ["MAX_TREES", "check_model_text"]

MAX_CHARACTERS = 256 * 2**20
MAX_TREES = 50_000
MAX_LEAVES = 65_536
# LightGBM finds the depth of a tree, and explains a prediction, by recursion.
MAX_DEPTH = 512
# The sum of all trees is then still an ordinary single-precision number.
MAX_LEAF_VALUE = 1e30
_MAX_LINES = 64

# Those whose raw score is the answer or is squashed; an exponential (poisson, gamma, tweedie) could overflow.
_OBJECTIVES = (
    "regression",
    "regression_l1",
    "huber",
    "fair",
    "quantile",
    "mape",
    "binary sigmoid:1",
    "cross_entropy",
)
_HEADER_FIXED = {"version": "v4", "label_index": "0"}
_HEADER = (
    *("version", "num_class", "num_tree_per_iteration", "label_index"),
    *("max_feature_idx", "objective", "feature_names", "feature_infos"),
)
_HEADER_DROPPED = ("monotone_constraints", "tree_sizes")

_SPLITS = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
#: What only importances and LightGBM's own explanations use: much of the text.
_TREE_DROPPED = ("split_gain", "internal_value", "internal_weight", "internal_count", "leaf_weight", "leaf_count")
_TREE = ("num_leaves", "num_cat", "is_linear", "shrinkage", *_SPLITS, "leaf_value", *_TREE_DROPPED)
# Bit 1: missing values go left; bits 2 and 3: which values are missing (none, zero, NaN). Bit 0 would be a category.
_DECISIONS = (0, 2, 4, 6, 8, 10)

# Tokens part at blanks alone, so that a long line that does not match costs its length once. Not possessive: Python 3.11.2 gets
# possessive groups wrong.
_INTEGERS = re.compile(r"-?\d{1,10}(?: -?\d{1,10})*", re.ASCII)
_NUMBER = r"-?\d{1,40}(?:\.\d{1,40})?(?:e[+-]?\d{1,4})?"
_NUMBERS = re.compile(rf"{_NUMBER}(?: {_NUMBER})*", re.ASCII)
# A split between missing and present values has the threshold infinity.
_THRESHOLDS = re.compile(rf"(?:inf|{_NUMBER})(?: (?:inf|{_NUMBER}))*", re.ASCII)
_INFO = re.compile(rf"none|\[(?:-?inf|{_NUMBER}):(?:-?inf|{_NUMBER})\]", re.ASCII)
# LightGBM itself refuses the characters of JSON in names, and loses an equals sign at either end of them.
_NAME = re.compile(r"(?!=)[!-~]{1,200}(?<!=)", re.ASCII)
_NOT_IN_NAMES = re.compile(r'[",:\[\]{}]')


def check_model_text(text: str, n_features: int, where: str, *, n_outputs: int = 1) -> str:
    """Check a LightGBM text model and write it anew, safe to give to ``lightgbm.Booster(model_str=...)``.

    Parameters
    ----------
    text
        The model, as ``Booster.model_to_string`` writes it.
    n_features
        Number of columns of the matrix that the model will be given.
    where
        The member and archive, for messages.
    n_outputs
        Number of classes, of several; else 1.

    Returns
    -------
    str
        The same trees and nothing else: no parameters, importances, gains and counts of splits, or sizes (LightGBM would take
        the sizes for offsets into memory). It predicts the same to the last bit, and checking it again returns it unchanged.

    Raises
    ------
    BundleError
        If the text is anything but a model of LightGBM 4 with as many outputs, numeric splits and constant leaves, whose
        trees are trees and whose numbers are finite and in range.
    """
    if len(text) > MAX_CHARACTERS:
        _refuse("too large", where, f"at most {MAX_CHARACTERS} characters", str(len(text)))
    head, end, _ = text.partition("\nend of trees\n")
    if not end:
        _refuse("truncated", where, "a line 'end of trees'")
    n_trees = head.count("\nTree=")
    if not 0 < n_trees <= MAX_TREES:
        _refuse("number of trees out of range", where, f"1 to {MAX_TREES}", str(n_trees))
    header, *trees = head.split("\nTree=")
    if n_trees % n_outputs:
        _refuse("number of trees does not fit", where, f"a multiple of {n_outputs}", str(n_trees))
    lines = _check_header(header, n_features, n_trees, n_outputs, where)
    for index, tree in enumerate(trees):
        number, _, body = tree.partition("\n")
        here = f"{where}, tree {index}"
        if number != str(index):
            _refuse("tree out of order", here, f"Tree={index}", f"Tree={number}")
        lines += [f"Tree={index}", *_check_tree(_fields(body, here), n_features, here), "", ""]
    return "\n".join([*lines, "end of trees", ""])


def _check_header(header: str, n_features: int, n_trees: int, n_outputs: int, where: str) -> list[str]:
    """Lines of the header, `n_outputs` numbers from `n_features` columns."""
    where = f"{where}, header"
    first, _, rest = header.partition("\n")
    if first != "tree":
        _refuse("not a LightGBM model", where, "'tree' on the first line", first)
    fields = _fields(rest, where)
    _check_keys(fields, _HEADER, _HEADER_DROPPED, where)
    per_round = {"num_class": str(n_outputs), "num_tree_per_iteration": str(n_outputs)}
    for key, value in (_HEADER_FIXED | per_round | {"max_feature_idx": str(n_features - 1)}).items():
        if fields[key] != value:
            _refuse(f"{key} does not fit", where, value, fields[key])
    objectives = _OBJECTIVES if n_outputs == 1 else (f"multiclass num_class:{n_outputs}",)
    if fields["objective"] not in objectives:
        _refuse("objective is not supported", where, ", ".join(objectives), fields["objective"])
    names = _split(fields, "feature_names", n_features, where)
    if not all(map(_NAME.fullmatch, names)) or _NOT_IN_NAMES.search(fields["feature_names"]):
        _refuse("feature_names are not plain ASCII words", where)
    if not all(map(_INFO.fullmatch, _split(fields, "feature_infos", n_features, where))):
        _refuse("feature_infos are not numeric ranges", where)
    if "tree_sizes" in fields:
        _split(fields, "tree_sizes", n_trees, where)
    return ["tree", *(f"{key}={fields[key]}" for key in _HEADER), ""]


def _check_tree(fields: Mapping[str, str], n_features: int, where: str) -> list[str]:
    """Lines of one tree whose arrays fit each other."""
    _check_keys(fields, ("num_leaves", "num_cat", "leaf_value"), _TREE, where)
    (n_leaves,) = _integers(fields, "num_leaves", 1, where)
    if not 0 < n_leaves <= MAX_LEAVES:
        _refuse("num_leaves out of range", where, f"1 to {MAX_LEAVES}", str(n_leaves))
    for key in ("num_cat", "is_linear"):
        if fields.get(key, "0") != "0":
            _refuse("categorical and linear trees are not supported", where, f"{key}=0", f"{key}={fields[key]}")
    keep = ["leaf_value"]
    if n_leaves > 1:  # a lone leaf has no splits, and LightGBM reads nothing else of it
        _check_splits(fields, n_leaves - 1, n_features, where)
        keep = [*_SPLITS, "leaf_value"]
    values = _numbers(fields, "leaf_value", n_leaves, where)
    if max(values) > MAX_LEAF_VALUE or min(values) < -MAX_LEAF_VALUE:
        _refuse("leaf_value out of range", where, f"at most {MAX_LEAF_VALUE:g}")
    if "shrinkage" in fields:
        _numbers(fields, "shrinkage", 1, where)
        keep.append("shrinkage")
    return [f"num_leaves={n_leaves}", "num_cat=0", *(f"{key}={fields[key]}" for key in keep), "is_linear=0"]


def _check_splits(fields: Mapping[str, str], n_splits: int, n_features: int, where: str) -> None:
    """Check what decides the path of a row."""
    features = _integers(fields, "split_feature", n_splits, where)
    if min(features) < 0 or max(features) >= n_features:
        _refuse("split_feature out of range", where, f"0 to {n_features - 1}", f"{min(features)} to {max(features)}")
    if not set(_DECISIONS).issuperset(_integers(fields, "decision_type", n_splits, where)):
        _refuse("decision_type is not a numeric split", where, ", ".join(map(str, _DECISIONS)))
    _tokens(fields, "threshold", n_splits, where, _THRESHOLDS, "numbers")
    left = _integers(fields, "left_child", n_splits, where)
    _check_shape(left, _integers(fields, "right_child", n_splits, where), where)


def _check_shape(left: list[int], right: list[int], where: str) -> None:
    """Check that children form one binary tree: every node but the root, and every leaf, below exactly one node.

    LightGBM numbers nodes in the order in which it splits, so a child that is a node has a higher number than its
    parent. That rules out cycles, and with one parent for each it leaves nothing but a tree.
    """
    n_nodes = len(left)
    depth = [0] * n_nodes
    seen = bytearray(2 * n_nodes + 1)
    for node, children in enumerate(zip(left, right, strict=True)):
        for child in children:
            if not (node < child < n_nodes or -n_nodes - 1 <= child < 0):
                _refuse("child out of range or order", where, f"{node + 1} to {n_nodes - 1}, or a leaf", str(child))
            # A leaf is written as the complement of its number; as an index that counts from the end.
            if seen[child]:
                _refuse("two parents of one child", where, got=str(child))
            seen[child] = 1
            if child >= 0:
                depth[child] = depth[node] + 1
    # The 2n children are now distinct, and there are just 2n nodes and leaves to be: none is left out.
    if max(depth) >= MAX_DEPTH:
        _refuse("tree is too deep", where, f"less than {MAX_DEPTH} levels")


def _fields(text: str, where: str) -> dict[str, str]:
    if text.count("\n") > _MAX_LINES:
        _refuse("too many lines", where)
    fields: dict[str, str] = {}
    for line in filter(None, text.split("\n")):
        key, equals, value = line.partition("=")
        if not equals or key in fields:
            _refuse("line is not understood", where, "key=value, each key once", line)
        fields[key] = value
    return fields


def _check_keys(fields: Mapping[str, str], required: Collection[str], optional: Collection[str], where: str) -> None:
    for key in required:
        if key not in fields:
            _refuse(f"{key} is missing", where)
    for key in fields:
        if key not in required and key not in optional:
            _refuse("unknown entry", where, got=key)


def _split(fields: Mapping[str, str], key: str, length: int, where: str) -> list[str]:
    if key not in fields:
        _refuse(f"{key} is missing", where)
    # Counted first: nothing is made of a line that is longer than it should be.
    got = fields[key].count(" ") + 1
    if got != length:
        _refuse(f"{key} is of the wrong length", where, str(length), str(got))
    return fields[key].split(" ")


def _tokens(fields: Mapping[str, str], key: str, length: int, where: str, pattern: re.Pattern[str], expected: str) -> list[str]:
    tokens = _split(fields, key, length, where)
    if not pattern.fullmatch(fields[key]):
        _refuse(f"{key} is not {expected}", where, got=fields[key])
    return tokens


def _integers(fields: Mapping[str, str], key: str, length: int, where: str) -> list[int]:
    return list(map(int, _tokens(fields, key, length, where, _INTEGERS, "whole numbers")))


def _numbers(fields: Mapping[str, str], key: str, length: int, where: str) -> list[float]:
    values = list(map(float, _tokens(fields, key, length, where, _NUMBERS, "numbers")))
    # A number such as 1e999 is infinite too, though it does not say so.
    if not all(map(math.isfinite, values)):
        _refuse(f"{key} is not finite", where)
    return values


def _refuse(what: str, where: str, expected: str | None = None, got: str | None = None) -> NoReturn:
    raise BundleError(f"unsafe tree model: {what}", where=where, expected=expected, got=got and ascii(got[:80]))
