#!/usr/bin/env bash
# Checks of the published crates and their dependencies that need tools beyond Rust's own. Not part of test.sh.
#
#   tests/supply_chain/check.sh            every check
#   tests/supply_chain/check.sh CHECK…     some of: deny msrv minimal-versions features sbom
#
# Install the tools with `cargo install --locked cargo-deny@0.20.2 cargo-hack@0.6.46 cargo-cyclonedx@0.5.9`.
set -euo pipefail
cd "$(dirname "$0")/../.."

crates=(portal-sdk portal-tower portal-axum portal-local)
libraries=(portal-sdk portal-tower portal-axum)
checks=(deny msrv minimal-versions features sbom)

target=${CARGO_TARGET_DIR:-$PWD/target}
# Apart from other builds: other toolchains, versions and features than theirs.
export CARGO_TARGET_DIR=$target/supply-chain
sbom=$target/sbom

say() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }

needs() {
    if ! command -v "$1" >/dev/null; then
        echo "$1 is missing; install it with the command at the top of $0" >&2
        exit 1
    fi
}

# Licences, duplicates, sources and advisories, by deny.toml. Without a network the advisories are skipped.
check_deny() {
    needs cargo-deny
    cargo deny --locked check licenses bans sources
    if cargo deny fetch db; then
        cargo deny --locked check advisories
    else
        skipped+=("advisories, because their database is out of reach")
    fi
}

# The published crates compile with the version of Rust that Cargo.toml names, with all features.
check_msrv() {
    local version
    version=$(awk -F '"' '/^rust-version/ { print $2 }' Cargo.toml)
    rustup toolchain install "$version" --profile minimal --no-self-update
    cargo "+$version" check --locked --all-features "${crates[@]/#/--package=}"
}

# The libraries and their tests compile with the lowest versions of their direct dependencies that Cargo.toml permits.
check_minimal_versions() {
    local copy=$CARGO_TARGET_DIR/minimal-versions
    rm -rf "$copy"
    mkdir -p "$copy"
    git ls-files -z | xargs -0 cp --parents -t "$copy"
    # The option is unstable, but only chooses versions; the build is that of stable Rust.
    (cd "$copy" && RUSTC_BOOTSTRAP=1 cargo -Z direct-minimal-versions update)
    (cd "$copy" && cargo check --locked --all-targets "${libraries[@]/#/--package=}")
}

# No feature, each one and each pair, without warnings. All combinations would take half an hour.
check_features() {
    needs cargo-hack
    cargo hack clippy --locked --feature-powerset --depth 2 "${libraries[@]/#/--package=}" -- -D warnings
}

# A CycloneDX bill of materials for each published crate, with every dependency of all targets.
check_sbom() {
    needs cargo-cyclonedx
    mkdir -p "$sbom"
    cargo cyclonedx --quiet --all-features --target all --format json --spec-version 1.5
    local crate
    for crate in "${crates[@]}"; do
        mv "$crate/$crate.cdx.json" "$sbom/"
        echo "$sbom/$crate.cdx.json"
    done
    git ls-files --others --exclude-standard '*.cdx.json' | xargs --no-run-if-empty rm
}

skipped=()
for check in "${@:-${checks[@]}}"; do
    if [[ " ${checks[*]} " != *" $check "* ]]; then
        echo "expected one of: ${checks[*]}, found $check" >&2
        exit 2
    fi
done
for check in "${@:-${checks[@]}}"; do
    say "$check"
    "check_${check//-/_}"
done
for check in ${skipped[@]+"${skipped[@]}"}; do echo "Skipped: $check"; done
