"""The plane on the Forgetting page, and the slider between two runs."""

import numpy as np
import pytest
from logged_runs import iterative, mixed, run
from ui_pages import charts, checked, opened, text

from fruitlab.app import shared
from fruitlab.runs import catalog, interpolations


def traces(app) -> dict[str, dict]:
    return {trace["name"]: trace for trace in charts(app)[0].data if "name" in trace}


def finals(trace: dict) -> list[tuple[float, float]]:
    return list(zip(trace["x"], trace["y"], strict=True))


def weights(name: str) -> None:
    catalog.find(name).write_tensors("weights", {"w": np.zeros(1, np.float32)}, {})


def test_trajectory_method_and_frontier() -> None:
    for ratio in (0, 50, 100):
        run(f"mixed{ratio}", mixed(100), iterations=100, ratio=ratio)
        weights(f"mixed{ratio}")
    for seed in range(2):
        run(f"kept{seed}", iterative(100), method="rehearsal", iterations=100, seed=seed)
    run("one", iterative(100), method="iterative", iterations=100)
    found = traces(checked(opened("forgetting", runs="one")))
    assert finals(found["Iterative"]) == [(0.5, 0.3)]
    assert finals(found["Rehearsal"]) == [(0.5, 0.3)]
    assert set(found["Rehearsal"]["customdata"][0].split(",")) == {"kept0", "kept1"}
    assert found["Mixed training"]["text"] == ["0%", "", ""]  # all at one place
    path = found["one"]
    assert finals(path)[5] == (0.9, 0.1) and finals(path)[-1] == (0.5, 0.3)
    assert len(finals(path)) == 11 and "iteration 100" in path["hovertext"][-1]


def test_runs_scored_on_validation_pictures_are_not_beside_those_scored_on_test_pictures() -> None:
    for name, changes in {"test": {}, "held": {"validation": 20}, "other": {"kept": 3}}.items():
        run(name, iterative(100), method="rehearsal", iterations=100, **changes)
    run("elsewhere", iterative(100), method="rehearsal", iterations=100, fingerprint="f" * 16)
    app = checked(opened("forgetting", runs="test,held,elsewhere"))
    assert set(traces(app)["Rehearsal"]["customdata"]) == {"test", "other"}
    assert "not on the plane: held, elsewhere" in text(app)
    app = checked(opened("forgetting", runs="held"))
    assert traces(app)["Rehearsal"]["customdata"] == ["held"]
    assert "the same validation pictures" in text(app)


def test_a_live_run_moves() -> None:
    made = run("one", iterative(100)[:8], status=None, method="iterative", iterations=100)
    with made.lock():
        made.doing("training")
        app = checked(opened("forgetting"))
        path = finals(traces(app)["one"])
        made.append(iterative(100)[8])
        shared.index().entries(fresh=True)
        assert finals(traces(checked(app.run()))["one"])[:-1] == path


def test_the_slider_between_two_runs() -> None:
    for name in ("a", "b"):
        run(name, iterative(100), method="iterative", iterations=100, seed=ord(name))
        weights(name)
    app = checked(opened("forgetting", runs="a,b"))
    app.toggle(key="between").set_value(True).run()
    assert checked(app).button(key="start between").label == "Score the points between them"
    steps = [(0.0, 90, 10), (0.5, 60, 40), (1.0, 20, 50)]
    points = [{"alpha": a, "nice": [100, n, 100], "real": [100, r, 100]} for a, n, r in steps]
    interpolations.write({"runs": ["a", "b"], "points": points}, None)
    (slider,) = checked(app.run()).select_slider
    assert finals(traces(app)["Between two runs"]) == [(0.9, 0.1), (0.6, 0.4), (0.2, 0.5)]
    slider.set_value(1).run()
    assert finals(traces(checked(app))["Selected alpha"]) == [(0.6, 0.4)]
    assert [metric.value for metric in app.metric][:3] == ["60.0%", "40.0%", "49.0%"]


@pytest.mark.parametrize("points", [[], [{"alpha": 2.0}], [{"alpha": 0.5, "nice": [1]}]])
def test_a_damaged_file_of_points_is_as_good_as_none(points: list) -> None:
    interpolations.write({"runs": ["a", "b"], "points": points}, None)
    assert interpolations.read("a", "b") is None
