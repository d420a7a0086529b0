#!/usr/bin/env bash
# mutate.sh [rules|saves] [NAME..]: flips the sign of every derivative rule and drops every save of the
# reverse pass, one at a time, in a copy of the tree, and shows that a test which ran fails for each
# (a save within 500 random programs). Takes some hours; what survives ends it with 1.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run --quiet -p fuzz --bin mutate -- "$@"
