#!/usr/bin/env bash
# Covered lines of portal-sdk and portal-tower. Not part of test.sh: every crate is built again, with counters.
#
#   tests/coverage/check.sh          runs the tests and fails if a crate is below its figure
#   tests/coverage/check.sh --html   the same, and writes target/coverage/html/index.html
#
# Counts the tests of the three libraries, without the journeys and conformance tests of the workspace. Needs redis-server.
# Install the tool with `cargo install --locked cargo-llvm-cov@0.9.1`.
set -euo pipefail
cd "$(dirname "$0")/../.."

# The lowest accepted percentage of covered lines for each crate.
declare -A least=([portal-sdk]=95 [portal-tower]=92)

html=false
case "${1:-}" in
    "") ;;
    --html) html=true ;;
    *) echo "usage: $0 [--html]" >&2; exit 2 ;;
esac

rustup component list --installed | grep -q '^llvm-tools' || rustup component add llvm-tools

target=${CARGO_TARGET_DIR:-$PWD/target}
export CARGO_TARGET_DIR=$target/coverage
mkdir -p "$CARGO_TARGET_DIR"
listing=$CARGO_TARGET_DIR/lines.lcov
# Tests, and the feature `testing`, which is for tests alone.
uncounted='/tests/|tests\.rs$|/testing/|/testing\.rs$'

cargo llvm-cov --locked --no-report --lib --test it --test redis --package portal-sdk --package portal-tower --package portal-axum
cargo llvm-cov report --ignore-filename-regex "$uncounted" --lcov --output-path "$listing"
if $html; then
    cargo llvm-cov report --ignore-filename-regex "$uncounted" --html --output-dir "$CARGO_TARGET_DIR"
fi

# covered CRATE: percentage of the lines of a crate that a test runs.
covered() {
    awk -F '[:,]' -v sources="$PWD/$1/src/" '
        /^SF:/ { counted = index($2, sources) == 1 }
        counted && /^LF:/ { lines += $2 }
        counted && /^LH:/ { hit += $2 }
        END { printf "%.2f", lines ? 100 * hit / lines : 0 }
    ' "$listing"
}

status=0
for crate in "${!least[@]}"; do
    percentage=$(covered "$crate")
    echo "$crate: $percentage % of lines, expected at least ${least[$crate]} %"
    awk -v found="$percentage" -v expected="${least[$crate]}" 'BEGIN { exit found < expected }' || status=1
done
exit "$status"
