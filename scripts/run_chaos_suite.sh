#!/usr/bin/env bash
# Breaks a practice stage of levid on purpose, proves each fault, measures the recovery, says yes or no.
#
#   scripts/run_chaos_suite.sh [arguments of `levictl chaos run`, such as --trials 3 or C-6]
# Sets up and builds what is missing, runs the suite on an embedded stage, prints the table, writes the reports and ends
# with the gate's exit code; 3 (undecided) where it cannot be built. An installed levictl is used as it is where this
# checkout has no build of its own, or where there are no sources.
set -euo pipefail
cd "$(dirname "$0")/.."

undecided() {
  echo "run_chaos_suite.sh: $1: nothing was run, nothing is decided" >&2
  exit 3
}

installed=$(command -v levictl || true)
if [ -f CMakeLists.txt ] && { [ -f build/build.ninja ] || [ -z "$installed" ]; }; then
  scripts/setup.sh || undecided "the set-up failed"
  LEVI_QUIET=1 LEVI_TARGETS="levid levi-engine levi-exchange levictl" scripts/build.sh || undecided "the build failed"
  levictl=build/bin/levictl
else
  [ -n "$installed" ] || undecided "neither sources nor an installed levictl are here"
  levictl=$installed
  [ ! -f CMakeLists.txt ] || echo "run_chaos_suite.sh: this checkout has no build: the installed $levictl is used (scripts/build.sh first for its own)" >&2
fi
exec "$levictl" chaos run --stage "$@"
