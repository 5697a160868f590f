#!/usr/bin/env bash
# Measures Attune beside PyTorch and ONNX Runtime on this machine's CPU, and writes docs/performance.md and its plots.
#   scripts/bench.sh [--quick] [--shapes NAME,...] [--dtypes fp32,bf16] [--peers attune,torch,onnxruntime] [--rounds N]
#                    [--tune-budget 12s] [--build DIR] [--no-docs]
# Sets up everything it needs: packages, build, a virtual environment in .venv with the peers. Run it on a quiet machine.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/release
rounds=7 tune_budget=12s round_seconds=0.25 docs=1 micro_time=0.3
compare=()
while [ $# -gt 0 ]; do
  case $1 in
    --quick) rounds=5 tune_budget=4s round_seconds=0.1 micro_time=0.1 ;;
    --shapes | --dtypes | --peers) compare+=("$1" "${2:?$1 needs a value}"); shift ;;
    --rounds) rounds=${2:?--rounds needs a number}; shift ;;
    --tune-budget) tune_budget=${2:?--tune-budget needs a value}; shift ;;
    --no-docs) docs=0 ;;
    --build) build=${2:?--build needs a build directory}; shift ;;
    -h | --help) sed -n '2,5s/^# //p' "$0"; exit 0 ;;
    *) echo "bench: unknown option '$1': see $0 --help" >&2; exit 1 ;;
  esac
  shift
done

scripts/setup.sh
. scripts/environment.sh
if [ "$build" = build/release ]; then
  cmake --preset release -DATTUNE_BUILD_BENCHMARKS=ON >/dev/null
fi
cmake --build "$build" --target attune attune_cli attune_bench

# Peers go into .venv one by one, so that one that cannot be installed leaves the others; the table then says so.
python=.venv/bin/python
if [ ! -x "$python" ]; then python3 -m venv .venv; fi
install() {  # install NAME [pip options]: bench/requirements-NAME.txt, once per content
  local name=$1; shift
  local list=bench/requirements-$name.txt
  cmp -s "$list" ".venv/installed-$name.txt" && return 0
  echo "bench: installing $(grep -v '^#' "$list" | tr '\n' ' ')"
  "$python" -m pip install --quiet --disable-pip-version-check "$@" -r "$list" 2>".venv/pip-$name.log" || return 1
  cp "$list" ".venv/installed-$name.txt"
}
if ! install base; then
  echo "bench: the Python packages of bench/requirements-base.txt cannot be installed (see .venv/pip-base.log)." >&2
  echo "bench: check the network or the proxy of pip; 'build/release/bench/attune_bench' runs without them." >&2
  exit 2
fi
install onnxruntime || echo "bench: ONNX Runtime cannot be installed and is left out: $(tail -n 1 .venv/pip-onnxruntime.log)" >&2
install torch || echo "bench: PyTorch cannot be installed and is left out: $(tail -n 1 .venv/pip-torch.log)" >&2

mkdir -p bench/results
"$build/bench/attune_bench" --benchmark_min_time="$micro_time" --benchmark_out=bench/results/micro.json --benchmark_out_format=json
"$python" bench/compare.py --library "$build/api/libattune.so" --program "$build/cli/attune" \
  --rounds "$rounds" --round-seconds "$round_seconds" --tune-budget "$tune_budget" "${compare[@]}"
if [ "$docs" = 1 ]; then "$python" bench/report.py; fi
