#!/usr/bin/env bash
# Real clients: a Toxiproxy client against levi-proxy (compat_proxy.sh), then a MEXC client library (npm ccxt) against
# levi-exchange: REST and WebSocket.
#
#   scripts/compat.sh [BUILD_FOLDER]     default: build
#
# Installs ccxt into a temporary folder, which goes at the end. Without node, npm or the network it says so and ends
# with 0: nothing was tried. LEVI_COMPAT_MODULES names a folder with node_modules to use instead.
set -euo pipefail
source_folder=$(cd "$(dirname "$0")/.." && pwd)
exchange="${1:-$source_folder/build}/bin/levi-exchange"
ccxt_version=4
"$source_folder/scripts/compat_proxy.sh" "${1:-$source_folder/build}"

skip() {
  echo "compat: skipped: $1"
  exit 0
}
command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"
[[ -x $exchange ]] || { echo "compat: $exchange is not there: build it first" >&2; exit 2; }

folder=$(mktemp -d)
exchange_pid=
finish() {
  [[ -z $exchange_pid ]] || kill "$exchange_pid" 2>/dev/null || true
  [[ -z $exchange_pid ]] || wait "$exchange_pid" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

if [[ -n ${LEVI_COMPAT_MODULES:-} ]]; then
  ln -s "$LEVI_COMPAT_MODULES/node_modules" "$folder/node_modules"
else
  (cd "$folder" && timeout 240 npm install --no-audit --no-fund --silent "ccxt@$ccxt_version" "protobufjs@7" \
    >"$folder/npm.log" 2>&1) || skip "npm could not install ccxt ($(tail -n 1 "$folder/npm.log"))"
fi
cp "$source_folder/tests/exchange/compat.mjs" "$folder/"

export LEVI_PRACTICE_KEY=compat-key LEVI_PRACTICE_SECRET=compat-secret
mkfifo "$folder/ready"
"$exchange" --port 0 --admin-port 0 --rate 200 >"$folder/ready" &
exchange_pid=$!
read -r -t 10 ready <"$folder/ready" || { echo "compat: levi-exchange did not start" >&2; exit 1; }
port=$(sed -E 's/.*"rest_port":([0-9]+).*/\1/' <<<"$ready")
(cd "$folder" && timeout 180 node compat.mjs "$port")
