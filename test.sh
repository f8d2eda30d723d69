#!/usr/bin/env bash
# The one test command: installs what the tests need and the machine lacks, then runs every check of this repository.
#
#   ./test.sh             everything
#   ./test.sh --record    records the conformance vectors again (needs Node)
set -euo pipefail
cd "$(dirname "$0")"

record=tests/conformance/record
# Packages that browser tests run: scripts of pages, axe-core, and an application with Clerk's own SDK.
browser_packages=(tests/web tests/express)
differential_seed=20261123
differential_cases=2000

say() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

has_node() { command -v node >/dev/null && command -v npm >/dev/null; }

# The packages that a folder's lock file names.
install_packages() {
    (cd "$1" && npm ci --silent --no-audit --no-fund)
}

record_vectors() {
    if ! has_node; then
        echo "Recording needs Node and npm: the recorder runs Clerk's own package. Install them and run $0 $1 again." >&2
        exit 1
    fi
    install_packages "$record"
    (cd "$record" && node record.mjs && node authorization.mjs && node links.mjs)
}

# The browser tests drive Chromium through chromedriver.
install_browser() {
    if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then return; fi
    if ! command -v apt-get >/dev/null; then
        echo "The browser tests need 'chromium' and 'chromedriver' on the PATH. Install both with this system's package" \
             "manager and run $0 again." >&2
        exit 1
    fi
    say "Installing Chromium and its driver"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver
}

install_components() {
    for component in rustfmt clippy; do
        cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$component"
    done
}

# Random requests to Clerk's own package and to our server at the same time.
compare_with_package() {
    cargo build --locked --package portal-tests --bin conformance-server
    node tests/conformance/differential/differential.mjs --server target/debug/conformance-server \
        --cases "$differential_cases" --seed "$differential_seed"
}

case "${1:-}" in
    "") ;;
    --record) record_vectors "$1"; exit ;;
    *) echo "usage: $0 [--record]" >&2; exit 2 ;;
esac

install_components
install_browser

say "Formatting"
cargo fmt --all -- --check

say "Lints"
cargo clippy --workspace --all-targets --locked -- -D warnings

say "Documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

if has_node; then
    say "Conformance: are the vectors what Clerk's package says?"
    install_packages "$record"
    (cd "$record" && node record.mjs --check && node authorization.mjs --check && node links.mjs --check)
    say "Conformance: $differential_cases random requests to Clerk's package and to ours"
    compare_with_package
else
    say "Conformance: Node is not installed, so the vectors are replayed but not compared with Clerk's package"
fi

without=()
if has_node; then
    for folder in "${browser_packages[@]}"; do install_packages "$folder"; done
else
    say "Node is not installed, so the journeys with htmx, Turbo, Express and axe are left out"
    without=(--skip htmx_goes --skip turbo_goes --skip an_express_application --skip axe_finds)
fi

# Last, so that the output ends with cargo's own summary of what was tested.
say "Tests, doc-tests and browser journeys"
cargo test --workspace --locked -- ${without[@]+"${without[@]}"}
