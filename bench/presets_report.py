"""The block of docs/performance.md on quantized presets on a GPU, from what bench/presets.py wrote."""

from __future__ import annotations

from statistics import geometric_mean

from blocks import block_of, replace_block, table
from peers.preset_cases import ALONE, PRESETS, UNQUANTIZED

NOT_MEASURED = (
    "**Quantized kernels were not measured on a GPU yet.** `scripts/gpu.sh run --step presets` measures preset against preset "
    "and against bf16 and fp16 on a machine that has one, and `bench/report.py` then writes its tables here."
)
NAMES = (*UNQUANTIZED, *PRESETS, *ALONE)


def milliseconds(case: dict, name: str) -> float | None:
    return case.get("subjects", {}).get(name, {}).get("time", {}).get("median_ms")


def cell(case: dict, name: str) -> str:
    result = case.get("subjects", {}).get(name, {})
    if "time" not in result:
        if not result and "error" not in case:
            return "-"
        return "failed" if "error" in case or "unsupported" not in result.get("refused", "") else "refused"
    timing = result["time"]
    text = f"{timing['flops_per_s'] / 1e12:.0f} ± {timing['mad_ms'] / timing['median_ms']:.1%}"
    if name == "sage":
        text += f" ({result['facts']['quantization']})"
    if timing["median_ms"] == min(ms for other in NAMES if (ms := milliseconds(case, other))):
        text = f"**{text}**"
    return text if result["accuracy"]["passed"] else text + " (out of its floor)"


def over_bf16(case: dict, name: str) -> float | None:
    base, own = milliseconds(case, "bf16"), milliseconds(case, name)
    return base / own if base and own else None


def speed_table(cases: list[dict]) -> str:
    header = ["model", "(B, Hq/Hkv, S, D)"] + [f"{NAMES[0]}, TOPS ± spread", *NAMES[1:]]
    header += [f"{name} over bf16" for name in PRESETS]
    rows = []
    for case in cases:
        row = [case["name"], case["text"], *(cell(case, name) for name in NAMES)]
        rows.append(row + [f"{ratio:.2f}x" if (ratio := over_bf16(case, name)) else "-" for name in PRESETS])
    return table(header, rows)


def summary(cases: list[dict]) -> str:
    lines = []
    for name in PRESETS:
        found = [(ratio, case["name"]) for case in cases if (ratio := over_bf16(case, name))]
        if found:
            lines.append(
                f"- {name} over bf16, quantizing included: {geometric_mean(ratio for ratio, _ in found):.2f}x in the geometric "
                f"mean, {min(found)[0]:.2f}x at {min(found)[1]} to {max(found)[0]:.2f}x at {max(found)[1]}, {len(found)} shapes."
            )
    return "\n".join(lines)


def quantizer_table(cases: list[dict]) -> str:
    rows = []
    for case in cases:
        for name in PRESETS:
            result = case.get("subjects", {}).get(name, {})
            shares = result.get("profile")
            if not shares or name == "sage":  # sage is one of the others
                continue
            if "error" in shares:
                rows.append([case["name"], name, f"not profiled: {shares['error']}", "-", "-", "-", "-"])
                continue
            attention_rate = case["flops"] / shares["attention_ms"] * 1e3 / 1e12
            rows.append(
                [
                    case["name"],
                    name,
                    f"{shares['attention_ms']:.4f}",
                    f"{attention_rate:.0f}",
                    f"{shares['quantizers_ms']:.4f}",
                    f"{shares['bytes_per_s'] / 1e12:.2f}",
                    f"{shares['of_copy']:.0%}",
                ]
            )
    header = ["model", "preset", "attention, ms", "TOPS of it", "quantizers, ms", "TB/s", "of a copy of as many bytes"]
    return table(header, rows) if rows else ""


def accuracy_table(cases: list[dict]) -> str:
    rows = []
    for case in cases:
        row = [case["name"]]
        for name in NAMES:
            accuracy = case.get("subjects", {}).get(name, {}).get("accuracy")
            row.append(f"{accuracy['cosine']:.5f} / {accuracy['relative_l1']:.4f}" if accuracy else "-")
        rows.append(row)
    return table(["model, CosSim / relative L1 of sampled rows", *NAMES], rows)


def machine_line(results: dict) -> str:
    machine = results["machine"]
    clocks = [case["clocks"]["sm_mhz"][1] for case in results["cases"] if case.get("clocks")]
    clock = f"SM clock {min(clocks):.0f} to {max(clocks):.0f} MHz" if clocks else f"clocks not readable: {results['clock_source']}"
    return (
        f"{machine['name']}, driver {machine['driver']}, CUDA {machine['cuda']}, PyTorch {machine['torch']}, Attune "
        f"{machine['attune']} for {machine['arch']}, {machine['date']}; {results['rounds']} rounds, {results['turn_ms']:.0f} ms "
        f"or three launches of each subject in each; tuning in this run: {results['tune_budget']}; {clock}."
    )


def presets_block(results: dict) -> str:
    if results["machine"]["kind"] != "cuda":
        raise SystemExit("The results are of a trial without a GPU: measure on one with scripts/gpu.sh run.")
    cases = results["cases"]
    parts = [machine_line(results), speed_table(cases), summary(cases), quantizer_table(cases), accuracy_table(cases)]
    parts += [f"{case['name']} failed: {case['error']}" for case in cases if "error" in case]
    left = results.get("not_measured", [])
    if left:
        parts.append(f"Out of time, not measured: {', '.join(left)}.")
    return "\n\n".join(part for part in parts if part)


def update(text: str, results: dict | None) -> str:
    """The page with these results; where there are none at hand, what it says of earlier ones stays."""
    if results is not None:
        return replace_block(text, "presets", presets_block(results))
    return text if block_of(text, "presets").strip() else replace_block(text, "presets", NOT_MEASURED)
