"""Attune beside PyTorch's scaled_dot_product_attention on one GPU, in one process: interleaved rounds, results as JSON.

    python3 bench/gpu.py --library build/device-gpu/libattune.so --program build/device-gpu/attune
    python3 bench/gpu.py --device cpu --library ... --program ...      tries the program itself, on small shapes
    python3 bench/gpu.py --list-shapes                                  what `attune tune` should tune before

In each round every subject is measured once, in an order that rotates; a measurement is the mean of at least ten launches
between two CUDA events. Decode starts each launch from an overwritten cache. Every subject's output is compared with
attention in double on sampled rows before it is timed. The file is written after each case, so that nothing measured is lost.
Exits with 0, with 1 when Attune failed or was out of tolerance somewhere, with 3 when the device was lost: start it again
with --resume, and it goes on behind the case that did it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

BENCH = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH))

from peers.gpu_cases import GpuCase, cpu_cases, gpu_cases  # noqa: E402

EXIT_FAILED, EXIT_LOST = 1, 3
LAUNCHES = 10
LOST_WORDS = ("illegal", "device_lost", "unspecified launch failure", "misaligned address", "device-side assert")


def reason_of(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


def is_lost(reason: str) -> bool:
    return any(word in reason for word in LOST_WORDS)


def prepare(case: GpuCase, inputs, session, options) -> tuple[list, dict]:
    """Makes, warms up and checks every subject. Returns those that ran, and what is known of all."""
    from peers import gpu_subjects

    makers = {"attune": lambda: gpu_subjects.attune_subject(session, inputs, options.tune_budget)}
    makers |= dict(gpu_subjects.torch_subjects(inputs, options.backends.split(",")))
    reference = gpu_subjects.reference_rows(inputs)
    subjects, results = [], {}
    for name, make in makers.items():
        try:
            subject = make()
            with subject.scope():
                output = subject.call()
            results[name] = {"facts": subject.facts, "accuracy": gpu_subjects.error_of(output, reference, case.dtype)}
        except Exception as error:  # a backend may raise anything; the reason goes into the results
            results[name] = {"refused": reason_of(error)}
            if is_lost(results[name]["refused"]):
                raise
            continue
        subjects.append(subject)
    return subjects, results


def launches_of(subject, timer, cold: bool, milliseconds: float, least: int) -> int:
    """Enough to fill `milliseconds`, and `least` of them; cold ones are few, since overwriting the cache takes longer."""
    timer.measure(subject, 2, cold)
    once = statistics.median(timer.measure(subject, 3, cold))
    return max(least, min(50 if cold else 2000, round(milliseconds / max(once, 1e-3))))


def measure(case: GpuCase, subjects: list, timer, clocks, options, least: int = LAUNCHES) -> dict[str, dict]:
    counts = {s.name: launches_of(s, timer, case.decode, options.turn_ms, least) for s in subjects}
    rounds: dict[str, list[float]] = {s.name: [] for s in subjects}
    fastest: dict[str, float] = {s.name: float("inf") for s in subjects}
    start = time.perf_counter()
    for index in range(options.rounds):
        turn = index % max(len(subjects), 1)
        for subject in subjects[turn:] + subjects[:turn]:
            times = timer.measure(subject, counts[subject.name], case.decode)
            rounds[subject.name].append(statistics.median(times))
            fastest[subject.name] = min(fastest[subject.name], *times)
    timings = {}
    for name, samples in rounds.items():
        median = statistics.median(samples)
        timings[name] = {
            "median_ms": median,
            "mad_ms": statistics.median(abs(sample - median) for sample in samples),
            "min_ms": fastest[name],
            "rounds_ms": samples,
            "launches": counts[name],
            "flops_per_s": case.flops / median * 1e3,
            "bytes_per_s": case.bytes / median * 1e3,
        }
    return {"timings": timings, "clocks": clocks.since(start)}


def run_case(case: GpuCase, session, timer, clocks, options) -> dict:
    from peers import gpu_subjects

    entry = {
        **asdict(case),
        "text": case.text,
        "shape": case.shape_text,
        "flops": case.flops,
        "bytes": case.bytes,
        "decode": case.decode,
        "cache": "overwritten before each launch" if case.decode else "as the launch before left it",
    }
    subjects: list = []
    try:
        inputs = gpu_subjects.Inputs(case, options.torch_device)
        subjects, entry["subjects"] = prepare(case, inputs, session, options)
        measured = measure(case, subjects, timer, clocks, options)
        entry["clocks"] = measured["clocks"]
        for name, timing in measured["timings"].items():
            entry["subjects"][name]["time"] = timing
    except Exception as error:  # the other cases go on, unless the device is gone
        entry["error"] = reason_of(error)
        if is_lost(entry["error"]):
            entry["lost"] = True
            return entry
    for subject in subjects:
        subject.close()
    return entry


def check_capture(session, options) -> dict:
    """A captured launch replays on new data as the same launch made eagerly; a plan that is not ready says so."""
    import torch

    from peers import gpu_subjects

    case = replace(gpu_cases()[0], name="capture", batch=1, seqlen_q=1024, seqlen_kv=1024)
    inputs = gpu_subjects.Inputs(case, options.device)
    subject = gpu_subjects.attune_subject(session, inputs, "none")
    subject.call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    unknown = ""
    with torch.cuda.graph(graph):
        captured = subject.call()
        try:
            stream = torch.cuda.current_stream().cuda_stream
            session.library.c.attune_plan_release(session.find(session.problem(replace(case, seqlen_q=999)), stream))
        except Exception as error:
            unknown = reason_of(error)
    inputs.v.neg_()
    graph.replay()
    torch.cuda.synchronize()
    replayed = captured.clone()
    eager = subject.call()
    torch.cuda.synchronize()
    same = bool(torch.equal(replayed, eager))
    subject.close()
    return {"replay_equals_eager": same, "unprepared_problem_in_capture": unknown or "was not refused"}


def machine(session, options) -> dict:
    import torch

    facts = {
        "kind": "cuda" if options.device.startswith("cuda") else "cpu",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "date": datetime.date.today().isoformat(),
        **session.device(),
    }
    if facts["kind"] == "cuda":
        properties = torch.cuda.get_device_properties(options.device)
        facts |= {
            "name": properties.name,
            "multiprocessors": properties.multi_processor_count,
            "memory_gib": round(properties.total_memory / 2**30, 1),
            "l2_mib": round(properties.L2_cache_size / 2**20, 1),
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
            "driver": driver_version(),
        }
    return facts


def driver_version() -> str:
    path = Path("/proc/driver/nvidia/version")
    if path.is_file():
        return path.read_text().splitlines()[0].partition("Kernel Module")[2].split()[0]
    try:
        import pynvml

        pynvml.nvmlInit()
        version = pynvml.nvmlSystemGetDriverVersion()
        return version if isinstance(version, str) else version.decode()
    except Exception as error:
        return f"unknown ({type(error).__name__})"


def print_line(entry: dict) -> None:
    cells = [entry["error"]] if "error" in entry else []
    for name, result in entry.get("subjects", {}).items():
        if "time" not in result:
            cells.append(f"{name}: {result.get('refused', 'no result')[:60]}")
            continue
        timing, off = result["time"], "" if result["accuracy"]["tolerance_ratio"] <= 1 else " WRONG"
        rate = f"{timing['bytes_per_s'] / 1e9:.0f} GB/s" if entry["decode"] else f"{timing['flops_per_s'] / 1e12:.1f} TFLOP/s"
        cells.append(f"{name} {timing['median_ms']:.4f} ±{timing['mad_ms']:.4f} ms {rate}{off}")
    print(f"{entry['name']}: " + " | ".join(cells), flush=True)


def failed(entry: dict) -> bool:
    own = entry.get("subjects", {}).get("attune", {})
    return "error" in entry or "time" not in own or own["accuracy"]["tolerance_ratio"] > 1


def write(path: Path, results: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(results, indent=1))
    os.replace(temporary, path)


def parser_of(description: str, rounds: int, least: str, output: str) -> argparse.ArgumentParser:
    """The options that every comparison on a GPU has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default="build/device-gpu/libattune.so")
    parser.add_argument("--program", default="build/device-gpu/attune", help="the attune program, which the tuner starts")
    parser.add_argument("--store", default="build/gpu-store", help="records and kernels of Attune; reused by later runs")
    parser.add_argument("--device", default="cuda:0", help="cuda:0, or cpu to try this program without a GPU")
    parser.add_argument("--output", default="", help=f"default: bench/results/{output}; elsewhere build/dry-run-{output}")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--turn-ms", type=float, default=20, help=f"time a subject gets in one round, {least} launches at least")
    parser.add_argument("--tune-budget", default="none", help="of each problem: none (use the records that are there), 10s, ...")
    parser.add_argument("--minutes", type=float, default=0, help="no case is started after that; 0: no limit")
    parser.add_argument("--resume", action="store_true", help="keep what --output has, measure the other cases only")
    parser.add_argument("--list-shapes", action="store_true", help="print the shapes for `attune tune`, and end")
    parser.set_defaults(output_name=output)
    return parser


def finish_options(options: argparse.Namespace) -> None:
    options.on_gpu = options.device.startswith("cuda")
    options.torch_device = options.device if options.on_gpu else "cpu"
    folder = "bench/results/" if options.on_gpu else "build/dry-run-"
    options.output = options.output or folder + options.output_name


def named_cases(parser: argparse.ArgumentParser, cases: list[GpuCase], names: str, groups: str) -> list[GpuCase]:
    known = {case.name: case for case in cases}
    for name in names.split(","):
        if name not in known:
            parser.error(f"unknown shape '{name}': choose from {groups}, {', '.join(known)}")
    return [known[name] for name in names.split(",")]


def parse() -> argparse.Namespace:
    parser = parser_of(__doc__, 7, "ten", "gpu.json")
    parser.add_argument("--shapes", default="all", help="all, prefill, decode or names, comma separated")
    parser.add_argument("--dtype", default="bf16", choices=("bf16", "fp16"))
    parser.add_argument("--backends", default="flash,cudnn,math", help="of PyTorch")
    options = parser.parse_args()
    finish_options(options)
    cases = [replace(case, dtype=options.dtype) for case in (gpu_cases() if options.on_gpu else cpu_cases())]
    if options.shapes in ("prefill", "decode"):
        cases = [case for case in cases if case.decode == (options.shapes == "decode")]
    elif options.shapes != "all":
        cases = named_cases(parser, cases, options.shapes, "all, prefill, decode")
    options.cases = cases
    return options


def run_all(options, results: dict, run_one, print_one, failed_one, started: float) -> int:
    """Measures the cases that `results` has not, writes the file after each, and returns the exit code."""
    import torch

    output = Path(options.output)
    if options.resume and output.is_file():
        results["cases"] = json.loads(output.read_text())["cases"]
    done = {case["name"] for case in results["cases"]}
    waiting = [case for case in options.cases if case.name not in done]
    exit_code = 0
    while waiting and exit_code != EXIT_LOST:
        if options.minutes and time.perf_counter() - started > 60 * options.minutes:
            print(f"out of time after {options.minutes} minutes: {len(waiting)} cases are left", flush=True)
            break
        entry = run_one(waiting.pop(0))
        print_one(entry)
        results["cases"].append(entry)
        results["not_measured"] = [case.name for case in waiting]
        results["seconds"] = time.perf_counter() - started
        write(output, results)
        if options.on_gpu and not entry.get("lost"):
            torch.cuda.empty_cache()
        exit_code = EXIT_LOST if entry.get("lost") else exit_code or (EXIT_FAILED if failed_one(entry) else 0)
    print(f"wrote {output}: {len(results['cases'])} cases, {len(waiting)} left, {time.perf_counter() - started:.0f} s")
    return exit_code


def end(exit_code: int, clocks) -> int:
    clocks.close()
    if exit_code == EXIT_LOST:
        print("the device was lost: run again with --resume", file=sys.stderr, flush=True)
        os._exit(EXIT_LOST)  # nothing on this device can be released in order any more
    return exit_code


def main() -> int:
    options = parse()
    if options.list_shapes:
        for case in options.cases:
            print(case.shape_text)
        return 0
    started = time.perf_counter()
    import torch

    from peers.attune_abi import Session
    from peers.gpu_clock import Clocks, Timer, ceilings

    if options.on_gpu and not torch.cuda.is_available():
        print("gpu.py: PyTorch sees no GPU here. Run it on a machine that has one, or try it with --device cpu.", file=sys.stderr)
        return EXIT_FAILED
    paths = [str(Path(path).resolve()) for path in (options.library, options.program)]
    session = Session(paths[0], options.device, Path(options.store).resolve(), paths[1])
    timer, clocks = Timer(options.device), Clocks(options.device)
    results = {
        "machine": machine(session, options),
        "clock_source": clocks.source,
        "ceilings": ceilings(options.device),
        "rounds": options.rounds,
        "turn_ms": options.turn_ms,
        "tune_budget": options.tune_budget,
        "cases": [],
    }
    print(json.dumps({key: results[key] for key in ("machine", "clock_source", "ceilings")}), flush=True)
    if options.on_gpu:
        try:
            results["capture"] = check_capture(session, options)
        except Exception as error:
            results["capture"] = {"error": reason_of(error)}
        print("graph capture:", json.dumps(results["capture"]), flush=True)
    exit_code = run_all(
        options, results, lambda case: run_case(case, session, timer, clocks, options), print_line, failed, started
    )
    return end(exit_code, clocks)


if __name__ == "__main__":
    sys.exit(main())
