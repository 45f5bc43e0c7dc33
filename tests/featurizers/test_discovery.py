"""A file in the folder is all that a featurizer needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import molgen.featurizers

DROPPED = '''"""Heavy atoms as a featurizer."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np

from molgen.featurizers.base import Features, register
from molgen.featurizers.molecule import MoleculeFeaturizer
from molgen.featurizers.parameters import parameters


@register
@parameters
class HeavyAtoms(MoleculeFeaturizer):
    """The number of heavy atoms."""

    errors: str = field(default="raise", kw_only=True)
    n_jobs: int = field(default=1, kw_only=True)

    def _featurize(self, items: list[Any]) -> Features:
        counts = [np.nan if mol is None else mol.GetNumHeavyAtoms() for mol in items]
        return Features(np.array(counts, dtype=np.float64)[:, None])

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        return np.array(["heavy_atoms"], dtype=object)
'''

SCRIPT = """
import sys
from click.testing import CliRunner
from molgen.cli.main import main
from molgen.featurizers import available, from_spec
assert "HeavyAtoms" in available()
assert from_spec({"type": "HeavyAtoms"}).transform(["CCO"]).tolist() == [[3]]
listed = CliRunner().invoke(main, ["featurize", "--list"]).output
assert "HeavyAtoms: The number of heavy atoms." in listed, listed
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-k", "HeavyAtoms", sys.argv[1]]))
"""


def test_a_file_that_is_dropped_in_is_known_listed_and_checked(tmp_path: Path) -> None:
    # The package as it is, but for one more file among the featurizers.
    package = tmp_path / "molgen"
    package.mkdir()
    parts = {path.name: path for path in Path(molgen.__file__).parent.iterdir() if path.name not in ("__pycache__", "featurizers")}
    parts |= {name: Path(import_module(f"molgen.{name}").__file__ or "").parent for name in ("cli", "datasets")}
    for name, path in parts.items():
        (package / name).symlink_to(path.resolve())
    copy = package / "featurizers"
    shutil.copytree(Path(molgen.featurizers.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "heavy_atoms.py").write_text(DROPPED)
    suite = Path(__file__).parent / "test_common.py"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", SCRIPT, str(suite)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "passed" in result.stdout
    assert "failed" not in result.stdout


def test_the_import_is_light() -> None:
    code = (
        "import sys, molgen.featurizers\n"
        "heavy = {'torch', 'sklearn', 'pandas', 'scipy', 'torch_geometric', 'lightgbm', 'joblib', 'pyarrow', 'selfies'}\n"
        "heavy |= {'rdkit.Chem.Pharm2D', 'rdkit.Chem.Descriptors', 'rdkit.Chem.MACCSkeys', 'rdkit.Avalon.pyAvalonTools'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
