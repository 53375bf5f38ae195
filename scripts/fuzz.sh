#!/usr/bin/env bash
# Builds the fuzz targets (libFuzzer, address and undefined-behaviour sanitizers) and runs each.
#
#   scripts/fuzz.sh                    a minute each
#   scripts/fuzz.sh --seconds 600 journal_fuzz
# A crash leaves its input in build/fuzz-findings/ and ends with exit 1.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=60
targets=()
while [ $# -gt 0 ]; do
  case "$1" in
    --seconds) seconds=$2; shift 2 ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) targets+=("$1"); shift ;;
  esac
done
scripts/setup.sh --fuzz

begin=$SECONDS
LEVI_BUILD=build/fuzz LEVI_TARGETS=levi_fuzz_targets scripts/build.sh \
  -DLEVI_FUZZ=ON -DLEVI_BUILD_BENCH=OFF -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Release
echo "fuzz build: $((SECONDS - begin)) s"
if [ ${#targets[@]} -eq 0 ]; then
  for program in build/fuzz/fuzz/*_fuzz; do targets+=("$(basename "$program")"); done
fi
mkdir -p build/fuzz-findings
failed=0
for target in "${targets[@]}"; do
  corpus=tests/fuzz/corpus/$target
  work=$(mktemp -d)
  log=build/fuzz-findings/$target.log
  if "build/fuzz/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="build/fuzz-findings/$target-" "$work" $([ -d "$corpus" ] && echo "$corpus") >"$log" 2>&1; then
    echo "fuzz $target: passed, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
  else
    echo "fuzz $target: FAILED"
    tail -n 40 "$log"
    failed=1
  fi
  rm -rf "$work"
done
exit $failed
