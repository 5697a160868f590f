#!/usr/bin/env bash
# Fuzzes every reader of untrusted bytes with libFuzzer: fuzz.sh [SECONDS per target, default 60].
# What it finds stays in build/fuzz/corpus, so that the next run goes on from there; crashes land in build/fuzz/crashes.
set -euo pipefail

seconds=${1:-60}
case $seconds in
  '' | *[!0-9]*) echo "usage: fuzz.sh [SECONDS]" >&2; exit 1 ;;
esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh
. scripts/environment.sh

# -w: the ordinary build, with g++, is the one that turns warnings into errors.
flags="-w -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1"
cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 \
  -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" \
  -DATTUNE_LLVM=OFF -DATTUNE_BUILD_BENCHMARKS=OFF -DATTUNE_BUILD_FUZZERS=ON -DATTUNE_TEST_ROOMS=fuzz >/dev/null
cmake --build build/fuzz --target fuzzers

corpus=build/fuzz/corpus
mkdir -p build/fuzz/crashes
build/fuzz/tests/fuzz/fuzz_seeds "$corpus"
for target in npy safetensors records_import shapes ptx; do
  echo "== $target, $seconds s"
  log=build/fuzz/$target.log
  if ! build/fuzz/tests/fuzz/fuzz_$target "$corpus/$target" -max_total_time="$seconds" -max_len=65536 -timeout=10 \
    -rss_limit_mb=2048 -artifact_prefix=build/fuzz/crashes/ -print_final_stats=1 -verbosity=0 >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "fuzz: $target failed; the input is in build/fuzz/crashes" >&2
    exit 4
  fi
  grep '^stat::' "$log"
done
