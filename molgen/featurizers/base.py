"""The contract of every featurizer: text in, one packed batch out, and a reason for each row that failed."""

from __future__ import annotations

import inspect
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from molgen.errors import ConfigError, InputError, MissingExtraError

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Features", "Featurizer", "available", "from_spec", "register", "take_rows"]


@dataclass(slots=True)
class Features:
    """A batch of featurized rows.

    Attributes
    ----------
    values
        An array, a CSR matrix or a :class:`~molgen.chem.graph.GraphBatch` with one row (graph) an input row, in order.
    errors
        Row number (0-based) -> reason for each row that could not be featurized. Such a row is NaN in a float array,
        zero in an integer array, and empty in a CSR matrix or a graph batch.
    """

    values: Any
    errors: dict[int, str] = field(default_factory=dict)


class Featurizer(ABC):
    """Base of all featurizers: stateless, batch first, at home in scikit-learn.

    A subclass stores its constructor's arguments under their own names (:func:`~molgen.featurizers.parameters.parameters`
    writes such a constructor), and implements :meth:`_read` (input to items) and :meth:`_featurize` (items to values). The
    constructor's arguments are the whole identity: ``spec()`` turns them into JSON and :func:`from_spec` turns them back.

    Parameters
    ----------
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"`` (NaN, zero or empty row).
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.
    """

    #: What its rows are called in files of features, and which column of a table they are.
    reads: ClassVar[str] = "smiles"
    #: Arguments that do not change a value, and so are no part of the spec.
    _runtime: ClassVar[frozenset[str]] = frozenset({"errors", "n_jobs"})
    #: Rows handed to a worker process at a time; smaller jobs run in this process.
    _chunk: ClassVar[int] = 1000

    errors: str
    n_jobs: int

    # --- what a subclass brings ---------------------------------------------------------------------------------

    @abstractmethod
    def _read(self, rows: Sequence[Any]) -> tuple[list[Any], dict[int, str]]:
        """Turn input rows into items (``None`` where a row cannot be read) and reasons for each ``None``."""

    @abstractmethod
    def _featurize(self, items: list[Any]) -> Features:
        """Featurize items; a ``None`` gets the row that stands for failure and needs no entry in ``errors``."""

    @staticmethod
    def _stack(parts: list[Any]) -> Any:
        """Join the values of consecutive batches: arrays, CSR matrices, or a type with a ``concatenate`` of its own."""
        if isinstance(parts[0], np.ndarray):
            return np.concatenate(parts)
        if hasattr(parts[0], "concatenate"):
            return type(parts[0]).concatenate(parts)
        from scipy.sparse import vstack

        return vstack(parts, format="csr")

    @classmethod
    def examples(cls) -> list[Self]:
        """Return featurizers of this class with different parameters: what the tests that all featurizers share are run on."""
        return [cls()]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns.

        Raises
        ------
        ConfigError
            If the values have no columns.
        """
        raise ConfigError(f"{type(self).__name__} has no columns to name")

    # --- featurizing --------------------------------------------------------------------------------------------

    def featurize(self, X: Iterable[Any]) -> Features:
        """Featurize a batch.

        Parameters
        ----------
        X
            One item a row: a list, an array of shape ``(n,)`` or ``(n, 1)``, a pandas Series or a one-column DataFrame.

        Returns
        -------
        Features
            One row for each input row, in order; ``errors`` names the rows that failed. No row raises.
        """
        rows = as_rows(X)
        if self.n_jobs != 1 and len(rows) > self._chunk:
            return self._featurize_parallel(rows)
        return self._featurize_rows(rows)

    def _featurize_rows(self, rows: Sequence[Any]) -> Features:
        items, reasons = self._read(rows)
        try:
            features = self._featurize(items)
        except (ConfigError, MissingExtraError):
            raise
        except Exception:  # whatever it is, and whichever row it was: looked for there
            features = self._featurize_one_by_one(items)
        return Features(features.values, dict(sorted({**features.errors, **reasons}.items())))

    def _featurize_one_by_one(self, items: Sequence[Any]) -> Features:
        """Go through a batch that raised item by item, so that one of them cannot end a run of millions."""
        blank = self._featurize([None]).values
        parts, errors = [], {}
        for row, item in enumerate(items):
            try:
                part = self._featurize([item])
            except Exception as error:  # whatever an unheard-of molecule raises is the reason
                detail = " ".join(f"{type(error).__name__}: {error}".split())[:200]
                part = Features(blank, {0: f"{type(self).__name__} failed: {detail}"})
            parts.append(part.values)
            if part.errors:
                errors[row] = part.errors[0]
        return Features(self._stack(parts), errors)

    def _featurize_parallel(self, rows: Sequence[Any]) -> Features:
        # loky: spawned processes, and no __main__ guard asked of the user
        from joblib import Parallel, delayed  # type: ignore[import-untyped]

        starts = range(0, len(rows), self._chunk)
        parts = Parallel(n_jobs=self.n_jobs)(delayed(self._featurize_rows)(rows[s : s + self._chunk]) for s in starts)
        errors = {start + row: why for start, part in zip(starts, parts, strict=True) for row, why in part.errors.items()}
        return Features(self._stack([part.values for part in parts]), errors)

    # --- the scikit-learn face ----------------------------------------------------------------------------------

    def fit(self, X: Any = None, y: Any = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Do nothing: featurizers are stateless."""
        return self

    def transform(self, X: Iterable[Any]) -> Any:
        """Featurize and return the values alone.

        Raises
        ------
        InputError
            If a row fails and ``errors`` is ``"raise"``.
        """
        if self.errors not in ("raise", "mask"):
            raise ConfigError("unknown way to treat errors", expected="'raise' or 'mask'", got=repr(self.errors))
        features = self.featurize(X)
        if features.errors and self.errors == "raise":
            row, reason = next(iter(features.errors.items()))
            raise InputError(
                reason,
                where=f"row {row}" + (f" and {len(features.errors) - 1} more" if len(features.errors) > 1 else ""),
                remedy="pass errors='mask' to get a masked row instead",
            )
        return self._as_configured(features.values, X)

    def fit_transform(self, X: Iterable[Any], y: Any = None) -> Any:  # noqa: ARG002
        """Featurize; the same as :meth:`transform`."""
        return self.transform(X)

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """Return the constructor's arguments by name."""
        return {name: getattr(self, name) for name in self._parameters()}

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments by name."""
        known = self._parameters()
        for name, value in params.items():
            if name not in known:
                raise ConfigError(f"{type(self).__name__} has no parameter {name!r}", expected=f"one of {', '.join(known)}")
            setattr(self, name, value)
        return self

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what :meth:`transform` returns: ``"default"`` or ``"pandas"`` (dense values only)."""
        if transform is not None:
            if transform not in ("default", "pandas"):
                raise ConfigError("unknown output container", expected="'default' or 'pandas'", got=repr(transform))
            # The name is scikit-learn's, whose ``clone`` copies it.
            self._sklearn_output_config = {"transform": transform}
        return self

    def _as_configured(self, values: Any, X: Any) -> Any:
        chosen = getattr(self, "_sklearn_output_config", {}).get("transform")
        if chosen is None and "sklearn" in sys.modules:
            chosen = sys.modules["sklearn"].get_config()["transform_output"]
        if chosen != "pandas":
            return values
        if not isinstance(values, np.ndarray):
            raise ConfigError(
                f"{type(self).__name__} gives {type(values).__name__}, which no DataFrame holds",
                remedy="use set_output(transform='default'), or a dense output",
            )
        import pandas as pd

        names = self.get_feature_names_out()
        return pd.DataFrame(values, columns=names, index=getattr(X, "index", None))

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(),
            input_tags=InputTags(one_d_array=True, two_d_array=False, string=True),
            requires_fit=False,
        )

    def __sklearn_is_fitted__(self) -> bool:
        return True

    # --- identity -----------------------------------------------------------------------------------------------

    @classmethod
    def _parameters(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def spec(self) -> dict[str, Any]:
        """Return the identity as plain JSON data: ``{"type": name, argument: value, ...}``."""
        return {"type": type(self).__name__} | {
            name: value for name, value in self.get_params().items() if name not in self._runtime
        }

    @classmethod
    def _from_arguments(cls, arguments: dict[str, Any]) -> Self:
        return cls(**arguments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Featurizer) and self.spec() == other.spec()

    def __hash__(self) -> int:
        return hash(json.dumps(self.spec(), sort_keys=True))

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = (f"{k}={v!r}" for k, v in self.get_params().items() if v != defaults[k].default)
        return f"{type(self).__name__}({', '.join(changed)})"


F = TypeVar("F", bound=type[Featurizer])
_REGISTRY: dict[str, type[Featurizer]] = {}


def register(cls: F) -> F:
    """Make a featurizer known by its class name, for specs and the command line."""
    if cls.__name__ in _REGISTRY:
        raise ConfigError(f"a featurizer named {cls.__name__} is registered already")
    _REGISTRY[cls.__name__] = cls
    return cls


def available() -> dict[str, type[Featurizer]]:
    """Return the registered featurizers by name."""
    return dict(sorted(_REGISTRY.items()))


def from_spec(spec: dict[str, Any], **runtime: Any) -> Any:
    """Rebuild a featurizer from its spec.

    Parameters
    ----------
    spec
        What :meth:`Featurizer.spec` returned.
    runtime
        ``errors`` and ``n_jobs``, which no spec holds.

    Raises
    ------
    ConfigError
        If the type or an argument is unknown.
    """
    if not isinstance(spec, dict) or not isinstance(spec.get("type"), str):
        raise ConfigError("not a featurizer spec", expected='{"type": name, ...}', got=repr(spec)[:80])
    arguments = {key: value for key, value in spec.items() if key != "type"}
    cls = _REGISTRY.get(spec["type"])
    if cls is None:
        raise ConfigError(f"unknown featurizer {spec['type']!r}", expected=f"one of {', '.join(available())}")
    unknown = set(arguments) - set(cls._parameters())
    if unknown:
        raise ConfigError(
            f"{spec['type']} has no parameter {sorted(unknown)[0]!r}", expected=f"one of {', '.join(cls._parameters())}"
        )
    defaults = inspect.signature(cls.__init__).parameters
    lacking = [name for name in cls._parameters() if defaults[name].default is inspect.Parameter.empty and name not in arguments]
    if lacking:
        raise ConfigError(f"{spec['type']} needs its parameter {lacking[0]!r}")
    return cls._from_arguments(arguments | runtime)


def describe(featurizer: Callable[..., Any]) -> str:
    """Return the first line of a featurizer's documentation."""
    return (inspect.getdoc(featurizer) or "").split("\n", 1)[0]


def as_rows(X: Iterable[Any]) -> list[Any]:
    """Accept what scikit-learn pipelines pass around: lists, arrays, Series, one-column frames.

    Raises
    ------
    InputError
        If it is a single item, or has more than one column.
    """
    one = isinstance(X, (str, bytes, Mapping)) or not isinstance(X, Iterable)
    # Sequences and records of them are iterable, letter by letter or field by field.
    if one or type(X).__module__.startswith("Bio.") or (isinstance(X, tuple) and hasattr(X, "sequence")):
        expected, got = "a list of SMILES, molecules or sequences", type(X).__name__
        raise InputError("a single item is not a batch", expected=expected, got=got, remedy="put it in a list")
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) != 1:
        if len(shape) != 2 or shape[1] != 1:
            raise InputError("one column was expected", expected="shape (n,) or (n, 1)", got=f"shape {tuple(shape)}")
        X = np.asarray(X, dtype=object)[:, 0]
    if isinstance(X, list):
        return X
    return X.tolist() if isinstance(X, np.ndarray) else list(X)


def take_rows(values: Any, rows: ArrayLike) -> Any:
    """Select rows of any featurizer's values: an array, a CSR matrix or a batch of graphs."""
    return values.select(rows) if hasattr(values, "select") else values[rows]
