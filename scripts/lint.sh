#!/usr/bin/env bash
# Format and clang-tidy over our sources; every finding is an error.
#   scripts/lint.sh [FILE...]    all sources of the rooms, or the files named (a few minutes for all of them on two cores)
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
python3 tests/house/house_rules.py . format

cmake --preset release >/dev/null  # writes the compile database
rooms='common|generator|cache|emulator|runtime|tuner|api|cli'
if [ $# -gt 0 ]; then
  patterns=("$@")
else
  patterns=("$PWD/($rooms)/")
fi
# g++'s own warning options and its notion of "all warnings are errors" are not clang's: -Werror stays with g++.
run-clang-tidy-19 -quiet -p build/release -j "$(nproc)" -extra-arg=-Wno-error -extra-arg=-Wno-unknown-warning-option \
  "${patterns[@]}" >build/release/clang-tidy.log 2>&1 || {
  grep -E "(warning|error):|note:" build/release/clang-tidy.log | sort -u
  echo "lint: clang-tidy has findings; the full log is build/release/clang-tidy.log" >&2
  exit 1
}
echo "lint: clean"
