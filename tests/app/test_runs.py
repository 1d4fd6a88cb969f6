"""The Runs page in all its states: no runs, many, selected ones, and damaged folders."""

import json
from pathlib import Path

import closed_form_runs
import made_runs
import numpy as np
import pytest
import streamlit as st
from logged_runs import iterative
from logged_runs import run as logged
from run_folders import CATEGORIES, TESTED, predictions, run_folder
from streamlit.testing.v1 import AppTest
from ui_pages import address, charts, checked, html, opened, pictures, text

from fruitlab.app.components import confusion
from fruitlab.app.runs_page import categories, mistakes
from fruitlab.app.runs_page.view_link import SECTIONS
from fruitlab.config.paths import runs_root
from fruitlab.corrections.correcting import correct
from fruitlab.data import store
from fruitlab.data.importing import import_pictures
from fruitlab.inference import client
from fruitlab.methods.registry import configure
from fruitlab.metrics import accuracy
from fruitlab.plots.categories import per_category
from fruitlab.runs import catalog, folder, labels
from fruitlab.runs.index import Index
from fruitlab.runs.lines import grouped, lines


def table(app: AppTest):
    return app.dataframe[0].value


@pytest.fixture(autouse=True)
def nothing_cached() -> None:
    """Each test has its own folders, which cached data would not belong to."""
    st.cache_resource.clear()
    st.cache_data.clear()


def board(app: AppTest) -> str:
    return html(app, 'fl-board"')


def sides(app: AppTest) -> str:
    return html(app, 'fl-sides"')


def test_no_runs() -> None:
    app = checked(opened("runs"))
    assert "There are no runs yet" in text(app) and len(app.dataframe) == 0


def test_the_newest_run_is_selected_first() -> None:
    for name in ("old", "new"):
        run_folder(name)
    app = checked(opened("runs"))
    assert table(app)["id"].tolist() == ["new", "old"]
    assert set(table(app)["run"]) == {"mixed, 60% real, seed 0"}
    assert address(app) == {}  # writing it would add a step to the browser's history
    assert app.code[-1].value.endswith("runs?runs=new")
    scores = accuracy.table_scores(predictions(0))
    assert f"{scores['nice']['top1']:.1%}" in board(
        app
    ) and f"{scores['combined']['top1']:.1%}" in board(app)


def test_among_shipped_runs_the_best_is_selected_first(monkeypatch) -> None:
    for name, nice in (("a", 20), ("b", 80), ("c", 50), ("bare", 90)):
        made = run_folder(name)
        summary = json.loads((made.folder / "summary.json").read_text())
        summary["combined"]["top1"] = nice / 100
        (made.folder / "summary.json").write_text(json.dumps(summary))
    (made.folder / "weights.safetensors").unlink()  # no network to inspect
    monkeypatch.setattr(folder.Run, "shipped", property(lambda self: True))
    app = checked(opened("runs"))
    assert app.code[-1].value.endswith("runs?runs=b")


@pytest.mark.slow
def test_damaged_and_foreign_folders(tmp_path: Path) -> None:
    root = runs_root()
    for status in ("finished", "stopped", "failed", "interrupted"):
        run_folder(status, status=status)
    for name, content in {
        "damaged": "{",
        "newer": json.dumps({"format": 99}),
        "foreign": "[1, 2]",
        "empty": "",
        "strange": json.dumps({"format": 1, "config": 3}),
        "unknown-field": json.dumps(
            {"format": 1, "config": configure("mixed").model_dump() | {"gravity": 9.81}}
        ),
    }.items():
        (root / name).mkdir()
        (root / name / "config.json").write_text(content)
    (root / "no-run").mkdir()
    (root / "a file").write_text("x")
    run_folder("half", status="interrupted")
    (root / "half" / "metrics.jsonl").write_text('{"iteration": 0, "phase": "mi')
    run_folder("odd-log")
    with open(root / "odd-log" / "metrics.jsonl", "a") as file:
        file.write('{"other": 1}\n[]\n')
    run_folder("no-predictions")
    (root / "no-predictions" / "predictions.npz").write_bytes(b"PK")
    run_folder("odd-summary")
    (root / "odd-summary" / "summary.json").write_text('{"status": "finished", "nice": 3}')
    run_folder("odd-label")
    (root / "odd-label" / "label.json").write_text('["x"]')

    everything = ",".join(sorted(run.id for run in catalog.all_runs()))
    app = checked(opened("runs", runs=everything))
    shown = dict(zip(table(app)["id"], table(app)["status"], strict=True))
    assert {
        name.split()[-1]
        for name in (
            shown["damaged"],
            shown["newer"],
            shown["foreign"],
            shown["empty"],
            shown["strange"],
        )
    } == {"unreadable"}
    assert (
        shown["unknown-field"].endswith("unreadable")
        and shown["half"].endswith("interrupted")
        and shown["failed"].endswith("failed")
    )
    remarks = dict(zip(table(app)["id"], table(app)["remark"], strict=True))
    assert "newer version" in remarks["newer"] and remarks["failed"] == "The disk is full."

    for run in catalog.all_runs():  # each on its own, in each section
        for section in SECTIONS:
            app.query_params.clear()
            app.query_params["runs"], app.query_params["section"] = run.id, section
            checked(app.run())
            assert address(app).get("runs") == run.id


def test_a_link_restores_the_view_and_its_mistakes_are_reported() -> None:
    for seed in range(3):
        run_folder(f"s{seed}", seed=seed)
    view = {
        "runs": "s1,s0",
        "axis": "time",
        "metric": "top3",
        "smoothing": "10",
        "seeds": "false",
        "best": "true",
        "closer": "s0",
        "section": "files",
    }
    app = checked(opened("runs", **view))
    assert set(address(app).pop("runs").split(",")) == {"s0", "s1"}
    assert {name: value for name, value in address(app).items() if name != "runs"} == {
        name: value for name, value in view.items() if name != "runs"
    }
    assert "Best of each score" in board(app) and app.slider(key="runs smoothing").value == 10
    assert [button.label for button in app.button if button.key == "delete"] == [
        "Delete this run …"
    ]

    app = checked(opened("runs", runs="s2,gone", axis="furlongs"))
    assert "Not on this machine" in text(app) and "gone" in text(app) and "furlongs" in text(app)
    assert address(app) == {"runs": "s2"}
    checked(app.run())
    assert "gone" not in text(app)


def test_the_widgets_write_the_address() -> None:
    run_folder("a")
    app = checked(opened("runs", runs="a"))
    checked(app.segmented_control(key="runs axis").set_value("pictures").run())
    checked(app.slider(key="runs smoothing").set_value(7).run())
    checked(app.segmented_control(key="runs section").set_value("mistakes").run())
    assert address(app) == {
        "runs": "a",
        "axis": "pictures",
        "smoothing": "7",
        "section": "mistakes",
    }


@pytest.mark.slow
def test_filters_and_hundreds_of_runs() -> None:
    for i in range(200):
        run_folder(
            f"r{i:03d}", ratio=i % 101, seed=i, points=2, status="finished" if i % 2 else "stopped"
        )
    labels.write_label(catalog.find("r007"), title="Lucky one", note="see the notebook")
    app = checked(opened("runs"))
    assert len(table(app)) == 200
    checked(app.text_input(key="runs search").set_value("NOTEBOOK").run())
    assert table(app)["run"].tolist() == ["Lucky one"]
    assert "1 of 200 runs · 0 selected to compare, 1 more hidden by the filter" in text(app)
    checked(app.text_input(key="runs search").set_value("").run())
    checked(app.multiselect(key="runs status").set_value(["stopped"]).run())
    assert len(table(app)) == 100


def test_seeds_are_a_mean_and_differences_are_marked() -> None:
    tops = []
    for seed in range(3):
        run = run_folder(f"s{seed}", seed=seed)
        tops.append(run.summary()["best"]["top1"]["nice"])
    run_folder("other", ratio=20, learning_rate=0.123)
    app = checked(opened("runs", runs="s0,s1,s2,other", best="true"))
    text = board(app)
    assert (
        "3 seeds" in text
        and f"± {100 * np.std(tops, ddof=1):.1f}" in text
        and f"{np.mean(tops):.1%}" in text
    )
    assert "mixed, 20% real" in text and "mixed, 60% real" in text
    assert (
        sides(app).count('<tr class="differs">') == 3
        and "Learning rate" in sides(app)
        and "0.123" in sides(app)
    )  # ratio, seed, learning rate
    assert "Momentum" not in sides(app)
    checked(app.toggle(key="runs agree").set_value(True).run())
    assert "Momentum" in sides(app) and sides(app).count('<tr class="differs">') == 3


def test_runs_that_differ_in_two_settings_are_a_heat_map() -> None:
    names = []
    for ratio in (20, 60):
        for rate in (0.01, 0.02, 0.04):
            for seed in range(2):
                names.append(f"r{ratio}-{int(1000 * rate)}-{seed}")
                run_folder(names[-1], ratio=ratio, learning_rate=rate, seed=seed)
    app = checked(opened("runs", runs=",".join(names)))
    maps = [figure for figure in charts(app) if figure.data[0].get("type") == "heatmap"]
    assert [figure.title.split(",")[0] for figure in maps] == ["● Nice", "◆ Real", "■ Combined"]
    (trace,) = maps[0].data
    assert trace["x"] == ["20", "60"] and trace["y"] == ["0.01", "0.02", "0.04"]
    seeds = [catalog.find(f"r60-20-{seed}").summary()["nice"]["top1"] for seed in range(2)]
    assert trace["z"][1][1] == pytest.approx(np.mean(seeds))
    # With a third setting, there is no plane.
    run_folder("other", ratio=20, iterations=50)
    app = checked(opened("runs", runs=",".join([*names, "other"])))
    assert not [figure for figure in charts(app) if figure.data[0].get("type") == "heatmap"]


def test_a_run_with_phases_has_its_accuracy_matrix() -> None:
    logged("one", iterative(100), method="iterative", iterations=100)
    app = checked(opened("runs", runs="one", section="transfer"))
    assert app.table[0].value.iloc[:, 0].tolist() == [
        "before training",
        "after initial",
        "after restricted",
    ]
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Forgetting (Avalanche)"] == values["Forgetting (Mammoth)"] == "40.0 points"
    assert values["Backward transfer"] == "-40.0 points"
    run_folder("mixed")
    app = checked(opened("runs", runs="mixed", section="transfer"))
    assert "Forgetting and transfer" not in app.segmented_control(key="runs section").options


def test_rows_have_readable_names_and_seeds_told_apart() -> None:
    for name, changes in {
        "a": {"seed": 0},
        "b": {"seed": 1},
        "c": {"ratio": 20, "learning_rate": 0.05},
        "e": {"ratio": 20},
        "f": {"seed": 2},
        "d": {"method": "iterative", "split": 30},
    }.items():
        run_folder(name, **changes)
    labels.write_label(catalog.find("b"), title="Lucky", note="")
    app = checked(opened("runs"))
    assert dict(zip(table(app)["id"], table(app)["run"], strict=True)) == {
        "a": "mixed, 60% real, seed 0",
        "b": "Lucky",
        "c": "mixed, 20% real, learning rate 0.05",
        "d": "iterative, 30% nice first, frozen statistics",
        "e": f"mixed, 20% real, learning rate {configure('mixed').learning_rate:g}",
        "f": "mixed, 60% real, seed 2",
    }
    assert table(app).columns[:4].tolist() == ["run", "combined", "nice", "real"]


def test_names_cannot_inject_html() -> None:
    run = run_folder("a")
    labels.write_label(run, title="<img src=x onerror=alert(1)>", note="")
    run_folder("b", ratio=10)
    assert "<img" not in board(opened("runs", runs="a,b"))


def test_mistakes_without_the_data_list_names() -> None:
    run_folder("a")
    app = checked(opened("runs", runs="a", section="mistakes"))
    assert "'things' is not on this machine" in text(app)
    assert "Bolt, classified as Nut: 12 real test pictures" in text(app)
    names = app.code[0].value.splitlines()
    assert len(names) == 12 and all(
        name.startswith("real/Bolt/") and "%)" in name for name in names
    )


def test_mistakes_with_the_data_show_the_pictures(pair) -> None:
    import_pictures(name="things", nice=pair.nice, real=pair.real)
    data = store.load_cached("things")
    run_folder("a", hashes={"real": list(data.real.hashes), "nice": list(data.nice.hashes)})
    app = checked(opened("runs", runs="a", section="mistakes"))
    assert len(app.code) == 1 and pictures(app) == 12
    images, why = mistakes.images_of("things", (data.real.hashes[3], "0" * 16))
    assert why is None and images[1] is None and np.array_equal(images[0], data.real.images[3])


def test_the_confusion_matrix_counts_the_predictions() -> None:
    answers = predictions(3)
    rows = ~answers["real"]
    matrix = confusion.counts(answers["truth"][rows], answers["top3"][rows, 0], 3)
    assert matrix.tolist() == [[27, 3, 0], [0, 27, 3], [3, 0, 27]] and matrix.sum() == 3 * TESTED
    assert confusion.worst(matrix) == (0, 1) and confusion.worst(np.diag([4, 5])) is None


def test_categories_have_their_intervals() -> None:
    scores = accuracy.table_scores(predictions(0))
    figure = per_category(scores, top=1)
    real = figure["data"][1]
    assert real["x"] == [pytest.approx(0.6)] * 3 and set(
        figure["layout"]["yaxis"]["ticktext"]
    ) == set(CATEGORIES)
    low, high = accuracy.wilson(18, 30)
    assert real["error_x"]["array"][0] == pytest.approx(high - 0.6) and real["error_x"][
        "arrayminus"
    ][0] == pytest.approx(0.6 - low)
    lines = categories.as_csv(scores).splitlines()
    assert len(lines) == 1 + 2 * len(CATEGORIES) and lines[1].startswith("Bolt,nice,30,0.9,")


def test_lines_are_smoothed_then_averaged() -> None:
    for seed in range(2):
        run_folder(f"s{seed}", seed=seed, points=5)
    entries = Index().entries(fresh=True)
    (group,) = grouped(entries, seeds=True)
    plain = lines([group], axis="iterations", metric="top1", percent=0)[0].bands["nice"]
    values = np.array([[line["nice"][1] / 90 for line in entry.run.metrics()] for entry in entries])
    np.testing.assert_allclose(plain.mean, values.mean(0))
    np.testing.assert_allclose(plain.deviation, values.std(0, ddof=1))
    smooth = lines([group], axis="iterations", metric="top1", percent=20)[0].bands["nice"]
    factor = np.exp(-25 / 20.0)  # 25 iterations from point to point; 20% of 100
    weights = np.tril(factor ** (np.arange(5)[:, None] - np.arange(5)[None, :]).clip(0))
    np.testing.assert_allclose(smooth.mean, ((weights @ values.T).T / weights.sum(1)).mean(0))


def test_two_runs_show_what_one_gained_and_lost() -> None:
    for seed, name in enumerate(("a", "b")):
        made_runs.run(name, seed=seed)
    app = checked(opened("runs", runs="a,b"))
    first, second = (catalog.find(name).predictions() for name in ("a", "b"))
    real = first["real"]  # both tables list the same pictures
    gained = ((first["rank"] > 0) & (second["rank"] == 0))[real].sum()
    lost = ((first["rank"] == 0) & (second["rank"] > 0))[real].sum()
    assert f"**Gained: {gained}**" in text(app) and f"**Lost: {lost}**" in text(app)
    app.selectbox(key="gained From").set_value("b").run()
    assert f"**Gained: {lost}**" in text(checked(app))
    app.segmented_control(key="gained set").set_value("nice").run()
    assert f"**Gained: {lost}**" not in text(checked(app))
    assert "Gained and lost" not in text(checked(opened("runs", runs="a")))


def test_a_version_says_what_it_has_learned(monkeypatch) -> None:
    monkeypatch.setattr(client, "feature_map", closed_form_runs.feature_map)
    base = closed_form_runs.run()
    correct(base.id, closed_form_runs.picture(1, 9), "Dragon Fruit")
    app = checked(opened("runs", runs="solved,solved-v1", closer="solved-v1"))
    assert "made from solved" in text(app) and "1 × Dragon Fruit" in text(app)
    assert "Gained and lost" in text(app) and "against its parent: nice" in text(app)
