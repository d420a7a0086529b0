#!/usr/bin/env bash
# Runs the tests of the unsafe paths (tensors, buffers, kernels, plans, engine) under
# AddressSanitizer, and the small ones under valgrind too, which also sees reads of uninitialised
# memory. Usage: scripts/memory.sh [asan|valgrind]; without an argument, both.
#
# The sanitizer is an unstable flag of rustc, hence RUSTC_BOOTSTRAP for this script alone; proc
# macros are built without it, which is why a target is named. It runs whatever instruction set the
# machine has; valgrind knows no AVX-512, so there the AVX2 kernels run.
set -euo pipefail
cd "$(dirname "$0")/.."
which="${1:-both}"
target="$(rustc -vV | sed -n 's/^host: //p')"
tests=(tensor_structures tensor_mlp tensor_shapes tensor_aliasing tensor_control tensor_program)
flags=()
for test in "${tests[@]}"; do flags+=(--test "$test"); done

if [ "$which" != valgrind ]; then
    export ASAN_OPTIONS="detect_leaks=1"
    RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address" CARGO_TARGET_DIR=target/asan \
        cargo test --target "$target" -p cotangent-runtime --lib --tests
    RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address" CARGO_TARGET_DIR=target/asan \
        cargo test --target "$target" -p cotangent "${flags[@]}"
    echo "memory: no error under AddressSanitizer"
fi

if [ "$which" != asan ]; then
    command -v valgrind >/dev/null || { echo "valgrind is missing: install it" >&2; exit 1; }
    # Optimised, because valgrind is slow; with checks of overflow and shapes as in a debug build.
    binaries="$(CARGO_TARGET_DIR=target/valgrind CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true \
        cargo test --release --no-run --message-format=json -p cotangent "${flags[@]}" |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')"
    for binary in $binaries; do
        valgrind --quiet --error-exitcode=1 --leak-check=full \
            --show-leak-kinds=definite --errors-for-leak-kinds=definite \
            "$binary" --test-threads=1
    done
    echo "memory: no error under valgrind"
fi
