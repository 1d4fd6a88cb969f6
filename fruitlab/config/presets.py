"""Presets: small tables of changes to RunConfig's defaults, which are the paper's.

A preset's version goes up whenever one of its numbers changes. Earlier versions stay, so that
"quick@2" in an old run or link keeps its meaning. A training method may add changes of its own
(`Method.presets`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fruitlab.config.errors import ConfigError


@dataclass(frozen=True)
class Preset:
    """A named table of settings."""

    version: int
    summary: str  # for forms, after the name
    values: Mapping[str, Any]


_THOROUGH: dict[str, Any] = {
    "iterations": 1500,
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
    "live_every": 60,
    "live_pictures": 256,
    "full_evaluations": 5,
}
# Mixed training with these two begins on pictures of half the side (methods/mixed.py).
_QUICK = _THOROUGH | {
    "iterations": 460,
    "learning_rate": 0.02,
    "muon": 1.5,
    "shift": 0.05,
    "zoom": 0.1,
    "full_evaluations": 1,
}
# With so few pictures, augmentation does not pay.
_GLANCE = _QUICK | {
    "iterations": 200,
    "muon": 2.5,
    "shift": 0,
    "zoom": 0,
    "augment_until": 1,
    "label_smoothing": 0,
}

# A pretrained network on few pictures: small steps, and hardly any weight decay.
_FINETUNE = _THOROUGH | {
    "network": "efficientnet-lite0",
    "iterations": 400,
    "batch_size": 32,
    "regularisation": 5e-5,
    "learning_rate": 0.02,
    "muon": 0,
    "live_every": 100,
    "live_pictures": 128,
    "full_evaluations": 1,
}

# What was tried for quick, thorough and glance: docs/presets.md. Version 2 of "paper" lets the
# momentum rise within "the first few iterations" (3.3), as the ablations suggest; version 1 let it
# rise around iteration 100.
PRESETS: dict[str, Preset] = {
    "glance": Preset(2, "half a minute", _GLANCE),
    "quick": Preset(4, "a result while you wait", _QUICK),
    "thorough": Preset(1, "the best accuracy for the time", _THOROUGH),
    "finetune": Preset(1, "for pretrained networks", _FINETUNE),
    "paper": Preset(2, "the paper's own settings", {}),
}


# Of "quick", version 3 saw more pictures of half the side, and version 2 saw 39,300 of full size.
EARLIER: dict[str, Preset] = {
    "glance@1": Preset(1, "under a minute", _GLANCE | {"iterations": 160}),
    "quick@3": Preset(3, "a result while you wait", _QUICK | {"iterations": 480}),
    "quick@2": Preset(
        2,
        "a result while you wait",
        _THOROUGH | {"iterations": 620, "live_every": 40, "full_evaluations": 2},
    ),
}


def find_preset(text: str) -> tuple[str, Preset]:
    """The preset that "quick" or "quick@2" names, as (name, preset).

    Raises:
        ConfigError: unknown name or version.
    """
    name, _, version = text.partition("@")
    if text in EARLIER:
        return name, EARLIER[text]
    if name not in PRESETS:
        raise ConfigError(f"There is no preset {text!r}. Choose one of: {', '.join(PRESETS)}.")
    preset = PRESETS[name]
    if version and version != str(preset.version):
        raise ConfigError(
            f"Preset {name} has version {preset.version} here, not {version}: its numbers have "
            "changed since. Give the numbers themselves with --set."
        )
    return name, preset
