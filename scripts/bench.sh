#!/usr/bin/env bash
# Every published figure beside its limit, both measured in this run: p50, p99, ratio, what is to be reached, and whether it was.
#
#   scripts/bench.sh                 all, some fifteen minutes
#   scripts/bench.sh engine kill     only the programs whose name contains one of the words
#   scripts/bench.sh --build DIR     programs of that build folder as they stand, nothing is built
#   scripts/bench.sh --publish       and put the table into docs/figures.md (all of it: no words)
# Each program prints one JSON line a figure; the lines are kept in build/reports/bench/<time>.jsonl, the table in <time>.md. A missed
# target is reported and is no failure: exit 0 means that everything could be measured, 1 that a program failed, 130 interrupted.
# Nothing is left running: every process of a program dies with it, and a stage ends with its owner.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=build
words=()
publish=false
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --build) [ $# -gt 1 ] || { echo "--build needs a folder" >&2; exit 2; }; build=$2; shift ;;
    --publish) publish=true ;;
    -*) echo "unknown option $1; see --help" >&2; exit 2 ;;
    *) words+=("$1") ;;
  esac
  shift
done
if $publish && [ ${#words[@]} -gt 0 ]; then
  echo "--publish is for a whole run" >&2
  exit 2
fi
if [ "$build" = build ]; then
  scripts/setup.sh || exit 1
  LEVI_QUIET=1 scripts/build.sh || exit 1
fi

out=build/reports/bench
mkdir -p "$out"
file=$out/$(date -u +%Y-%m-%d_%H-%M-%S).jsonl
# What both ways to show a line share.
units='
  def time: if . >= 1e9 then "\(. / 1e7 | round / 100) s" elif . >= 1e6 then "\(. / 1e4 | round / 100) ms"
    elif . >= 1e3 then "\(. / 10 | round / 100) us" else "\(. * 10 | round / 10) ns" end;'
show=$units'
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
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
machine="$(nproc) CPUs (${cpu:-$(uname -m)}), $(uname -sr), load $(cut -d' ' -f1 /proc/loadavg) at the start"
echo "machine: $machine; shared machines are noisy: compare ratios, not absolute times"
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

# The table of docs/figures.md: what has a goal first, then the rest.
row=$units'
  def p50_p99(p50; p99): if p50 then "\(p50 | time) / \(p99 | time)" else "" end;
  def amount: if . >= 1000 then round else . end;
  def measured: if .skipped then "skipped: \(.skipped)" elif .value_ns_p50 then p50_p99(.value_ns_p50; .value_ns_p99)
    else "\(.value | amount) \(.unit // "")" end;
  def verdict: if .met == true then "yes" elif .met == false then "**no**" else "" end;
  "| `\(.figure)` | \(measured) | \(p50_p99(.limit_ns_p50; .limit_ns_p99)) | \(.ratio_p50 // "" | if . == "" then . else . * 100 | round / 100 end) | \(.target // "") | \(verdict) |"'
table() {
  echo "$(date -u +%Y-%m-%d), $(git describe --always --dirty 2>/dev/null || echo 'no checkout'), $machine."
  echo
  echo "| figure | p50 / p99, or value | limit: p50 / p99 | ratio of p50 | to reach | reached |"
  echo "|---|---|---|---|---|---|"
  jq -r "select(.target) | $row" "$file"
  jq -r "select(.target | not) | $row" "$file"
}
table >"${file%.jsonl}.md"

# Between the two marks, and nothing else. A miss wants a reason, which only a person can give.
publish_table() {
  local document=docs/figures.md missed
  awk -v table="${file%.jsonl}.md" '
    /^<!-- end of the table -->/ { while ((getline line < table) > 0) print line; inside = 0 }
    !inside { print }
    /^<!-- the table:/ { inside = 1 }' "$document" >"$document.new" && mv "$document.new" "$document"
  for missed in $(jq -r 'select(.met == false) | .figure | gsub(" "; "+")' "$file"); do
    grep -q "^- .*\`${missed//+/ }\`" "$document" || echo "docs/figures.md names no reason for the miss of ${missed//+/ }"
  done
}
$publish && publish_table
jq -rs '"\([.[] | select(.met == true)] | length) targets met, \([.[] | select(.met == false)] | length) not met" +
  ([.[] | select(.met == false) | .figure] | if length > 0 then ": " + join(", ") else "" end)' "$file"
echo "lines: $file; table: ${file%.jsonl}.md"
exit "$failed"
