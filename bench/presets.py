"""Quantized presets beside each other and beside unquantized bf16 and fp16 at the shapes of models, on one device.

    python3 bench/presets.py --library build/device-gpu/libattune.so --program build/device-gpu/attune
    python3 bench/presets.py --device cpu --library ... --program ...      tries the program itself, on small shapes
    python3 bench/presets.py --device emulated:sm_90a --shapes vit-small   and what that GPU refuses; its times mean nothing
    python3 bench/presets.py --list-shapes                                  what `attune tune` should tune before

End to end: a launch of a preset quantizes Q, K and V and attends; NAME alone attends to codes that are given. Rounds, order
and time are those of bench/gpu.py, with at least three launches between two events, since the longest shapes take a second
each. Presets run on bf16 tensors, and every output is compared with attention in double on sampled rows, quantized ones by
the floors of docs/accuracy.md.

On a GPU a profile of ten launches then tells the quantizers' kernels from the attention, and what the quantizers move is held
against a copy of as many bytes in the same profile: `of_copy` is its time over theirs.
Exit codes and --resume as bench/gpu.py.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

BENCH = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH))

import gpu  # noqa: E402
from peers.gpu_cases import GpuCase  # noqa: E402
from peers.preset_cases import (  # noqa: E402
    ALONE,
    PRESETS,
    UNQUANTIZED,
    in_floors,
    preset_cases,
    preset_cpu_cases,
    quantizer_bytes,
    split_kernels,
    tune_lines,
)

LAUNCHES, PROFILED = 3, 10


def prepare(case: GpuCase, session, options) -> tuple[list, dict]:
    """Makes, warms up and checks every subject: first what is not quantized, in both types, then each preset on bf16."""
    from peers import given_operands, gpu_subjects

    subjects, results = [], {}
    for dtype in reversed(UNQUANTIZED):  # bf16 last: its tensors and their reference serve the presets
        typed = replace(case, dtype=dtype)
        inputs = gpu_subjects.Inputs(typed, options.torch_device)
        reference = gpu_subjects.reference_rows(inputs)
        for name in [dtype, *((*PRESETS, *ALONE) if dtype == "bf16" else ())]:
            quantization = name if name in PRESETS else "none"
            try:
                if name in ALONE:
                    subject = given_operands.attention_alone(session, inputs, ALONE[name], name)
                else:
                    subject = gpu_subjects.attune_subject(session, inputs, options.tune_budget, quantization, name)
                accuracy = gpu_subjects.error_of(subject.call(), reference, dtype)
            except Exception as error:  # what a device lacks is refused by name; the reason goes into the results
                results[name] = {"refused": gpu.reason_of(error)}
                if gpu.is_lost(results[name]["refused"]):
                    raise
                continue
            chosen = name.split()[0] if name in ALONE else subject.facts["quantization"]
            accuracy["passed"] = in_floors(chosen, accuracy)
            results[name] = {"facts": subject.facts, "accuracy": accuracy}
            subjects.append(subject)
    return subjects, {name: results[name] for name in (*UNQUANTIZED, *PRESETS, *ALONE)}


def profile(case: GpuCase, subject, options) -> dict:
    """Where the time of a quantized plan goes, by kernels, beside a copy of as many bytes as the quantizers move."""
    import torch
    from torch.profiler import ProfilerActivity

    preset = subject.facts["quantization"]
    moved = quantizer_bytes(case, preset)
    source = torch.empty(moved // 2, dtype=torch.uint8, device=options.device)
    target = torch.empty_like(source)
    with torch.profiler.profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(PROFILED):
            subject.call()
            target.copy_(source)
        torch.cuda.synchronize()
    on_device = (event for event in profiler.events() if event.device_type == torch.autograd.DeviceType.CUDA)
    events = [(event.name, event.time_range.elapsed_us()) for event in on_device]
    parts = split_kernels(events)
    if min(parts.values()) <= 0:
        names = sorted({name for name, _ in events})
        raise RuntimeError(f"the profile shows no quantizer, no attention or no copy, only: {', '.join(names) or 'nothing'}")
    each_ms = {name: microseconds / PROFILED / 1e3 for name, microseconds in parts.items()}
    return {
        "quantizers_ms": each_ms["quantizers"],
        "attention_ms": each_ms["attention"],
        "copy_ms": each_ms["copy"],
        "moved_bytes": moved,
        "bytes_per_s": moved / each_ms["quantizers"] * 1e3,
        "of_copy": each_ms["copy"] / each_ms["quantizers"],
    }


def run_case(case: GpuCase, session, timer, clocks, options) -> dict:
    entry = {**asdict(case), "text": case.text, "shape": case.shape_text, "flops": case.flops, "decode": False}
    subjects: list = []
    try:
        subjects, entry["subjects"] = prepare(case, session, options)
        measured = gpu.measure(case, subjects, timer, clocks, options, LAUNCHES)
        entry["clocks"] = measured["clocks"]
        for name, timing in measured["timings"].items():
            entry["subjects"][name]["time"] = timing
        for subject in subjects if options.on_gpu else []:
            if subject.facts["quantization"] == "none" or subject.name in ALONE:
                continue
            try:
                entry["subjects"][subject.name]["profile"] = profile(case, subject, options)
            except Exception as error:  # times end to end stand without it
                entry["subjects"][subject.name]["profile"] = {"error": gpu.reason_of(error)}
                if gpu.is_lost(entry["subjects"][subject.name]["profile"]["error"]):
                    raise
    except Exception as error:  # the other cases go on, unless the device is gone
        entry["error"] = gpu.reason_of(error)
        if gpu.is_lost(entry["error"]):
            entry["lost"] = True
            return entry
    for subject in subjects:
        subject.close()
    return entry


def print_line(entry: dict) -> None:
    cells = [entry["error"]] if "error" in entry else []
    base = entry.get("subjects", {}).get("bf16", {}).get("time", {}).get("median_ms")
    for name, result in entry.get("subjects", {}).items():
        if "time" not in result:
            cells.append(f"{name}: {result.get('refused', 'no result')[:60]}")
            continue
        median = result["time"]["median_ms"]
        chosen = f" = {result['facts']['quantization']}" if name == "sage" else ""
        cell = f"{name}{chosen} {median:.4f} ±{result['time']['mad_ms']:.4f} ms"
        if base:
            cell += f" {base / median:.2f}x"
        shares = result.get("profile", {})
        if "of_copy" in shares:
            cell += f" quantizers {shares['quantizers_ms']:.4f} ms, {shares['of_copy']:.0%} of copy"
        elif shares:
            cell += f" ({shares['error'][:80]})"
        cells.append(cell if result["accuracy"]["passed"] else cell + " WRONG")
    print(f"{entry['name']}: " + " | ".join(cells), flush=True)


def refused_by_name(result: dict, name: str) -> bool:
    """A preset that the device has no instructions for is an answer; anything else that did not run is a failure."""
    return name not in UNQUANTIZED and "unsupported" in result.get("refused", "")


def failed(entry: dict) -> bool:
    return "error" in entry or any(
        not result["accuracy"]["passed"] if "time" in result else not refused_by_name(result, name)
        for name, result in entry["subjects"].items()
    )


def parse() -> argparse.Namespace:
    parser = gpu.parser_of(__doc__, 5, "three", "presets.json")
    parser.add_argument("--shapes", default="all", help="all or names, comma separated")
    options = parser.parse_args()
    gpu.finish_options(options)
    options.cases = preset_cases() if options.on_gpu else preset_cpu_cases()
    if options.shapes != "all":
        options.cases = gpu.named_cases(parser, options.cases, options.shapes, "all")
    return options


def main() -> int:
    options = parse()
    if options.list_shapes:
        print("\n".join(tune_lines(options.cases)))
        return 0
    started = time.perf_counter()
    import torch

    from peers.attune_abi import Session
    from peers.gpu_clock import Clocks, Timer

    if options.on_gpu and not torch.cuda.is_available():
        print("presets.py: PyTorch sees no GPU here. Run it where there is one, or try it with --device cpu.", file=sys.stderr)
        return gpu.EXIT_FAILED
    paths = [str(Path(path).resolve()) for path in (options.library, options.program)]
    session = Session(paths[0], options.device, Path(options.store).resolve(), paths[1])
    timer, clocks = Timer(options.device), Clocks(options.device)
    results = {
        "machine": gpu.machine(session, options),
        "clock_source": clocks.source,
        "rounds": options.rounds,
        "turn_ms": options.turn_ms,
        "tune_budget": options.tune_budget,
        "cases": [],
    }
    print(json.dumps({key: results[key] for key in ("machine", "clock_source")}), flush=True)
    exit_code = gpu.run_all(
        options, results, lambda case: run_case(case, session, timer, clocks, options), print_line, failed, started
    )
    return gpu.end(exit_code, clocks)


if __name__ == "__main__":
    sys.exit(main())
