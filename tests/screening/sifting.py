"""A run in a folder of parts without a model, for tests to kill: ``python sifting.py LIBRARY OUTPUT [SHARD]``."""

import sys
from pathlib import Path

import molgen.screening.fill
from molgen.data.library import open_library
from molgen.filters import Pipeline, resolve
from molgen.screening.folder import parts_folder
from molgen.screening.gather import Outputs
from molgen.screening.manifest import Manifest, Shard, describe
from molgen.screening.resume import finished_parts
from molgen.screening.schema import output_schema
from molgen.screening.score import ScorePlan
from molgen.screening.workers import score_blocks

BLOCK_ROWS, PART_BLOCKS = 64, 3


def sift(library, output, shard=None, *, filters=("lipinski",), restart=False, wrap=lambda blocks: blocks):
    """Filter and drop duplicates; return the summary."""
    opened = open_library(library)
    blocks = type(opened).deferred_blocks
    pipeline = Pipeline(resolve(filters))
    plan = ScorePlan(output_schema((), opened.extras), opened.extras, pipeline, True)
    screen = {
        "columns": plan.schema.columns,
        "computed": [(field.name, str(field.type)) for field in plan.schema.arrow],
        "emptied": plan.emptied,
        "drop_duplicates": True,
        "filters": [each.spec() for each in pipeline.filters],
    }
    turn = Shard() if shard is None else Shard.parse(shard)
    manifest = Manifest(describe(opened.fingerprint(), "none", screen), "none", turn)

    def score(wanted):
        yield from score_blocks(wrap(wanted), None, None, plan, workers=1)

    try:
        type(opened).deferred_blocks = lambda self: blocks(self, BLOCK_ROWS)
        with finished_parts(parts_folder(Path(output), shard), manifest, opened, score, restart=restart) as (folder, results, _):
            if shard is not None:
                return results.write(Outputs())[0]
            folder.finish(Path(output))
            summary, _ = results.write(Outputs(Path(output)))
            folder.remove()
            return summary
    finally:
        type(opened).deferred_blocks = blocks


def small_parts():
    """Make parts as small as a test's library."""
    molgen.screening.fill.PART_BLOCKS = PART_BLOCKS


if __name__ == "__main__":
    small_parts()
    sift(*sys.argv[1:])
