"""The Train page in every state a run can be in."""

import re

import pytest
from logged_runs import iterative, mixed, run
from ui_pages import charts, opened, text

from fruitlab.app import forms, launch
from fruitlab.app.train_page import estimate
from fruitlab.config.paths import runs_root
from fruitlab.data import store
from fruitlab.data.importing import import_pictures
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog


def test_without_runs_the_form_has_an_estimate_and_start() -> None:
    app = opened("train")
    assert not app.exception and [button.label for button in app.button] == ["Start"]
    assert re.search(
        r"\*\*[\d,]+ training pictures\*\* \(repeats included\) in", text(app)
    ) and "a guess until a run has been measured here" in text(app)
    assert [
        (app.slider(key="ratio").min, app.slider(key="ratio").max, app.slider(key="ratio").step)
    ] == [(0, 100, 1)]


def test_the_estimate_includes_drawing_the_built_in_pictures() -> None:
    """5,200 pictures take a minute to draw, and a preset of a minute is not done before that."""
    drawn = (100, 100, False), (2600, 2600, True)
    config = configure("mixed", preset="glance", iterations=1)
    seconds = [re.search(r"about (.*?)\*\*", estimate.text(config, c, []))[1] for c in drawn]
    apart = [int(text.removesuffix(" s")) for text in seconds]
    assert apart[1] - apart[0] > 50
    assert "5,200 pictures are drawn" in estimate.text(config, drawn[1], [])


def test_every_setting_has_a_widget_with_help_unit_and_limits() -> None:
    app = opened("train", method="iterative", preset="paper")
    widgets = {
        w.key.split()[-1]: w
        for kind in ("number_input", "selectbox", "toggle", "slider")
        for w in app.get(kind)
        if w.key
    }
    config = forms.base_of("iterative", "paper", None)
    shown = type(config).model_fields.keys() - {"method", "preset", "pretrained"}
    assert shown <= widgets.keys()
    for name in shown - {"data"}:
        assert type(config).model_fields[name].description in widgets[name].help
    schema = type(config).model_json_schema()["properties"]  # the limits according to pydantic
    for widget in app.number_input:
        name, field = widget.key.split()[-1], schema[widget.key.split()[-1]]
        assert widget.min == field.get(
            "minimum", field.get("exclusiveMinimum")
        ) and widget.max == field.get("maximum", field.get("exclusiveMaximum"))
        assert widget.value == getattr(config, name)
    assert "Batch size (pictures)" in {widget.label for widget in app.number_input}


def test_form_says_what_a_pretrained_network_is_and_takes(workers: list) -> None:
    said = text(opened("train", method="mixed", preset="finetune", data="synthetic:20"))
    assert "3,371,008 parameters (13.5 MB), from its pretrained weights; trains all layers" in said
    assert re.search(r"400 iterations · \*\*about \d min", said)
    assert "Pretrained weights" in {
        toggle.label for toggle in opened("train", method="mixed", preset="finetune").toggle
    }
    paper = opened("train", method="mixed", preset="paper")  # whose network has none
    assert "Pretrained weights" not in {toggle.label for toggle in paper.toggle}
    missing = "timm:test_resnet.r160_in1k"
    app = opened("train", method="mixed", preset="finetune", data="synthetic:20", network=missing)
    app.button(key="start").click().run()
    assert not app.exception and not list(catalog.all_runs())
    assert f"networks download {missing}" in text(app)


def test_start_creates_the_run_of_the_form_and_watches_it(workers: list) -> None:
    app = opened(
        "train", method="iterative", preset="glance", data="synthetic:20", width="0.25", split="30"
    )
    app.slider(key="split").set_value(40).run()
    app.button(key="start").click().run()
    assert not app.exception
    (made,) = catalog.all_runs()
    config = made.config()
    assert (config.method, config.split, config.data, config.width) == (
        "iterative",
        40,
        "synthetic:20",
        0.25,
    )
    assert config.iterations == configure("iterative", preset="glance").iterations
    assert (
        workers == [["-m", "fruitlab.worker.process", made.id]]
        and made.id in app.query_params["run"]
    )
    assert made.status() == "waiting" and "Stop" in [button.label for button in app.button]
    assert [chart.title for chart in charts(app)] == ["Top-1 accuracy on both test sets"], (
        "the plot is there before the first point"
    )


def test_a_double_click_starts_one_run(workers: list) -> None:
    config = forms.base_of("mixed", "glance", None)
    assert launch.start(config).id == launch.start(config).id and len(workers) == 1
    assert launch.start(config.model_copy(update={"seed": 1})).id and len(workers) == 2


def test_a_second_start_says_that_it_queues(workers: list) -> None:
    launch.start(forms.base_of("mixed", "glance", None).model_copy(update={"seed": 5}))
    app = opened("train", seed="6")
    assert "1 run is training or waiting: this one is queued" in text(app)
    app.button(key="start").click().run()
    assert len(list(catalog.all_runs())) == 2 and "Also in progress:" in text(app)


def test_an_invalid_setting_is_reported_and_nothing_starts(workers: list) -> None:
    app = opened("train")
    app.number_input(key="mixed quick@4 learning_rate").set_value(0.0).run()
    assert (
        "learning_rate = 0.0 is not valid" in app.error[0].value
        and app.button(key="start").disabled
    )


def test_data_that_does_not_exist_cannot_be_started(workers: list) -> None:
    app = opened("train", data="orchard")
    assert not app.exception and "orchard" in text(app) and "Data page" in text(app)
    assert app.button(key="start").disabled


def test_an_unwritable_folder_is_reported(
    workers: list, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened("train")
    (tmp_path / "file").touch()
    monkeypatch.setenv("FRUITLAB_CHECKPOINTS", str(tmp_path / "file"))
    app.button(key="start").click().run()
    assert not app.exception and "Runs cannot be written to" in app.error[0].value and not workers


def test_a_running_run(workers: list) -> None:
    made = run("one", iterative(100)[:8], status=None, method="iterative", iterations=100)
    with made.lock():
        made.doing("training")
        app = opened("train")  # opens on the run in progress
        assert "one" in app.query_params["run"] and not app.exception
        progress = app.get("progress")[0].proto
        assert (
            progress.value == 70
            and "iteration 70 of 100" in progress.text
            and "left" in progress.text
            and "50 pictures per second" in progress.text
        )
        assert [metric.value for metric in app.metric] == ["74.0%", "18.0%", "36.5%"]
        shown = charts(app)[0]
        assert (
            shown.layout["shapes"][0]["x0"] == 50
            and "From iteration 50 on: restricted training" in shown.caption
        )
        assert "random baseline" in [trace["name"] for trace in shown.data]
        app.segmented_control(key="top").set_value(3).run()
        assert (
            charts(app)[0].title == "Top-3 accuracy on both test sets"
            and app.metric[0].value == "84.0%"
        )
        app.button(key="stop").click().run()
        assert (made.folder / "stop").exists() and "Stop requested" in text(app)


@pytest.mark.parametrize(
    ("activity", "words"),
    [
        (
            {"doing": "waiting", "why": "another run has the cpu"},
            "Waiting in the queue: another run has the cpu",
        ),
        ({"doing": "loading torch"}, "Loading PyTorch"),
        ({"doing": "reading the data"}, "Reading the data"),
        (
            {"doing": "reading the data", "step": "Drawing pictures", "done": 300, "of": 1200},
            "Drawing pictures: 300 of 1,200",
        ),
        (
            {"doing": "reading the data", "step": "Drawing pictures", "done": "x", "of": 0},
            "Starting",
        ),
        ({"doing": "something new"}, "Something new"),
    ],
)
def test_the_activity_before_the_first_evaluation(activity: dict, words: str) -> None:
    made = run("one", [], status=None, iterations=100)
    with made.lock():
        made.doing(activity.pop("doing"), **activity)
        app = opened("train", run="one")
        assert (
            not app.exception
            and words in app.get("progress")[0].proto.text
            and "Next:" in app.get("progress")[0].proto.text
        )


def test_a_finished_run_shows_its_final_scores_and_the_best_mixed_run() -> None:
    run("other", mixed(100), iterations=100, ratio=40)
    run("one", mixed(100), iterations=100)
    app = opened("train", run="one")
    assert not app.exception and "Finished: 100 iterations, 10,000 pictures seen" in text(app)
    assert [metric.value for metric in app.metric] == ["90.0%", "40.0%", "60.0%"]
    assert "best other mixed run (40% real), combined" in [
        trace["name"] for trace in charts(app)[0].data
    ]
    assert "Resume" not in [button.label for button in app.button]


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ("failed", "The disk is full, so one stopped.", "The disk is full, so one stopped."),
        ("stopped", None, "Stopped after 50 iterations"),
        (None, None, "Interrupted after 50 iterations"),
    ],
)
def test_a_run_that_ended_early_says_why_and_resumes(
    status: str | None, error: str | None, words: str, workers: list
) -> None:
    run("one", mixed(100)[:6], status=status, error=error, iterations=100)
    app = opened("train", run="one")
    assert not app.exception and words in text(app)
    app.button(key="resume").click().run()
    assert workers == [["-m", "fruitlab.worker.process", "one"]] and "Stop" in [
        button.label for button in app.button
    ]
    launch.resume(catalog.find("one"))
    assert len(workers) == 1, "an active run is not started again"


def test_a_run_whose_data_is_gone_cannot_be_resumed() -> None:
    run("one", mixed(100)[:6], status="stopped", iterations=100, data="gone")
    resume = opened("train", run="one").button(key="resume")
    assert resume.disabled and "*gone*, which is not on this machine" in resume.help


def test_missing_and_unreadable_runs() -> None:
    (runs_root() / "newer").mkdir(parents=True)
    (runs_root() / "newer" / "config.json").write_text('{"format": 99}')
    assert "There is no run named gone" in text(opened("train", run="gone"))
    app = opened("train", run="newer")
    assert not app.exception and "newer version of FruitLab" in text(app)


def test_invalid_parts_of_a_link_are_reported_and_the_rest_is_used(workers: list) -> None:
    app = opened("train", method="mixed", preset="quick@2", ratio="400", seed="7")
    assert (
        not app.exception
        and "ratio = '400' is not valid" in text(app)
        and app.number_input(key="mixed quick@2 seed").value == 7
    )
    assert app.selectbox(key="data").value == store.BUILT_IN


def test_own_pictures_come_first_unless_the_link_names_others(workers: list, pair) -> None:
    import_pictures(name="things", nice=pair.nice, real=pair.real)
    assert opened("train").selectbox(key="data").value == "things"
    assert (
        opened("train", method="iterative", preset="glance").selectbox(key="data").value == "things"
    )
    assert (
        opened("train", method="iterative", preset="glance", data="synthetic:20")
        .selectbox(key="data")
        .value
        == "synthetic:20"
    )
