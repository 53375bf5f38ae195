#!/usr/bin/env bash
# Configures and builds into build/ (or the folder given by LEVI_BUILD). Extra arguments go to CMake; LEVI_TARGETS names what to build.
# LEVI_QUIET=1: one line when it is done; everything (<build>/build.log) when it fails. A terminal sees ninja's own line.
# Exit 2: CMake refused, 1: the build failed.
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
if [ "${LEVI_QUIET:-0}" = 0 ] || [ -t 1 ]; then
  # shellcheck disable=SC2086 # several targets, or none
  exec ninja -C "$build" ${LEVI_TARGETS:-}
fi
# shellcheck disable=SC2086
ninja -C "$build" ${LEVI_TARGETS:-} >"$build/build.log" 2>&1 || {
  cat "$build/build.log" >&2
  echo "build.sh: the build failed; all of it: $build/build.log" >&2
  exit 1
}
tail -n 1 "$build/build.log"
