#!/usr/bin/env bash
# Compares every function of single precision with double precision at every float there is (some
# minutes per function), and prints the largest error of each in units in the last place.
set -euo pipefail
cd "$(dirname "$0")/.."
COTANGENT_ULP_STRIDE="${1:-1}" cargo test --release -p cotangent-runtime --lib -- --nocapture --exact \
    cpu::real::tests::single_precision_is_within_two_ulp_of_std_in_double
