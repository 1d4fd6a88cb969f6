"""Two networks' answers to the same pictures."""

import numpy as np


def gained_and_lost(
    first: dict[str, np.ndarray], second: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The pictures that only one of two networks gets right.

    Args:
        first, second: tables by `training.predictions`. Pictures are matched by domain and content;
            those in one table only do not count.

    Returns:
        The rows of `second` that it gets right and the first does not, and the reverse.
    """
    right_first, right_second = (
        dict(zip(_keys(table), (table["rank"] == 0).tolist(), strict=True))
        for table in (first, second)
    )
    rows = {key: row for row, key in enumerate(_keys(second)) if key in right_first}
    gained = [row for key, row in rows.items() if right_second[key] and not right_first[key]]
    lost = [row for key, row in rows.items() if right_first[key] and not right_second[key]]
    return np.array(gained, dtype=int), np.array(lost, dtype=int)


def answers_of(table: dict[str, np.ndarray]) -> dict[tuple[bool, str], str]:
    """The category that a network takes each picture for, by domain and content."""
    names = table["categories"][table["top3"][:, 0]].tolist()
    return dict(zip(_keys(table), names, strict=True))


def _keys(table: dict[str, np.ndarray]) -> list[tuple[bool, str]]:
    return list(zip(table["real"].tolist(), table["hash"].tolist(), strict=True))
