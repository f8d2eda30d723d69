#!/usr/bin/env bash
# Changes the code that decides, one place at a time, and fails if the tests of its crate pass with a change. Not part of
# test.sh: each of about three thousand changes takes some seconds.
#
#   tests/mutants/check.sh                                         every change
#   tests/mutants/check.sh --shard 0/16                            the first of 16 parts
#   tests/mutants/check.sh --re portal-sdk/src/token/verify.rs     one file
#
# survivors.txt lists the changes that no test can or should notice, each with its reason.
# Install the tool with `cargo install --locked cargo-mutants@27.1.0`.
set -euo pipefail
cd "$(dirname "$0")/../.."

output=${CARGO_TARGET_DIR:-$PWD/target}/mutants
mkdir -p "$output"

# Each change is one more build.
export CARGO_PROFILE_DEV_DEBUG=false CARGO_INCREMENTAL=1

status=0
cargo mutants --config tests/mutants/mutants.toml --package portal-sdk --package portal-tower \
    --output "$output" "$@" || status=$?
# 2: some changes passed the tests. 3: some made a test endless, which is noticed.
case $status in
    0 | 2 | 3) ;;
    *) exit "$status" ;;
esac

# Without line and column, which change with every edit.
unexplained=$(sed -E 's/:[0-9]+:[0-9]+:/:/' "$output/mutants.out/missed.txt" |
    grep -vxFf <(grep '^portal-' tests/mutants/survivors.txt) || true)
if [ -n "$unexplained" ]; then
    printf 'No test notices these changes:\n%s\n' "$unexplained" >&2
    exit 1
fi
echo "every change is noticed or explained"
