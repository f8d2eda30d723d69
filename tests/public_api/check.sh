#!/usr/bin/env bash
# The public API of portal-sdk, portal-tower and portal-axum.
#
#   tests/public_api/check.sh          fails for a type of another crate that allowed.txt does not list, and for a feature
#                                      that removes or changes an item
#   tests/public_api/check.sh --list   prints every public item with all features, sorted
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
listings=$target/public-api
crates=(portal-sdk portal-tower portal-axum)

# document CRATE NAME FLAG…: writes rustdoc's JSON of a crate with some features as CRATE-NAME.json.
document() {
    local crate=$1 name=$2
    shift 2
    # One crate at a time, so that each has its own features only.
    RUSTDOC="$PWD/tests/public_api/rustdoc.sh" cargo doc --quiet --locked --no-deps --package "$crate" "$@"
    cp "$target/doc/${crate//-/_}.json" "$listings/$crate-$name.json"
}

features_of() {
    awk '/^\[/ { inside = $0 == "[features]" } inside && /^[a-z]/ && $1 != "default" { print $1 }' "$1/Cargo.toml"
}

# A crate's items without features must be among those with any one, and these among those with all.
check_features() {
    local crate=$1 feature
    document "$crate" none --no-default-features
    for feature in $(features_of "$crate"); do
        document "$crate" "$feature" --no-default-features --features "$feature"
        "${program[@]}" additive "$listings/$crate-none.json" "$listings/$crate-$feature.json"
        "${program[@]}" additive "$listings/$crate-$feature.json" "$listings/$crate-all.json"
        echo "$crate: $feature only adds"
    done
}

mkdir -p "$listings"
files=()
for crate in "${crates[@]}"; do
    document "$crate" all --all-features
    files+=("$listings/$crate-all.json")
done

# With `--examples`, as `cargo test --workspace` selects features, so that both share what they build.
cargo build --quiet --locked --workspace --examples --bin public-api
program=("$target/debug/public-api")
case "${1:-}" in
    "")
        "${program[@]}" check tests/public_api/allowed.txt "${files[@]}"
        for crate in "${crates[@]}"; do check_features "$crate"; done
        ;;
    --list) "${program[@]}" list "${files[@]}" ;;
    *) echo "usage: $0 [--list]" >&2; exit 2 ;;
esac
