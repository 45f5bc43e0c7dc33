"""The other side of ``benchmarks/featurizers.py --peer-python``: scikit-fingerprints in its own environment.

Reads a line of JSON for each measurement, ``{"name", "arguments", "smiles"}``, and answers with the CPU time in seconds.
"""

import json
import sys
import time
from importlib.metadata import version

import skfp.fingerprints
from rdkit import Chem, RDLogger, rdBase

RDLogger.DisableLog("rdApp.*")
print(json.dumps(f"scikit-fingerprints {version('scikit-fingerprints')} with rdkit {rdBase.rdkitVersion}"), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    fingerprint = getattr(skfp.fingerprints, job["name"])(**job["arguments"], sparse=True)
    mols = [Chem.MolFromSmiles(smiles) for smiles in job["smiles"]]
    start = time.process_time()
    fingerprint.transform(mols)
    print(json.dumps(time.process_time() - start), flush=True)
