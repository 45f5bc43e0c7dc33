"""A graph expert as an ONNX file."""

from __future__ import annotations

import json
import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from molgen.bundle import Bundle
from molgen.data.tasks import per_output
from molgen.deployment.module import ExpertModule
from molgen.deployment.onnx_model import ABOUT, FORMAT, INPUTS, OUTPUT, OnnxModel, make_inputs
from molgen.errors import BundleError, ConfigError
from molgen.experts.base import compute_features
from molgen.experts.calibration import Calibration, calibrate
from molgen.experts.graph import GraphExpert
from molgen.extras import import_extra
from molgen.files import check_outputs, replacing, write_failed

__all__ = ["ExportResult", "Precision", "export"]

#: Of the weights: as trained; half as large; a quarter as large, with matrix products of integers.
Precision = Literal["fp32", "fp16", "int8"]

_OPSET = 20
#: Smaller arrays are left as they are: scaling and offsets need their digits.
_LARGE = 1024
_PROBES = [
    "CC(=O)Nc1ccc(O)cc1",
    "CN1CCC[C@H]1c1cccnc1",
    "Clc1ccc2c(c1)C(=NCC(=O)N2)c1ccccc1",
    "OC(=O)[C@@H](N)Cc1c[nH]c2ccccc12",
    "C[N+](C)(C)CCOC(C)=O",
    "F/C=C/Br",
    "CS(=O)(=O)c1ccc(I)cc1",
    "C",
]


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was exported.

    Attributes
    ----------
    path
        The ONNX file.
    expert
        Name of the expert.
    whole
        Whether it is all of the model: then its values are the model's, calibrated. Of a blend it is one expert's own.
    tasks
        Names of what it predicts.
    size
        Bytes of the file.
    deviation
        Largest difference between what ONNX Runtime and the bundle make of a few molecules, in spreads of the training labels, or
        in probability.
    """

    path: Path
    expert: str
    whole: bool
    tasks: list[str]
    size: int
    deviation: float

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "file": str(self.path),
            "expert": self.expert,
            "whole": self.whole,
            "tasks": self.tasks,
            "bytes": self.size,
            "deviation": self.deviation,
        }


def export(
    model: str | Path | Bundle,
    output: str | Path,
    *,
    expert: str | None = None,
    precision: Precision = "fp32",
    overwrite: bool = False,
) -> ExportResult:
    """Write a graph expert as an ONNX file, and compare what ONNX Runtime makes of it with what it is here.

    Parameters
    ----------
    model
        A bundle, its file, or the name of one that comes along.
    output
        ONNX file to write; it says itself what goes in and what comes out (see :class:`~molgen.deployment.onnx_model.OnnxModel`).
    expert
        Which of its graph experts; the first, if none is named.
    precision
        Of the weights: ``"fp32"``; ``"fp16"``, half as large; ``"int8"``, a quarter, at the cost of digits.
    overwrite
        Replace a file that exists.

    Raises
    ------
    ConfigError
        If the model has no such expert, reads columns beside the structure, or has a network that ``"int8"`` does not go with
        (AttentiveFP).
    MissingExtraError
        If ONNX or ONNX Runtime is not installed.

    Examples
    --------
    >>> molgen.export("admet-fast", "admet-fast.onnx").size  # doctest: +SKIP
    """
    if precision not in get_args(Precision):
        raise ConfigError("unknown precision", expected=f"one of {', '.join(get_args(Precision))}", got=repr(precision))
    check_outputs([output], [] if isinstance(model, Bundle) else [model], overwrite=overwrite)
    for package in ("onnx", "onnxscript", "onnxruntime"):
        import_extra(package, "deploy")
    bundle = model if isinstance(model, Bundle) else Bundle.load(model)
    _ = bundle.molecules  # networks of these alone are exported
    chosen = _choose(bundle, expert)
    if bundle.columns:
        raise ConfigError("a model that reads columns beside the structure cannot be exported", got=", ".join(bundle.columns))
    whole = len(bundle.experts) == 1
    calibrations = bundle.calibration if whole else [Calibration()] * len(bundle.tasks)
    about = {
        "format": FORMAT,
        "version": version("molgen-toolkit"),
        "expert": chosen.name,
        "whole": whole,
        "precision": precision,
        "tasks": [task.to_json() for task in bundle.tasks],
        "extras": [extra.spec() for extra in chosen.extras],
        "max_atoms": bundle.molecules.max_atoms,
        "neutralize": bundle.molecules.neutralize,
    }
    mols = bundle.read(_PROBES).items
    features, _ = compute_features(chosen.featurizers, mols)
    example = make_inputs(features[chosen.graph], *(features[extra] for extra in chosen.extras))
    expected = calibrate(bundle.tasks, calibrations, chosen.predict(features))
    proto = _PRECISIONS[precision](_convert(ExpertModule(chosen, calibrations), example))
    proto.metadata_props.add(key=ABOUT, value=json.dumps(about))
    with replacing(Path(output)) as temporary:
        try:
            temporary.write_bytes(proto.SerializeToString())
        except OSError as failure:
            raise write_failed(Path(output), failure) from None
        try:
            found, _ = OnnxModel(temporary).score(mols)
        except BundleError:
            if precision != "int8":
                raise
            # ONNX Runtime's quantisation does not know all that it may meet.
            got = str(chosen.architecture.get("network"))
            raise ConfigError("this network cannot be made of integers", got=got, remedy="use fp16 or fp32") from None
        size = temporary.stat().st_size
    spread = per_output(bundle.tasks, np.array([task.scale if task.is_regression else 1.0 for task in bundle.tasks]))
    deviation = float(np.nanmax(np.abs(found - expected) / spread))
    return ExportResult(Path(output), chosen.name, whole, [task.name for task in bundle.tasks], size, deviation)


def _choose(bundle: Bundle, name: str | None) -> GraphExpert:
    experts = [each for each in bundle.experts if isinstance(each, GraphExpert) and name in (None, each.name)]
    if not experts:
        known = [each.name for each in bundle.experts if isinstance(each, GraphExpert)]
        got = "no expert" if name is None else f"expert {name!r}"
        raise ConfigError("no graph expert to export", expected=f"one of {', '.join(known)}" if known else "a network", got=got)
    return experts[0]


def _convert(module: nn.Module, example: Mapping[str, NDArray[Any]]) -> Any:
    """Return the ONNX protocol buffer of a module."""
    atoms, bonds, rows = (torch.export.Dim(name) for name in ("n_atoms", "n_bonds", "rows"))
    with _quiet("torch.onnx"), torch.inference_mode(mode=False), torch.no_grad():
        program = torch.onnx.export(
            module,
            tuple(torch.from_numpy(array) for array in example.values()),
            dynamo=True,
            verbose=False,
            opset_version=_OPSET,
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_shapes=({0: atoms}, {0: bonds}, {0: bonds}, {0: atoms}, {0: rows}),
            custom_translation_table={torch.ops.aten.scatter_add.default: _add_rows()},
        )
    assert program is not None
    proto = program.model_proto
    # Shapes within that were inferred on the way contradict one another once weights change.
    del proto.graph.value_info[:]
    return proto


def _add_rows() -> Any:
    """Return the translation of a sum over rows.

    PyG repeats the index of a row for each of its columns, and ONNX Runtime would add number by number.
    """
    from onnxscript import opset20 as op

    def scatter_add(self: Any, dim: int, index: Any, src: Any) -> Any:  # noqa: ARG001 - it is 0 wherever PyG sums
        first = [op.Constant(value_ints=[at]) for at in (0, 1, 1)]
        return op.ScatterND(self, op.Slice(op.Flatten(index, axis=1), *first), src, reduction="add")

    return scatter_add


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Let a logger, and what it is told by, tell of trouble alone."""
    log = logging.getLogger(name)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _halved(proto: Any) -> Any:
    """Keep large weights in 16 bits; ONNX Runtime makes them 32 again when it loads them."""
    onnx = import_extra("onnx", "deploy")
    for weight in list(proto.graph.initializer):
        if weight.data_type == onnx.TensorProto.FLOAT and np.prod(weight.dims) >= _LARGE:
            name = weight.name
            half = onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight).astype(np.float16), f"{name}_half")
            weight.CopyFrom(half)
            cast = onnx.helper.make_node("Cast", [half.name], [name], f"{name}_cast", to=onnx.TensorProto.FLOAT)
            proto.graph.node.insert(0, cast)
    return proto


def _quantized(proto: Any) -> Any:
    """Keep weights as integers of 8 bits, with a scale each."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    onnx = import_extra("onnx", "deploy")
    with _quiet("root"), tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "int8.onnx"))
        float_ = {"DefaultTensorType": onnx.TensorProto.FLOAT}
        quantize_dynamic(proto, path, weight_type=QuantType.QInt8, per_channel=True, extra_options=float_)
        return onnx.load(path)


_PRECISIONS = {"fp32": lambda proto: proto, "fp16": _halved, "int8": _quantized}
