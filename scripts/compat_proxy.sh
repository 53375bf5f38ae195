#!/usr/bin/env bash
# A real Toxiproxy client (npm toxiproxy-node-client) against levi-proxy. Called by scripts/compat.sh.
#
#   scripts/compat_proxy.sh [BUILD_FOLDER]     default: build
# Without node, npm or the network it says so and ends with 0: nothing was tried.
set -euo pipefail
source_folder=$(cd "$(dirname "$0")/.." && pwd)
proxy="${1:-$source_folder/build}/bin/levi-proxy"
client_version=4

skip() {
  echo "compat: skipped: $1"
  exit 0
}
command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"
[[ -x $proxy ]] || { echo "compat: $proxy is not there: build it first" >&2; exit 2; }

folder=$(mktemp -d)
proxy_pid=
finish() {
  [[ -z $proxy_pid ]] || kill "$proxy_pid" 2>/dev/null || true
  [[ -z $proxy_pid ]] || wait "$proxy_pid" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

(cd "$folder" && timeout 240 npm install --no-audit --no-fund --silent "toxiproxy-node-client@$client_version" \
  >"$folder/npm.log" 2>&1) || skip "npm could not install toxiproxy-node-client ($(tail -n 1 "$folder/npm.log"))"
cp "$source_folder/tests/proxy/compat.mjs" "$folder/"

mkfifo "$folder/log"
"$proxy" -port 0 >"$folder/log" &
proxy_pid=$!
port=
while read -r -t 10 line; do
  port=$(sed -nE 's/.*"port":([0-9]+).*HTTP server.*/\1/p' <<<"$line")
  [[ -z $port ]] || break
done <"$folder/log"
[[ -n $port ]] || { echo "compat: levi-proxy did not start" >&2; exit 1; }
(cd "$folder" && timeout 120 node compat.mjs "$port")
