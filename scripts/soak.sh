#!/usr/bin/env bash
# Long runs: more property cases, 200 kills of the core under order flow, each sabotage control, ten minutes of fuzzing a target.
#
#   scripts/soak.sh              everything: on two cores about a hundred minutes, 85 of them fuzzing (17 targets, as many at once as CPUs)
#   scripts/soak.sh --quick      a tenth of it
set -euo pipefail
cd "$(dirname "$0")/.."
cases=5000
kills=200
seconds=600
case "${1:-}" in
  "") ;;
  --quick) cases=500; kills=20; seconds=60 ;;
  -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "soak.sh: unknown argument '$1' (try --help)" >&2; exit 2 ;;
esac
scripts/setup.sh --fuzz
scripts/build.sh
echo "== properties, $cases cases each =="
(cd build && LEVI_PROPERTY_CASES=$cases RC_PARAMS="max_success=$cases" ctest --output-on-failure -j 2 --timeout 7200 --no-tests=error -L property)
echo "== $kills kills of the core at random instants under flow =="
(cd build && LEVI_CORE_KILLS=$kills ctest --output-on-failure --timeout 7200 --no-tests=error -R integration_core_kill)
echo "== negative controls =="
build/bin/levictl chaos selftest
echo "== fuzzing, $seconds s each =="
scripts/fuzz.sh --seconds $seconds
