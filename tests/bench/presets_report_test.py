"""presets_report_test.py ROOT: the cases of bench/presets.py, what their quantizers move, and the tables of its results."""

import subprocess
import sys
import unittest
from dataclasses import asdict
from pathlib import Path

ROOT = Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
sys.path.insert(0, str(ROOT / "bench"))

import presets  # noqa: E402
import presets_report  # noqa: E402
from peers.gpu_cases import GpuCase  # noqa: E402
from peers.preset_cases import (  # noqa: E402
    PRESETS,
    in_floors,
    preset_cases,
    preset_cpu_cases,
    quantizer_bytes,
    split_kernels,
)

CASE = preset_cases()[0]
TIMES = {"bf16": 4.0, "fp16": 4.2, "sage1": 2.5, "sage2-8b": 2.0, "sage2++": 1.6, "sage": 1.5, "sage2++ alone": 1.4}


def subject(name, ms):
    quantization = {"bf16": "none", "fp16": "none", "sage": "sage2++"}.get(name, name)
    accuracy = {"cosine": 0.9996, "relative_l1": 0.02, "tolerance_ratio": 0.5, "max_error": 1e-3, "passed": True}
    time = {"median_ms": ms, "mad_ms": ms / 50, "flops_per_s": CASE.flops / ms * 1e3}
    result = {"facts": {"quantization": quantization}, "accuracy": accuracy, "time": time}
    if quantization != "none" and "alone" not in name:
        result["profile"] = {"quantizers_ms": 0.25, "attention_ms": ms - 0.25, "copy_ms": 0.21, "of_copy": 0.84}
        result["profile"] |= {"moved_bytes": 10**9, "bytes_per_s": 4e12}
    return result


def entry():
    subjects = {name: subject(name, ms) for name, ms in TIMES.items()}
    subjects["sage2-4b"] = {"refused": "AttuneError: unsupported: forward_mma: quantization sage2-4b: no int4 on sm_90a"}
    return {**asdict(CASE), "text": CASE.text, "flops": CASE.flops, "decode": False, "subjects": subjects, "clocks": {}}


def results(cases):
    machine = {"kind": "cuda", "name": "A GPU", "driver": "580.1", "cuda": "13.0", "torch": "2.11.0", "attune": "0.1.0"}
    machine |= {"arch": "sm_90a", "date": "2030-01-02"}
    return {"machine": machine, "clock_source": "none", "rounds": 5, "turn_ms": 20.0, "tune_budget": "none", "cases": cases}


class Cases(unittest.TestCase):
    def test_names_and_shapes_are_unique(self):
        for cases in (preset_cases(), preset_cpu_cases()):
            self.assertEqual(len({case.name for case in cases}), len(cases))
            self.assertEqual(len({case.shape_text for case in cases}), len(cases))

    def test_the_suite_that_tuning_is_proposed_for_is_in_it(self):
        shapes = {(c.batch, c.heads_q, c.heads_kv, c.seqlen_kv, c.head_dim, c.causal) for c in preset_cases()}
        wanted = {(2, 30, 30, 17776, 64, False), (1, 40, 40, 32760, 128, False), (1, 40, 40, 75600, 128, False)}
        wanted |= {(1, 24, 24, 4608, 128, False)} | {(1, 32, 8, s, 128, True) for s in (4096, 32768, 131072)}
        self.assertLessEqual(wanted, shapes)

    def test_shapes_are_listed_without_any_package(self):
        program = [sys.executable, "-S", str(ROOT / "bench" / "presets.py"), "--list-shapes"]
        listed = subprocess.run(program, capture_output=True, text=True, check=True).stdout.splitlines()
        self.assertEqual(len(listed), 2 * len(preset_cases()))
        self.assertIn("B1 H32/8 S4096 D128 bf16 causal quantization(sage)", listed)
        self.assertIn("B1 H32/8 S4096 D128 fp16 causal", listed)


class Quantizers(unittest.TestCase):
    # The shape whose sectors tests/conformance/quantizer_test.cpp counts on the emulator.
    CASE = GpuCase("counted", 1, 8, 4, 1024, 1024, 128)

    def test_bytes_are_those_that_the_emulator_counts(self):
        q, kv = 8 * 1024 * 128, 4 * 1024 * 128
        statistics, loads, stores = 2 * 2 * kv, 2 * (q + 2 * kv), q + 2 * kv + 4 * 8 * 1024
        self.assertEqual(quantizer_bytes(self.CASE, "sage2-8b"), statistics + loads + stores)
        self.assertEqual(quantizer_bytes(self.CASE, "sage2++"), quantizer_bytes(self.CASE, "sage2-8b"))
        # V stays in 16 bits.
        self.assertEqual(quantizer_bytes(self.CASE, "sage1"), quantizer_bytes(self.CASE, "sage2-8b") + kv)
        # Half the codes of Q and K, means of Q, and a score of each key for each of 8 blocks of queries.
        more = 2 * q + 4 * 8 * 8 * 1024 - (q + kv) // 2
        self.assertEqual(quantizer_bytes(self.CASE, "sage2-4b"), quantizer_bytes(self.CASE, "sage2-8b") + more)

    def test_kernels_are_told_apart(self):
        events = [("attune_statistics", 5.0), ("attune_quantize", 10.0), ("attune_forward_mma", 60.0), ("attune_combine", 1.0)]
        events += [("Memcpy DtoD (Device -> Device)", 12.0)]
        self.assertEqual(split_kernels(events), {"quantizers": 15.0, "attention": 61.0, "copy": 12.0})


class Judging(unittest.TestCase):
    def test_floors(self):
        good = {"cosine": 0.9993, "relative_l1": 0.04, "tolerance_ratio": 9.0}
        self.assertTrue(in_floors("sage2-8b", good))
        self.assertFalse(in_floors("sage1", good))
        self.assertFalse(in_floors("none", good))
        self.assertFalse(in_floors("sage2++", {**good, "relative_l1": 0.06}))
        self.assertFalse(in_floors("sage2-4b", {**good, "cosine": 0.9}))

    def test_a_refusal_by_name_is_an_answer_and_all_else_a_failure(self):
        self.assertFalse(presets.failed(entry()))
        on_a_cpu = entry()
        on_a_cpu["subjects"]["sage2++ alone"] = {"refused": "AttuneError: unsupported: codes are given on GPUs only"}
        self.assertFalse(presets.failed(on_a_cpu))
        for name, result in (
            ("bf16", {"refused": "AttuneError: unsupported: no"}),
            ("sage1", {"refused": "AttuneError: compile_failed: words"}),
        ):
            case = entry()
            case["subjects"][name] = result
            self.assertTrue(presets.failed(case), name)
        wrong = entry()
        wrong["subjects"]["sage2++"]["accuracy"]["passed"] = False
        self.assertTrue(presets.failed(wrong))
        self.assertTrue(presets.failed({"name": "x", "error": "RuntimeError: words"}))


class Report(unittest.TestCase):
    def test_speed_refusals_and_quantizers(self):
        text = presets_report.presets_block(results([entry()]))
        rate, alone = CASE.flops / 1.5e-3 / 1e12, CASE.flops / 1.4e-3 / 1e12
        self.assertIn(f"| {rate:.0f} ± 2.0% (sage2++) | - | - | **{alone:.0f} ± 2.0%** |", text)
        self.assertIn("| 1.60x | 2.00x | - | 2.50x | 2.67x |", text)
        self.assertIn("| refused |", text)
        self.assertIn("sage2-8b over bf16, quantizing included: 2.00x in the geometric mean", text)
        self.assertIn("| flux | sage2-8b | 1.7500 |", text)
        self.assertIn("| 0.2500 | 4.00 | 84% |", text)

    def test_failures_are_told(self):
        wrong = entry()
        wrong["subjects"]["sage1"]["accuracy"]["passed"] = False
        wrong["subjects"]["sage2-8b"]["profile"] = {"error": "RuntimeError: the profile shows nothing"}
        lost = {key: value for key, value in entry().items() if key != "subjects"} | {"name": "gone", "error": "CUDA error: lost"}
        text = presets_report.presets_block({**results([wrong, lost]), "not_measured": ["mochi"]})
        for words in ("(out of its floor)", "not profiled: RuntimeError", "gone failed: CUDA error: lost", "not measured: mochi"):
            self.assertIn(words, text)

    def test_a_trial_without_a_gpu_is_not_published(self):
        trial = results([entry()])
        trial["machine"]["kind"] = "cpu"
        with self.assertRaises(SystemExit):
            presets_report.presets_block(trial)

    def test_the_page_keeps_what_was_measured_elsewhere(self):
        page = "<!-- begin presets -->\n<!-- end presets -->\n"
        self.assertIn("not measured on a GPU yet", presets_report.update(page, None))
        measured = presets_report.update(page, results([entry()]))
        self.assertEqual(presets_report.update(measured, None), measured)
        self.assertIn("<!-- begin presets -->", (ROOT / "docs" / "performance.md").read_text())


if __name__ == "__main__":
    unittest.main()
