"""A small study on Ray, for its tests."""

import importlib.util
import os

import pytest

# Full scores, and with them a saved state, every 20 iterations.
SMALL = {
    "width": 0.25,
    "live_every": 5,
    "live_pictures": 10,
    "full_evaluations": 12,
    "iterations": 240,
    "batch_size": 8,
}


needs_ray = pytest.mark.skipif(
    not os.environ.get("CI") and importlib.util.find_spec("ray") is None,
    reason="Ray is not installed: pip install -r requirements-ray.txt",
)


def arguments(*more: str) -> list[str]:
    return [
        "study",
        "--data",
        "small",
        "--json",
        *(part for name, value in SMALL.items() for part in ("--set", f"{name}={value}")),
        *more,
    ]
