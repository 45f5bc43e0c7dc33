"""The other side of ``benchmarks/sequences.py --peer-python``: tangermeme and seqpro in their own environment.

Reads a line of JSON for each measurement, ``{"tool", "layout", "windows"}``, and answers with the CPU time in seconds.
"""

import json
import sys
import time
from importlib.metadata import version

import numpy as np
import seqpro
import torch
from tangermeme.utils import one_hot_encode

torch.set_num_threads(1)


def run(tool: str, layout: str, windows: list[str]) -> None:
    """Encode windows as int8 arrays ``[n, ...]`` in a layout."""
    if tool == "tangermeme":
        encoded = torch.stack([one_hot_encode(window) for window in windows])
        _ = encoded if layout == "channels_first" else encoded.transpose(1, 2).contiguous()
    else:
        values = seqpro.ohe(windows, alphabet=seqpro.alphabets.DNA)
        _ = values if layout == "channels_last" else np.ascontiguousarray(values.transpose(0, 2, 1))


print(json.dumps(f"tangermeme {version('tangermeme')}, seqpro {version('seqpro')}"), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    run(job["tool"], job["layout"], job["windows"][:10])  # compiled at the first call
    start = time.process_time()
    run(**job)
    print(json.dumps(time.process_time() - start), flush=True)
