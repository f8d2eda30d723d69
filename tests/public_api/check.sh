#!/usr/bin/env bash
# The public API of portal-sdk, portal-tower and portal-axum, with all features.
#
#   tests/public_api/check.sh          fails for a type of another crate that allowed.txt does not list
#   tests/public_api/check.sh --list   prints every public item, sorted
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
crates=(portal-sdk portal-tower portal-axum)
files=()
for crate in "${crates[@]}"; do
    # One crate at a time, so that each has its own features only.
    RUSTDOC="$PWD/tests/public_api/rustdoc.sh" cargo doc --quiet --locked --no-deps --all-features --package "$crate"
    files+=("$target/doc/${crate//-/_}.json")
done

# With `--examples`, as `cargo test --workspace` selects features, so that both share what they build.
cargo build --quiet --locked --workspace --examples --bin public-api
program=("$target/debug/public-api")
case "${1:-}" in
    "") "${program[@]}" check tests/public_api/allowed.txt "${files[@]}" ;;
    --list) "${program[@]}" list "${files[@]}" ;;
    *) echo "usage: $0 [--list]" >&2; exit 2 ;;
esac
