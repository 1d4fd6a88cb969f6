"""The machine: GPU, driver, versions, and how fast it starts kernels, copies and multiplies.

python -m benchmarks.gpu.environment [--out DIR] [--device cuda] [--quick]
"""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.gpu.part import options, part

STARTS = {
    "import torch": "import torch",
    "import torch and use the device": "import torch; torch.zeros(1, device={device!r}).item()",
}


def main() -> None:
    asked = options(__doc__.splitlines()[0])
    with part("environment", "Environment", asked.out) as result:
        result.results["machine"] = machine()
        for name, program in STARTS.items():
            for turn in ("first time", "again"):
                result.results.setdefault("seconds", {})[f"{name}, {turn}"] = seconds(
                    program.format(device=asked.device)
                )
        result.save()
        result.results["torch"] = versions(asked.device)
        result.results["limits"] = limits(asked.device, quick=asked.quick)
        rows = [
            [name, value]
            for group in ("machine", "torch", "limits")
            for name, value in result.results[group].items()
        ]
        rows += [[f"{name}, s", value] for name, value in result.results["seconds"].items()]
        result.table(["", ""], rows)


def machine() -> dict[str, Any]:
    """The computer, without torch."""
    fields = "name,driver_version,memory.total,compute_cap,clocks.max.sm,power.limit"
    try:
        gpu = subprocess.run(
            ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=30,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        gpu = "no nvidia-smi"
    return {
        "GPU (name, driver, memory, compute capability, clock, power limit)": gpu,
        "CPU": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory, GB": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        "system": platform.platform(),
        "Python": platform.python_version(),
    }


def cpu_model() -> str:
    """The CPU's name as Linux has it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def seconds(program: str) -> float:
    """Seconds that a new Python takes to run a program."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - started


def versions(device: str) -> dict[str, Any]:
    """PyTorch, CUDA and what the device can do."""
    import numpy
    import torch

    found = {
        "torch": torch.__version__,
        "CUDA": torch.version.cuda,
        "cuDNN": torch.backends.cudnn.version(),
        "numpy": numpy.__version__,
    }
    if device != "cpu":
        found["GPU"] = torch.cuda.get_device_name()
        found["bfloat16"] = torch.cuda.is_bf16_supported(including_emulation=False)
        found["TF32 in float32 convolutions"] = torch.backends.cudnn.allow_tf32
    return found


def limits(device: str, *, quick: bool) -> dict[str, float]:
    """What bounds a training step: starting kernels, moving bytes, multiplying."""
    import torch

    def wait() -> None:
        if device != "cpu":
            torch.cuda.synchronize()

    def timed(work, repeats: int) -> float:
        """Seconds per call."""
        for _ in range(3):
            work()
        wait()
        started = time.perf_counter()
        for _ in range(repeats):
            work()
        wait()
        return (time.perf_counter() - started) / repeats

    one = torch.zeros(1, device=device)
    megabytes, size, repeats = (16, 256, 100) if quick else (1024, 8192, 10_000)
    source = torch.ones(megabytes << 20, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    a = torch.randn(size, size, device=device)
    b = a.to(torch.bfloat16)
    copying = timed(lambda: target.copy_(source), 10)
    return {
        "starting a kernel from Python, us": 1e6 * timed(lambda: one.add_(1), repeats),
        "copy on the device, bytes read and written, GB/s": 2 * source.numel() / copying / 1e9,
        "float32 matrix product, TFLOP/s": 2 * size**3 / timed(lambda: a @ a, 5) / 1e12,
        "bfloat16 matrix product, TFLOP/s": 2 * size**3 / timed(lambda: b @ b, 5) / 1e12,
    }


if __name__ == "__main__":
    main()
