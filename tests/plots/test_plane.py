"""The plane of nice and real accuracy."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from fruitlab.plots import style
from fruitlab.plots.plane import plane
from fruitlab.plots.points import Point, Trajectory

FRONTIER = [
    Point(1.0, 0.1, label="0%"),
    Point(0.9, 0.4, label="50%"),
    Point(0.2, 0.5, label="100%"),
]


def named(figure: dict, name: str) -> dict:
    (trace,) = [trace for trace in figure["data"] if trace.get("name") == name]
    return trace


def test_contours_have_equal_combined_performance_and_stay_in_the_plot() -> None:
    lines, labels, level = plane({}, frontier=FRONTIER)["data"][:3]
    gaps = [place for place, x in enumerate(lines["x"]) if x is None]
    parts = np.split(np.arange(len(lines["x"])), np.array(gaps) + 1)[:-1]
    found = []
    for part in parts:
        x, y = (np.array([lines[axis][i] for i in part[:-1]]) for axis in "xy")
        assert np.ptp(np.sqrt(x * y)) < 1e-12 and x.max() <= 1 and y.max() <= 0.6 + 1e-12
        found.append(float(np.sqrt(x * y)[0]))
    np.testing.assert_allclose(found, np.arange(1, 8) / 10)
    np.testing.assert_allclose(np.sqrt(np.multiply(labels["x"], labels["y"])), found)
    np.testing.assert_allclose(np.multiply(level["x"], level["y"]), 0.36)  # of the best mixed run


def test_markers_are_a_method_s_own_whichever_others_are_there() -> None:
    alone = plane({"A": [], "B": [Point(0.5, 0.5)]})
    both = plane({"A": [Point(0.4, 0.4)], "B": [Point(0.5, 0.5)]})
    assert named(alone, "B")["marker"] == named(both, "B")["marker"]
    assert named(both, "A")["marker"]["symbol"] != named(both, "B")["marker"]["symbol"]


def test_a_point_has_its_settings_its_spread_and_its_run() -> None:
    some = [
        Point(0.8, 0.5, "kept <12> · quick", key="a,b", deviations=(0.01, 0.02)),
        Point(0.7, 0.5),
    ]
    trace = named(plane({"A": some}), "A")
    assert trace["hovertext"][0] == (
        "kept &lt;12><br>quick<br>nice 80.0% ± 1.0, real 50.0% ± 2.0<br>63.2% combined"
    )
    assert trace["customdata"] == ["a,b", None]
    assert trace["error_x"]["array"] == [0.01, 0.0] and trace["error_y"]["array"] == [0.02, 0.0]


def test_the_ends_of_the_frontier_look_like_their_domain() -> None:
    trace = named(plane({}, frontier=FRONTIER), "Mixed training")
    assert trace["marker"]["symbol"] == [style.SYMBOLS[s] for s in ("nice", "combined", "real")]
    inner = named(plane({}, frontier=FRONTIER[1:2]), "Mixed training")
    assert inner["marker"]["color"] == [style.COLOURS["combined"]]


def test_paths() -> None:
    path = [Point(0.1, 0.1), Point(0.6, 0.2), Point(0.5, 0.4)]
    figure = plane(
        {"A": []}, trajectories=[Trajectory("one", "A", path)], closed_form=path, between=(path, 1)
    )
    assert named(figure, "one")["x"] == [0.1, 0.6, 0.5]
    assert named(figure, "Selected alpha")["x"] == [0.6]
    assert named(figure, "Closed form")["y"] == [0.1, 0.2, 0.4]


def test_the_caption_compares_the_best() -> None:
    caption = plane({"A": [Point(0.5, 0.5, "a")], "B": [Point(0.9, 0.5, "b")]}, frontier=FRONTIER)[
        "caption"
    ]
    assert "Best mixed training: 50% real, 60.0% combined" in caption
    assert "Best other: B, 67.1% (b)" in caption


@pytest.mark.parametrize(
    "figure",
    [plane({}), plane({"A": FRONTIER}, frontier=FRONTIER[:1]), plane({}, frontier=FRONTIER)],
)
def test_plotly_accepts_it(figure: dict) -> None:
    go.Figure(data=figure["data"], layout=figure["layout"])
    json.dumps(figure, allow_nan=False)


def test_labels_of_points_that_lie_close_together_make_way_for_the_best_and_the_ends() -> None:
    close = [(1.0, 0.1, 0), (0.99, 0.45, 50), (0.99, 0.48, 60), (0.98, 0.5, 70), (0.2, 0.5, 100)]
    points = [Point(nice, real, label=f"{ratio}%") for nice, real, ratio in close]
    trace = named(plane({}, frontier=points), "Mixed training")
    assert trace["text"] == ["0%", "50%", "", "70%", "100%"]
    assert len(trace["x"]) == len(points)  # whose points all stay
