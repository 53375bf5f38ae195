#!/usr/bin/env bash
# Real clients: a MEXC client library (npm ccxt) trades on levi-exchange, by REST and WebSocket, and a Toxiproxy client
# (npm toxiproxy-node-client) works levi-proxy. Some twenty seconds.
#
#   scripts/compat.sh [BUILD_FOLDER]     default: build
#
# The libraries, of fixed versions, are installed into BUILD_FOLDER/compat once. Exit 77: skipped, nothing was tried, because node,
# npm or the registry is not there; 1: a client was refused or misled.
set -euo pipefail
source_folder=$(cd "$(dirname "$0")/.." && pwd)
build=$(realpath "${1:-$source_folder/build}")
packages=(ccxt@4.5.84 protobufjs@7.6.6 toxiproxy-node-client@4.1.0)
modules=$build/compat

skip() {
  echo "compat: SKIPPED, no real client has tried the exchange: $1" >&2
  exit 77
}
command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"
for program in levi-exchange levi-proxy; do
  [[ -x $build/bin/$program ]] || { echo "compat: $build/bin/$program is not there: build it first" >&2; exit 2; }
done

folder=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap finish EXIT

if [[ $(cat "$modules/installed" 2>/dev/null) != "${packages[*]}" ]]; then
  rm -rf "$modules"
  mkdir -p "$modules"
  (cd "$modules" && timeout 120 npm install --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=20000 \
    "${packages[@]}" >"$folder/npm.log" 2>&1) || skip "npm could not install ${packages[*]} ($(head -n 1 "$folder/npm.log"))"
  echo "${packages[*]}" >"$modules/installed"
fi
ln -s "$modules/node_modules" "$folder/node_modules"
cp "$source_folder/tests/exchange/compat.mjs" "$folder/exchange.mjs"
cp "$source_folder/tests/proxy/compat.mjs" "$folder/proxy.mjs"

# ready_line PIPE PATTERN: the first line of a program that matches; nothing within ten seconds: it did not start.
ready_line() {
  local line
  while read -r -t 10 line; do
    if [[ $line =~ $2 ]]; then
      echo "${BASH_REMATCH[1]}"
      return
    fi
  done <"$1"
  echo "compat: $(basename "$1") did not start" >&2
  return 1
}

mkfifo "$folder/levi-proxy" "$folder/levi-exchange"
"$build/bin/levi-proxy" -port 0 >"$folder/levi-proxy" &
pids+=($!)
port=$(ready_line "$folder/levi-proxy" '"port":([0-9]+).*HTTP server')
(cd "$folder" && timeout 120 node proxy.mjs "$port")

# Ten market orders a second: ccxt leaves out a delta into which its snapshot falls, and where many changes share one, its book is
# crossed more often than not.
export LEVI_PRACTICE_KEY=compat-key LEVI_PRACTICE_SECRET=compat-secret
"$build/bin/levi-exchange" --port 0 --admin-port 0 --rate 10 >"$folder/levi-exchange" &
pids+=($!)
port=$(ready_line "$folder/levi-exchange" '"rest_port":([0-9]+)')
(cd "$folder" && timeout 240 node exchange.mjs "$port")
