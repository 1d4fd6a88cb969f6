"""The recipe benchmark's arithmetic and its chart; its runs are ordinary ones."""

import math
import xml.etree.ElementTree as ElementTree

import pytest
from logged_runs import point, run

from benchmarks import recipe
from benchmarks.svg import Series, line_chart, spread, ticks
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


def test_chart_is_well_formed_and_its_lines_lie_where_the_numbers_say():
    points = [(1000, 0.2, 0.1, 0.3), (10_000, 0.5, 0.4, 0.6), (100_000, 1.0, 0.9, 1.0)]
    root = ElementTree.fromstring(
        line_chart([Series("a < b", points), Series("none yet", [])], x="pictures", y="score")
    )
    (line,) = [
        [tuple(map(float, p.split(","))) for p in e.get("points").split()]
        for e in root.iter("{http://www.w3.org/2000/svg}polyline")
    ]
    (x0, y0), (x1, y1), (x2, y2) = line
    assert x2 - x1 == pytest.approx(x1 - x0, abs=0.2), "a decade is as wide as another"
    assert (y0 - y2) / (y0 - y1) == pytest.approx(0.8 / 0.3, rel=0.01)
    assert any("a < b: 1.000" == e.text for e in root.iter("{http://www.w3.org/2000/svg}text"))


@pytest.mark.parametrize(
    ("least", "most"), [(1900, 38_000), (5, 6), (1000, 1000), (12_000, 760_000), (1, 1)]
)
def test_ticks_enclose_the_numbers_and_are_round(least, most):
    marks = ticks(least, most)
    assert marks[0] <= least and marks[-1] >= most and len(marks) >= 2 and marks == sorted(marks)
    assert all(round(mark / 10 ** math.floor(math.log10(mark))) in (1, 2, 5) for mark in marks)


def test_labels_are_kept_apart_in_their_order():
    heights = [100.0, 30.0, 101.0, 102.0]
    moved = spread(heights, gap=16)
    assert moved[1] == 30 and moved[0] == 100 and moved[2] == 116 and moved[3] == 132
