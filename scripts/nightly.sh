#!/usr/bin/env bash
# nightly.sh [PROGRAMS [FIRST-SEED]]: differentiates that many random programs (default 10000), 200 at
# a time, each batch from a seed of its own, and compares every derivative (tests/fuzz). Stops at the
# first wrong one and prints its program.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=${1:-10000} seed=${2:-1} done=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
while [ "$done" -lt "$programs" ]; do
    if ! FUZZ_PROGRAMS=200 FUZZ_SEED=$seed cargo test --quiet -p fuzz --test programs -- --nocapture >"$log" 2>&1; then
        cat "$log"
        echo "seed $seed failed, after $done clean programs"
        exit 1
    fi
    grep "^fuzz:" "$log"
    seed=$((seed + 1)) done=$((done + 200))
done
echo "clean: $done programs"
