#!/usr/bin/env bash
# The one test command: installs what the tests need and the machine lacks, then runs every check of this repository.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
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

install_components
install_browser

say "Formatting"
cargo fmt --all -- --check

say "Lints"
cargo clippy --workspace --all-targets --locked -- -D warnings

say "Documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Last, so that the output ends with cargo's own summary of what was tested.
say "Tests, doc-tests and browser journeys"
cargo test --workspace --locked
