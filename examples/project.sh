#!/usr/bin/env bash
# A chemist's project: from a table of measured compounds to a report on a library. docs/project.md walks through it.
# usage: project.sh [FOLDER]      (the folder gets all files; default ./project)
set -euo pipefail

folder=${1:-project}
mkdir -p "$folder"
cd "$folder"

# 1. The data: 1,017 measured compounds and a library of 4,999, both of which come with RDKit.
python -c 'from molgen.datasets import free_wilson_table; free_wilson_table(".")'
cp "$(python -c 'from molgen.datasets import nci_library; print(nci_library())')" library.smi
if [ -n "${ROWS:-}" ]; then head -n "$ROWS" library.smi > some.smi && mv some.smi library.smi; fi

# 2. Is the split any good? Every compound gets its part; the audit exits with 1 if one is in two of them.
molgen data split measured.csv --split scaffold -o divided.csv
molgen data audit divided.csv --split-column split --target activity --strict

# 3. Train, on the training part alone; what is printed stands beside the baselines.
molgen train divided.csv --target activity --split-column split -o activity.molgen --report training.html

# 4. Screen what is worth it: drug-like, no alerts, each compound once. The report has the hits' structures.
molgen screen library.smi -m activity.molgen -o scores.csv \
    --filter lipinski --filter pains --drop-duplicates \
    --hits hits.csv --top 50 --report report.html
