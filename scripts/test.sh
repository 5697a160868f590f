#!/usr/bin/env bash
# Builds everything and runs every test, from a bare Debian 12 machine on (root, or a user with sudo).
#   scripts/test.sh               release build and all its tests, the device flavour, and the address sanitizer on the rooms
#                                 that have no generated code
#   scripts/test.sh --sanitizers  also both sanitizer presets over every room that they can instrument
#   scripts/test.sh --all         also scripts/lint.sh
# Exits with 0 only if every step passed; the last lines are the counts of each step.
set -euo pipefail
cd "$(dirname "$0")/.."

sanitizers=false
lint=false
for argument in "$@"; do
  case $argument in
    --sanitizers) sanitizers=true ;;
    --all) sanitizers=true lint=true ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
  esac
done

scripts/setup.sh
. scripts/environment.sh
jobs=$(nproc)
summary=()
failed=false

# Tests keep to directories of their own; should one forget, the user's records are still not touched.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export XDG_DATA_HOME=$home/data XDG_CACHE_HOME=$home/cache

# step NAME COMMAND...: runs it and keeps CTest's count line, or the outcome, for the summary.
step() {
  local name=$1 log=$home/$1.log started=$SECONDS result=passed status count
  shift
  echo "== $name"
  set +e  # inside an `if`, bash would not stop a step at its first failing command
  (set -e && "$@") 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  set -e
  [ "$status" -eq 0 ] || result=FAILED failed=true
  count=$(grep -E '^[0-9]+% tests passed' "$log" | tail -1 || true)
  summary+=("$(printf '%-14s %s%s (%d s)' "$name" "$result" "${count:+: $count}" $((SECONDS - started)))")
}

build() {  # build PRESET [TARGET...]
  local preset=$1
  shift
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" --parallel "$jobs" ${1:+--target "$@"}
}

run_tests() {  # run_tests PRESET [ctest options...]
  local preset=$1
  shift
  ctest --test-dir "build/$preset" --parallel "$jobs" --output-on-failure --no-tests=error --progress "$@"
}

# The device flavour has to work on a machine that has a C library and nothing else.
check_device_program() {
  build device attune_cli attune
  local file needed alone=$home/alone
  for file in build/device/cli/attune build/device/api/libattune.so; do
    needed=$(ldd "$file" | grep -vE 'linux-vdso|ld-linux|lib(c|m|dl|pthread|rt)\.so' || true)
    if [ -n "$needed" ]; then
      echo "$file needs more than the C library:" "$needed"
      return 1
    fi
  done
  mkdir "$alone"
  attune_alone() { env -i HOME="$alone" build/device/cli/attune "$@"; }
  attune_alone --version
  # Attention on this CPU, and a kernel for a GPU by LLVM alone, which the emulator then runs.
  attune_alone sample "B1 H2 S96 D20 fp32" --kind normal --out "$alone/qkv.safetensors"
  local tensors=(--q "$alone/qkv.safetensors:q" --k "$alone/qkv.safetensors:k" --v "$alone/qkv.safetensors:v")
  attune_alone run "${tensors[@]}" --device cpu --check
  attune_alone run "${tensors[@]}" --device emulated:sm_90a --nvrtc none --check
  attune_alone emit "B1 H2 S96 D20 fp32" --device emulated:sm_90a --nvrtc none --what asm --out "$alone/kernel.ptx"
  grep -q '^\.target sm_90' "$alone/kernel.ptx"
  grep -q '^\.visible \.entry attune_forward_simt(' "$alone/kernel.ptx"
}

sanitized() {  # sanitized PRESET ROOM...
  local preset=$1 rooms
  shift
  build "$preset" "${@/#/tests_}"
  rooms=$(IFS='|'; echo "$*")
  ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 \
    UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
    TSAN_OPTIONS=halt_on_error=1:suppressions=$PWD/tests/tsan.supp \
    run_tests "$preset" --label-regex "^($rooms)$"
}

step build-release build release
step test-release run_tests release
step device check_device_program
if $sanitizers; then
  step asan-ubsan sanitized asan-ubsan common generator cache emulator runtime tuner api cli
  step tsan sanitized tsan common cache runtime api
else
  step asan-ubsan sanitized asan-ubsan common cache
fi
if $lint; then step lint scripts/lint.sh; fi

echo
printf '%s\n' "${summary[@]}"
if $failed; then
  echo "scripts/test.sh: FAILED"
  exit 1
fi
