"""Attune, PyTorch and ONNX Runtime side by side on this CPU: interleaved rounds, results as JSON.

    python bench/compare.py --library build/release/api/libattune.so --program build/release/cli/attune

Each peer runs in a process of its own and takes its turn in every round, so that drift of the machine hits all alike. What is
reported: the median over rounds of the median call of a round, the median absolute deviation over rounds, the fastest call
of all, and the CPU time a call takes over all threads (it barely moves when another program takes a core).
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

BENCH = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH))

from peers.cases import DTYPES, SHAPES, Case, read_array, sampled_error, write_inputs  # noqa: E402

PEERS = ("attune", "torch", "onnxruntime")


class Peer:
    """The worker process of one peer."""

    def __init__(self, name: str, options: dict):
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peers.worker", name, json.dumps(options)],
            cwd=BENCH,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        answer = self._read()
        self.error = answer.get("error")
        self.versions = answer.get("versions", {})

    def _read(self) -> dict:
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        code = self.process.wait()
        return {"error": f"its process ended with code {code}"}

    def ask(self, do: str, **arguments) -> dict:
        if self.error:
            return {"error": self.error}
        try:
            self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.error = "its process has ended"
            return {"error": self.error}
        answer = self._read()
        if self.process.poll() is not None:
            self.error = answer.get("error")
        return answer

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def busy_seconds() -> float:
    """CPU seconds all programs of this machine have used since it started."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def median_and_mad(samples: list[float]) -> tuple[float, float]:
    median = statistics.median(samples)
    return median, statistics.median(abs(sample - median) for sample in samples)


def prepare(case: Case, peers: list[Peer], directory: Path) -> dict[str, dict]:
    """Tunes, picks each peer's fastest valid form, and checks its numbers against double precision."""
    prepared = {}
    output = directory / "output.npy"
    for peer in peers:
        output.unlink(missing_ok=True)
        answer = peer.ask("prepare", case=asdict(case), directory=str(directory))
        if "chosen" in answer:
            answer["accuracy"] = sampled_error(case, directory, read_array(output, case.dtype))
        prepared[peer.name] = answer
    return prepared


def measure(peers: list[Peer], prepared: dict[str, dict], rounds: int, round_seconds: float) -> float:
    """Runs the rounds, adds statistics to `prepared`, and returns the share of the CPU that other programs took."""
    running = [peer for peer in peers if "chosen" in prepared[peer.name]]
    samples: dict[str, list[dict]] = {peer.name: [] for peer in running}
    busy, start, own = busy_seconds(), time.perf_counter(), 0.0
    for round_index in range(rounds):
        turn = round_index % max(len(running), 1)
        for peer in running[turn:] + running[:turn]:
            calls = max(1, min(300, round(round_seconds * 1e3 / prepared[peer.name]["call_ms"])))
            answer = peer.ask("measure", calls=calls)
            if "error" in answer:
                prepared[peer.name]["error"] = answer["error"]
                continue
            own += answer["cpu_ms"] * (calls + 1) / 1e3
            samples[peer.name].append(answer)
    elapsed = time.perf_counter() - start
    others = max(0.0, busy_seconds() - busy - own) / (elapsed * os.cpu_count())
    for peer in running:
        if not samples[peer.name]:
            continue
        per_round = [statistics.median(sample["wall_ms"]) for sample in samples[peer.name]]
        median, mad = median_and_mad(per_round)
        prepared[peer.name]["time"] = {
            "median_ms": median,
            "mad_ms": mad,
            "min_ms": min(min(sample["wall_ms"]) for sample in samples[peer.name]),
            "cpu_ms": statistics.median(sample["cpu_ms"] for sample in samples[peer.name]),
            "rounds_ms": per_round,
        }
    return others


def machine() -> dict:
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
    }


def print_line(case: Case, prepared: dict[str, dict]) -> None:
    cells = []
    for name, result in prepared.items():
        if "time" in result:
            timing = result["time"]
            cells.append(f"{name} {timing['median_ms']:.2f} ±{timing['mad_ms']:.2f} ms (cpu {timing['cpu_ms']:.1f})")
        else:
            reason = result.get("error") or next(iter(result.get("refused", {}).values()), "no result")
            cells.append(f"{name}: {reason[:90]}")
    print(f"{case.text} {case.dtype}: " + " | ".join(cells), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", required=True, help="libattune.so")
    parser.add_argument("--program", required=True, help="the attune program, which the tuner starts to measure")
    parser.add_argument("--store", default="build/bench-store", help="records and kernels of Attune; reused by later runs")
    parser.add_argument("--output", default="bench/results/peers.json")
    parser.add_argument("--shapes", default="all", help="comma separated: " + ", ".join(case.name for case in SHAPES))
    parser.add_argument("--dtypes", default=",".join(DTYPES))
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--round-seconds", type=float, default=0.25, help="time a peer gets in one round")
    parser.add_argument("--tune-budget", default="12s", help="of each shape: quick, default, 30s, ...; none: do not tune")
    parser.add_argument("--threads", type=int, default=0, help="of every peer; 0: all cores")
    options = parser.parse_args()

    known = {case.name: case for case in SHAPES}
    wanted = list(known) if options.shapes == "all" else options.shapes.split(",")
    for kind, given, valid in (("shape", wanted, known), ("dtype", options.dtypes.split(","), DTYPES)):
        for name in given:
            if name not in valid:
                parser.error(f"unknown {kind} '{name}': choose from {', '.join(valid)}")
    threads = options.threads or len(os.sched_getaffinity(0))
    peer_options = {
        "threads": threads,
        "library": str(Path(options.library).resolve()),
        "program": str(Path(options.program).resolve()),
        "store": str(Path(options.store).resolve()),
        "tune_budget": options.tune_budget,
    }
    peers = [Peer(name, peer_options) for name in options.peers.split(",")]
    for peer in peers:
        print(f"{peer.name}: " + (peer.error or ", ".join(f"{k} {v}" for k, v in peer.versions.items())), flush=True)

    results = {
        "machine": machine(),
        "threads": threads,
        "rounds": options.rounds,
        "round_seconds": options.round_seconds,
        "tune_budget": options.tune_budget,
        "peers": {peer.name: {"versions": peer.versions, "error": peer.error} for peer in peers},
        "cases": [],
    }
    memory = Path("/dev/shm")
    in_memory = memory.is_dir() and shutil.disk_usage(memory).free > 3 << 30
    started = time.perf_counter()
    for name in wanted:
        for dtype in options.dtypes.split(","):
            case = replace(known[name], dtype=dtype)
            with tempfile.TemporaryDirectory(prefix="attune-bench-", dir=memory if in_memory else None) as directory:
                write_inputs(case, Path(directory))
                prepared = prepare(case, peers, Path(directory))
                others = measure(peers, prepared, options.rounds, options.round_seconds)
                for peer in peers:
                    peer.ask("release")
            print_line(case, prepared)
            results["cases"].append(
                {
                    **asdict(case),
                    "text": case.text,
                    "flops": case.flops,
                    "kv_bytes": case.kv_bytes,
                    "other_programs_share": others,
                    "peers": prepared,
                }
            )
    for peer in peers:
        peer.close()
    results["seconds"] = time.perf_counter() - started
    output = Path(options.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(results, indent=1))
    print(f"wrote {output} after {results['seconds']:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
