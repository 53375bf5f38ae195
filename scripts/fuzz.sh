#!/usr/bin/env bash
# Builds the fuzz targets (libFuzzer, address and undefined-behaviour sanitizers) and runs each, as many at once as there are CPUs.
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
    --seconds) seconds=${2:?--seconds needs a number}; shift 2 ;;
    --one) one=$2; seconds=$3; shift 3 ;; # of this script itself
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) targets+=("$1"); shift ;;
  esac
done

# The shipped files are the best examples of what their readers take.
corpus_of() {
  case "$1" in
    scenario_yaml_fuzz) echo scenarios ;;
    config_yaml_fuzz) echo configs ;;
    *) [ ! -d "tests/fuzz/corpus/$1" ] || echo "tests/fuzz/corpus/$1" ;;
  esac
}

run_one() {
  local target=$1 log=build/fuzz-findings/$1.log work rc=0
  work=$(mktemp -d)
  # shellcheck disable=SC2046 # no corpus is no argument
  "build/fuzz/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz-findings/$target-" "$work" $(corpus_of "$target") >"$log" 2>&1 || rc=1
  rm -rf "$work"
  if [ $rc = 0 ]; then
    echo "fuzz $target: passed, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
  else
    echo "fuzz $target: FAILED"
    tail -n 40 "$log"
  fi
  return $rc
}

if [ -n "${one:-}" ]; then
  run_one "$one"
  exit
fi

scripts/setup.sh --fuzz
begin=$SECONDS
LEVI_BUILD=build/fuzz LEVI_TARGETS=levi_fuzz_targets scripts/build.sh \
  -DLEVI_FUZZ=ON -DLEVI_BUILD_BENCH=OFF -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Release
echo "fuzz build: $((SECONDS - begin)) s"
if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(sed -n 's/^levi_fuzz(\([a-z_]*\) .*/\1/p' tests/fuzz/CMakeLists.txt)
fi
mkdir -p build/fuzz-findings
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} scripts/fuzz.sh --one {} "$seconds" || exit 1
