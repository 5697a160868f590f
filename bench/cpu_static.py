#!/usr/bin/env python3
"""Estimates what int8 QK gains over bf16 on CPUs that are not at hand: llvm-mca over the hot loops of emitted kernels.

    bench/cpu_static.py [build/release/bench/attune_emit_for]

Cycles a score (one query, one key, D 128): the main loop of the scores, what stands around it once a tile, both passes of
the softmax, and P V. Loads hit the first-level cache; packing, quantizing and what is done once a row and block are left
out. It is as good as LLVM's model of the processor, and no measurement.
"""
import re
import subprocess
import sys

TARGETS = [("x86-64-avx512bf16", "sapphirerapids"), ("x86-64-avx512bf16", "znver4"), ("x86-64-avx512vnni", "icelake-server"),
           ("x86-64-avx512vnni", "cascadelake"), ("x86-64-avxvnni", "alderlake"), ("x86-64-avx2", "znver3")]
REQUESTS = ["none", "int8,k-mean", "int8,k-mean,pv-int8"]
HEAD_DIM = 128
MCA = "llvm-mca-19"


def blocks_of(assembly, function):
    """[label, instructions] of the basic blocks of a function; a label without a name continues the one before."""
    found, inside = [], False
    for line in assembly.splitlines():
        name = re.match(r"^([A-Za-z_]\w*):", line)
        if name:
            inside = name[1] == function
            found += [["", []]] if inside else []
        elif inside and (label := re.match(r"^(\.LBB\w+):", line)):
            found.append([label[1], []])
        elif inside and re.match(r"^\t[a-z{]", line):
            found[-1][1].append(line.split("#")[0].strip())
            if re.match(r"^\tj", line):
                found.append(["", []])
    return found


def loops_of(blocks):
    """Indices of the blocks that jump to themselves."""
    back = lambda label, code: label and code and re.fullmatch(rf"j\w+\s+{re.escape(label)}", code[-1])
    return [i for i, (label, code) in enumerate(blocks) if back(label, code)]


def cycles(code, cpu, iterations=300):
    text = "\n".join(line for line in code if not re.match(r"j|ret|call", line))
    command = [MCA, "-mtriple=x86_64", f"-mcpu={cpu}", f"-iterations={iterations}", "-instruction-info=0",
               "-resource-pressure=0"]
    report = subprocess.run(command, input=text, text=True, capture_output=True, check=True).stdout
    return int(re.search(r"Total Cycles:\s+(\d+)", report)[1]) / iterations


def count(code, name):
    return sum(re.match(rf"({{vex}}\s+)?{name}", line) is not None for line in code)


def products_of(code):
    """How many multiplications of words there are, and how many elements a word has."""
    elements = {"vpdpbusd": 4, "vpmaddwd": 2, "vdpbf16ps": 2, "vfmadd": 1}
    name = max(elements, key=lambda name: count(code, name))
    return count(code, name), elements[name]


def main_loop(blocks, weight):
    return max(loops_of(blocks), key=lambda i: weight(blocks[i][1]))


def cycles_a_score(assembly, cpu):
    config = {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", assembly.splitlines()[0])}
    lanes = 16 if "%zmm" in assembly else 8
    tile = config["rows"] * config["qk_columns"] * lanes

    scores = blocks_of(assembly, "scores")
    at = main_loop(scores, len)
    products, elements = products_of(scores[at][1])
    steps = HEAD_DIM / elements * config["rows"] * config["qk_columns"] / products
    dot = cycles(scores[at][1], cpu) * steps / tile
    around = cycles(scores[at - 1][1] + scores[at + 1][1], cpu) / tile

    softmax = blocks_of(assembly, "softmax")
    power = softmax[main_loop(softmax, lambda code: count(code, "vfmadd"))][1]
    maxima = softmax[main_loop(softmax, lambda code: (count(code, "vfmadd") == 0) * count(code, "vmaxps"))][1]
    soft = (cycles(power, cpu) + cycles(maxima, cpu)) / (4 * lanes)

    values = blocks_of(assembly, "accumulate")
    loop = values[main_loop(values, len)][1]
    products, elements = products_of(loop)
    keys = products / (config["rows"] * config["pv_columns"]) * elements
    sums = cycles(loop, cpu) / (keys * config["rows"]) * (HEAD_DIM / lanes / config["pv_columns"])
    return dot, around, soft, sums


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/release/bench/attune_emit_for"
    version = subprocess.run([MCA, "--version"], text=True, capture_output=True, check=True).stdout
    print(re.search(r"LLVM version \S+", version)[0] + "\n")
    print("| arch | as on | kernel | QK | around it | softmax | PV | sum | estimate |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|")
    for arch, cpu in TARGETS:
        base = None
        for request in REQUESTS:
            assembly = subprocess.run([program, arch, request], text=True, capture_output=True, check=True).stdout
            parts = cycles_a_score(assembly, cpu)
            base = base or sum(parts)
            numbers = " | ".join(f"{part:.2f}" for part in (*parts, sum(parts)))
            print(f"| {arch} | {cpu} | {'bf16' if request == 'none' else request} | {numbers} | {base / sum(parts):.2f}x |")


if __name__ == "__main__":
    main()
