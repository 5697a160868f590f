"""Plots of a run as small SVG files: the same results give the same bytes."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "attune", "svg.fonttype": "none", "font.size": 9})
from matplotlib import pyplot  # noqa: E402

COLOURS = {"attune": "#1b6ca8", "torch": "#d9704a", "onnxruntime": "#7a9a4a"}


def _save(figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _panels(results: dict):
    """One panel a dtype, with the cases of that dtype."""
    dtypes = list(dict.fromkeys(case["dtype"] for case in results["cases"]))
    figure, axes = pyplot.subplots(len(dtypes), 1, figsize=(8, 2.7 * len(dtypes)), squeeze=False)
    panels = [(axis[0], dtype, [c for c in results["cases"] if c["dtype"] == dtype]) for axis, dtype in zip(axes, dtypes)]
    return figure, panels


def _median(case: dict, peer: str) -> float | None:
    return case["peers"].get(peer, {}).get("time", {}).get("median_ms")


def _place(axis, cases: list[dict]) -> None:
    axis.set_xticks(range(len(cases)), [case["name"] for case in cases], rotation=0)
    axis.set_xlim(-0.6, len(cases) - 0.4)
    axis.spines[["top", "right"]].set_visible(False)


def _legend(axis, labels: list[tuple[str, str]]) -> None:
    handles = [pyplot.Rectangle((0, 0), 1, 1, color=colour) for colour, _ in labels]
    names = [name for _, name in labels]
    axis.legend(handles, names, frameon=False, fontsize=8, ncol=len(labels), loc="lower right", bbox_to_anchor=(1, 1))


def _missing(axis, x: float) -> None:
    axis.text(x, 0.02, "none", ha="center", va="bottom", fontsize=7, color="gray", transform=axis.get_xaxis_transform())


def speedup(results: dict, titles: dict[str, str], path: Path) -> None:
    """Speed of Attune over each peer; 1 is as fast as the peer."""
    figure, panels = _panels(results)
    others = [peer for peer in results["peers"] if peer != "attune"]
    for axis, dtype, cases in panels:
        width = 0.8 / len(others) if others else 0.8
        for place, peer in enumerate(others):
            for index, case in enumerate(cases):
                own, theirs = _median(case, "attune"), _median(case, peer)
                x = index + (place - (len(others) - 1) / 2) * width
                if not own or not theirs:
                    _missing(axis, x)
                    continue
                axis.bar(x, theirs / own, width * 0.92, color=COLOURS[peer])
                axis.text(x, theirs / own, f"{theirs / own:.2f}", ha="center", va="bottom", fontsize=8)
        axis.axhline(1, color="black", linewidth=0.8)
        axis.set_ylabel("times as fast")
        axis.set_title(dtype, loc="left")
        axis.margins(y=0.12)
        _place(axis, cases)
        _legend(axis, [(COLOURS[peer], f"over {titles[peer]}") for peer in others])
    _save(figure, path)


def throughput(results: dict, titles: dict[str, str], path: Path) -> None:
    """GFLOP/s of every library on a logarithmic axis, since decode is bound by memory and far below prefill."""
    figure, panels = _panels(results)
    peers = list(results["peers"])
    for axis, dtype, cases in panels:
        width = 0.8 / len(peers)
        for place, peer in enumerate(peers):
            for index, case in enumerate(cases):
                timing = case["peers"].get(peer, {}).get("time")
                x = index + (place - (len(peers) - 1) / 2) * width
                if not timing:
                    _missing(axis, x)
                    continue
                rate = case["flops"] / timing["median_ms"] / 1e6
                spread = rate * timing["mad_ms"] / timing["median_ms"]
                axis.bar(x, rate, width * 0.92, color=COLOURS[peer], yerr=spread, error_kw={"linewidth": 0.8})
                axis.text(x, rate, f" {rate:.0f}", ha="center", va="bottom", fontsize=7)
        axis.set_yscale("log")
        axis.set_ylabel("GFLOP/s")
        axis.set_title(dtype, loc="left")
        axis.margins(y=0.15)
        _place(axis, cases)
        _legend(axis, [(COLOURS[peer], titles[peer]) for peer in peers])
    _save(figure, path)


def configs(micro: dict, path: Path) -> None:
    """Throughput of the heuristic config and of its neighbours, each problem relative to its heuristic."""
    groups: dict[str, list[tuple[str, float]]] = {}
    for entry in micro["benchmarks"]:
        if entry["name"].startswith("config/") and not entry.get("error_occurred") and "flop/s" in entry:
            _, problem, which = entry["name"].split("/")[:3]
            groups.setdefault(problem, []).append((which, entry["flop/s"] / 1e9))
    if not groups:
        return
    figure, axis = pyplot.subplots(figsize=(8, 2.8))
    for index, values in enumerate(groups.values()):
        base = dict(values).get("heuristic")
        for which, rate in values:
            own = which == "heuristic"
            axis.plot(index, rate / base if base else 0, "D" if own else "o", color="#1b6ca8" if own else "#d9704a", ms=5)
    axis.plot([], [], "D", color="#1b6ca8", label="heuristic")
    axis.plot([], [], "o", color="#d9704a", label="one step away")
    axis.set_xticks(range(len(groups)), [name.replace("_", " ", 2).replace("_", "\n") for name in groups], fontsize=8)
    axis.set_ylabel("speed over the heuristic")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=8)
    _save(figure, path)
