"""Who acts, on a server that several people share (the mode *shared*, `modes`).

The app says who a visitor is; processes that are started for somebody have the name in
FRUITLAB_USER. FRUITLAB_ADMINS lists those who may do everything.
"""

import os
from collections.abc import Callable
from typing import Protocol

VARIABLE = "FRUITLAB_USER"
_finders: list[Callable[[], str | None]] = []


class Owned(Protocol):
    """What belongs to somebody: a run, a background job, a dataset, a collection."""

    @property
    def owner(self) -> str | None:
        """The user who made it; None if nobody is known, so that it is the admins'."""


def find_with(finder: Callable[[], str | None]) -> None:
    """Ask a function for the current user. This process itself is nobody from now on."""
    os.environ.pop(VARIABLE, None)
    if finder not in _finders:
        _finders.append(finder)


def current() -> str | None:
    """The user whom this thread or process works for; None if nobody has signed in."""
    for finder in _finders:
        if user := finder():
            return user
    return os.environ.get(VARIABLE) or None


def ownership() -> dict[str, str]:
    """What the files of something new say about the current user: {owner}, or nothing."""
    user = current()
    return {"owner": user} if user else {}


def environment() -> dict[str, str]:
    """The variables of a process that is started for the current user."""
    user = current()
    return {VARIABLE: user} if user else {}


def is_admin(user: str | None) -> bool:
    """Whether FRUITLAB_ADMINS has the user."""
    admins = os.environ.get("FRUITLAB_ADMINS", "").split(",")
    return user is not None and user in {name.strip() for name in admins} - {""}


def may_change(owned: Owned | None, user: str) -> bool:
    """Whether a user may change something: it is their own, or it is being made."""
    return owned is None or is_admin(user) or owned.owner == user
