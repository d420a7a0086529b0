#!/usr/bin/env bash
# run.sh [PROGRAMS [FIRST-SEED]]: checks that many random programs (default 10000), 200 at a time,
# each batch from a seed of its own. Stops at the first program whose gradient is wrong and prints it.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=${1:-10000} seed=${2:-1} done=0
while [ "$done" -lt "$programs" ]; do
  FUZZ_PROGRAMS=200 FUZZ_SEED=$seed cargo test --quiet -p fuzz --test programs -- --nocapture \
    2>&1 | grep -E "^fuzz:|panicked|program [0-9]+" || { echo "seed $seed failed"; exit 1; }
  seed=$((seed + 1)) done=$((done + 200))
done
echo "clean: $done programs"
