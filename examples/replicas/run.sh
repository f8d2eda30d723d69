#!/usr/bin/env bash
# Starts Redis, a local portal and two replicas on free ports of this machine, and ends them on Ctrl-C or SIGTERM.
#
# It builds the programs. To use built ones, give their paths: run.sh PORTAL_LOCAL REPLICA
# PORT is the port of replica 1 (default: a free one). PORTAL_REDIS_URL names a Redis that is running already.
set -euo pipefail

if [ -z "${PORTAL_REDIS_URL:-}" ] && ! command -v redis-server >/dev/null; then
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

# Starts a program, and waits for a line of its output: start NAME PATTERN COMMAND…
start() {
    local name=$1 pattern=$2
    shift 2
    "$@" >"$folder/$name" &
    started+=($!)
    # The other process writes the line, so the file is polled.
    until grep --quiet --no-messages "$pattern" "$folder/$name"; do
        kill -0 $! 2>/dev/null || return 1
        sleep 0.05
    done
}

# Prints a port on which nothing listens, below those that the system gives to clients.
free_port() {
    local port=$((20000 + RANDOM % 12000))
    while (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((20000 + RANDOM % 12000)); done
    echo "$port"
}

if [ -z "${PORTAL_REDIS_URL:-}" ]; then
    # Redis cannot choose a free port itself.
    redis=127.0.0.1:$(free_port)
    if ! start redis "Ready to accept connections" \
        redis-server --bind 127.0.0.1 --port "${redis#*:}" --save "" --appendonly no --dir "$folder"; then
        cat "$folder/redis" >&2
        exit 1
    fi
    export PORTAL_REDIS_URL=redis://$redis
    echo "Redis           $redis"
fi

# Clerk sends webhooks to one URL, and a load balancer gives each to one replica. Here that is replica 1.
export PORT=${PORT:-$(free_port)}
start portal "^Press Ctrl-C" "$portal" serve --port 0 --webhook-url "http://127.0.0.1:$PORT/webhooks/clerk"
address=$(sed -n 's/^Listening on \(http[^ ]*\)\. .*/\1/p' "$folder/portal")
for name in CLERK_PUBLISHABLE_KEY CLERK_SECRET_KEY CLERK_WEBHOOK_SIGNING_SECRET; do
    export "$name=$(sed -n "s/^$name=//p" "$folder/portal")"
done

for number in 1 2; do
    start "replica$number" "^Application" "$replica"
    echo "Replica $number       $(sed -n 's/^Application *//p' "$folder/replica$number")"
    # Only the port of the first one must be known beforehand.
    PORT=0
done
# Now, because the new users are webhooks too.
"$portal" seed --port "${address##*:}" >/dev/null
echo "Account Portal  $address"
echo "Sent webhooks   $address/__local/webhooks"
echo "Sign in as jane+clerk_test@example.com with the password 'correct horse battery'. Press Ctrl-C to stop."
# Ends when one of them does.
wait -n "${started[@]}"
