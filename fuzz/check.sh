#!/usr/bin/env bash
# Builds the fuzz targets with cargo-fuzz, and runs each over its corpus, two at a time. Fails if one finds anything.
#
#   ./check.sh                  five seconds each
#   ./check.sh 600              ten minutes each
#   ./check.sh 60 token claims  only these targets
set -euo pipefail
cd "$(dirname "$0")"

seconds=${1:-5}
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: $0 [SECONDS] [TARGET…]; found $seconds for the seconds" >&2
    exit 2
fi
shift || true
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for file in fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

if ! command -v cargo-fuzz >/dev/null; then
    echo "cargo-fuzz is not installed: run ../test.sh, or 'cargo install --locked cargo-fuzz@0.13.2'." >&2
    exit 1
fi

start=$SECONDS
# With the versions of the workspace, so that what is fuzzed is what the other tests test.
cp ../Cargo.lock Cargo.lock
cargo fuzz build --dev
printf 'Built in %s s. Running %s targets for %s s each, two at a time:\n' "$((SECONDS - start))" "${#targets[@]}" "$seconds"

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

host=$(rustc -vV | sed -n 's/^host: //p')
export programs=${CARGO_TARGET_DIR:-../target/fuzz}/$host/debug logs seconds
# Without the search for leaks: it needs a system call that containers forbid.
export ASAN_OPTIONS=detect_odr_violation=0:detect_leaks=0

# run TARGET: new inputs go into a folder that is removed, so that the corpus stays as it is in the repository.
# The time of an input counts pauses too, and test.sh runs this at low priority beside other steps.
run() {
    local log=$logs/$1.log found=$logs/$1 artifacts=artifacts/$1/ executions
    mkdir -p "$found" "$artifacts"
    if "$programs/$1" "$found" "corpus/$1" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=4096 \
        -artifact_prefix="$artifacts" -print_final_stats=1 >"$log" 2>&1; then
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        if [ "${executions:-0}" -eq 0 ]; then
            printf '  %-18s no input was run:\n' "$1"
            tail -n 20 "$log"
            return 1
        fi
        printf '  %-18s %10s executions\n' "$1" "$executions"
        return
    fi
    printf '  %-18s FOUND SOMETHING:\n' "$1"
    tail -n 60 "$log"
    sed -n "s|.*Test unit written to \(.*\)|The input is fuzz/\1. Run it again in fuzz/ with: cargo fuzz run --dev $1 \1|p" "$log"
    return 1
}
export -f run

printf '%s\n' "${targets[@]}" | xargs -P 2 -I{} bash -c 'run {}'
