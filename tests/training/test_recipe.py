"""The recipe benchmark's arithmetic and its chart; its runs are ordinary ones."""

import xml.etree.ElementTree as ElementTree

import pytest
from logged_runs import point, run

from benchmarks import recipe
from benchmarks.chart import Series, line_chart, save
from fruitlab.methods.registry import parse


def test_over_seeds_takes_mean_least_and_most_where_all_seeds_have_a_score():
    curves = [
        [(100, 0.9, 0.4), (200, 1.0, 0.49)],
        [(100, 0.4, 0.4), (200, 1.0, 0.36), (300, 1.0, 1.0)],
    ]
    rows = recipe.over_seeds(curves)
    assert [row[0] for row in rows] == [100, 200]
    assert rows[0][1:] == pytest.approx((0.5, 0.4, 0.6))
    assert rows[1][1:] == pytest.approx((0.65, 0.6, 0.7))


def test_table_names_every_recipe_that_has_scores():
    text = recipe.table({"quick": [[(100, 0.9, 0.4)], [(100, 0.7, 0.7)]], "paper": [[]]})
    assert text.splitlines()[2] == "| quick | 2 | 100 | 0.800 | 0.550 | **0.650** | 0.600 - 0.700 |"
    assert "paper" not in text


def test_the_plan_is_three_seeds_at_three_ratios_and_runs_are_found_again_by_their_numbers():
    plan = recipe.plan("photos", paper_iterations=3000)
    quick = [
        config for name, configs in plan.items() if name.startswith("quick,") for config in configs
    ]
    assert sorted((config.ratio, config.seed) for config in quick) == [
        (r, s) for r in (0, 60, 100) for s in (0, 1, 2)
    ]
    assert [c.iterations for c in plan["paper, 60 % real"]] == [3000]
    names = [recipe.run_of(config).id for configs in plan.values() for config in configs]
    assert len(set(names)) == len(names) == 13
    assert recipe.run_of(parse(quick[0].model_dump())).id == recipe.run_of(quick[0]).id
    assert not recipe.run_of(quick[0]).folder.exists(), "looking for a run must not make one"


def test_a_run_trained_alike_is_taken_as_it_is_whatever_was_watched():
    config = recipe.plan("photos", paper_iterations=3000)["thorough, 60 % real"][0]
    for name, marks, changes in (
        ("few", (1500,), {}),
        ("many", (700, 1500), {}),
        ("other", (500, 700, 1500), {"learning_rate": 0.5}),
    ):
        made = run(name, [point(mark, 0.9, 0.4, full=True) for mark in marks], data="photos")
        numbers = config.model_copy(
            update={"live_every": 7, "full_evaluations": len(marks)} | changes
        )
        made.write_header(
            made.header() | {"config": numbers.model_dump(), "experiment": numbers.experiment()}
        )
    assert recipe.run_of(config).id == "many"
    assert len(recipe.curve(recipe.run_of(config))) == 2


def test_chart_shows_means_and_bands_and_is_the_same_file_every_time(tmp_path):
    points = [(1000, 0.2, 0.1, 0.3), (10_000, 0.5, 0.4, 0.6), (100_000, 1.0, 0.9, 1.0)]
    for name in ("one.svg", "two.svg"):
        figure = line_chart(
            [Series("a < b", points), Series("none yet", [])], x="pictures", y="score"
        )
        save(figure, tmp_path / name)
    (axes,) = figure.axes
    (line,), (band,) = axes.lines, axes.collections
    assert line.get_xydata().tolist() == [[x, mean] for x, mean, _, _ in points]
    corners = set(map(tuple, band.get_paths()[0].vertices.tolist()))
    assert corners >= {(x, y) for x, _, low, high in points for y in (low, high)}
    assert axes.get_xscale() == "log" and axes.get_ylim() == (0, 1)
    text = (tmp_path / "one.svg").read_text()
    shown = " ".join(ElementTree.fromstring(text).itertext())
    assert "a < b: 1.000" in shown and "10,000" in shown and "none yet" not in shown
    assert text == (tmp_path / "two.svg").read_text()


def test_chart_without_curves_is_empty(tmp_path):
    save(line_chart([Series("none yet", [])], x="pictures", y="score"), tmp_path / "empty.svg")
    ElementTree.parse(tmp_path / "empty.svg")
