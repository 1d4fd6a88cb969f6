"""Experiments by datasets: which runs share a row, and their means."""

import pytest
from logged_runs import mixed
from logged_runs import run as logged
from run_folders import run_folder

from fruitlab.runs.across import across
from fruitlab.runs.index import Index


def test_experiments_are_rows_and_datasets_columns():
    for data, fingerprint in (("fruit", "a" * 16), ("tools", "b" * 16)):
        for seed in (0, 1):
            logged(
                f"{data}-20-{seed}",
                mixed(100),
                data=data,
                fingerprint=fingerprint,
                seed=seed,
                ratio=20,
            )
    logged("fruit-60", mixed(50), data="fruit", fingerprint="a" * 16, ratio=60)
    logged("half", mixed(100), data="tools", fingerprint="b" * 16, ratio=60, status="stopped")
    found = across(Index().entries())
    assert found is not None
    assert set(found.datasets) == {"fruit", "tools"}
    rows = dict(zip(found.experiments, found.scores, strict=True))
    assert rows.keys() == {"mixed, 20% real", "mixed, 60% real"}
    # mixed() ends at 90% nice and 40% real.
    for cell in rows["mixed, 20% real"]:
        assert cell == pytest.approx({"nice": 0.9, "real": 0.4, "combined": 0.6})
    place = found.datasets.index("tools")
    assert rows["mixed, 60% real"][place] is None and rows["mixed, 60% real"][1 - place]


def test_the_same_pictures_under_two_names_are_one_dataset():
    for data in ("fruit", "copy"):
        logged(data, mixed(100), data=data, fingerprint="a" * 16)
    assert across(Index().entries()) is None


def test_runs_that_have_not_finished_make_no_table():
    run_folder("a", status="stopped")
    assert across(Index().entries()) is None
