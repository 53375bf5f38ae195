#!/usr/bin/env bash
# Every published figure beside its limit, both measured in this run: p50, p99, ratio. Reports; never passes or fails.
#
#   scripts/bench.sh              all
#   scripts/bench.sh engine kill  only the programs whose name contains one of the words
# Each program prints one JSON line a figure; the lines are kept in build/reports/bench/<time>.jsonl.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
scripts/setup.sh
scripts/build.sh | tail -n 1
out=build/reports/bench
mkdir -p "$out"
file=$out/$(date -u +%Y-%m-%d_%H-%M-%S).jsonl
echo "machine: $(nproc) CPUs, $(uname -sr); shared machines are noisy: compare ratios, not absolute times"
for program in build/bench/bench_*; do
  name=$(basename "$program")
  wanted=$([ $# -eq 0 ] && echo true || echo false)
  for word in "$@"; do [[ $name == *"$word"* ]] && wanted=true; done
  $wanted || continue
  echo "== ${name#bench_} =="
  "$program" 2>"$out/$name.log" | tee -a "$file" | jq -r '
    def time: if . == null then "-" elif . >= 1e9 then "\(. / 1e7 | round / 100) s" elif . >= 1e6 then "\(. / 1e4 | round / 100) ms"
      elif . >= 1e3 then "\(. / 10 | round / 100) us" else "\(. * 10 | round / 10) ns" end;
    if .value_ns_p50 then
      "  \(.figure): p50 \(.value_ns_p50 | time), p99 \(.value_ns_p99 | time)" +
      (if .limit_ns_p50 then "; limit p50 \(.limit_ns_p50 | time), p99 \(.limit_ns_p99 | time); ratio \(.ratio_p50 * 100 | round / 100)" else "" end) +
      (if .target then "  (to reach: \(.target))" else "" end)
    else "  \(.figure): \(.value) \(.unit // "")" + (if .target then "  (to reach: \(.target))" else "" end) end' ||
    echo "  $name failed; see $out/$name.log"
done
echo "lines: $file"
