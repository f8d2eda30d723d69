# Runs a Postgres server on a Unix socket in a new folder, until standard input closes. Prints the folder, and then the
# word `done` for each of the commands `stop` and `start`.
set -u
for folder in /usr/lib/postgresql/*/bin /usr/local/pgsql/bin; do
    PATH=$PATH:$folder
done
for program in initdb postgres pg_isready; do
    if ! command -v "$program" >/dev/null; then
        echo "expected PostgreSQL's program $program, found none; install the server: apt-get install postgresql" >&2
        exit 1
    fi
done
folder=$(mktemp -d)
server=

start() {
    # Nothing listens on a port. A test needs no durability.
    postgres -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off >>"$folder/log" 2>&1 </dev/null &
    server=$!
    until pg_isready -q -h "$folder"; do
        if ! kill -0 "$server" 2>/dev/null; then
            cat "$folder/log" >&2
            exit 1
        fi
        # Between two looks: the server tells nothing when it is ready.
        sleep 0.05
    done
}

stop() {
    [ -z "$server" ] || kill -INT "$server" 2>/dev/null && wait "$server"
    server=
}

trap 'stop; rm -rf "$folder"' EXIT
initdb -D "$folder/data" -U users --auth=trust --no-sync --encoding=UTF8 --locale=C >"$folder/log" 2>&1 || {
    cat "$folder/log" >&2
    exit 1
}
start
echo "$folder"
while read -r command; do
    "$command"
    echo "done"
done
