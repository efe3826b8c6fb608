"""What machine a measurement was made on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path


def processor() -> str:
    """The processor's name, where the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor() or "unknown processor"
    )


def machine() -> str:
    """Versions, system, processor, and how busy the machine is, in a sentence."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "numba", "backtrader"))
    load = f"; load {os.getloadavg()[0]:.1f} as the page was written" if hasattr(os, "getloadavg") else ""
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, {processor()}"
    return f"Python {platform.python_version()}, {libraries}; {system}{load}."
