#!/usr/bin/env bash
# Installs what is missing to build and run levictl: Debian 12, Ubuntu 24.04. Says first what it will install and remove,
# asks on a terminal, goes on without one. With everything there: does nothing, at once.
#
#   scripts/setup.sh            what building and testing need
#   scripts/setup.sh --fuzz     also clang, for the fuzz targets
#   scripts/setup.sh --yes      do not ask
set -euo pipefail

fuzz=false
yes=false
for argument in "$@"; do
  case "$argument" in
    --fuzz) fuzz=true ;;
    --yes) yes=true ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "setup.sh: unknown argument '$argument' (try --help)" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "setup.sh: this system has no apt; install what CONTRIBUTING.md names under \"Without apt\"" >&2
  exit 2
fi

boost_packages() {
  # Debian 12's default is 1.74, without Process v2; 1.81 stands beside it and replaces its headers. Ubuntu 24.04 has 1.83.
  if [ -n "$(apt-cache policy libboost1.81-dev 2>/dev/null | sed -n 's/ *Candidate: \((none)\)\{0,1\}//p')" ]; then
    echo libboost1.81-dev libboost-system1.81-dev
  else
    echo libboost-dev libboost-system-dev
  fi
}

packages=(g++ cmake ninja-build pkg-config git ca-certificates
  nlohmann-json3-dev prometheus-cpp-dev libcli11-dev libyaml-cpp-dev libspdlog-dev libfmt-dev
  libsqlite3-dev libssl-dev zlib1g-dev libprotobuf-dev protobuf-compiler
  libgtest-dev libgmock-dev librapidcheck-dev ccache mold curl jq sqlite3
  clang-format-14) # that version's word counts in scripts/tidy; both distributions have it
$fuzz && packages+=(clang libclang-rt-dev) # both name the distribution's version; the second has the fuzzer and sanitizers

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
# Any Boost that is new enough will do: what counts is the version of the header.
boost_version=$(sed -n 's/^#define BOOST_VERSION \([0-9]*\).*/\1/p' /usr/include/boost/version.hpp 2>/dev/null || true)
need_boost=false
[ "${boost_version:-0}" -ge 108100 ] || need_boost=true

if [ ${#missing[@]} -eq 0 ] && ! $need_boost; then
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup.sh: not root and no sudo; have an administrator install: ${missing[*]} $($need_boost && boost_packages)" >&2
    exit 2
  fi
  as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq || echo "setup.sh: package lists could not be refreshed; trying with what is here" >&2
if $need_boost; then
  read -ra boost <<<"$(boost_packages)"
  missing+=("${boost[@]}")
fi

plan=$(apt-get install --simulate --no-install-recommends "${missing[@]}")
echo "setup.sh will install:"
sed -n 's/^Inst \([^ ]*\).*/  \1/p' <<<"$plan"
removed=$(sed -n 's/^Remv \([^ ]*\).*/  \1/p' <<<"$plan")
echo "setup.sh will remove:"
echo "${removed:-  nothing}"
if [ -t 0 ] && ! $yes; then
  read -r -p "Go on? [y/N] " reply
  case "$reply" in [yY]*) ;; *) echo "setup.sh: nothing was changed" >&2; exit 2 ;; esac
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
