"""Ray in processes of its own, for its warnings are not the tests': ``python clustered.py cluster|screen|grief ...``."""

import json
import sys
from pathlib import Path

BLOCK_ROWS = 64


def cluster():
    """Be a cluster of two nodes, of one CPU each: a line on standard input kills the second, its end both."""
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}
    nodes = Cluster()
    try:
        try:
            second = [nodes.add_node(**node) for _ in range(2)][1]
        except Exception:  # Ray gives a node 30 s to start, which is little on a busy machine
            nodes.shutdown()
            nodes = Cluster()
            second = [nodes.add_node(**node) for _ in range(2)][1]
        print(nodes.address, flush=True)
        if sys.stdin.readline():
            nodes.remove_node(second, allow_graceful=False)
            print("killed", flush=True)
            sys.stdin.readline()
    finally:
        nodes.shutdown()
        print("over", flush=True)  # where a node's process holds the pipe open, its end is not seen


def screen(*arguments):
    """Be ``molgen screen`` with small blocks, a part each."""
    import molgen.screening.fill
    from molgen.cli.main import main
    from molgen.data.library import Library

    deferred = Library.deferred_blocks
    Library.deferred_blocks = lambda self: deferred(self, BLOCK_ROWS)
    molgen.screening.fill.PART_BLOCKS = 1
    main(["screen", *arguments])


def grief(address, library):
    """Print what becomes of rows that hang a worker, fill its memory or end it."""
    from trouble import Trouble

    from molgen.data.library import open_library
    from molgen.filters import Pipeline
    from molgen.screening.on_ray import score_on_ray
    from molgen.screening.schema import output_schema
    from molgen.screening.score import ScorePlan
    from molgen.screening.watchdog import RowLimits

    opened = open_library(library)
    plan = ScorePlan(output_schema((), opened.extras), opened.extras, Pipeline([Trouble()]), False)
    limits = RowLimits(seconds=2.0, megabytes=150.0)
    blocks = score_on_ray(opened.blocks(BLOCK_ROWS), None, plan, workers=1, limits=limits, address=address)
    rows = [row for block in blocks for row in block.batch.select(["row", "status", "reason"]).to_pylist()]
    print(json.dumps(rows))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    {"cluster": cluster, "screen": screen, "grief": grief}[sys.argv[1]](*sys.argv[2:])
