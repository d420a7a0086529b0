#!/usr/bin/env bash
# nightly.sh [PROGRAMS [FIRST-SEED]]: differentiates that many random programs (default 10000) and
# compares every derivative (tests/fuzz). 40 programs at a time are compiled, each batch from a seed
# of its own, which takes 1.5 GB and a CPU second for each program. Stops at the first wrong one and
# prints it; at the end says in how many programs each construct of the language occurs, and fails if
# one is in less than 1 %.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=${1:-10000} seed=${2:-1} done=0
log=$(mktemp) shares=$(mktemp)
trap 'rm -f "$log" "$shares"' EXIT
export CARGO_INCREMENTAL=0 CARGO_PROFILE_TEST_DEBUG=0
while [ "$done" -lt "$programs" ]; do
    if ! FUZZ_PROGRAMS=40 FUZZ_SEED=$seed cargo test --quiet -p fuzz --test programs -- --nocapture >"$log" 2>&1; then
        cat "$log"
        echo "seed $seed failed, after $done clean programs"
        exit 1
    fi
    grep "^fuzz:" "$log"
    sed -n 's/^in //p' "$log" >>"$shares"
    seed=$((seed + 1)) done=$((done + 40))
done
echo "clean: $done programs"
awk -F': ' -v of="$done" '
    { count[$2] += $1 }
    END {
        for (name in count) {
            printf "%6.2f %% %s\n", 100 * count[name] / of, name
            rare += count[name] * 100 < of
        }
        exit of >= 400 && rare > 0
    }' "$shares" | sort -n
