"""What visitors of a server may do: everything (local), or look, play and classify (showcase).

FRUITLAB_MODE chooses the mode, or `fruitlab --mode`. Functions that change something on the server
are marked with `@changes(action)`. Pages, the demo, background jobs and commands all call these
functions, so this is the only place where a mode is enforced. Pages ask `allows` to leave out what
would be refused.
"""

import functools
import os
from collections.abc import Callable
from enum import StrEnum
from typing import ParamSpec, TypeVar

from fruitlab.config.errors import ConfigError, DataError, RunError

P = ParamSpec("P")
R = TypeVar("R")


class Mode(StrEnum):
    """Whom a server is for."""

    LOCAL = "local"  # one person, on their own machine
    SHOWCASE = "showcase"  # anybody on the web


class Action(StrEnum):
    """What changes something on the server, or reads from its disk what is not for everybody."""

    TRAIN = "start or resume a training"
    STOP = "stop a training"
    LABEL = "change the title and note of a run"
    DELETE_RUN = "delete a run"
    IMPORT = "import pictures, from a zip or from folders of the server"
    DOWNLOAD = "download a public dataset"
    REMOVE_DATA = "remove a dataset"
    OBSERVE = "post a labelled picture to a stream"
    JOB = "start, cancel or dismiss a background job"
    PATHS = "see where files are on the server"


ALLOWED: dict[Mode, frozenset[Action]] = {
    Mode.LOCAL: frozenset(Action),
    Mode.SHOWCASE: frozenset(),
}


class NotAllowed(RunError, DataError):
    """The mode of this server does not allow an action."""


def mode() -> Mode:
    """The mode of this process. Raises ConfigError for one that does not exist."""
    named = os.environ.get("FRUITLAB_MODE") or Mode.LOCAL
    try:
        return Mode(named)
    except ValueError:
        raise ConfigError(
            f"FRUITLAB_MODE is {named!r}: there are the modes {', '.join(Mode)}."
        ) from None


def allows(action: Action) -> bool:
    """Whether the mode of this process allows an action."""
    return action in ALLOWED[mode()]


def require(action: Action) -> None:
    """Raises NotAllowed unless the mode of this process allows an action."""
    if not allows(action):
        raise NotAllowed(
            f"This server is a {mode()}: visitors cannot {action}. Install FruitLab on your own "
            "machine for that."
        )


def changes(action: Action) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Marks a function that does an action: it raises NotAllowed where the mode forbids it."""

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def checked(*arguments: P.args, **named: P.kwargs) -> R:
            require(action)
            return function(*arguments, **named)

        return checked

    return mark


def table() -> str:
    """The table of docs/modes.md: every action and the modes that allow it."""
    rows = [f"| visitors can | {' | '.join(Mode)} |", "|---|" + "---|" * len(Mode)]
    for action in Action:
        marks = ["yes" if action in ALLOWED[mode] else "no" for mode in Mode]
        rows.append(f"| {action} | {' | '.join(marks)} |")
    return "\n".join(rows)
