"""Time, clocks and ceilings of a GPU; on the CPU a steady clock, so that the program can be tried without a GPU."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import threading
import time

import torch

# Peak bandwidth of memory by the vendors' data sheets, bytes a second, by what the driver calls the part.
PEAK_BYTES_PER_S = {
    "NVIDIA H200": 4.8e12,
    "NVIDIA H100 80GB HBM3": 3.35e12,
    "NVIDIA A100-SXM4-80GB": 2.039e12,
    "NVIDIA B200": 8.0e12,
}
CLOCK_FIELDS = ("sm_mhz", "memory_mhz", "power_w", "temperature_c")


class Timer:
    """Milliseconds of single launches of `call`."""

    def __init__(self, device: str):
        self.gpu = device.startswith("cuda")
        self.flush_buffer = None
        if self.gpu:
            # Eight times the cache: nothing of the inputs survives, whatever the policy of replacement, and the host has the
            # time it takes to overwrite (0.1 ms) to queue the launch behind it, so that no host shows in the interval.
            l2_bytes = torch.cuda.get_device_properties(device).L2_cache_size
            self.flush_buffer = torch.empty(8 * max(l2_bytes, 32 << 20), dtype=torch.uint8, device=device)

    def synchronize(self) -> None:
        if self.gpu:
            torch.cuda.synchronize()

    def measure(self, subject, launches: int, cold: bool) -> list[float]:
        with subject.scope():
            return self.times(subject.call, launches, cold)

    def times(self, call, launches: int, cold: bool) -> list[float]:
        """Warm: one interval over all launches, in equal parts. Cold: the cache is overwritten before each launch, outside
        its interval."""
        if not self.gpu:
            times = []
            for _ in range(launches):
                start = time.perf_counter()
                call()
                times.append((time.perf_counter() - start) * 1e3)
            return times
        spans = launches if cold else 1
        events = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(spans)]
        call()  # the first after another subject finds other data in the caches: not counted
        for begin, end in events:
            if cold:
                self.flush_buffer.fill_(1)
            begin.record()
            for _ in range(launches // spans):
                call()
            end.record()
        torch.cuda.synchronize()
        return [begin.elapsed_time(end) / (launches // spans) for begin, end in events]


class Clocks:
    """Samples clocks, power and temperature in the background: NVML through pynvml, else nvidia-smi, else nothing."""

    def __init__(self, device: str):
        self.samples: list[tuple[float, ...]] = []
        self.source = "none"
        self._stop = threading.Event()
        self._process = None
        if not device.startswith("cuda"):
            return
        index = device.partition(":")[2] or "0"
        try:
            import pynvml

            pynvml.nvmlInit()
            # NVML counts all GPUs of the machine, CUDA those that are visible: the bus tells which is which.
            handle = pynvml.nvmlDeviceGetHandleByPciBusId(self._bus_id(int(index)))
            self.source, target = "NVML", lambda: self._poll_nvml(pynvml, handle)
        except Exception as error:  # not installed, no NVML, not permitted: the next way is tried, and the result says so
            if shutil.which("nvidia-smi") is None:
                self.source = f"none ({type(error).__name__}: {error})"
                return
            query = "clocks.sm,clocks.mem,power.draw,temperature.gpu"
            command = ["nvidia-smi", f"--id={index}", f"--query-gpu={query}", "--format=csv,noheader,nounits", "-lms", "100"]
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            self.source, target = "nvidia-smi", self._read_nvidia_smi
        self._thread = threading.Thread(target=target, daemon=True)
        self._thread.start()

    @staticmethod
    def _bus_id(index: int) -> bytes:
        properties = torch.cuda.get_device_properties(index)
        return f"{properties.pci_domain_id:08x}:{properties.pci_bus_id:02x}:{properties.pci_device_id:02x}.0".encode()

    def _poll_nvml(self, nvml, handle) -> None:
        while not self._stop.wait(0.03):
            try:
                values = (
                    nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM),
                    nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM),
                    nvml.nvmlDeviceGetPowerUsage(handle) / 1e3,
                    nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU),
                )
            except nvml.NVMLError:
                continue
            self.samples.append((time.perf_counter(), *map(float, values)))

    def _read_nvidia_smi(self) -> None:
        for line in self._process.stdout:
            try:
                self.samples.append((time.perf_counter(), *(float(field) for field in line.split(","))))
            except ValueError:  # "[N/A]"
                continue

    def since(self, start: float) -> dict:
        """Least, median and largest of each quantity since `start` of time.perf_counter()."""
        rows = [sample[1:] for sample in list(self.samples) if sample[0] >= start]
        if not rows:
            return {}
        columns = zip(CLOCK_FIELDS, zip(*rows))
        summary = {name: [min(column), statistics.median(column), max(column)] for name, column in columns}
        return {"samples": len(rows), **summary}

    def close(self) -> None:
        self._stop.set()
        if self._process:
            self._process.terminate()


def ceilings(device: str) -> dict:
    """What this machine reaches now: a large copy within memory (bytes read and written), a large bf16 matrix product."""
    if not device.startswith("cuda"):
        return {}
    timer = Timer(device)
    result: dict = {}
    size_bytes = min(4 << 30, torch.cuda.mem_get_info()[0] // 4)
    source = torch.randint(0, 255, (size_bytes,), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    times = [timer.times(lambda: target.copy_(source), 10, False)[0] for _ in range(5)]
    result["copy_bytes_per_s"] = 2 * size_bytes / statistics.median(times) * 1e3
    result["copy_size_bytes"] = size_bytes
    del source, target
    n = 8192
    a, b = (torch.randn(n, n, device=device, dtype=torch.bfloat16) for _ in range(2))
    out = torch.empty_like(a)
    times = [timer.times(lambda: torch.matmul(a, b, out=out), 10, False)[0] for _ in range(5)]
    result["matmul_bf16_flops_per_s"] = 2 * n**3 / statistics.median(times) * 1e3
    result["matmul_size"] = n
    peak = PEAK_BYTES_PER_S.get(torch.cuda.get_device_name(device))
    if peak:
        result["peak_bytes_per_s"] = peak
    return result
