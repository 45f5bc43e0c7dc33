"""An exported graph expert, from SMILES to values; torch is not needed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from molgen.chem.standardize import read_compounds
from molgen.data.tasks import Task, score_views
from molgen.errors import BundleError
from molgen.experts.base import compute_features
from molgen.extras import import_extra
from molgen.featurizers import Featurizer, MolGraph, from_spec
from molgen.featurizers.base import as_rows, take_rows

if TYPE_CHECKING:
    import pandas as pd

    from molgen.chem.graph import GraphBatch
    from molgen.chem.parse import Mol

__all__ = ["ABOUT", "FORMAT", "INPUTS", "OUTPUT", "OnnxModel", "make_inputs"]

#: Key of the JSON among the properties of the file that says what goes in and what comes out.
ABOUT = "molgen"
#: Raised when that JSON changes so that older versions cannot read it.
FORMAT = 1
INPUTS = ("atoms", "bonds", "bond_fields", "graph_of_atom", "features")
OUTPUT = "predictions"
#: Molecules a run: with few, what is computed stays in cache.
_ROWS = 32


class OnnxModel:
    """A graph expert that :func:`molgen.export` wrote.

    Parameters
    ----------
    path
        The ONNX file.
    threads
        Threads of ONNX Runtime within an operation. More than one gains little on graphs of molecules: run several processes.
    providers
        Where it runs, in order of preference: ONNX Runtime's names, such as ``"CUDAExecutionProvider"``.

    Raises
    ------
    BundleError
        If the file is no model that molgen exported.
    MissingExtraError
        If ONNX Runtime is not installed.

    Attributes
    ----------
    tasks
        What it predicts.
    expert, whole
        Name of the expert, and whether it was all of its model: then its values are the model's; of a blend they are its own.
    session
        ONNX Runtime's, whose inputs :func:`make_inputs` makes.
    """

    def __init__(self, path: str | Path, *, threads: int = 1, providers: Sequence[str] = ("CPUExecutionProvider",)) -> None:
        runtime = import_extra("onnxruntime", "deploy")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Threads that wait in a loop take the processor from those that featurize.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        where = str(path)
        if not Path(path).is_file():
            raise BundleError("no such file", where=where, expected="an ONNX file")
        try:
            self.session = runtime.InferenceSession(where, options, providers=list(providers))
            about = json.loads(self.session.get_modelmeta().custom_metadata_map[ABOUT])
            if about["format"] != FORMAT:
                raise ValueError(f"format {about['format']!r}, and this molgen reads {FORMAT}")
            self.expert, self.whole = str(about["expert"]), about["whole"] is True
            self.tasks = [Task.from_json(task) for task in about["tasks"]]
            self.extras: list[Featurizer] = [from_spec(spec) for spec in about["extras"]]
            self.max_atoms, self.neutralize = int(about["max_atoms"]), about["neutralize"] is True
            n_features = sum(len(extra.get_feature_names_out()) for extra in self.extras)
            sizes = (self.session.get_inputs()[-1].shape[1], self.session.get_outputs()[0].shape[1])
            if sizes != (n_features, len(self._columns())) or not 1 <= self.max_atoms <= 100_000:
                raise ValueError("what it says of itself does not fit the network")
        except Exception as error:  # ONNX Runtime's errors have no common class
            got = " ".join(str(error).split())[:200]
            raise BundleError("no model that molgen exported", where=where, got=got) from None

    def predict(self, smiles: Iterable[Any]) -> pd.DataFrame:
        """Predict from SMILES (or parsed molecules).

        Returns
        -------
        pandas.DataFrame
            One row for each input row, in order: ``smiles, status, reason, notes``, then for each task its value, in its unit or as
            the probability of the positive class; of several classes the probability ``<task>_<class>`` of each. A row that could
            not be scored has NaN there and says why in ``status`` and ``reason``.
        """
        import pandas as pd

        rows = as_rows(smiles)
        compounds = read_compounds(rows, max_atoms=self.max_atoms, neutralize=self.neutralize)
        values, errors = self.score(compounds.items)
        compounds.refuse("invalid", errors)
        return pd.DataFrame({"smiles": rows, **compounds.columns(), **dict(zip(self._columns(), values.T, strict=True))})

    def score(self, mols: Sequence[Mol | None]) -> tuple[NDArray[np.float64], dict[int, str]]:
        """Score molecules that are standardised already: ``[rows, outputs]``, NaN in a row that failed, and why each failed."""
        table, errors = compute_features([MolGraph(), *self.extras], mols)
        usable = np.array([row for row, mol in enumerate(mols) if mol is not None and row not in errors], dtype=np.int64)
        values = np.full((len(mols), len(self._columns())), np.nan)
        for start in range(0, len(usable), _ROWS):
            rows = usable[start : start + _ROWS]
            inputs = make_inputs(take_rows(table[MolGraph()], rows), *(take_rows(table[extra], rows) for extra in self.extras))
            values[rows] = self.session.run([OUTPUT], inputs)[0]
        return values, errors

    def _columns(self) -> list[str]:
        return [view.name for task in self.tasks for view in score_views(task)]


def make_inputs(graphs: GraphBatch, *features: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Return what an exported network takes.

    Parameters
    ----------
    graphs
        Packed graphs; there is an atom among them.
    features
        Molecule-level features of the same rows, as each featurizer gives them, ``[rows, its features]``.

    Returns
    -------
    dict of str to numpy.ndarray
        ``atoms`` uint8 ``[n_atoms, 9]``, ``bonds`` int32 ``[n_bonds, 2]``, ``bond_fields`` uint8 ``[n_bonds, 3]``,
        ``graph_of_atom`` int64 ``[n_atoms]``, ``features`` float64 ``[rows, features]``.
    """
    graph_of_atom = np.repeat(np.arange(len(graphs)), np.diff(graphs.atom_ptr))
    beside = np.hstack([np.zeros((len(graphs), 0)), *features])
    arrays = (graphs.atoms, graphs.bonds, graphs.bond_fields, graph_of_atom, beside)
    return dict(zip(INPUTS, arrays, strict=True))
