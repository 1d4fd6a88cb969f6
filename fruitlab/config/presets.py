"""Recipes: each a small table of differences from RunConfig's defaults, which are the paper's.

A version goes up whenever a number changes, so that *quick@2* in an old run or link means what it meant.
"""

from typing import Any

from fruitlab.config.errors import ConfigError
from fruitlab.config.run_config import BOTH, RunConfig, checked, details

PRESETS: dict[str, dict[str, Any]] = {
    # The paper's own numbers: 3,000 iterations mixed, 6,000 iterative, since each uses half the pictures (5.1).
    # Version 2 has momentum rise within "the first few iterations" (3.3), as the readings have it (`readings.py`); version 1 around the 100th.
    "paper": {"version": 2, "both": {}, "iterative": {"iterations": 6000}},
    # An answer while one waits: what was tried and what paid is in docs/recipe.md. Under 40,000 pictures.
    "quick": {
        "version": 2,
        "both": {
            "iterations": 620,
            "batch_size": 64,
            "mirror": True,
            "shift": 0.1,
            "zoom": 0.2,
            "augment_until": 0.97,
            "regularisation": 5e-4,
            "penalty": "plain",
            "label_smoothing": 0.1,
            "learning_rate": 0.009,
            "schedule": "one-cycle",
            "warmup": 0.1,
            "plateau": 0,
            "momentum": 0.9,
            "momentum_midpoint": 100,
            "momentum_width": 0,
            "nesterov": True,
            "muon": 2.5,
            "statistics": "batch",
            "init": "fan-in",
            "norm_momentum": 0.95,
            "live_every": 40,
            "live_pictures": 256,
            "full_marks": 2,
        },
        "iterative": {"norms": "frozen"},
    },
}
# The same with more patience, what the study that ships is made with: under 100,000 pictures.
PRESETS["thorough"] = {
    "version": 1,
    "both": PRESETS["quick"]["both"] | {"iterations": 1500, "live_every": 60, "full_marks": 5},
    "iterative": PRESETS["quick"]["iterative"],
}
# Under a minute: so few pictures gain nothing from being moved about.
PRESETS["glance"] = {
    "version": 1,
    "both": PRESETS["quick"]["both"]
    | {
        "iterations": 160,
        "learning_rate": 0.02,
        "shift": 0,
        "zoom": 0,
        "augment_until": 1,
        "label_smoothing": 0,
        "live_every": 60,
        "full_marks": 1,
    },
    "iterative": PRESETS["quick"]["iterative"],
}


def configure(method: str, *, preset: str = "quick", **changes: Any) -> RunConfig:
    """The preset's numbers for the method, with these changes.

    Args:
        preset: a name, or name@version; only the present version of each can be started.
        changes: any field of RunConfig; strings are read as the field's kind.
    Raises:
        ConfigError: an unknown method, preset, name or value; or a field that does not apply to the method.
    """
    if method not in BOTH:
        raise ConfigError(f"There is no method {method!r}. There are: {', '.join(BOTH)}.")
    name, _, version = preset.partition("@")
    if name not in PRESETS:
        raise ConfigError(f"There is no preset {preset!r}. There are: {', '.join(PRESETS)}.")
    recipe = PRESETS[name]
    if version and version != str(recipe["version"]):
        raise ConfigError(
            f"Preset {name} is at version {recipe['version']} here, not {version}: its numbers have changed since. "
            f"Give the numbers themselves with --set."
        )
    for field in changes:
        if method not in details(field)["methods"]:
            raise ConfigError(f"{field} means nothing in {method} training.")
    numbers = recipe["both"] | recipe.get(method, {})
    return checked({"method": method, "preset": f"{name}@{recipe['version']}"} | numbers | changes)
