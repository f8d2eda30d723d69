#!/usr/bin/env bash
# Checks that `portal-local` works as a dev-dependency beside other crates that link SQLite.
#
# Cargo links at most one `libsqlite3-sys`, so `portal-local` accepts a range of rusqlite versions. For each peer, this
# script writes an application with the peer as a dependency and `portal-local` as a dev-dependency. Cargo must resolve
# versions that fit both, and the application's test must compile with each rusqlite among them. Every other version is that
# of Cargo.lock. The peer itself is not compiled, nor is SQLite: neither knows of `portal-local`.
#
#   tests/dependents/check.sh          every peer
#   tests/dependents/check.sh NAME     one peer
set -euo pipefail

repository=$(cd "$(dirname "$0")/../.." && pwd)
# With the workspace's profiles, so that what both build is built once.
export CARGO_TARGET_DIR="$repository/target"

# `libsqlite3-sys` then expects a SQLite of the system, which only a linker would look for.
export LIBSQLITE3_SYS_USE_PKG_CONFIG=1 SQLITE3_LIB_DIR=/

# Name | the application's dependency | the expected rusqlite version; empty for any
peers='
sqlx-0.8      | sqlx = { version = "0.8.6", features = ["postgres", "runtime-tokio"] } | 0.32
sqlx-0.9      | sqlx = { version = "0.9.0", features = ["postgres", "runtime-tokio"] } | 0.39
sea-orm-1.1   | sea-orm = { version = "1.1.20", features = ["sqlx-sqlite", "runtime-tokio"] } | 0.32
diesel-2.3    | diesel = { version = "2.3.14", features = ["sqlite"] } | 
rusqlite-0.37 | rusqlite = "0.37.0" | 0.37
rusqlite-0.30 | rusqlite = "0.30.0" | 0.30
'

trim() { sed 's/^[[:space:]]*//; s/[[:space:]]*$//' <<<"$1"; }

# Prints the version of a package in the current folder's lock file; fails unless there is exactly one.
locked_version() {
    local versions
    versions=$(awk -v name="name = \"$1\"" '$0 == name { getline; print $3 }' Cargo.lock | tr -d '"')
    if [ "$(wc -w <<<"$versions")" -ne 1 ]; then
        echo "expected one version of $1, found: ${versions:-none}" >&2
        return 1
    fi
    echo "$versions"
}

write_application() {
    local folder=$1 dependency=$2
    mkdir -p "$folder/src"
    cat >"$folder/Cargo.toml" <<EOF
[package]
name = "application"
version = "0.0.0"
edition = "2024"

# Resolved for every target, compiled for none.
[target.'cfg(any())'.dependencies]
$dependency

[dev-dependencies]
portal-local = { path = "$repository/portal-local" }
tokio = { version = "1", features = ["macros", "rt"] }

[profile.dev]
debug = "line-tables-only"

[profile.dev.build-override]
debug = false

[profile.dev.package."aws-lc-sys"]
opt-level = 1

[workspace]
EOF
    cat >"$folder/src/lib.rs" <<EOF
#[cfg(test)]
#[tokio::test]
async fn portal_starts_and_shuts_down() {
    let portal = portal_local::LocalPortal::builder().start().await.unwrap();
    portal.shut_down().await;
}
EOF
    cp "$repository/Cargo.lock" "$folder/Cargo.lock"
}

# The rusqlite versions that were compiled; the workspace's own is compiled by its tests.
compiled=()

check_peer() {
    local name=$1 dependency=$2 expected=$3 folder=$scratch/$1 version
    write_application "$folder" "$dependency"
    cd "$folder"
    if ! cargo --quiet update --workspace; then
        echo "$name: Cargo finds no versions that fit both" >&2
        return 1
    fi
    version=$(locked_version rusqlite)
    locked_version libsqlite3-sys >/dev/null
    case "$version" in
        "$expected"*) ;;
        *) echo "$name: expected rusqlite $expected, found $version" >&2; return 1 ;;
    esac
    if [[ " ${compiled[*]} " != *" $version "* ]]; then
        cargo --quiet check --locked --tests
        compiled+=("$version")
    fi
    echo "$name: compiles with rusqlite $version"
}

compiled+=("$(cd "$repository" && locked_version rusqlite)")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

checked=0
while IFS='|' read -r name dependency expected; do
    name=$(trim "$name")
    [ -n "$name" ] || continue
    [ "${1:-$name}" = "$name" ] || continue
    check_peer "$name" "$(trim "$dependency")" "$(trim "$expected")"
    checked=$((checked + 1))
done <<<"$peers"

if [ "$checked" -eq 0 ]; then
    echo "unknown peer ${1:-}; expected one of:$(sed -n 's/^\([a-z][^ ]*\).*/ \1/p' <<<"$peers" | tr -d '\n')" >&2
    exit 2
fi
