"""What a command was given, as configurations; and what each command answers with. No torch."""

from argparse import Namespace
from collections.abc import Callable
from typing import Any

from fruitlab.cli.train_options import method_changes
from fruitlab.config.errors import ConfigError, RunError
from fruitlab.config.run_config import RunConfig
from fruitlab.methods.registry import configure

Say = Callable[[str], None]
Outcome = tuple[int, Any, str | None]  # exit status, result for --json, text for a person


class WrongUse(RunError):
    """The command cannot mean that: exit status 2."""


def config(options: Namespace) -> RunConfig:
    """Of `train`'s options. Raises ConfigError."""
    changes: dict[str, Any] = {"data": options.data}
    changes |= method_changes(options)
    for name in ("iterations", "seed"):
        if getattr(options, name) is not None:
            changes[name] = getattr(options, name)
    return configure(options.method, preset=options.preset, **changes | settings(options.set))


def settings(given: list[str]) -> dict[str, Any]:
    """Of every --set NAME=VALUE. Raises ConfigError for what is not of that form."""
    changes = pairs(given, "--set", "NAME=VALUE")
    for name in ("method", "preset"):
        if name in changes:
            raise ConfigError(f"{name} is not set this way: it is part of the command.")
    return changes


def pairs(given: list[str], option: str, form: str) -> dict[str, str]:
    """NAME: VALUE of each. Raises ConfigError for what is not of that form."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not value:
            raise ConfigError(
                f"{option} takes {form}, such as {option} learning_rate=0.05, not {text!r}."
            )
        found[name] = value
    return found
