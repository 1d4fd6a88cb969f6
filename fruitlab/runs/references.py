"""What a run is held against: the best mixed run on the same data, and the one trained jointly at the same budget. Pure, no torch."""

from collections.abc import Iterable

from fruitlab.methods.mixed import Mixed
from fruitlab.runs.index import Entry

SAME_BUDGET = 0.1  # pictures seen may differ by this share
JOINT = 50  # iterative training uses the very pictures of this mixing ratio (paper 4.4.2)


def same_data(one: Entry, other: Entry) -> bool:
    """Whether two runs have the same test pictures: the same pictures, split alike."""
    if (
        one.config is None
        or other.config is None
        or one.config.split_seed != other.config.split_seed
    ):
        return False
    prints = one.data.get("fingerprint"), other.data.get("fingerprint")
    return (
        prints[0] == prints[1] if all(prints) else one.config.data == other.config.data
    )  # before a worker has read the data: by name


def _mixed(entries: Iterable[Entry], run: Entry) -> list[Entry]:
    return [
        entry
        for entry in entries
        if entry.id != run.id
        and entry.status == "finished"
        and entry.config is not None
        and isinstance(entry.config, Mixed)
        and same_data(entry, run)
    ]


def best_mixed(entries: Iterable[Entry], run: Entry, top: int) -> tuple[Entry, float] | None:
    """The finished mixed run on the run's data with the highest combined performance, and that; None if there is none."""
    scored = [
        (entry, value)
        for entry in _mixed(entries, run)
        if (value := entry.final("combined", top)) is not None
    ]
    return max(scored, key=lambda pair: pair[1], default=None)


def joint(entries: Iterable[Entry], run: Entry, pictures: int) -> Entry | None:
    """The finished mixed run that saw as many pictures as the iterative one will, `pictures`; nearest to a ratio of 50 %, then of its seed (which chose the
    same pictures), then the newest."""
    at_budget = []
    for entry in _mixed(entries, run):
        seen = entry.summary.get("images_seen")
        # A mixture without one of the domains trains on one of them alone.
        if (
            isinstance(seen, int)
            and 0 < entry.config.ratio < 100
            and abs(seen - pictures) <= SAME_BUDGET * pictures
            and entry.final("nice") is not None
        ):
            at_budget.append(entry)
    return min(
        at_budget,
        key=lambda entry: (
            abs(entry.config.ratio - JOINT),
            entry.config.seed != run.config.seed,
            -entry.created,
        ),
        default=None,
    )
