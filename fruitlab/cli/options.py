"""Types and option parsing shared by all commands. Imports no torch."""

from argparse import Namespace
from typing import Any

from fruitlab.cli.train_options import method_changes
from fruitlab.config.errors import ConfigError, RunError
from fruitlab.methods.base import Method
from fruitlab.methods.registry import configure
from fruitlab.models import weights

Outcome = tuple[int, Any, str | None]
"""What a command returns: exit status, result for --json, text for stdout."""


class WrongUse(RunError):
    """The options contradict each other or the state of the run. The exit status is 2."""


def config(options: Namespace) -> Method:
    """The configuration that the options of `train` describe. Raises ConfigError."""
    changes: dict[str, Any] = {"data": options.data}
    changes |= method_changes(options)
    for name in ("network", "iterations", "seed"):
        if getattr(options, name) is not None:
            changes[name] = getattr(options, name)
    changes |= settings(options.set)
    pretrained = weights.find(str(changes.get("network", ""))) is not None
    preset = options.preset or ("finetune" if pretrained else "quick")
    return configure(options.method, preset=preset, **changes)


def settings(given: list[str]) -> dict[str, Any]:
    """The settings given as --set NAME=VALUE. Raises ConfigError."""
    changes = pairs(given, "--set", "NAME=VALUE")
    for name in ("method", "preset"):
        if name in changes:
            raise ConfigError(f"{name} cannot be set with --set: it is part of the command.")
    return changes


def pairs(given: list[str], option: str, form: str) -> dict[str, str]:
    """Split each NAME=VALUE. Raises ConfigError if one does not have that form."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not value:
            raise ConfigError(
                f"{option} takes {form}, such as {option} learning_rate=0.05, not {text!r}."
            )
        found[name] = value
    return found
