"""What the measurements were made on."""

import os
import platform
from pathlib import Path

import numpy as np
import sklearn
import torch


def described(n_threads: int) -> str:
    """The processor and what torch uses of it, threads, an accelerator's name, and versions."""
    versions = {"torch": torch, "NumPy": np, "scikit-learn": sklearn}
    return "; ".join(
        [
            f"{processor()}, torch uses {torch.backends.cpu.get_cpu_capability()}",
            f"{n_threads} thread{'s' if n_threads > 1 else ''} of {os.cpu_count()}",
            *accelerators(),
            f"Python {platform.python_version()}, "
            + ", ".join(f"{name} {module.__version__}" for name, module in versions.items()),
        ]
    )


def processor() -> str:
    """The processor's name with its family and model, if the system tells them."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    entries = {key.strip(): value.strip() for key, _, value in (li.partition(":") for li in lines)}
    name = entries.get("model name") or platform.processor() or platform.machine()
    if "cpu family" not in entries:
        return name
    widest = next((name for name in ("avx512f", "avx2") if name in entries["flags"].split()), "")
    which = f"family {entries['cpu family']}, model {entries.get('model')}"
    return f"{name} ({which}{', ' * bool(widest)}{widest.upper()})"


def accelerators() -> list[str]:
    """Names of the accelerators that torch finds."""
    if torch.cuda.is_available():
        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return ["Apple GPU"] if torch.backends.mps.is_available() else []
