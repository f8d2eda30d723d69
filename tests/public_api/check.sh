#!/usr/bin/env bash
# The public API of portal-sdk, portal-tower and portal-axum, with all features.
#
#   tests/public_api/check.sh          fails for a type of another crate that allowed.txt does not list
#   tests/public_api/check.sh --list   prints every public item, sorted
set -euo pipefail
cd "$(dirname "$0")/../.."

crates=(portal-sdk portal-tower portal-axum)
files=()
for crate in "${crates[@]}"; do
    # One crate at a time, so that each has its own features only.
    RUSTDOC="$PWD/tests/public_api/rustdoc.sh" cargo doc --quiet --locked --no-deps --all-features --package "$crate"
    files+=("${CARGO_TARGET_DIR:-target}/doc/${crate//-/_}.json")
done

program=(cargo run --quiet --locked --package portal-tests --bin public-api --)
case "${1:-}" in
    "") "${program[@]}" check tests/public_api/allowed.txt "${files[@]}" ;;
    --list) "${program[@]}" list "${files[@]}" ;;
    *) echo "usage: $0 [--list]" >&2; exit 2 ;;
esac
