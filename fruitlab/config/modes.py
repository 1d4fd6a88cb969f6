"""What visitors of a server may do: everything (local), change what is theirs (shared), or look.

FRUITLAB_MODE chooses the mode, or `fruitlab --mode`; FRUITLAB_COLLECTIONS=off forbids `COLLECT` in
any mode. Functions that change something on the server are marked with `@changes(action)`, which
also looks whose run, job or dataset it is. Pages, the demo, background jobs and commands all call
these functions, so this is the only place where a mode is enforced. Pages ask `allows` to leave out
what would be refused.
"""

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar

from fruitlab.config import users
from fruitlab.config.errors import ConfigError, DataError, RunError

P = ParamSpec("P")
R = TypeVar("R")


class Mode(StrEnum):
    """Whom a server is for."""

    LOCAL = "local"  # one person, on their own machine
    SHARED = "shared"  # people who sign in
    SHOWCASE = "showcase"  # anybody on the web


class Action(StrEnum):
    """What changes something on the server, or reads from its disk what is not for everybody."""

    TRAIN = "start or resume a training"
    STOP = "stop a training"
    LABEL = "change the title and note of a run"
    DELETE_RUN = "delete a run"
    IMPORT = "import pictures from a zip"
    FOLDERS = "import pictures from folders of the server"
    CHANGE_DATA = "exclude, relabel or group pictures of a dataset"
    DOWNLOAD = "download a public dataset"
    REMOVE_DATA = "remove a dataset"
    OBSERVE = "post a labelled picture to a stream"
    JOB = "start, cancel or dismiss a background job"
    COLLECT = "keep a photo with its right category, and teach it to a network"
    PATHS = "see where files are on the server"


class Who(StrEnum):
    """Who may do an action."""

    EVERYBODY = "yes"
    OWNERS = "own"  # everybody, but only with what they made themselves; admins with everything
    ADMINS = "admins"
    NOBODY = "no"


ALLOWED: dict[Mode, dict[Action, Who]] = {
    Mode.LOCAL: dict.fromkeys(Action, Who.EVERYBODY),
    Mode.SHARED: dict.fromkeys(Action, Who.ADMINS)
    | dict.fromkeys(
        (
            *(Action.TRAIN, Action.STOP, Action.LABEL, Action.DELETE_RUN, Action.JOB),
            *(Action.CHANGE_DATA, Action.REMOVE_DATA, Action.COLLECT),
        ),
        Who.OWNERS,
    )
    | {Action.IMPORT: Who.EVERYBODY},
    Mode.SHOWCASE: dict.fromkeys(Action, Who.NOBODY),
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


def allows(action: Action, owned: users.Owned | None = None) -> bool:
    """Whether the current visitor may do an action, and it is not switched off.

    Args:
        owned: the run, job, dataset or collection that it is about, if there is one yet.
    """
    if _switched_off(action):
        return False
    here = mode()
    who = ALLOWED[here][action]
    if here is not Mode.SHARED:
        return who is Who.EVERYBODY
    user = users.current()
    if user is None or who is Who.NOBODY:
        return False
    if who is Who.OWNERS:
        return users.may_change(owned, user)
    return who is Who.EVERYBODY or users.is_admin(user)


def offers(action: Action) -> bool:
    """Whether the mode of this process allows an action to anybody."""
    return ALLOWED[mode()][action] is not Who.NOBODY


def _switched_off(action: Action) -> bool:
    return action is Action.COLLECT and os.environ.get("FRUITLAB_COLLECTIONS") == "off"


def require(action: Action, owned: users.Owned | None = None) -> None:
    """Raises NotAllowed unless the current visitor may do an action."""
    if allows(action, owned):
        return
    if _switched_off(action):
        raise NotAllowed(f"FRUITLAB_COLLECTIONS is off: nobody can {action} here.")
    here = mode()
    if here is not Mode.SHARED:
        raise NotAllowed(
            f"This server is a {here}: visitors cannot {action}. Install FruitLab on your own "
            "machine for that."
        )
    if users.current() is None:
        raise NotAllowed(f"Sign in to {action}.")
    whose = "is not yours" if ALLOWED[here][action] is Who.OWNERS else "is for admins"
    raise NotAllowed(f"On this shared server, you cannot {action} here: it {whose}.")


def _first(given: Mapping[str, Any]) -> users.Owned | None:
    """The first argument, if it has an owner: a run or a job."""
    first = next(iter(given.values()), None)
    return first if isinstance(getattr(type(first), "owner", None), property) else None


def changes(
    action: Action, owned: Callable[[Mapping[str, Any]], users.Owned | None] = _first
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Marks a function that does an action: it raises NotAllowed where the mode forbids it.

    Args:
        owned: what the action is about, from the function's arguments by name.
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*arguments: P.args, **named: P.kwargs) -> R:
            given = signature.bind(*arguments, **named)
            given.apply_defaults()
            require(action, owned(given.arguments))
            return function(*arguments, **named)

        return checked

    return mark


def table() -> str:
    """The table of docs/modes.md: every action and the modes that allow it."""
    rows = [f"| visitors can | {' | '.join(Mode)} |", "|---|" + "---|" * len(Mode)]
    for action in Action:
        marks = [ALLOWED[mode][action] for mode in Mode]
        rows.append(f"| {action} | {' | '.join(marks)} |")
    return "\n".join(rows)
