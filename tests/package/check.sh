#!/usr/bin/env bash
# Packages the four published crates, and builds a new application against the packages: the manifest and the program of
# portal-axum's README, with portal-local as its dev-dependency. Uncommitted changes are packaged too.
#
# `cargo package` does not verify the packages: it would take the dependencies among them from a folder in Cargo's home,
# which it does not renew while the version stays the same.
set -euo pipefail
cd "$(dirname "$0")/../.."

crates=(portal-sdk portal-tower portal-axum portal-local)
# The files that a published crate needs beside its sources.
required=(LICENSE-APACHE LICENSE-MIT README.md)

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
packaged=$CARGO_TARGET_DIR/packaged
rm -rf "$packaged" "$CARGO_TARGET_DIR"/package/portal-*.crate
mkdir -p "$packaged/application/src"

# Prints the first block of a language in portal-axum's README.
readme_block() {
    awk -v start="^\`\`\`$1" '/^```$/ { inside = 0 } inside; !found && $0 ~ start { found = inside = 1 }' portal-axum/README.md
}

cargo package --quiet --locked --allow-dirty --no-verify "${crates[@]/#/--package=}"
for crate in "${crates[@]}"; do
    mkdir "$packaged/$crate"
    # With new times: Cargo finds changed files by their times, and all files of a package have the same one.
    tar --extract --touch --strip-components 1 --file "$CARGO_TARGET_DIR/package/$crate"-*.crate --directory "$packaged/$crate"
    for file in "${required[@]}"; do
        if [ ! -f "$packaged/$crate/$file" ]; then
            echo "$crate: the package lacks $file" >&2
            exit 1
        fi
    done
    echo "$crate: $(find "$packaged/$crate" -type f | wc -l) files"
done

{
    printf '[workspace]\nresolver = "3"\nmembers = ["*"]\n\n[patch.crates-io]\n'
    for crate in "${crates[@]}"; do printf '%s = { path = "%s" }\n' "$crate" "$crate"; done
    # The workspace's profiles, so that Cargo shares builds with the workspace.
    awk '/^\[/ { inside = /^\[profile\./ } inside' Cargo.toml
} >"$packaged/Cargo.toml"
cp Cargo.lock "$packaged/Cargo.lock"

{
    printf '[package]\nname = "application"\nedition = "2024"\n\n'
    readme_block toml
    printf '\n[dev-dependencies]\nportal-local = "0.1"\n'
} >"$packaged/application/Cargo.toml"
{
    readme_block rust | sed 's/^# //'
    cat <<'RUST'

fn main() {
    let _app = app().expect("the keys in the environment");
}

#[cfg(test)]
#[tokio::test]
async fn portal_starts_and_shuts_down() -> Result<(), portal_local::StartError> {
    let portal = portal_local::LocalPortal::builder().start().await?;
    portal.shut_down().await;
    Ok(())
}
RUST
} >"$packaged/application/src/main.rs"

cd "$packaged"
cargo test --quiet --package application
echo "a new application builds against the packages"
cargo run --quiet --package portal-local -- --version
