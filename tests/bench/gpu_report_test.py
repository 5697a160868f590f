"""gpu_report_test.py ROOT: the cases of bench/gpu.py and the tables made of its results."""

import subprocess
import sys
import unittest
from dataclasses import asdict
from pathlib import Path

ROOT = Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
sys.path.insert(0, str(ROOT / "bench"))

import gpu_report  # noqa: E402
from peers.gpu_cases import gpu_cases  # noqa: E402

PAGE = "before\n<!-- begin gpu -->\n<!-- end gpu -->\nafter\n"


def timing(case, ms):
    return {
        "median_ms": ms,
        "mad_ms": ms / 100,
        "flops_per_s": case.flops / ms * 1e3,
        "bytes_per_s": case.bytes / ms * 1e3,
    }


def accuracy(ratio=0.5):
    return {"max_error": 1e-3, "relative_l1": 2e-3, "tolerance_ratio": ratio}


def entry(case, attune_ms, flash_ms):
    facts = {"origin": "exact record", "family": "forward_mma", "config": '{"warps":4}'}
    return {
        **asdict(case),
        "text": case.text,
        "flops": case.flops,
        "bytes": case.bytes,
        "decode": case.decode,
        "clocks": {"samples": 9, "sm_mhz": [1600, 1700, 1980], "power_w": [300, 500, 690]},
        "subjects": {
            "attune": {"facts": facts, "accuracy": accuracy(), "time": timing(case, attune_ms)},
            "flash": {"facts": {}, "accuracy": accuracy(), "time": timing(case, flash_ms)},
            "math": {"refused": "MemoryError: not tried: it would hold 9 logits at once"},
        },
    }


def results(cases):
    machine = {"kind": "cuda", "name": "A GPU", "multiprocessors": 132, "memory_gib": 139.0, "driver": "580.1"}
    machine |= {"cuda": "13.0", "cudnn": 91900, "torch": "2.11.0", "attune": "0.1.0", "arch": "sm_90a", "date": "2030-01-02"}
    return {
        "machine": machine,
        "clock_source": "NVML",
        "ceilings": {"copy_bytes_per_s": 4e12, "matmul_bf16_flops_per_s": 7.5e14, "peak_bytes_per_s": 5e12},
        "capture": {"replay_equals_eager": True},
        "rounds": 7,
        "turn_ms": 20.0,
        "tune_budget": "none",
        "cases": cases,
    }


class Cases(unittest.TestCase):
    def test_prefill_is_16k_tokens_of_hidden_size_2048(self):
        prefill = [case for case in gpu_cases() if not case.decode]
        self.assertEqual(len(prefill), 36)
        for case in prefill:
            self.assertEqual(case.batch * case.seqlen_q, 16384, case)
            self.assertEqual(case.heads_q * case.head_dim, 2048, case)
        wanted = {(d, s, c) for d in (64, 128, 256) for s in (512, 1024, 2048, 4096, 8192, 16384) for c in (False, True)}
        self.assertEqual({(case.head_dim, case.seqlen_q, case.causal) for case in prefill}, wanted)

    def test_names_and_shapes_are_unique(self):
        cases = gpu_cases()
        self.assertEqual(len({case.name for case in cases}), len(cases))
        self.assertEqual(len({case.shape_text for case in cases}), len(cases))

    def test_work_by_the_published_convention(self):
        by_name = {case.name: case for case in gpu_cases()}
        self.assertEqual(by_name["prefill-d128-1024"].flops, 4 * 16 * 16 * 1024 * 1024 * 128)
        self.assertEqual(by_name["prefill-d128-1024-causal"].flops, by_name["prefill-d128-1024"].flops // 2)
        # K and V, and the queries and outputs of one token: 2 bytes each.
        self.assertEqual(by_name["decode-b8-32k"].bytes, 2 * (2 * 8 * 8 * 32768 * 128 + 2 * 8 * 32 * 128))

    def test_shapes_are_listed_without_any_package(self):
        listed = subprocess.run(
            [sys.executable, "-S", str(ROOT / "bench" / "gpu.py"), "--list-shapes"], capture_output=True, text=True, check=True
        )
        self.assertEqual(listed.stdout.splitlines(), [case.shape_text for case in gpu_cases()])
        self.assertIn("B8 H32/8 S1x32768 D128 bf16", listed.stdout.splitlines())


class Report(unittest.TestCase):
    def setUp(self):
        by_name = {case.name: case for case in gpu_cases()}
        self.prefill, self.decode = by_name["prefill-d128-4096"], by_name["decode-b8-32k"]

    def test_speed_is_the_other_time_over_ours(self):
        text = gpu_report.gpu_block(results([entry(self.prefill, 1.0, 1.5), entry(self.decode, 0.5, 0.4)]))
        rate = self.prefill.flops / 1e-3 / 1e12
        self.assertIn(f"| **{rate:.0f} ± 1.0%** |", text)
        self.assertIn("| 1.50x |", text)
        self.assertIn("0.80x", text)
        self.assertIn("prefill, over flash: 1.50x in the geometric mean", text)
        terabytes = self.decode.bytes / 0.5e-3 / 1e12
        self.assertIn(f"| {terabytes:.2f} | {terabytes / 5:.0%} | {terabytes / 4:.0%} |", text)

    def test_wrong_results_failures_and_refusals_are_told(self):
        wrong, refused = entry(self.prefill, 1.0, 2.0), entry(self.decode, 1.0, 2.0)
        wrong["subjects"]["attune"]["accuracy"] = accuracy(3.0)
        refused["subjects"]["attune"] = {"refused": "AttuneError: compile_failed: words"}
        text = gpu_report.gpu_block(results([wrong, refused]))
        self.assertIn("(out of tolerance)", text)
        self.assertIn("failed: AttuneError: compile_failed: words", text)
        lost = {key: value for key, value in entry(self.decode, 1, 1).items() if key not in ("subjects", "clocks")}
        lost |= {"error": "RuntimeError: CUDA error: an illegal memory access was encountered", "lost": True}
        text = gpu_report.gpu_block({**results([entry(self.prefill, 1, 1), lost]), "not_measured": ["decode-b1-8k"]})
        self.assertIn("illegal memory access", text)
        self.assertIn("not measured: decode-b1-8k", text)

    def test_a_trial_on_the_cpu_does_not_get_into_the_page(self):
        trial = results([entry(self.prefill, 1, 1)])
        trial["machine"]["kind"] = "cpu"
        with self.assertRaises(SystemExit):
            gpu_report.update(PAGE, trial)

    def test_a_page_without_results_says_so_and_keeps_those_it_has(self):
        empty = gpu_report.update(PAGE, None)
        self.assertIn("Nothing was measured on a GPU", empty)
        measured = gpu_report.update(empty, results([entry(self.prefill, 1.0, 1.5)]))
        self.assertNotIn("Nothing was measured", measured)
        self.assertTrue(measured.startswith("before\n") and measured.endswith("after\n"))
        self.assertEqual(gpu_report.update(measured, None), measured)


if __name__ == "__main__":
    unittest.main()
