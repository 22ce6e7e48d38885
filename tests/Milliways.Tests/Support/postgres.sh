# A PostgreSQL of its own for tests: postgres.sh BIN [ADDRESS]. Says its folder, then "ready"; obeys "stop", "kill" and "start" on standard input,
# and is gone, with its folder, when that ends, however the tests end.
set -eu
bin=$1 address=${2:-}
# In memory where there is room: these tests stop servers, never the machine.
room=$(df -k --output=avail /dev/shm 2> /dev/null | tail -n 1)
if [ "${room:-0}" -gt 1000000 ]; then base=/dev/shm; else base=/tmp; fi
folder=$(mktemp -d "$base/milliways-postgres-XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap '' INT # Ctrl-C is for the tests; theirs is the end of standard input
echo "$folder"
create() { "$bin/initdb" -D "$folder/data" -U milliways -A trust -E UTF8 --locale=C --no-sync "$@" > "$folder/log" 2>&1; }
# With a language whose order of letters is not that of the bytes, where the version knows how: what depends on the order is to be seen.
create --locale-provider=icu --icu-locale=en || { rm -rf "$folder/data"; create; } || { cat "$folder/log" >&2; exit 1; }

# Who listens on a network of the tests' own lets everybody in there.
[ -z "$address" ] || echo "host all all all trust" >> "$folder/data/pg_hba.conf"

start() {
  # As in earnest, fsync included, which is on by default. Without an address only the folder's socket, so no port can be taken.
  "$bin/postgres" -D "$folder/data" -k "$folder" -c "listen_addresses=$address" -c max_connections=300 >> "$folder/log" 2>&1 < /dev/null &
  server=$!
  until "$bin/pg_isready" -q -h "$folder"; do
    kill -0 "$server" 2> /dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.05
  done
  echo ready
}

end() {
  [ -z "$server" ] && return
  kill "-$1" "$server"
  wait "$server" || true
  server=
}

start
while read -r word; do
  case $word in
    stop) end INT; echo stopped ;;
    kill) end QUIT; echo stopped ;;
    start) start ;;
  esac
done
end QUIT
