"""What a user of a shared server may have: runs, room on the disk, and work that waits.

FRUITLAB_QUOTA_RUNS, FRUITLAB_QUOTA_GB and FRUITLAB_QUOTA_QUEUE change the numbers. Admins have no
limits, and neither have the users of a local server.
"""

import os
from collections.abc import Iterable

from fruitlab.config import users
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Mode, mode
from fruitlab.data import owned
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
    _check_disk(user, own)
    active = [run.id for run in own if run.status() in ACTIVE]
    if len(active) >= quota("QUEUE"):
        raise RunError(
            f"{len(active)} of your runs train or wait, as many as may. Wait for one of them, or "
            f"stop one: {', '.join(active)}."
        )


def check_jobs(at_work: Iterable[users.Owned], runs: Iterable[Run], upload: int) -> None:
    """Raises RunError if the current user has too much at work, or on the disk, for another job.

    Args:
        at_work: the jobs that work.
        upload: bytes of the file that comes with the new job.
    """
    if (user := _limited()) is None:
        return
    count = sum(job.owner == user for job in at_work)
    if count >= quota("QUEUE"):
        raise RunError(
            f"{count} of your background jobs are at work, as many as may. Wait for one."
        )
    if upload:
        _check_disk(user, (run for run in runs if run.owner == user), upload)


def _check_disk(user: str, own: Iterable[Run], more: int = 0) -> None:
    datasets = sum(one.size() for one in owned.owned_by(user))
    if sum(map(_size, own)) + datasets + more >= quota("GB") * 1e9:
        raise RunError(
            f"You may have {quota('GB')} GB of runs and datasets, and would have more. Delete some "
            "of them."
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
