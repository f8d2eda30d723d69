#!/usr/bin/env bash
# The one test command: installs what the tests need and the machine lacks, then runs every check of this repository.
#
#   ./test.sh             everything
#   ./test.sh --record    records the conformance vectors again (needs Node)
#
# Node 18 or newer, with npm, runs Clerk's own packages and the browser tests that need scripts. Where it is missing and
# cannot be installed, those checks are left out, and the last line says so.
set -euo pipefail
cd "$(dirname "$0")"

record=tests/conformance/record
# Packages that browser tests run: scripts of pages, axe-core, and an application with Clerk's own SDK.
browser_packages=(tests/web tests/express)
differential_seed=20261123
differential_cases=2000
typos_version=1.52.0
cargo_fuzz_version=0.13.2

say() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }

outputs=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$outputs"' EXIT

# in_background NAME COMMAND…: runs a command beside the next steps. Its output is kept for `join NAME`.
in_background() {
    local name=$1
    shift
    "$@" >"$outputs/$name" 2>&1 &
    echo "$!" >"$outputs/$name.pid"
}

# Waits for the command, shows its output, and ends the run if it has failed.
join() {
    local status=0
    wait "$(cat "$outputs/$1.pid")" || status=$?
    cat "$outputs/$1"
    [ "$status" -eq 0 ] || exit "$status"
}

# Whether all these programs are on the PATH.
has() {
    local program
    for program in "$@"; do command -v "$program" >/dev/null || return 1; done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

oldest_node=18
# What was left out, in words for the last line.
skipped=()

has_node() {
    has node npm &&
        [ "$(node --print 'process.versions.node.split(".")[0]')" -ge "$oldest_node" ]
}

# Packages of the system, where apt is there.
install_system_packages() {
    as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

install_node() {
    if has_node || ! has apt-get; then return; fi
    say "Installing Node and npm"
    # Node from another source than Debian's brings npm along, and conflicts with Debian's.
    install_system_packages nodejs npm || install_system_packages nodejs || true
}

# The packages that a folder's lock file names.
install_packages() {
    (cd "$1" && npm ci --silent --no-audit --no-fund)
}

record_vectors() {
    install_node
    if ! has_node; then
        echo "Recording needs Node $oldest_node or newer and npm: the recorder runs Clerk's own package. Install them and" \
             "run $0 $1 again." >&2
        exit 1
    fi
    install_packages "$record"
    (cd "$record" && node record.mjs && node authorization.mjs && node links.mjs && node webhooks.mjs)
}

# The browser tests drive Chromium through chromedriver. Most run in its headless shell, if it is there: the same engine in
# half the processor time.
install_browser() {
    local packages=(chromium chromium-driver)
    if has chromium chromedriver chromium-headless-shell; then return; fi
    if has apt-get && may_have_headless_shell; then
        say "Installing Chromium, its driver and its headless shell"
        # Together, because they must have one version.
        if install_system_packages "${packages[@]}" chromium-headless-shell; then return; fi
    fi
    if has chromium chromedriver; then return; fi
    if ! has apt-get; then
        echo "The browser tests need 'chromium' and 'chromedriver' on the PATH. Install both with this system's package" \
             "manager and run $0 again." >&2
        exit 1
    fi
    say "Installing Chromium and its driver"
    install_system_packages "${packages[@]}"
}

# Debian packages it. Other users than root are not asked for a password that brings nothing.
may_have_headless_shell() {
    [ "$(id -u)" -eq 0 ] || apt-cache show chromium-headless-shell >/dev/null 2>&1
}

# Servers that tests start, each on a free port or a socket in a temporary folder.
install_servers() {
    local packages=()
    has redis-server || packages+=(redis-server)
    has_postgres || packages+=(postgresql)
    if [ ${#packages[@]} -eq 0 ]; then return; fi
    if ! has apt-get; then
        echo "The tests need '${packages[*]}'. Install it with this system's package manager and run $0 again." >&2
        exit 1
    fi
    say "Installing ${packages[*]}"
    install_system_packages "${packages[@]}"
}

# Debian keeps PostgreSQL's programs outside of the PATH.
has_postgres() {
    has initdb postgres || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

install_components() {
    for component in rustfmt clippy; do
        cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$component"
    done
}

# The spelling checker: from the PATH, else as a Python package, else built.
check_spelling() {
    local venv=target/typos-$typos_version root=target/tools
    if has typos; then
        typos
    elif [ -x "$venv/bin/typos" ] || install_typos_package "$venv"; then
        "$venv/bin/typos"
    else
        cargo install typos-cli --locked --version "$typos_version" --root "$root"
        "$root/bin/typos"
    fi
}

install_typos_package() {
    has python3 && python3 -m venv "$1" && "$1/bin/pip" install --quiet "typos==$typos_version"
}

# cargo-fuzz from the PATH, else built. libFuzzer is C++.
install_fuzzer() {
    local root=target/tools
    if ! has c++ && has apt-get; then install_system_packages g++; fi
    if has cargo-fuzz || [ -x "$root/bin/cargo-fuzz" ]; then return; fi
    # Without optimization, because it only starts Cargo.
    cargo install cargo-fuzz --locked --debug --version "$cargo_fuzz_version" --root "$root"
}

# Runs beside other steps with a lower priority, because they often wait for the network or for one crate.
fuzz() {
    install_fuzzer
    PATH="$PATH:$PWD/target/tools/bin" nice fuzz/check.sh
}

install_all_packages() {
    for folder in "$record" "${browser_packages[@]}"; do install_packages "$folder"; done
}

compare_vectors() {
    install_all_packages
    cd "$record"
    node record.mjs --check
    node authorization.mjs --check
    node links.mjs --check
    node webhooks.mjs --check
}

# Random requests to Clerk's own package and to our server at the same time.
compare_with_package() {
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
install_servers
install_node

# Beside Cargo's steps, because they mostly wait for the network.
in_background spelling check_spelling
if has_node; then in_background vectors compare_vectors; fi

say "Formatting"
cargo fmt --all -- --check
cargo fmt --manifest-path benches/peers/clerk-rs/Cargo.toml -- --check
cargo fmt --manifest-path fuzz/Cargo.toml -- --check

say "Lints"
cargo clippy --workspace --all-targets --locked -- -D warnings

say "Spelling"
join spelling

in_background fuzz fuzz

say "Features: each alone and none"
for features in "" http-client proxy webhooks; do
    for crate in portal-sdk portal-tower portal-axum; do
        case "$crate-$features" in portal-sdk-proxy | portal-sdk-webhooks) continue ;; esac
        cargo clippy --package "$crate" --locked --no-default-features --features "$features" -- -D warnings
    done
done

say "Documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

say "Public API: types of other crates, and features only add"
tests/public_api/check.sh

without=()
if has_node; then
    say "Conformance: are the vectors what Clerk's package says?"
    join vectors
    # For this comparison and for the tests. With `--examples`, as `cargo test --workspace` selects features, so that all
    # share what they build.
    cargo build --locked --workspace --examples --bin conformance-server --bin portal-demo
    in_background differential compare_with_package
else
    say "Conformance: Node $oldest_node is not installed, so the vectors are replayed but not compared with Clerk's package"
    skipped+=("the comparison with Clerk's package")
    say "Node $oldest_node is not installed, so the journeys with htmx, Turbo, Unpoly, Express and axe are left out"
    skipped+=("the journeys with htmx, Turbo, Unpoly, Express and axe, and --env-file")
    without=(--skip guards::htmx_ --skip guards::turbo_ --skip guards::unpoly_ --skip notes::htmx_ --skip express_application --skip axe_finds --skip node_env_file)
fi
in_background dependents tests/dependents/check.sh

say "The actix-web example"
examples/actix/check.sh

say "The users example on PostgreSQL"
cargo clippy --package portal-example-users --all-targets --features postgres --locked -- -D warnings
cargo test --package portal-example-users --features postgres --locked

say "Packages: a new application builds against them"
tests/package/check.sh

say "The local portal beside other crates that link SQLite"
join dependents

if has_node; then
    say "Conformance: $differential_cases random requests to Clerk's package and to ours"
    join differential
fi

say "Fuzz targets: five seconds each"
join fuzz

# Last, so that the output ends with cargo's own summary of what was tested, and one line about what was not.
say "Tests, doc-tests and browser journeys"
status=0
# Browsers and portals wait for each other half of the time.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$((2 * $(getconf _NPROCESSORS_ONLN)))}
cargo test --workspace --locked -- ${without[@]+"${without[@]}"} || status=$?
if [ -n "${DATASTAR_JS:-}" ]; then
    cargo test --workspace --test journeys --locked datastar_signs_in -- --ignored || status=$?
else
    echo "Skipped, because DATASTAR_JS does not name a datastar.js of 1.0 or later: the journey with Datastar"
fi
for check in ${skipped[@]+"${skipped[@]}"}; do
    echo "Skipped, because Node $oldest_node or newer with npm is missing: $check"
done
exit "$status"
