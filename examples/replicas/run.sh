#!/usr/bin/env bash
# Starts Redis, a local portal and two replicas on free ports of this machine, and ends them on Ctrl-C or SIGTERM.
#
# It builds the programs. To use built ones, give their paths: run.sh PORTAL_LOCAL REPLICA
set -euo pipefail

if ! command -v redis-server >/dev/null; then
    echo "expected redis-server on the PATH; install it: apt-get install redis-server" >&2
    exit 1
fi
if [ $# -eq 2 ]; then
    portal=$1 replica=$2
else
    cd "$(dirname "$0")/../.."
    cargo build --package portal-local --package portal-example-replicas
    portal=${CARGO_TARGET_DIR:-target}/debug/portal-local replica=${CARGO_TARGET_DIR:-target}/debug/portal-example-replicas
fi

folder=$(mktemp -d)
started=()
finish() {
    trap '' INT TERM
    if [ ${#started[@]} -gt 0 ]; then
        kill "${started[@]}" 2>/dev/null || true
        wait "${started[@]}" 2>/dev/null || true
    fi
    rm -r "$folder"
}
trap finish EXIT
trap 'exit 0' INT TERM

# Waits until a line of a file matches, as long as the process lives: wait_for FILE PATTERN PID
wait_for() {
    until grep --quiet "$2" "$1"; do
        kill -0 "$3" 2>/dev/null || return 1
        # The other process writes the line, so the file is polled.
        sleep 0.05
    done
}

# Redis cannot choose a free port itself. One that is taken ends it.
for _ in $(seq 20); do
    port=$((20000 + RANDOM % 12000))
    redis-server --bind 127.0.0.1 --port "$port" --save "" --appendonly no --dir "$folder" >"$folder/redis" &
    redis=$!
    if wait_for "$folder/redis" "Ready to accept connections" "$redis"; then
        started+=("$redis")
        break
    fi
    redis=
done
if [ -z "$redis" ]; then
    cat "$folder/redis" >&2
    exit 1
fi
export PORTAL_REDIS_URL=redis://127.0.0.1:$port

"$portal" serve --port 0 --demo-data >"$folder/portal" &
started+=($!)
wait_for "$folder/portal" "^CLERK_SECRET_KEY=" $!
CLERK_PUBLISHABLE_KEY=$(sed -n 's/^CLERK_PUBLISHABLE_KEY=//p' "$folder/portal")
CLERK_SECRET_KEY=$(sed -n 's/^CLERK_SECRET_KEY=//p' "$folder/portal")
export CLERK_PUBLISHABLE_KEY CLERK_SECRET_KEY

for number in 1 2; do
    "$replica" >"$folder/replica$number" &
    started+=($!)
    wait_for "$folder/replica$number" "^Application" $!
    echo "Replica $number       $(sed -n 's/^Application *//p' "$folder/replica$number")"
done
echo "Account Portal  $(sed -n 's/^Listening on \(http[^ ]*\)\. .*/\1/p' "$folder/portal")"
echo "Redis           127.0.0.1:$port"
echo "Sign in as jane+clerk_test@example.com with the password 'correct horse battery'. Press Ctrl-C to stop."
# Ends when one of them does.
wait -n "${started[@]}"
