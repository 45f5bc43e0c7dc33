#!/usr/bin/env bash
# A batch job: every part of a library through one model, in any number of attempts.
# usage: batch.sh MODEL PARTS RESULTS      (folders of library files in, of tables of scores out)
set -uo pipefail

model=$1 parts=$2 results=$3
mkdir -p "$results"
failed=0
for part in "$parts"/*; do
    name=$(basename "$part")
    scores=$results/$name.csv
    # A table gets its name when its last row is written: one that is there is whole, and a killed job goes on here.
    if [ -e "$scores" ]; then
        echo "$name: done before"
        continue
    fi
    molgen screen "$part" -m "$model" -o "$scores" --columns row,id,smiles,status,reason,activity,domain --json --quiet \
        > "$results/$name.json" 2> "$results/$name.log"
    code=$?
    case $code in
        0) echo "$name: $(python -c 'import json, sys; print(json.load(sys.stdin)["statuses"])' < "$results/$name.json")" ;;
        1) echo "$name: failed, see $results/$name.log" >&2; failed=1 ;;      # this file is at fault: go on with the next
        *) echo "$name: stopped with $code, see $results/$name.log" >&2; exit "$code" ;;  # the call is wrong, or a kill
    esac
done
exit "$failed"
