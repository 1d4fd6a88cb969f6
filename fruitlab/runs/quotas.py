"""What a user of a shared server may have: runs, their size on the disk, and work that waits.

FRUITLAB_QUOTA_RUNS, FRUITLAB_QUOTA_GB and FRUITLAB_QUOTA_QUEUE change the numbers. Admins have no
limits, and neither have the users of a local server.
"""

import os
from collections.abc import Iterable

from fruitlab.config import users
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Mode, mode
from fruitlab.runs.folder import Run

DEFAULTS = {"RUNS": 100, "GB": 10, "QUEUE": 5}
ACTIVE = ("waiting", "running")


def quota(name: str) -> int:
    """A quota by the end of its variable's name. Raises RunError if it is no number."""
    text = os.environ.get(f"FRUITLAB_QUOTA_{name}") or str(DEFAULTS[name])
    if not text.isdecimal():
        raise RunError(f"FRUITLAB_QUOTA_{name} is {text!r}: give a whole number.")
    return int(text)


def check_runs(runs: Iterable[Run]) -> None:
    """Raises RunError if the current user has too many of these runs to start another."""
    if (user := _limited()) is None:
        return
    own = [run for run in runs if run.owner == user]
    if len(own) >= quota("RUNS"):
        raise RunError(f"You have {len(own)} runs, as many as you may. Delete some of them.")
    if sum(_size(run) for run in own) >= quota("GB") * 1e9:
        raise RunError(f"Your runs take {quota('GB')} GB, as much as they may. Delete some.")
    active = [run.id for run in own if run.status() in ACTIVE]
    if len(active) >= quota("QUEUE"):
        raise RunError(
            f"{len(active)} of your runs train or wait, as many as may. Wait for one of them, or "
            f"stop one: {', '.join(active)}."
        )


def check_jobs(at_work: Iterable[users.Owned]) -> None:
    """Raises RunError if too many of these jobs are the current user's to start another."""
    if (user := _limited()) is None:
        return
    count = sum(job.owner == user for job in at_work)
    if count >= quota("QUEUE"):
        raise RunError(
            f"{count} of your background jobs are at work, as many as may. Wait for one."
        )


def _limited() -> str | None:
    """The current user, if quotas apply to them."""
    user = users.current() if mode() is Mode.SHARED else None
    return None if users.is_admin(user) else user


def _size(run: Run) -> int:
    try:
        return sum(file.stat().st_size for file in run.folder.iterdir())
    except OSError:  # it is being deleted
        return 0
