"""What is known of the GPU kernels without a GPU: the assembler's facts and the emulator's counts, into docs/performance.md.

    .venv/bin/python bench/gpu_static.py [--program build/release/cli/attune]

Any Python will do. It runs `attune emit --stats` for the heuristic's kernels and rewrites the block between the gpu_static
markers. One head of 1024 tokens is enough to count the steady state, and few enough for the emulator.
"""

import argparse
import datetime
import json
import subprocess

ARCHS = {  # shared memory of an SM in KiB, threads of an SM: CUDA programming guide, compute capabilities
    "sm_80": (164, 2048),
    "sm_89": (100, 1536),
    "sm_90a": (228, 2048),
    "sm_100a": (228, 2048),
    "sm_120a": (100, 1536),
}
HEAD_DIMS = (64, 128, 256)
BEGIN, END = "<!-- begin gpu_static -->", "<!-- end gpu_static -->"


def stats(program, arch, head_dim, causal):
    shape = f"B1 H1 S1024 D{head_dim} bf16{' causal' if causal else ''}"
    command = [program, "emit", shape, "--device", f"emulated:{arch}", "--config", "splits=1", "--stats", "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def shared_bytes(config, head_dim):
    ring = config["stages"] * config["block_n"] * 2 * head_dim * 2
    q = config["block_m"] * head_dim * 2
    return max(ring, q) if config["q_in_registers"] else ring + q


def ctas_per_sm(arch, registers, threads, shared):
    shared_kib, max_threads = ARCHS[arch]
    by_registers = 65536 // ((registers + 7) // 8 * 8 * threads)
    return min(by_registers, shared_kib * 1024 // (shared + 1024), max_threads // threads)


def row(program, arch, head_dim, causal):
    report = stats(program, arch, head_dim, causal)
    config, facts = report["config"], report["stats"]["compiler"]
    counters = report["stats"]["launches"][0]["counters"]
    threads, shared = 32 * config["warps"], shared_bytes(config, head_dim)
    instructions = counters["instructions"]
    tiles = f"{config['block_m']} x {config['block_n']}, {config['warps']} warps, {config['stages']} stages"
    per_mma = counters["total_instructions"] / instructions["mma"]
    return (f"| {arch} | {head_dim} | {'causal' if causal else 'full'} | {tiles} | {facts['registers']} | "
            f"{facts['spill_bytes']} | {shared / 1024:.0f} KiB | {ctas_per_sm(arch, facts['registers'], threads, shared)} | "
            f"{facts['compile_ms']:.0f} ms | {per_mma:.2f} | {counters['shared_conflicts']} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="build/release/cli/attune")
    parser.add_argument("--page", default="docs/performance.md")
    options = parser.parse_args()
    version = json.loads(subprocess.run([options.program, "doctor", "--json"], capture_output=True, text=True).stdout)
    nvrtc = next((finding.get("value", "") for finding in version.get("findings", []) if "NVRTC" in str(finding)), "")
    lines = [
        BEGIN,
        f"`forward_mma`, bf16, the heuristic's kernel for one head of 1024 tokens ({datetime.date.today()}; compiled on two cores"
        f" of an AMD EPYC{'; ' + nvrtc if nvrtc else ''}).",
        "",
        "| arch | D | mask | tile | registers | spilled bytes | shared memory | CTAs an SM | compile | instructions an mma | "
        "bank conflicts |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for arch in ARCHS:
        for head_dim in HEAD_DIMS:
            for causal in (False, True):
                lines.append(row(options.program, arch, head_dim, causal))
    lines.append(END)
    with open(options.page, encoding="utf-8") as page:
        text = page.read()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    with open(options.page, "w", encoding="utf-8") as page:
        page.write(before + "\n".join(lines) + after)


if __name__ == "__main__":
    main()
