"""Gained and lost pictures, compared with a loop over all pairs of rows."""

import made_runs
import numpy as np

from fruitlab.metrics.pairs import answers_of, gained_and_lost


def test_gained_and_lost_are_found_whatever_the_order_and_the_categories():
    first, second = made_runs.table(0), made_runs.table(1)
    order = np.random.default_rng(2).permutation(len(second["truth"]))[5:]  # some are missing
    second = {key: x if key == "categories" else x[order] for key, x in second.items()}
    second["categories"] = np.append(second["categories"], "new")
    gained, lost = gained_and_lost(first, second)
    expected: tuple[list[int], list[int]] = ([], [])
    for row, (real, content) in enumerate(zip(second["real"], second["hash"], strict=True)):
        (before,) = np.flatnonzero((first["hash"] == content) & (first["real"] == real))
        was, now = first["rank"][before] == 0, second["rank"][row] == 0
        if was != now:
            expected[int(was)].append(row)
    assert (gained.tolist(), lost.tolist()) == expected and gained.size and lost.size
    answers = answers_of(first)
    for row in gained:
        key = bool(second["real"][row]), str(second["hash"][row])
        assert answers[key] != second["categories"][second["truth"][row]]


def test_equal_networks_gain_and_lose_nothing():
    table = made_runs.table()
    assert [rows.size for rows in gained_and_lost(table, table)] == [0, 0]
