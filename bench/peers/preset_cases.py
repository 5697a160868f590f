"""The model shapes that quantized presets are measured at, what their quantizers move, and the floors they are held to.
Needs nothing but Python."""

from __future__ import annotations

from peers.gpu_cases import GpuCase

PRESETS = ("sage1", "sage2-8b", "sage2-4b", "sage2++", "sage")
UNQUANTIZED = ("bf16", "fp16")
# The attention of a preset alone, on codes that are given; sage1 leaves V to be converted, and so has none.
ALONE = {
    "sage2-8b alone": "int8,thread,pv-e4m3,flush-64,given-qkv",
    "sage2-4b alone": "int4,thread,pv-e4m3,flush-64,given-qkv",
    "sage2++ alone": "int8,thread,pv-e4m3,acc-f16,flush-64,given-qkv",
}
# Kernels of a quantized plan that are not attention (generator/families/quantizers.cpp).
QUANTIZER_KERNELS = ("attune_statistics", "attune_find_sinks", "attune_key_magnitudes", "attune_quantize")

# Least cosine and largest relative L1 against attention in double on N(0,1), as tests/cli/accuracy_test.cpp holds the models
# of the requests. The scores of N(0,1) are too fine for 4 bits: their relative L1 has no floor.
FLOORS = {
    "sage1": (0.9995, 0.03),
    "sage2-8b": (0.999, 0.05),
    "sage2++": (0.999, 0.05),
    "sage2-4b": (0.96, float("inf")),
}
BLOCK_Q = 128  # rows of Q that share a mean


def preset_cases() -> list[GpuCase]:
    """What matters most comes first: a run that is out of time leaves out the rest. The longest take seconds a launch."""
    return [
        GpuCase("flux", 1, 24, 24, 4608, 4608, 128),
        GpuCase("llama3.1-8b-4k", 1, 32, 8, 4096, 4096, 128, True),
        GpuCase("cogvideox-2b", 2, 30, 30, 17776, 17776, 64),
        GpuCase("llama3.1-8b-32k", 1, 32, 8, 32768, 32768, 128, True),
        GpuCase("wan2.1-14b-480p", 1, 40, 40, 32760, 32760, 128),
        GpuCase("sd3.5-large", 1, 38, 38, 4608, 4608, 64),
        GpuCase("ultrapixel", 2, 32, 32, 7285, 7285, 64),
        GpuCase("llama2-7b", 4, 32, 32, 1536, 1536, 128, True),
        GpuCase("unidiffuser", 4, 24, 24, 1105, 1105, 64),
        GpuCase("timm-vit", 12, 64, 64, 197, 197, 64),
        GpuCase("mochi", 1, 24, 24, 22528, 22528, 128),
        GpuCase("wan2.1-1.3b-480p", 1, 12, 12, 32760, 32760, 128),
        GpuCase("wan2.1-14b-720p", 1, 40, 40, 75600, 75600, 128),
        GpuCase("hunyuanvideo-720p", 1, 24, 24, 119056, 119056, 128),
        GpuCase("llama3.1-8b-128k", 1, 32, 8, 131072, 131072, 128, True),
    ]


def preset_cpu_cases() -> list[GpuCase]:
    """Small ones that take every path of the program on a machine without a GPU, with ragged tails as the models have."""
    return [
        GpuCase("dit-small", 1, 2, 2, 391, 391, 64),
        GpuCase("llm-small", 1, 4, 2, 512, 512, 128, True),
        GpuCase("vit-small", 2, 4, 4, 197, 197, 64),
        GpuCase("dit-2k", 1, 2, 2, 2048, 2048, 128),
        GpuCase("dit-4k", 1, 1, 1, 4096, 4096, 128),
    ]


def tune_lines(cases: list[GpuCase]) -> list[str]:
    """In the grammar of `attune tune`. One search over `sage` measures every preset and no quantization."""
    lines = []
    for case in cases:
        words = case.shape_text.split()
        at = words.index(case.dtype)
        lines.append(" ".join([*words, "quantization(sage)"]))
        lines.append(" ".join([*words[:at], "fp16", *words[at + 1 :]]))
    return lines


def quantizer_bytes(case: GpuCase, preset: str) -> int:
    """Bytes that the quantizers of a 16-bit problem read from memory and write to it: each launch each row once, though the
    last reads Q and K a second time from a cache. Scales and means are left out, some hundredths."""
    element = 2
    q_rows, kv_rows = case.batch * case.heads_q * case.seqlen_q, case.batch * case.heads_kv * case.seqlen_kv
    q, kv = q_rows * case.head_dim, kv_rows * case.head_dim
    # attune_statistics: the mean key, the largest of each channel of V, and means of blocks of Q.
    statistics = element * (kv + kv)
    codes = {"sage2-4b": 0.5}.get(preset, 1)
    # attune_quantize: sage1 keeps V in fp16; a constant of four bytes for each query.
    quantize = element * (q + kv + kv) + codes * (q + kv) + kv * (element if preset == "sage1" else 1) + 4 * q_rows
    if preset == "sage2-4b":
        statistics += element * q
        blocks = -(-case.seqlen_q // BLOCK_Q)
        quantize += 4 * case.batch * case.heads_q * blocks * case.seqlen_kv  # delta S
    return int(statistics + quantize)


def in_floors(preset: str, accuracy: dict) -> bool:
    if preset not in FLOORS:  # not quantized: the dtype's own rounding
        return accuracy["tolerance_ratio"] <= 1
    cosine, relative_l1 = FLOORS[preset]
    return accuracy["cosine"] >= cosine and accuracy["relative_l1"] <= relative_l1


def split_kernels(events: list[tuple[str, float]]) -> dict[str, float]:
    """From names and microseconds of what ran on the device: `quantizers`, `copy` and `attention`, which is all else."""
    parts = {"quantizers": 0.0, "attention": 0.0, "copy": 0.0}
    for name, microseconds in events:
        if name.startswith("Memcpy"):
            parts["copy"] += microseconds
        elif name in QUANTIZER_KERNELS:
            parts["quantizers"] += microseconds
        else:
            parts["attention"] += microseconds
    return parts
