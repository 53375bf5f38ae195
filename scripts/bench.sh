#!/usr/bin/env bash
# Every published figure beside its limit, both measured in this run: p50, p99, ratio, what is to be reached, and whether it was.
#
#   scripts/bench.sh                 all, some five minutes
#   scripts/bench.sh engine kill     only the programs whose name contains one of the words
#   scripts/bench.sh --build DIR     programs of that build folder as they stand, nothing is built
# Each program prints one JSON line a figure; the lines are kept in build/reports/bench/<time>.jsonl. A missed target is
# reported and is no failure: exit 0 means that everything could be measured, 1 that a program failed, 130 interrupted.
# Nothing is left running: every process of a program dies with it, and a stage ends with its owner.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=build
words=()
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --build) [ $# -gt 1 ] || { echo "--build needs a folder" >&2; exit 2; }; build=$2; shift ;;
    -*) echo "unknown option $1; see --help" >&2; exit 2 ;;
    *) words+=("$1") ;;
  esac
  shift
done
if [ "$build" = build ]; then
  scripts/setup.sh || exit 1
  LEVI_QUIET=1 scripts/build.sh || exit 1
fi

out=build/reports/bench
mkdir -p "$out"
file=$out/$(date -u +%Y-%m-%d_%H-%M-%S).jsonl
show='
  def time: if . >= 1e9 then "\(. / 1e7 | round / 100) s" elif . >= 1e6 then "\(. / 1e4 | round / 100) ms"
    elif . >= 1e3 then "\(. / 10 | round / 100) us" else "\(. * 10 | round / 10) ns" end;
  def goal: if .target then "  (to reach: \(.target))" + (if .met == true then " met" elif .met == false then " NOT MET" else "" end) else "" end;
  if .skipped then "  \(.figure): skipped: \(.skipped)"
  elif .value_ns_p50 then
    "  \(.figure): p50 \(.value_ns_p50 | time), p99 \(.value_ns_p99 | time)" +
    (if .limit_ns_p50 then "; limit p50 \(.limit_ns_p50 | time), p99 \(.limit_ns_p99 | time); ratio \(.ratio_p50 * 100 | round / 100)" else "" end) + goal
  else "  \(.figure): \(.value) \(.unit // "")" + goal end'

# The program runs in a process group of its own, so that an interrupt ends all of it, and is waited for.
running=
# shellcheck disable=SC2317  # the trap calls it
interrupted() {
  trap '' INT TERM
  if [ -n "$running" ]; then
    kill -TERM -- "-$running" 2>/dev/null
    wait "$running" 2>/dev/null
  fi
  echo "interrupted; what was measured: $file" >&2
  exit 130
}
trap interrupted INT TERM

# Where that is permitted: what else the machine does is not what is measured.
before=()
nice -n -10 true 2>/dev/null && [ "$(nice -n -10 nice)" -lt "$(nice)" ] && before=(nice -n -10)

failed=0
echo "machine: $(nproc) CPUs, $(uname -sr), load $(cut -d' ' -f1 /proc/loadavg); shared machines are noisy: compare ratios, not absolute times"
for program in "$build"/bench/bench_*; do
  name=$(basename "$program")
  wanted=$([ ${#words[@]} -eq 0 ] && echo true || echo false)
  for word in "${words[@]}"; do [[ $name == *"$word"* ]] && wanted=true; done
  $wanted || continue
  echo "== ${name#bench_} =="
  setsid "${before[@]}" "$program" >"$out/$name.jsonl" 2>"$out/$name.log" &
  running=$!
  wait "$running"
  code=$?
  running=
  tee -a "$file" <"$out/$name.jsonl" | jq -r "$show"
  [ "$code" -eq 0 ] && continue
  echo "  $name failed with code $code:"
  tail -n 5 "$out/$name.log" | sed 's/^/    /'
  failed=1
done
[ -s "$file" ] || { echo "no program matches: ${words[*]}" >&2; exit 2; }
jq -rs '"\([.[] | select(.met == true)] | length) targets met, \([.[] | select(.met == false)] | length) not met" +
  ([.[] | select(.met == false) | .figure] | if length > 0 then ": " + join(", ") else "" end)' "$file"
echo "lines: $file"
exit "$failed"
