"""The blocks of docs/performance.md on a GPU, from what bench/gpu.py wrote."""

from __future__ import annotations

from statistics import geometric_mean, median

from blocks import block_of, replace_block, table

NOT_MEASURED = (
    "**Nothing was measured on a GPU yet.** The kernels were run by the emulator only, which says that they are right and "
    "nothing about their speed. `scripts/gpu.sh` measures on a machine that has one, and `bench/report.py` then writes its "
    "tables here."
)


def milliseconds(case: dict, subject: str) -> float | None:
    return case.get("subjects", {}).get(subject, {}).get("time", {}).get("median_ms")


def subjects_of(cases: list[dict]) -> list[str]:
    """In the order of their first appearance, Attune first; a form that never ran has no column."""
    found: list[str] = []
    for case in cases:
        for name in case.get("subjects", {}):
            if name not in found and milliseconds(case, name):
                found.append(name)
    return sorted(found, key=lambda name: name != "attune")


def cell(case: dict, subject: str) -> str:
    result = case.get("subjects", {}).get(subject, {})
    if "time" not in result:
        if "error" in case:
            return "failed"
        return "not tried" if "not tried" in result.get("refused", "") else "refused" if result else "-"
    timing = result["time"]
    if case["decode"]:
        text = f"{timing['median_ms'] * 1e3:.1f} ± {timing['mad_ms'] * 1e3:.1f}"
    else:
        text = f"{timing['flops_per_s'] / 1e12:.0f} ± {timing['mad_ms'] / timing['median_ms']:.1%}"
    fastest = min(ms for name in case["subjects"] if (ms := milliseconds(case, name)))
    text = f"**{text}**" if timing["median_ms"] == fastest else text
    return text if result["accuracy"]["tolerance_ratio"] <= 1 else text + " (out of tolerance)"


def ratio(case: dict, subject: str) -> float | None:
    own, other = milliseconds(case, "attune"), milliseconds(case, subject)
    return other / own if own and other else None


def summary(cases: list[dict], names: list[str], what: str) -> list[str]:
    lines = []
    for name in names:
        found = [(value, case["text"]) for case in cases if (value := ratio(case, name))]
        if found:
            lines.append(
                f"- {what}, over {name}: {geometric_mean(value for value, _ in found):.2f}x in the geometric mean, "
                f"{min(found)[0]:.2f}x at {min(found)[1]} to {max(found)[0]:.2f}x at {max(found)[1]}, {len(found)} shapes."
            )
    return lines


def machine_table(results: dict) -> str:
    machine, ceilings = results["machine"], results["ceilings"]
    clocks = [case["clocks"] for case in results["cases"] if case.get("clocks")]
    rows = [
        ["GPU", f"{machine['name']}, {machine['multiprocessors']} multiprocessors, {machine['memory_gib']} GiB"],
        ["driver, CUDA, cuDNN", f"{machine['driver']}, {machine['cuda']}, {machine['cudnn']}"],
        ["PyTorch, Attune", f"{machine['torch']}, {machine['attune']} for {machine['arch']}"],
        ["date", machine["date"]],
        ["copy within memory, read and write", f"{ceilings['copy_bytes_per_s'] / 1e12:.2f} TB/s"],
        ["bf16 matrix product, 8192³", f"{ceilings['matmul_bf16_flops_per_s'] / 1e12:.0f} TFLOP/s"],
        ["rounds", f"{results['rounds']}, {results['turn_ms']:.0f} ms or ten launches of each subject in each"],
        ["tuning in this run", f"budget {results['tune_budget']} a shape"],
    ]
    if clocks:
        mhz = [clock["sm_mhz"][1] for clock in clocks]
        power = [clock["power_w"][1] for clock in clocks]
        text = f"{min(mhz):.0f} to {max(mhz):.0f} MHz, {min(power):.0f} to {max(power):.0f} W ({results['clock_source']})"
        rows.append(["SM clock and power, medians of the cases", text])
    else:
        rows.append(["clocks", f"not readable: {results['clock_source']}"])
    capture = results.get("capture", {})
    if "error" in capture:
        rows.append(["graph capture", f"failed: {capture['error']}"])
    elif capture:
        rows.append(["graph capture", "replay equals the eager launch" if capture["replay_equals_eager"] else "**differs**"])
    return table(["", ""], rows)


def update(text: str, results: dict | None) -> str:
    """The page with these results. They come from another machine than the page's other tables: where there are none at
    hand, what the page says of earlier ones stays."""
    if results is not None:
        return replace_block(text, "gpu", gpu_block(results))
    return text if block_of(text, "gpu").strip() else replace_block(text, "gpu", NOT_MEASURED)


def gpu_block(results: dict) -> str:
    if results["machine"]["kind"] != "cuda":
        raise SystemExit("The results are of a trial on the CPU: measure on a GPU with scripts/gpu.sh run.")
    prefill = [case for case in results["cases"] if not case["decode"]]
    decode = [case for case in results["cases"] if case["decode"]]
    parts = [machine_table(results)]
    for cases, title in ((prefill, "TFLOP/s ± spread"), (decode, "µs ± spread")):
        if not cases:
            continue
        names = subjects_of(cases)
        others = [name for name in names if name != "attune"]
        header = ["(B, Hq/Hkv, S, D)"] + [f"{name}, {title}" if name == "attune" else name for name in names]
        header += [f"over {name}" for name in others if name != "math"]
        if cases is decode:
            header += ["TB/s", "of peak", "of copy"]
        rows = []
        for case in sorted(cases, key=lambda c: (c["head_dim"], c["causal"], c["batch"] if c["decode"] else 0, c["seqlen_kv"])):
            row = [case["text"]] + [cell(case, name) for name in names]
            row += [f"{value:.2f}x" if (value := ratio(case, name)) else "-" for name in others if name != "math"]
            if cases is decode:
                row += bandwidth(case, results["ceilings"])
            rows.append(row)
        parts.append(table(header, rows))
        lines = summary(cases, [name for name in others if name != "math"], "decode" if cases is decode else "prefill")
        if lines:
            parts.append("\n".join(lines))
    parts.append(details(results["cases"]))
    left = results.get("not_measured", [])
    if left:
        parts.append(f"Out of time, not measured: {', '.join(left)}.")
    return "\n\n".join(parts)


def bandwidth(case: dict, ceilings: dict) -> list[str]:
    own = milliseconds(case, "attune")
    if not own:
        return ["-", "-", "-"]
    rate = case["bytes"] / own * 1e3
    peak = ceilings.get("peak_bytes_per_s")
    return [f"{rate / 1e12:.2f}", f"{rate / peak:.0%}" if peak else "-", f"{rate / ceilings['copy_bytes_per_s']:.0%}"]


def details(cases: list[dict]) -> str:
    rows = []
    for case in cases:
        own = case.get("subjects", {}).get("attune", {})
        if "time" not in own:
            rows.append([case["text"], f"failed: {case.get('error') or own.get('refused', 'no result')}", "-", "-"])
            continue
        facts = own["facts"]
        errors = {n: r["accuracy"]["relative_l1"] for n, r in case["subjects"].items() if "accuracy" in r and n != "attune"}
        config = facts["config"].replace('"', "")
        rows.append(
            [
                case["text"],
                f"{facts['family']}, {facts['origin']}: {config}",
                f"{own['accuracy']['relative_l1']:.1e}",
                f"{median(errors.values()):.1e}" if errors else "-",
            ]
        )
    return table(["shape", "Attune's kernel", "relative L1 error", "of PyTorch's, median"], rows)
