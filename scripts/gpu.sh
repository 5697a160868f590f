#!/usr/bin/env bash
# Everything that needs a GPU, in two phases, since the machine with the GPU may have no compiler, no LLVM and no network.
#   scripts/gpu.sh build                 on the development machine: programs and library that need a C library and nothing
#                                        else, stripped, into build/device-gpu/ and, packed, build/device-gpu.tar.xz (carry
#                                        either of them along with the repository)
#   scripts/gpu.sh run [--out DIR] [--minutes N] [--step NAME,...] [--records FILE] [--device cuda:0]
#                                        on the machine with the GPU, in the repository: results into DIR (build/gpu-results)
# Steps, the most important first: doctor, tests, sanitizer, tune, sdpa (bench/gpu.py), presets (bench/presets.py, tuned
# before), bench. Each has its share of the N minutes (default 9; what a step leaves goes to the later ones), and one that
# fails does not stop the others. The driver is needed, NVRTC (pip wheel or toolkit), compute-sanitizer for its step, and a
# python3 with PyTorch for tune, sdpa and presets.
# --records imports what an earlier run exported as DIR/records.jsonl, so that tuning goes on where it stopped.
# Exit codes: 0 every step passed, 1 usage, 2 not built, 4 a step failed. DIR/summary.txt says which.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin=build/device-gpu
archive=build/device-gpu.tar.xz
usage() { sed -n '3,6s/^# \{0,1\}//p' "$0" >&2; exit 1; }

build() {
  scripts/setup.sh
  . scripts/environment.sh
  cmake --preset device-tests >/dev/null
  cmake --build --preset device-tests
  local from=build/device-tests needed file
  rm -rf "$bin"
  mkdir -p "$bin"
  strip -o "$bin/attune" "$from/cli/attune"
  strip -o "$bin/gpu_device_tests" "$from/tests/conformance/gpu_device_tests"
  strip --strip-unneeded -o "$bin/libattune.so" "$from/api/libattune.so"
  for file in "$bin"/*; do
    needed=$(ldd "$file" | grep -vE 'linux-vdso|ld-linux|lib(c|m|dl|pthread|rt)\.so' || true)
    if [ -n "$needed" ]; then
      echo "gpu: $file needs more than the C library: $needed" >&2
      exit 4
    fi
  done
  echo "gpu: glibc $(strings "$bin"/* | grep -oE '^GLIBC_2\.[0-9]+$' | sort -uV | tail -n 1 | cut -d_ -f2) or newer is needed"
  # Each of the three has LLVM in it: with a dictionary that spans them they take little more room than one.
  tar -C build -cf - device-gpu | xz -T1 --lzma2=preset=1,dict=192MiB,mf=hc4,nice=32,depth=8 >"$archive"
  du -ch "$bin"/*
  du -h "$archive"
}

# Python unpacks where there is no xz.
unpack() {
  [ -e "$archive" ] || return 0
  [ ! "$bin/attune" -nt "$archive" ] || return 0
  rm -rf "$bin"
  tar -C build -xmJf "$archive" 2>/dev/null || "$python" -m tarfile -e "$archive" build
  touch "$bin/attune"
}

# ---- On the machine with the GPU ---------------------------------------------------------------------------------------

out=build/gpu-results minutes=9 wanted="" records=""
all_steps="doctor tests sanitizer tune sdpa presets bench"
declare -A share=([doctor]=1 [tests]=10 [sanitizer]=6 [tune]=7 [sdpa]=8 [presets]=8 [bench]=2)
python=${PYTHON:-python3}
device=cuda:0

# Runs and keeps the log; its own time limit comes from the caller. The last lines of a failure are shown at once.
limited() {  # limited SECONDS NAME COMMAND...
  local seconds=$1 name=$2 status=0
  shift 2
  timeout --kill-after=10 "$seconds" "$@" >"$logs/$name.log" 2>&1 || status=$?
  if [ "$status" -ne 0 ]; then
    if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then echo "($name: stopped after $seconds s)"; fi
    tail -n 15 "$logs/$name.log" | cut -c 1-400
  fi
  return "$status"
}

step_doctor() {
  nvidia-smi >"$logs/nvidia-smi.log" 2>&1 || echo "nvidia-smi: not here, or it failed"
  timeout "$1" "$bin/attune" doctor --json --device "$device" >"$out/doctor.json" 2>"$logs/doctor.log" || {
    tail -n 3 "$logs/doctor.log"
    return 1
  }
  grep -E '"(name|version|path)":' "$out/doctor.json" | head -n 8
}

# The tests named in a file. A kernel that takes the device down ends the process (exit code 3): a new one goes on behind it.
run_tests() {  # run_tests SECONDS NAMES LOG
  local end=$((SECONDS + $1)) names=$2 log=$3 status
  : >"$log"
  while [ -s "$names" ] && [ "$SECONDS" -lt "$end" ]; do
    status=0
    GTEST_COLOR=no timeout --kill-after=10 $((end - SECONDS)) "$bin/gpu_device_tests" --target "$device" \
      "--gtest_filter=$(paste -sd: "$names")" >>"$log" 2>&1 || status=$?
    [ "$status" -eq 3 ] || break
    sed -n 's/^\[ RUN      \] //p' "$log" >"$log.begun"
    grep -vxFf "$log.begun" "$names" >"$names.left" || true
    mv "$names.left" "$names"
  done
}

step_tests() {
  local count shards=() index failures failed passed all
  count=$(nproc)
  [ "$count" -le 8 ] || count=8
  "$bin/gpu_device_tests" --target "$device" --gtest_list_tests |
    awk '/^[^ ]/ { suite = $1 } /^  / { print suite $1 }' >"$logs/all-tests.txt"
  all=$(wc -l <"$logs/all-tests.txt")
  for ((index = 0; index < count; ++index)); do
    awk "NR % $count == $index" "$logs/all-tests.txt" >"$logs/names.$index"
    run_tests "$1" "$logs/names.$index" "$logs/tests.$index.log" &
    shards+=($!)
  done
  wait "${shards[@]}"
  cat "$logs"/tests.*.log >"$logs/tests.log"
  rm "$logs"/tests.*.log* "$logs"/names.*
  passed=$(grep -c '^\[       OK \]' "$logs/tests.log" || true)
  failures=$(sed -n 's/^\[  FAILED  \] \([^ ,]*[./][^ ,]*\).*/\1/p' "$logs/tests.log" | sort -u)
  failed=$(grep -c . <<<"$failures" || true)
  echo "$passed of $all tests passed, $failed failed, $((all - passed - failed)) did not run, in $count processes"
  grep -m 1 'does not open' "$logs/tests.log" || true
  head -n 30 <<<"$failures"
  [ "$passed" -eq "$all" ]
}

step_sanitizer() {
  local tool sanitizer filter failed=0 name target=${device//[^[:alnum:]]/_}
  name=Device/DeviceFeatures.AgreeWithTheReference/$target
  sanitizer=$(PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer || true)
  if [ -z "$sanitizer" ]; then
    echo "compute-sanitizer is not here: it comes with the CUDA toolkit"
    return 1
  fi
  filter="${name}_fp16_dense:${name}_bf16_causal_bottom_right:${name}_bf16_paged:${name}_fp16_decode"
  filter+=":${name}_bf16_everything_at_once:${name}_bf16_varlen_kv_lengths_mask:${name}_fp16_padded_both_lists_everything"
  filter+=":${name}_forward_simt_bf16_everything_at_once"
  filter+=":Device/DeviceHeadDims.*/${target}_128x128:Device/DeviceHeadDims.*/${target}_256x256"
  local end=$((SECONDS + $1)) left=4
  for tool in memcheck racecheck initcheck synccheck; do
    if limited $(((end - SECONDS) / left--)) "$tool" "$sanitizer" --tool "$tool" --error-exitcode 9 "$bin/gpu_device_tests" \
      --target "$device" "--gtest_filter=$filter"; then
      echo "$tool: clean, $(grep -c '^\[       OK \]' "$logs/$tool.log") tests"
    else
      failed=1
      echo "$tool: FAILED: $(grep -E 'ERROR SUMMARY|RACECHECK SUMMARY|Device not supported' "$logs/$tool.log" | tail -n 1)"
    fi
  done
  return $failed
}

stores=(--records-dir build/gpu-store/records --kernels-dir build/gpu-store/kernels)

# The shapes of bench/gpu.py in their order of importance, as many as the time allows, 8 s each.
step_tune() {
  local kind regime status=0 count=$(($1 / 8))
  "$python" bench/gpu.py --list-shapes >"$logs/shapes.txt" 2>"$logs/shapes.log" || { tail -n 3 "$logs/shapes.log"; return 1; }
  for kind in prefill decode; do
    regime=hot
    [ "$kind" = prefill ] || regime=cold  # a decode finds its K and V in memory, not in the cache
    head -n "$count" "$logs/shapes.txt" | grep -E "$([ "$kind" = decode ] && echo ' S1x' || echo ' S[0-9]+ ')" \
      >"$logs/$kind.shapes" || continue
    limited $((8 * $(wc -l <"$logs/$kind.shapes") + 30)) "tune-$kind" "$bin/attune" tune --device "$device" "${stores[@]}" \
      --shapes-file "$logs/$kind.shapes" --cache-regime "$regime" --budget 7s || status=1
    grep -E '^(shape|B[0-9])' "$logs/tune-$kind.log" | cut -c 1-110 || true
  done
  "$bin/attune" export "${stores[@]}" "$out/records.jsonl" || status=1
  return "$status"
}

step_sdpa() {
  local status=0 try end=$((SECONDS + $1)) resume=()
  rm -f "$out/gpu.json"
  for try in 1 2 3 4; do  # again only after the device was lost
    status=0
    limited $((end > SECONDS ? end - SECONDS : 1)) "sdpa-$try" env PYTHONUNBUFFERED=1 "$python" bench/gpu.py \
      --device "$device" --library "$bin/libattune.so" --program "$bin/attune" --store build/gpu-store \
      --output "$out/gpu.json" --minutes "$(awk "BEGIN { print ($1 - 25) / 60 }")" "${resume[@]}" || status=$?
    grep -E '^(prefill|decode|graph|wrote|out of time)' "$logs/sdpa-$try.log" | cut -c 1-230 || true
    [ "$status" -eq 3 ] || break
    resume=(--resume)
  done
  return "$status"
}

# Half of the time tunes as many of the shapes as it allows, 24 s each: five requests and two types.
step_presets() {
  local status=0 try end=$((SECONDS + $1)) tuning=$(($1 / 2)) resume=()
  "$python" bench/presets.py --device "$device" --list-shapes >"$logs/presets.all" 2>"$logs/presets-shapes.log" ||
    { tail -n 3 "$logs/presets-shapes.log"; return 1; }
  head -n "$((tuning / 24 * 2))" "$logs/presets.all" >"$logs/presets.shapes"
  if [ -s "$logs/presets.shapes" ]; then
    limited $((tuning + 15)) tune-presets "$bin/attune" tune --device "$device" "${stores[@]}" \
      --shapes-file "$logs/presets.shapes" --cache-regime hot --budget 11s || status=1
    grep -E '^(shape  |B[0-9])' "$logs/tune-presets.log" | cut -c 1-130 || true
    "$bin/attune" export "${stores[@]}" "$out/records.jsonl" || status=1
  fi
  rm -f "$out/presets.json"
  for try in 1 2 3; do  # again only after the device was lost
    local result=0 left=$((end > SECONDS ? end - SECONDS : 1))
    limited "$left" "presets-$try" env PYTHONUNBUFFERED=1 "$python" bench/presets.py --device "$device" \
      --library "$bin/libattune.so" --program "$bin/attune" --store build/gpu-store --output "$out/presets.json" \
      --minutes "$(awk "BEGIN { print ($left > 30 ? $left - 25 : 5) / 60 }")" "${resume[@]}" || result=$?
    grep -vE '^(\{|Traceback|  )' "$logs/presets-$try.log" | cut -c 1-600 || true
    [ "$result" -eq 0 ] || status=$result
    [ "$result" -eq 3 ] || break
    resume=(--resume)
  done
  return "$status"
}

step_bench() {
  timeout --kill-after=10 "$1" "$bin/attune" bench --device "$device" "${stores[@]}" --seconds 0.5 --json \
    "B1 H16 S16384 D128 bf16" "B4 H16 S4096 D128 bf16 causal" "B8 H32 S2048 D64 bf16" "B8 H32/8 S1x32768 D128 bf16" \
    >"$out/bench.json" 2>"$logs/bench.log" || { tail -n 3 "$logs/bench.log"; return 1; }
  grep -E '"(median_ms|gflops)"' "$out/bench.json" | head -n 16 || true
}

run() {
  local name steps seconds rest weights started result failed=0 end
  unpack
  [ -x "$bin/gpu_device_tests" ] || { echo "gpu: $bin is empty: run 'scripts/gpu.sh build' first, and carry it here" >&2; exit 2; }
  logs=$(mktemp -d)
  trap 'rm -rf "$logs"' EXIT
  mkdir -p "$out" build/gpu-store
  : >"$out/summary.txt"
  steps=${wanted:-$all_steps}
  if [ -n "$records" ]; then
    "$bin/attune" import "${stores[@]}" "$records" || echo "gpu: $records was not imported: tuning starts from nothing" >&2
  fi
  end=$((SECONDS + minutes * 60))
  read -ra steps <<<"$steps"
  while [ ${#steps[@]} -gt 0 ]; do
    name=${steps[0]}
    weights=0
    for rest in "${steps[@]}"; do weights=$((weights + share[$rest])); done
    seconds=$(((end - SECONDS) * share[$name] / weights))
    [ "$seconds" -ge 20 ] || seconds=20
    [ "$name" != doctor ] || seconds=60
    echo "== $name (at most $seconds s)"
    started=$SECONDS result=passed
    "step_$name" "$seconds" || result=FAILED failed=1
    printf '%-10s %s (%d s)\n' "$name" "$result" $((SECONDS - started)) >>"$out/summary.txt"
    tar -czf "$out/logs.tar.gz" -C "$logs" .  # after each step: the run may be cut off
    steps=("${steps[@]:1}")
  done
  echo
  cat "$out/summary.txt"
  [ "$failed" -eq 0 ] || { echo "scripts/gpu.sh: FAILED; the logs are in $out/logs.tar.gz"; exit 4; }
}

phase=${1:-}
[ $# -eq 0 ] || shift
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=${2:?--out needs a directory}; shift ;;
    --minutes) minutes=${2:?--minutes needs a number}; shift ;;
    --device) device=${2:?--device needs a name}; shift ;;
    --records) records=${2:?--records needs a file}; shift ;;
    --step)
      wanted=$(tr , ' ' <<<"${2:?--step needs a name: $all_steps}")
      for name in $wanted; do [ -n "${share[$name]:-}" ] || { echo "gpu: no step '$name': $all_steps" >&2; exit 1; }; done
      shift ;;
    *) usage ;;
  esac
  shift
done
case $phase in
  build | run) "$phase" ;;
  *) usage ;;
esac
