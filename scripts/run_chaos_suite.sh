#!/usr/bin/env bash
# Breaks a practice stage of levid on purpose, proves each fault, measures the recovery, says yes or no.
#
#   scripts/run_chaos_suite.sh [arguments of `levictl chaos run`, such as --trials 3 or C-6]
# Sets up and builds what is missing (an installed levictl is used as it is), runs the suite on an embedded stage,
# prints the table, writes the reports and ends with the gate's exit code.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -f CMakeLists.txt ]; then
  scripts/setup.sh
  LEVI_TARGETS="levid levi-engine levi-exchange levictl" scripts/build.sh | tail -n 1
  levictl=build/bin/levictl
else
  levictl=$(command -v levictl) || { echo "run_chaos_suite.sh: levictl is not installed" >&2; exit 2; }
fi
exec "$levictl" chaos run --stage "$@"
