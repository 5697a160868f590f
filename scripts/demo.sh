#!/usr/bin/env bash
# The main job from nothing: set up, build, tune a few shapes, run attention on files, check it, explain it.
# Works from any directory and without a terminal. Everything it writes stays under build/.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '\n== %s\n' "$1"; }
attune() {
  local word
  printf '$ attune'
  for word in "$@"; do
    case $word in
      *[\ \(]*) printf ' "%s"' "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '\n'
  "$root/build/release/cli/attune" "$@"
}

say "Set up and build (quick when nothing is missing)"
scripts/setup.sh
. scripts/environment.sh
log=build/demo/build.log
mkdir -p build/demo
if ! { cmake --preset release && cmake --build build/release --target attune_cli; } >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "demo: the build failed; the whole log is in $root/$log" >&2
  exit 2
fi
echo "build/release/cli/attune is ready"

# A private cache, so that the demo neither reads nor changes the records and kernels of this user.
rm -rf build/demo/records build/demo/kernels build/demo/data
mkdir -p build/demo/data
export ATTUNE_RECORDS_DIR="$root/build/demo/records"
export ATTUNE_KERNELS_DIR="$root/build/demo/kernels"
data=build/demo/data

prefill="B1 H8/2 S1024 D128 bf16 causal"
video="B1 H6 S1100 D64 fp32"
decode="B2 H8/2 S1x4096 D128 bf16 causal(bottom_right)"

say "1. What this machine offers"
attune doctor

say "2. Tune three shapes: LLM prefill, a video transformer, LLM decode"
attune tune "$prefill" "$video" "$decode" --budget 8s

say "3. Q, K and V with the statistics of real models"
attune sample "$prefill" --kind llm --seed 1 --out $data/llm.safetensors
attune sample "$video" --kind dit --seed 1 --out-dir $data

say "4. Attention on these files, checked against attention in double"
llm=(--q $data/llm.safetensors --k $data/llm.safetensors --v $data/llm.safetensors --causal top-left)
attune run "${llm[@]}" --out $data/llm_o.safetensors --check
attune run --q $data/q.npy --k $data/k.npy --v $data/v.npy --out $data/o.npy --check

say "5. A shape that was never tuned: compiled at the first call, fetched from the cache at the second"
attune sample "B1 H4 S777 D80" --kind fa3 --out-dir $data
attune run --q $data/q.npy --k $data/k.npy --v $data/v.npy --out $data/o.npy
attune run --q $data/q.npy --k $data/k.npy --v $data/v.npy --out $data/o.npy

say "6. Why this kernel?"
attune explain "$prefill"

say "7. A GPU kernel without a GPU: emitted, compiled, run on the emulator, checked, explained"
gpu="B1 H4/2 S320 D128 bf16 causal"
attune emit "$gpu" --device emulated:sm_90a --config heuristic --out build/demo/forward_sm_90a.cu
sed -n '1,4p' build/demo/forward_sm_90a.cu
attune verify "$gpu" --arch sm_80,sm_89,sm_90a,sm_120a --rows 0
attune emit "$gpu" --device emulated:sm_90a --config heuristic --stats
attune explain "$gpu" --device emulated:sm_90a

say "Done"
echo "Try next: build/release/cli/attune --help"
