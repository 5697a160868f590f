"""Writes the tables of docs/performance.md and the plots in docs/plots/ from the results of a run.

    python bench/report.py --peers bench/results/peers.json --micro bench/results/micro.json --gpu bench/results/gpu.json
        --presets bench/results/presets.json

Only the blocks between `<!-- begin NAME -->` and `<!-- end NAME -->` are replaced; the words around them are written by hand.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from statistics import geometric_mean

BENCH = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH))

import gpu_report  # noqa: E402
import plots  # noqa: E402
import presets_report  # noqa: E402
from blocks import replace_block, table  # noqa: E402

TITLES = {"attune": "Attune", "torch": "PyTorch", "onnxruntime": "ONNX Runtime"}
# What the project asks of itself: budgets of architecture section 3, in milliseconds.
BUDGETS = (
    ("plan_cache_hit", "plan cache hit", 1e-3),
    ("cached_kernel_load", "first call, kernel in the store", 5.0),
    ("cold_compile", "first call, kernel compiled", 600.0),
    ("launch", "launch of a one-row problem", None),
    ("attention_c_abi", "attune_attention of a one-row problem", None),
)
UNIT_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}


def number(value: float) -> str:
    """Three significant digits without an exponent."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def duration(milliseconds: float) -> str:
    for unit, size in (("s", 1e3), ("ms", 1.0), ("us", 1e-3)):
        if milliseconds >= size:
            return f"{number(milliseconds / size)} {unit}"
    return f"{milliseconds * 1e6:.0f} ns"


def time_of(case: dict, peer: str) -> float | None:
    return case["peers"].get(peer, {}).get("time", {}).get("median_ms")


def passed(case: dict, peer: str) -> bool:
    return case["peers"][peer]["accuracy"]["tolerance_ratio"] <= 1


def ratios(cases: list[dict], peers: list[str]) -> list[float]:
    """Speed of Attune over each of `peers` where both ran."""
    found = []
    for case in cases:
        own = time_of(case, "attune")
        found += [time_of(case, peer) / own for peer in peers if own and time_of(case, peer)]
    return found


def absence(results: dict, case: dict, peer: str) -> str:
    """Why there is no number, in a few words for a table cell."""
    if results["peers"].get(peer, {"error": "not asked for"})["error"]:
        return "not available"
    result = case["peers"].get(peer, {})
    if result.get("refused") and not result.get("forms"):
        reasons = " ".join(result["refused"].values())
        return "not supported" if "NOT_IMPLEMENTED" in reasons or "unsupported" in reasons else "failed"
    return "failed" if result.get("error") else "not measured"


def machine_block(results: dict) -> str:
    machine = results["machine"]
    versions = []
    for name, peer in results["peers"].items():
        if peer["error"]:
            versions.append(f"{TITLES[name]}: not available ({peer['error']})")
            continue
        facts = {key: value for key, value in peer["versions"].items() if key not in ("threads", "device")}
        versions.append(f"{TITLES[name]}: " + ", ".join(f"{key} {value}" for key, value in facts.items()))
    shares = [case["other_programs_share"] for case in results["cases"]]
    rows = [
        ["CPU", f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB"],
        ["system", f"{machine['system']}, Python {machine['python']}"],
        ["date", machine["date"]],
        ["versions", "<br>".join(versions)],
        ["threads", f"{results['threads']} for every library"],
        ["rounds", f"{results['rounds']}, at least {results['round_seconds']} s or one call of each library in each"],
        ["tuning", f"budget {results['tune_budget']} a shape and dtype, before the rounds"],
        ["CPU taken by other programs", f"{min(shares):.1%} to {max(shares):.1%} of the machine during the rounds"],
    ]
    return table(["", ""], rows)


def comparison_block(results: dict) -> str:
    cases, peers = results["cases"], list(results["peers"])
    others = [peer for peer in peers if peer != "attune"]
    rows = []
    for case in cases:
        row = [case["text"], case["dtype"]]
        fastest = min((time_of(case, peer) for peer in peers if time_of(case, peer)), default=None)
        for peer in peers:
            timing = case["peers"].get(peer, {}).get("time")
            if not timing:
                row.append(absence(results, case, peer))
                continue
            text = f"{number(timing['median_ms'])} ± {number(timing['mad_ms'])}"
            row.append(f"**{text}**" if timing["median_ms"] == fastest else text)
        own = time_of(case, "attune")
        row.append(number(case["flops"] / own / 1e6) if own else "-")
        row += [f"{time_of(case, peer) / own:.2f}x" if own and time_of(case, peer) else "-" for peer in others]
        rows.append(row)
    header = ["(B, Hq/Hkv, S, D)", "dtype"] + [f"{TITLES[peer]}, ms" for peer in peers]
    header += ["Attune, GFLOP/s"] + [f"over {TITLES[peer]}" for peer in others]
    return table(header, rows) + "\n\n" + "\n".join(summary(cases, others))


def summary(cases: list[dict], others: list[str]) -> list[str]:
    lines = []
    for peer in others:
        for dtype in sorted({case["dtype"] for case in cases}):
            found = ratios([case for case in cases if case["dtype"] == dtype], [peer])
            if found:
                lines.append(
                    f"- {dtype} over {TITLES[peer]}: {geometric_mean(found):.2f}x in the geometric mean, "
                    f"{min(found):.2f}x to {max(found):.2f}x, {len(found)} shapes."
                )
    found = ratios(cases, others)
    if not found:
        return ["Nothing to compare with: no peer and Attune ran the same case."]
    lines.append(f"- All {len(found)} comparisons: {geometric_mean(found):.2f}x in the geometric mean.")
    behind = [
        f"{case['text']} {case['dtype']} ({TITLES[peer]}: {time_of(case, peer) / time_of(case, 'attune'):.2f}x)"
        for case in cases
        for peer in others
        if time_of(case, "attune") and time_of(case, peer) and time_of(case, peer) < time_of(case, "attune")
    ]
    lines.append(
        "- Attune is behind at: " + ", ".join(behind) + "." if behind else "- Attune is ahead in each of them."
    )
    return lines


def details_block(results: dict) -> str:
    """The form each library was measured in, its CPU time and its error: what makes the comparison checkable."""
    rows = []
    for case in results["cases"]:
        for peer, result in case["peers"].items():
            if "time" not in result:
                continue
            timing, accuracy = result["time"], result["accuracy"]
            form = result["notes"][0].replace('"', "") if peer == "attune" else result["chosen"]
            rows.append(
                [
                    case["text"],
                    case["dtype"],
                    TITLES[peer],
                    form,
                    number(timing["min_ms"]),
                    number(timing["cpu_ms"]),
                    f"{accuracy['max_error']:.1e}",
                    f"{accuracy['relative_l1']:.1e}" + ("" if passed(case, peer) else " (out of tolerance)"),
                ]
            )
    header = ["shape", "dtype", "library", "form or config", "fastest call, ms", "CPU ms", "max error", "relative L1"]
    return table(header, rows)


def refusals_block(results: dict) -> str:
    lines = []
    for peer, facts in results["peers"].items():
        if facts["error"]:
            lines.append(f"- {TITLES[peer]} was not measured at all: {facts['error']}")
            continue
        reasons: dict[str, set[str]] = {}
        for case in results["cases"]:
            for form, reason in case["peers"].get(peer, {}).get("refused", {}).items():
                reasons.setdefault(f"{form}: {reason}", set()).add(f"{case['text']} {case['dtype']}")
        for reason, where in sorted(reasons.items()):
            places = "; ".join(sorted(where)) if len(where) < 4 else f"{len(where)} cases"
            lines.append(f"- {TITLES[peer]}, {reason} [{places}]")
    return "\n".join(lines) or "Every form of every library ran."


def micro_block(micro: dict) -> str:
    rows = []
    for prefix, title, budget_ms in BUDGETS:
        for entry in micro["benchmarks"]:
            name = entry["name"]
            if not name.startswith(prefix) or entry.get("aggregate_name", "median") != "median":
                continue
            what = re.sub(r"/(real_time|manual_time|iterations:\d+|min_time:[\d.]+|repeats:\d+)|_median$", "", name)
            if entry.get("error_occurred"):
                rows.append([what, title, "failed: " + entry["error_message"], "", "", ""])
                continue
            milliseconds = entry["real_time"] * UNIT_MS[entry["time_unit"]]
            budget = "-" if budget_ms is None else duration(budget_ms)
            held = "-" if budget_ms is None else "yes" if milliseconds < budget_ms else "**no**"
            cpu_ms = entry.get("find_cpu_ms", entry["cpu_time"] * UNIT_MS[entry["time_unit"]])
            rows.append([what, title, duration(milliseconds), duration(cpu_ms), budget, held])
    return table(["benchmark", "what", "time", "CPU time of the caller", "budget", "held"], rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default="bench/results/peers.json", help="written by bench/compare.py")
    parser.add_argument("--micro", default="bench/results/micro.json", help="written by attune_bench")
    parser.add_argument("--gpu", default="bench/results/gpu.json", help="written by bench/gpu.py")
    parser.add_argument("--presets", default="bench/results/presets.json", help="written by bench/presets.py")
    parser.add_argument("--docs", default="docs/performance.md")
    parser.add_argument("--plots", default="docs/plots")
    options = parser.parse_args()

    docs, directory = Path(options.docs), Path(options.plots)
    directory.mkdir(parents=True, exist_ok=True)
    text = docs.read_text()
    if Path(options.peers).is_file():
        results = json.loads(Path(options.peers).read_text())
        text = replace_block(text, "machine", machine_block(results))
        text = replace_block(text, "comparison", comparison_block(results))
        text = replace_block(text, "details", details_block(results))
        text = replace_block(text, "refusals", refusals_block(results))
        plots.speedup(results, TITLES, directory / "speedup.svg")
        plots.throughput(results, TITLES, directory / "throughput.svg")
    if Path(options.micro).is_file():
        micro = json.loads(Path(options.micro).read_text())
        text = replace_block(text, "micro", micro_block(micro))
        plots.configs(micro, directory / "configs.svg")
    gpu = json.loads(Path(options.gpu).read_text()) if Path(options.gpu).is_file() else None
    text = gpu_report.update(text, gpu)
    presets = json.loads(Path(options.presets).read_text()) if Path(options.presets).is_file() else None
    text = presets_report.update(text, presets)
    docs.write_text(text)
    print(f"wrote {docs} and {directory}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
