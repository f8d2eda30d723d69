#!/usr/bin/env bash
# Tests the actix-web example, with the versions of the workspace's Cargo.lock and in its target folder, so that what both
# build is built once.
set -euo pipefail
cd "$(dirname "$0")"

cp ../../Cargo.lock Cargo.lock
export CARGO_TARGET_DIR=../../target
cargo fmt -- --check
cargo clippy --quiet --all-targets -- -D warnings
cargo test --quiet
