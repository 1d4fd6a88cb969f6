"""The Paper page in every state."""

import json

import pytest
from logged_runs import CATEGORIES, iterative, mixed, point, run
from ui_pages import charts, checked, html, opened, text

from fruitlab.app import shared
from fruitlab.app.components import study as studying
from fruitlab.runs.catalog import find
from fruitlab.studies import published
from fruitlab.studies.plans import RATIOS, SPLITS


def badges(app) -> list[str]:
    return [
        str(element.value).rpartition(": ")[2].rstrip("]")
        for element in app.markdown
        if "-badge[" in str(element.value)
    ]


def opened_study(app) -> bool:
    (box,) = [box for box in app.expander if box.label.startswith("The study")]
    return box.proto.expanded


def study(seeds: int = 1) -> None:
    """Runs of the whole study: mixed with the paper's scores, iterative at 50% and 30%."""
    for seed in range(seeds):
        for ratio in RATIOS:
            row = published.TABLE2[ratio]
            run(
                f"mixed-{ratio}-{seed}",
                [point(10, row["nice"], row["real"] + 0.01 * seed, full=True)],
                ratio=ratio,
                seed=seed,
            )
        for split in SPLITS:
            run(
                f"iterative-{split}-{seed}",
                iterative(1200, 100),
                method="iterative",
                split=split,
                seed=seed,
            )


def test_without_runs_the_papers_own_numbers_stand_there_and_how_to_get_ours():
    app = checked(opened("paper"))
    assert (
        "No finished run yet" in text(app)
        and set(badges(app)) == {"not enough runs"}
        and len(badges(app)) == 8
    )
    table = html(app, "fl-table")
    assert (
        "The paper, best per column" in table
        and "Ours" not in table
        and "<b>64.8%</b>" in table
        and "22.7%" in table
    )
    eleven, twelve, thirteen, fourteen = charts(app)
    assert {trace["name"] for trace in eleven.data} == {
        "nice, paper",
        "real, paper",
        "combined, paper",
        "random baseline",
    }
    assert [trace["x"] for trace in twelve.data if "paper" in trace["name"]] == [
        [70]
    ] and "45.0%" in thirteen.caption
    assert next(trace for trace in fourteen.data if trace["name"] == "nice, paper")["y"] == [
        0.95,
        0.2,
    ]
    assert "python -m fruitlab study paper --data synthetic --preset quick --seeds 1" in [
        code.value for code in app.code
    ]
    assert any(button.label == "Start the study" for button in app.button)
    assert all(
        f"Figure {number}" in text(app) for number in (8, 9, 10)
    ) and "The abstract gives" in text(app)


def test_some_runs_decide_nothing_yet_but_are_shown():
    run("a", mixed(100), ratio=0)
    run("b", mixed(100), ratio=60)
    app = checked(opened("paper"))
    assert "Missing: 10, 20, 30, 40, 50, 70, 80, 90, 100%." in text(app) and set(badges(app)) == {
        "not enough runs"
    }
    assert (
        charts(app)[0].data[0]["x"] == [0, 60]
        and "<td>—" not in html(app, "fl-table").partition("60%")[2].partition("</tr>")[0]
    )
    assert (
        f"The random baseline is {1 / len(CATEGORIES):.1%}" in text(app)
        and next(metric.value for metric in app.metric) == "60.0%"
    )


def test_all_runs_decide_by_the_papers_own_numbers():
    study()
    app = checked(opened("paper"))
    assert badges(app)[:3] == [
        "holds in part",
        "too close to call",
        "does not hold",
    ]  # 60% is 2.6 points above 50%: on 1,000 pictures too little
    assert badges(app)[3:] == [
        "too close to call",
        "does not hold",
        "does not hold",
        "holds",
        "does not hold",
    ]  # the random baseline is 25%, of four categories
    assert not opened_study(app) and "One seed" in text(app) and "±" not in html(app, "fl-table")
    assert next(metric.value for metric in app.metric) == "64.8%"


@pytest.mark.parametrize(("real", "said"), [(0.084, True), (0.21, False)])
def test_where_ours_is_far_from_the_papers_it_says_so(real, said):
    for name, ratio, value in (("a", 0, real), ("b", 60, 0.4)):
        made = run(name, [point(10, 0.99, value, full=True)], ratio=ratio)
        made.write_header(made.header() | {"data": made.header()["data"] | {"kind": "photographs"}})
    app = checked(opened("paper"))
    shown = text(app)
    assert (f"{real:.1%} of the real photos, where the paper has 22.7%" in shown) == said
    assert not any("Discussion" in box.label for box in app.expander), (
        "what was found out about the shipped photos says nothing about others"
    )


def test_several_seeds_have_a_spread():
    study(2)
    app = checked(opened("paper"))
    assert "standard deviation over seeds" in text(app) and "23.2% <small>± 0.7" in html(
        app, "fl-table"
    )
    assert charts(app)[0].data[1]["error_y"]["array"] == pytest.approx([0.00707] * 11, abs=1e-4)


def test_best_per_column_is_a_choice():
    run("a", [point(5, 0.9, 0.1, full=True), point(10, 0.5, 0.4, full=True)], ratio=60)
    app = checked(opened("paper"))
    assert charts(app)[0].data[0]["y"] == [0.5]
    app.segmented_control(key="ours").set_value("best").run()
    assert not app.exception and charts(app)[0].data[0]["y"] == [0.9]


def test_several_sets_and_a_link_to_one():
    run("a", mixed(100), ratio=0)
    run("b", mixed(100), ratio=60)
    run("wide", mixed(100), ratio=20, width=2)
    app = checked(opened("paper"))
    assert charts(app)[0].data[0]["x"] == [0, 60]
    app.selectbox(key="paper set").select_index(1).run()
    assert not app.exception and charts(app)[0].data[0]["x"] == [20]
    assert any("--set width=2" in code.value for code in app.code)
    again = checked(
        opened(
            "paper",
            set=app.query_params["set"][0]
            if isinstance(app.query_params["set"], list)
            else app.query_params["set"],
        )
    )
    assert charts(again)[0].data[0]["x"] == [20]


def test_statistics_both_ways_are_drawn_over_one_another():
    for norms in ("updated", "frozen"):
        run(norms, iterative(100), method="iterative", split=50, norms=norms)
    app = checked(opened("paper"))
    fourteen = charts(app)[3]
    assert {"nice: updated statistics", "nice: frozen statistics", "nice, paper"} <= {
        trace["name"] for trace in fourteen.data
    }
    assert "No finished mixed run" in text(app) and len(badges(app)) == 11


def test_the_button_starts_the_study_that_the_page_shows(monkeypatch):
    started = []
    monkeypatch.setattr(
        studying.jobs, "start", lambda root, title, arguments: started.append(arguments)
    )
    app = opened("paper")
    app.number_input(key="study seeds").set_value(2).run()
    app.checkbox(key="study norms").set_value(True).run()
    next(button for button in app.button if button.label == "Start the study").click().run()
    assert not app.exception
    assert started == [
        [
            "study",
            "paper",
            "--data",
            "synthetic",
            "--preset",
            "quick",
            "--seeds",
            "2",
            "--running-statistics",
            "updated",
            "frozen",
        ]
    ]


def test_odd_summaries_are_left_out():
    run("a", mixed(100), ratio=0)
    for number, summary in enumerate(
        (
            {"status": "finished"},
            {"status": "finished", "nice": 3},
            {"status": "finished", "best": "x"},
        )
    ):
        made = run(f"odd-{number}", mixed(100), ratio=60 + 10 * number)
        (made.folder / "summary.json").write_text(
            json.dumps(
                json.loads((made.folder / "summary.json").read_text()) | summary
                if "best" in summary
                else summary
            )
        )
    app = checked(opened("paper"))
    assert charts(app)[0].data[0]["x"] == [0] and find("odd-2").status() == "unreadable"


def test_while_a_study_is_at_work_the_page_fills_in(monkeypatch):
    monkeypatch.setattr(studying, "at_work", lambda name: name == "paper")
    run("a", mixed(100), ratio=0)
    app = checked(opened("paper"))
    assert charts(app)[0].data[0]["x"] == [0]
    run("b", mixed(100), ratio=60)
    shared.index().entries(fresh=True)
    app.run()  # what the tick comes to
    assert charts(app)[0].data[0]["x"] == [0, 60]
    assert opened_study(app)


def test_another_set_takes_the_study_with_it():
    for seed in range(12):  # more seeds than the form offers
        run(f"a{seed}", mixed(100), ratio=0, seed=seed)
    run("b", mixed(100), ratio=0, data="synthetic:20", fingerprint="f" * 16, width=2)
    app = checked(opened("paper"))
    for name, seeds, told in (
        ("synthetic:20", 1, "not on this machine"),
        ("synthetic", 10, "--seeds 10"),
    ):
        place = next(
            place
            for place, option in enumerate(app.selectbox(key="paper set").options)
            if option.startswith(f"{name} ")
        )
        app.selectbox(key="paper set").select_index(place).run()
        assert not app.exception and app.number_input(key="study seeds").value == seeds
        assert told in text(app) + "".join(code.value for code in app.code)
