"""The machine of a run, in terms that name no host."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

LIBRARIES: tuple[str, ...] = (
    "granian",
    "msgspec",
    "onnxruntime",
    "xgboost",
    "numpy",
    "seldon-core",
    "flask",
    "gunicorn",
    "fastapi",
)
LIBRARIES += ("pydantic", "uvicorn", "scikit-learn", "feast")


def describe(libraries: Sequence[str] = LIBRARIES) -> dict[str, str]:
    """What a reader needs to judge the figures."""
    one, *_ = os.getloadavg()
    return {
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "cpu": _cpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_before": f"{one:.1f}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in libraries),
    }


def _cpu() -> str:
    """The model of the processor, or its kind where the system does not tell."""
    information = Path("/proc/cpuinfo")
    for line in information.read_text().splitlines() if information.exists() else ():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()
