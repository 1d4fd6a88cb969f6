"""The Forgetting page in every state."""

import pytest
from logged_runs import iterative, mixed, run
from ui_pages import charts, checked, opened, text

from fruitlab.config.files import write_json
from fruitlab.runs import captions, catalog, labels
from fruitlab.runs.index import Index


def test_without_runs_it_explains_and_leads_to_training() -> None:
    app = opened("forgetting")
    assert not app.exception and "No iterative run yet" in text(app) and not charts(app)
    app.button(key="to train").click().run()
    assert (
        not app.exception
        and app.title[0].value == "Train"
        and "iterative" in app.query_params["method"]
    )


def test_a_finished_run_with_all_measures_and_its_upper_bound() -> None:
    run("joint", mixed(100), iterations=100, ratio=50)
    run("one", iterative(100), method="iterative", iterations=100)
    app = opened("forgetting")
    assert not app.exception
    values = {metric.label.split("} ")[-1]: metric.value for metric in app.metric}
    assert values == {
        "nice now": "50.0%",
        "real now": "30.0%",
        "Forgetting from peak": "40.0 points",
        "Forgetting since the switch": "40.0 points",
        "Half-life": "25 iterations",
    }
    _, figure = charts(app)
    names = [trace["name"] for trace in figure.data]
    assert names == [
        "nice",
        "real",
        "nice, trained jointly (50% real)",
        "real, trained jointly (50% real)",
        "random baseline",
    ]
    assert (
        figure.data[0]["x"] == [0, 10, 20, 30, 40, 50]
        and figure.data[2]["y"] == [0.9, 0.9]
        and figure.data[4]["y"] == [0.25, 0.25]
    )


def test_without_a_joint_run_it_says_how_to_get_one() -> None:
    run("one", iterative(100), method="iterative", iterations=100)
    app = opened("forgetting")
    link = app.get("page_link")[0].proto
    assert (
        "No mixed run has seen as many pictures" in text(app)
        and "ratio=50" in link.query_string
        and "method=mixed" in link.query_string
    )


def test_several_runs_in_one_plot_and_side_by_side() -> None:
    run("follow", iterative(100), method="iterative", iterations=100, norms="follow")
    run("frozen", iterative(100), method="iterative", iterations=100, norms="frozen")
    app = opened("forgetting", runs="follow,frozen,gone")
    assert not app.exception and "left out: gone" in text(app)
    names = [trace["name"] for trace in charts(app)[1].data if trace["name"] != "random baseline"]
    assert names == [
        "nice: updated statistics",
        "real: updated statistics",
        "nice: frozen statistics",
        "real: frozen statistics",
    ]
    (table,) = app.table
    assert table.value.columns.tolist()[1:] == ["updated statistics", "frozen statistics"]
    assert table.value["frozen statistics"].tolist() == [
        "40.0 points",
        "40.0 points",
        "25",
        "20.0 points",
    ]


def test_lines_are_named_by_the_settings_that_differ() -> None:
    for name, changes in {
        "a": {"split": 20},
        "b": {"split": 50},
        "c": {"split": 50, "seed": 1},
        "d": {"split": 50, "seed": 1},
    }.items():
        run(name, iterative(100), method="iterative", iterations=100, **changes)
    labels.write_label(catalog.find("d"), title="the last", note="")
    names = captions.distinct_legends(sorted(Index().entries(), key=lambda entry: entry.id))
    assert names == ["20% nice first", "50% nice first, seed 0", "c", "the last"]


def test_undefined_measures_of_a_running_run_are_dashes() -> None:
    made = run("one", iterative(100)[:8], status=None, method="iterative", iterations=100)
    with made.lock():
        made.doing("training")
        app = opened("forgetting")
        assert not app.exception and "iteration 70 of 100" in app.get("progress")[0].proto.text
        assert [metric.value for metric in app.metric] == ["74.0%", "18.0%", "8.0 points", "—", "—"]


@pytest.mark.parametrize("status", ["failed", None])
def test_before_restricted_training_there_is_no_curve(status: str | None) -> None:
    run(
        "one",
        iterative(100)[:3],
        status=status,
        error="The disk is full." if status else None,
        method="iterative",
        iterations=100,
    )
    app = opened("forgetting", runs="one")
    assert (
        not app.exception
        and "Restricted training has not begun yet" in text(app)
        and len(charts(app)) == 1  # the plane
    )
    assert ("The disk is full." if status else "interrupted") in text(app)


def test_no_run_selected() -> None:
    run("one", iterative(100), method="iterative", iterations=100)
    app = opened("forgetting")
    app.multiselect(key="runs").set_value([]).run()
    assert not app.exception and "Choose a run above" in text(app)


def forgetting_content(run_id: str, fingerprint: str = "f") -> dict:
    """What a file of closed-form training beside that run holds."""
    return {
        "format": 1,
        "run": run_id,
        "gradient_network": "paper",
        "data": "drawn",
        "fingerprint": fingerprint,
        "categories": 4,
        "network": "efficientnet-lite0",
        "ridge": 0.1,
        "pictures": [40, 30],
        "tests": [20, 10],
        "closed": {"seen": [0, 15, 30], "nice": [1.0, 0.95, 0.9], "real": [0.1, 0.4, 0.6]},
        "gradient": {"seen": [0, 30, 60], "nice": [0.9, 0.6, 0.4], "real": [0.1, 0.3, 0.5]},
        "joint": {"nice": 0.9, "real": 0.6},
    }


def test_closed_form_beside_gradient_training(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(tmp_path))
    assert "Learning without forgetting" not in text(opened("forgetting"))
    write_json(tmp_path / "forgetting.json", forgetting_content("other"))
    one = run("one", iterative(100), method="iterative", iterations=100)
    app = checked(opened("forgetting"))
    assert "python -m fruitlab forgetting-file one" in text(app)
    figure = charts(app)[-1]
    lines = {trace["name"]: (trace["x"], trace["y"]) for trace in figure.data}
    assert lines["nice, closed form"] == ([15, 30], [0.95, 0.9])
    assert lines["real, gradient"] == ([30, 60], [0.3, 0.5])
    assert figure.layout["xaxis"]["type"] == "log"
    assert "90.0% nice and 60.0% real, gradient training at 40.0% nice" in figure.caption
    assert "the closed form loses 0.0 points of nice accuracy" in figure.caption
    assert "the gradient trains the network paper from scratch" in text(app)

    # The selected run's own file comes first; a damaged one is left out.
    write_json(one.folder / "closed-form.json", forgetting_content("one"))
    (tmp_path / "forgetting.json").write_text("{", encoding="utf-8")
    app = checked(opened("forgetting"))
    assert "the gradient-trained run one" in text(app) and "forgetting-file" not in text(app)


def test_without_runs_the_shipped_closed_form_is_shown(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(tmp_path))
    write_json(tmp_path / "forgetting.json", forgetting_content("other"))
    app = checked(opened("forgetting"))
    assert "Learning without forgetting" in text(app) and len(charts(app)) == 1
