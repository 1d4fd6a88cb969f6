#!/usr/bin/env bash
# Checks and measures FruitLab on a GPU, in one command and without a network (docs/gpu.md):
#
#     benchmarks/gpu.sh [--device cuda|cpu] [--quick]
#
# OUT        folder for the results: a JSON file per part, results.md and log.txt (gpu-results)
# PYTHON     the Python to use (python3)
# WHEELS     folder of wheels that this Python lacks; they are installed into a temporary folder
# TIME_LIMIT seconds for all parts together (465; with --quick 1800)
# PARTS      the parts to run, such as "step speed" (all)
#
# Each part has a time limit. A part that fails or takes too long does not stop the others.
set -uo pipefail

PYTHON=${PYTHON:-python3}
OUT=${OUT:-gpu-results}
mkdir -p "$OUT" && OUT=$(cd "$OUT" && pwd) || exit 1
[[ -z "${WHEELS:-}" ]] || WHEELS=$(cd "$WHEELS" && pwd) || exit 1
cd "$(dirname "$0")/.." || exit 1
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
TIME_LIMIT=${TIME_LIMIT:-}
factor=1
if [[ " $* " == *" --quick "* ]]; then  # a CPU takes longer for little than a GPU for all
  factor=6
  TIME_LIMIT=${TIME_LIMIT:-1800}
fi
TIME_LIMIT=${TIME_LIMIT:-465}
SUMMARY="" FAILED=0 SECONDS=0

if [[ -n "${WHEELS:-}" ]]; then
  install=("$PYTHON" -m pip install -q --no-index --no-deps --target "$WORK/packages")
  "${install[@]}" "$WHEELS"/*.whl || exit 1
  export PYTHONPATH="$WORK/packages${PYTHONPATH:+:$PYTHONPATH}"
fi
# The user's data and runs are neither read nor written.
export FRUITLAB_DATA="$WORK/data" FRUITLAB_CHECKPOINTS="$WORK/runs" PYTHONUNBUFFERED=1

part() {  # part NAME LIMIT ARGUMENTS: runs benchmarks.gpu.NAME for at most LIMIT seconds
  local name=$1 limit=$(($2 * factor)) began=$SECONDS status=0 said=ok
  local left=$((TIME_LIMIT - SECONDS - 15))
  shift 2
  [[ -z "${PARTS:-}" || " $PARTS " == *" $name "* ]] || return 0
  ((limit > left)) && limit=$left
  rm -f "$OUT/$name.json"
  if ((limit < 20)); then
    status=1 said="not started: no time was left"
  else
    echo "$name, at most $limit s"
    PART_SECONDS=$limit timeout -k 15 "$limit" \
      "$PYTHON" -m "benchmarks.gpu.$name" --out "$OUT" "$@" >>"$OUT/log.txt" 2>&1
    status=$?
    ((status)) && said="failed with status $status: see its section and log.txt"
  fi
  ((status)) && FAILED=1
  SUMMARY+="| $name | $said | $((SECONDS - began)) |"$'\n'
  echo "$name: $said, $((SECONDS - began)) s"
}

echo "# FruitLab on a GPU" >"$OUT/results.md"
: >"$OUT/log.txt"
part environment 30 "$@"
part captured 35 "$@"
part step 45 "$@"
part speed 55 "$@"
part time_to_result 210 "$@"
part equality 150 "$@"

cat >>"$OUT/results.md" <<END
## Summary

| part | result | seconds |
|---|---|---|
$SUMMARY
$SECONDS seconds in all.
END
echo
cat "$OUT/results.md"
exit $FAILED
