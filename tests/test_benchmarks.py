"""The benchmarks: their imports, and the plan, aggregation and chart of benchmarks.presets."""

import ast
import importlib
import xml.etree.ElementTree as ElementTree

import pytest
from logged_runs import point, run

from benchmarks import presets
from benchmarks.chart import Series, line_chart, save
from fruitlab.config.paths import PROJECT
from fruitlab.methods.registry import parse


@pytest.mark.parametrize("path", sorted(PROJECT.glob("benchmarks/*.py")), ids=lambda p: p.stem)
def test_imports_exist(path):
    """Whatever a benchmark imports from FruitLab is there, also within functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fruitlab."):
            module = importlib.import_module(node.module)
            for name in node.names:
                if not hasattr(module, name.name):
                    importlib.import_module(f"{node.module}.{name.name}")


def test_over_seeds_aggregates_where_all_seeds_have_a_score():
    curves = [
        [(100, 0.9, 0.4), (200, 1.0, 0.49)],
        [(100, 0.4, 0.4), (200, 1.0, 0.36), (300, 1.0, 1.0)],
    ]
    rows = presets.over_seeds(curves)
    assert [row[0] for row in rows] == [100, 200]
    assert rows[0][1:] == pytest.approx((0.5, 0.4, 0.6))
    assert rows[1][1:] == pytest.approx((0.65, 0.6, 0.7))


def test_table_lists_presets_that_have_scores():
    text = presets.table({"quick": [[(100, 0.9, 0.4)], [(100, 0.7, 0.7)]], "paper": [[]]})
    assert text.splitlines()[2] == "| quick | 2 | 100 | 0.800 | 0.550 | **0.650** | 0.600 - 0.700 |"
    assert "paper" not in text


def test_plan_has_three_seeds_at_three_ratios():
    plan = presets.plan("photos", paper_iterations=3000)
    quick = [
        config for name, configs in plan.items() if name.startswith("quick,") for config in configs
    ]
    assert sorted((config.ratio, config.seed) for config in quick) == [
        (r, s) for r in (0, 60, 100) for s in (0, 1, 2)
    ]
    assert [c.iterations for c in plan["paper, 60% real"]] == [3000]
    names = [presets.run_of(config).id for configs in plan.values() for config in configs]
    assert len(set(names)) == len(names) == 13
    assert presets.run_of(parse(quick[0].model_dump())).id == presets.run_of(quick[0]).id
    assert not presets.run_of(quick[0]).folder.exists(), "looking for a run must not make one"


def test_existing_run_with_the_same_training_is_used():
    config = presets.plan("photos", paper_iterations=3000)["thorough, 60% real"][0]
    for name, iterations, changes in (
        ("few", (1500,), {}),
        ("many", (700, 1500), {}),
        ("other", (500, 700, 1500), {"learning_rate": 0.5}),
    ):
        made = run(
            name, [point(iteration, 0.9, 0.4, full=True) for iteration in iterations], data="photos"
        )
        numbers = config.model_copy(
            update={"live_every": 7, "full_evaluations": len(iterations)} | changes
        )
        made.write_header(
            made.header() | {"config": numbers.model_dump(), "experiment": numbers.experiment()}
        )
    assert presets.run_of(config).id == "many"
    assert len(presets.curve(presets.run_of(config))) == 2


def test_chart_shows_means_and_bands_reproducibly(tmp_path):
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
