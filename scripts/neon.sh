#!/usr/bin/env bash
# Runs the kernels' tests for 64-bit ARM (NEON) in an emulator: needs qemu-aarch64-static and
# aarch64-linux-gnu-gcc (Debian: qemu-user-static, gcc-aarch64-linux-gnu).
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu
rustup target add "$target"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64-static -L /usr/aarch64-linux-gnu"
cargo test --target "$target" --release -p cotangent-runtime --lib "$@"
