#!/usr/bin/env bash
# Configures and builds into build/ (or the folder given by LEVI_BUILD). Extra arguments go to CMake.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${LEVI_BUILD:-build}
mkdir -p "$(dirname "$build")"
if [ ! -f "$build/build.ninja" ] || [ $# -gt 0 ]; then
  cmake -S . -B "$build" -G Ninja "$@" >"$build.configure.log" 2>&1 || {
    cat "$build.configure.log" >&2
    exit 2
  }
  rm -f "$build.configure.log"
fi
exec ninja -C "$build" ${LEVI_TARGETS:-}
