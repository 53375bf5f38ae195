#!/usr/bin/env bash
# Sets up what is missing, builds, runs every test, lets real clients trade (where node and npm are), then each fuzz target for
# 5 seconds.
#
#   scripts/test.sh                 everything
#   scripts/test.sh -R latch        only tests whose name matches (arguments go to ctest)
#   scripts/test.sh --no-fuzz       without the fuzz targets
#   scripts/test.sh --sanitize      the tests under address and undefined-behaviour sanitizers, then thread sanitizer
set -euo pipefail
cd "$(dirname "$0")/.."

fuzz=true
sanitize=false
arguments=()
for argument in "$@"; do
  case "$argument" in
    --no-fuzz) fuzz=false ;;
    --sanitize) sanitize=true ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) arguments+=("$argument") ;;
  esac
done
[ ${#arguments[@]} -eq 0 ] || fuzz=false

scripts/setup.sh $($fuzz && echo --fuzz)

if $sanitize; then
  for kind in address thread; do
    echo "== $kind sanitizer =="
    # Concurrent code is what the thread sanitizer is for; the others add nothing under it.
    selection=()
    targets=
    [ $kind = thread ] && selection=(-L concurrent --no-tests=error) && targets=levi_concurrent_tests
    LEVI_BUILD=build-$kind LEVI_TARGETS=$targets scripts/build.sh -DLEVI_SANITIZE=$kind -DLEVI_BUILD_BENCH=OFF
    (cd build-$kind && TSAN_OPTIONS=halt_on_error=1:handle_sigbus=0 ASAN_OPTIONS=detect_leaks=1:handle_sigbus=0 \
      ctest --output-on-failure -j 2 --timeout 600 "${selection[@]}" "${arguments[@]}")
  done
  exit 0
fi

begin=$SECONDS
scripts/build.sh
echo "build: $((SECONDS - begin)) s"
scripts/tidy --selftest
scripts/tidy || [ $? -eq 3 ] # 3: clean, but the format could not be checked; it says so
begin=$SECONDS
(cd build && ctest --output-on-failure -j 2 --timeout 300 "${arguments[@]}")
echo "tests: $((SECONDS - begin)) s"
if [ ${#arguments[@]} -eq 0 ]; then
  scripts/compat.sh || [ $? -eq 77 ] # skipped; it says so
fi
if $fuzz; then
  scripts/fuzz.sh --seconds 5
fi
