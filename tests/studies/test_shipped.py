"""The shipped runs: complete, readable without their data, with consistent scores."""

import json
from functools import partial

import numpy as np
import pytest
from PIL import Image

from fruitlab.app.paper_page.notes import DISCUSSION
from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.config.errors import RunError
from fruitlab.config.paths import PROJECT
from fruitlab.inference.predict import Predictor
from fruitlab.methods.distil import Distil
from fruitlab.metrics import accuracy
from fruitlab.metrics.accuracy import SCORES
from fruitlab.runs.folder import Run
from fruitlab.runs.grouping import preset_name
from fruitlab.runs.index import Index
from fruitlab.runs.sweeps import sweeps
from fruitlab.studies import ablation_results, memory, score_columns
from fruitlab.studies.ablations import EARLY
from fruitlab.studies.release import name
from fruitlab.studies.reproduction import reproductions

SHIPPED = PROJECT / "checkpoints" / "shipped"
RUNS = sorted(path.parent for path in SHIPPED.glob("*/config.json"))

# Of the study of methods: the best one and the best with one network; and the distilled networks.
BEST_METHODS = {
    "domain-statistics-thorough-e05fe0-seed0",
    "rehearsal-thorough-fb9384-seed0",
    "distil-thorough-a0dbad-seed0",
    "distil-thorough-14d036-seed0",
    "distil-thorough-215a06-seed0",
    "distil-thorough-a990fc-seed0",
    "distil-thorough-bfb897-seed0",
}


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(SHIPPED))


def test_shipped_study_is_complete_and_small():
    names = {path.name for path in RUNS}
    for seed in range(3):
        assert {f"mixed-{ratio}-thorough-seed{seed}" for ratio in range(0, 101, 10)} <= names
        assert {
            f"iterative-{split}-{statistics}-thorough-seed{seed}"
            for split in range(10, 91, 10)
            for statistics in ("frozen", "follow")
        } <= names
    assert {f"mixed-{ratio}-paper-seed0" for ratio in (0, 60, 100)} | {
        "iterative-50-follow-paper-seed0"
    } <= names
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 45e6
    known = {
        "config.json",
        "metrics.jsonl",
        "summary.json",
        "predictions.npz",
        "weights.safetensors",
    }
    assert {path.name for folder in RUNS for path in folder.iterdir()} == known, (
        "only the files of runs: no pictures, and no files of an operating system"
    )
    with_weights = {path.name for path in RUNS if (path / "weights.safetensors").exists()}
    assert (
        with_weights
        == {f"mixed-{ratio}-thorough-seed0" for ratio in range(0, 101, 10)}
        | {f"iterative-50-{statistics}-thorough-seed0" for statistics in ("frozen", "follow")}
        | BEST_METHODS
    )


def test_all_ratios_are_those_of_the_same_pictures():
    file = SHIPPED / "ratios.safetensors"
    assert file.stat().st_size < 12e6
    made = AllRatios.load(file)
    mixed = Run(SHIPPED / "mixed-60-thorough-seed0")
    data = mixed.header()["data"]
    assert (made.facts["fingerprint"], list(made.categories)) == (
        data["fingerprint"],
        data["categories"],
    )
    found, trained = made.scores(made.best), mixed.summary()
    for domain in ("nice", "real"):
        assert found[domain]["pictures"] == trained[domain]["pictures"]
    assert found["combined"]["top1"] > trained["combined"]["top1"] + 0.1
    first, last = made.near_best
    assert first <= made.best <= last


@pytest.mark.parametrize("folder", RUNS, ids=lambda path: path.name)
def test_every_run_is_readable(folder):
    run = Run(folder)
    assert run.shipped and run.status() == "finished"
    assert run.header()["data"]["kind"] == "photographs"
    assert name(run.config()) == folder.name
    last, summary = run.metrics()[-1], run.summary()
    assert last["full"] and last["iteration"] == run.config().iterations
    assert accuracy.point_combined(last) == pytest.approx(summary["combined"]["top1"])
    # Nothing in it tells of the machine it was made on.
    assert "/" not in json.dumps(
        {key: value for key, value in run.header().items() if key != "data"}
    )


@pytest.mark.parametrize(
    "folder",
    [path for path in RUNS if (path / "predictions.npz").exists()],
    ids=lambda path: path.name,
)
def test_scores_match_the_predictions(folder):
    run = Run(folder)
    summary = run.summary()
    # By hand from the table: the truth's place among the first one and three.
    table = run.predictions()
    for domain in ("nice", "real"):
        rows = table["real"] == (domain == "real")
        for score, k in (("top1", 1), ("top3", 3)):
            right = (table["top3"][rows, :k] == table["truth"][rows, None]).any(1)
            assert summary[domain][score] == pytest.approx(right.mean()), (domain, score)
    assert summary["combined"]["top1"] == pytest.approx(
        (summary["nice"]["top1"] * summary["real"]["top1"]) ** 0.5
    )


def test_missing_predictions_are_reported():
    without = next(path for path in RUNS if not (path / "predictions.npz").exists())
    with pytest.raises(RunError, match="ships without its answers"):
        Run(without).predictions()


def test_sweep_has_eleven_ratios_whose_networks_answer(tmp_path):
    sweep = sweeps(Index(rest=0).entries())[0]
    assert sweep.ratios == list(range(0, 101, 10)) and sweep.kind == "photographs"
    photo = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (120, 90, 3), dtype=np.uint8)).save(
        photo
    )
    for ratio in sweep.ratios:
        entry = sweep.network(ratio)
        top = Predictor(entry.run).top3(photo)
        assert len(top) == 3 and all(one["category"] in entry.data["categories"] for one in top)
        assert 0 < sum(one["probability"] for one in top) <= 1 + 1e-6


@pytest.mark.slow
def test_pages_open_on_shipped_runs(monkeypatch: pytest.MonkeyPatch):
    from ui_pages import charts, checked, opened, text

    app = checked(opened("forgetting"))
    assert app.multiselect(key="runs").value == [
        "iterative-50-follow-thorough-seed0",
        "iterative-50-frozen-thorough-seed0",
    ]
    app = checked(opened("explore"))
    assert app.segmented_control(key="view").value == "At every ratio"
    app = checked(app.segmented_control(key="view").set_value("Trained networks").run())
    mixing = next(figure for figure in charts(app) if figure.title == "Accuracy by mixing ratio")
    names = [trace["name"] for trace in mixing.data]
    assert names == ["nice", "real", "combined", "nice, paper", "real, paper", "combined, paper"]
    assert all(len(trace["x"]) == 11 for trace in mixing.data)
    app = checked(opened("paper"))
    assert len(charts(app)) == 7 and not app.info  # Figures 8 to 14
    assert any("Discussion" in box.label for box in app.expander)
    assert "Part of the forgetting comes from running statistics" in text(app)


def test_discussion_quotes_the_shipped_runs():
    document = DISCUSSION.read_text(encoding="utf-8")
    entries = Index(rest=0).entries()
    study, *others = reproductions(entries)
    by_preset = {preset_name(one.config): one for one in others}  # quick: at twice the width
    columns = {how: score_columns.last(runs) for how, runs in study.iterative.items()}
    mixed = score_columns.last(study.mixed)
    quoted = [
        (mixed[80], "combined"),
        (mixed[70], "combined"),
        (mixed[50], "combined"),
        (mixed[0], "nice"),
        (mixed[0], "real"),
        (mixed[100], "real"),
        (columns["frozen"][90], "combined"),
        *((columns[how][50], score) for how in columns for score in SCORES),
    ]
    for scores, score in quoted:
        text = f"{scores.mean(score):.1%} ± {100 * scores.deviation(score):.1f}"
        assert text in document, text
    tables = [by_preset[name].mixed for name in ("paper", "quick", "finetune")]
    tables.append(by_preset["finetune"].iterative["frozen"])
    for runs in tables:
        for place, scores in score_columns.last(runs).items():
            cells = " | ".join(f"{scores.mean(score):.1%}" for score in SCORES)
            assert f"| {place}% | {cells} |" in document.replace("**", "")
    for entry in entries:
        if isinstance(entry.config, Distil) and not entry.known_config.validation:
            cells = " | ".join(f"{entry.final(score):.1%}" for score in SCORES)
            row = f"| {entry.known_config.ratio}% | {cells} |"
            assert row in document.replace("**", ""), row
    for line in memory.lines(entries, study.first):
        for kept, scores in line.scores.items():
            deviation = scores.deviation("combined")
            text = f"{scores.mean('combined'):.1%}"
            text += "" if deviation is None else f" ± {100 * deviation:.1f}"
            row = next(row for row in document.splitlines() if row.startswith(f"| {kept} | "))
            assert f" {text} " in row.replace("**", ""), (line.layers, line.share, kept)
    for row in ablation_results.switch_rows(entries):
        cells = f"{row.nice[1]:.1%} | {row.nice[2]:.1%} | {row.real[2]:.1%}"
        assert cells in document, row.ablation.title
    (early,) = ablation_results.tables(entries, partial(ablation_results.rows, EARLY))
    for row in early.rows[:3]:
        assert f"| {row.loss:.3f} |" in document, row.ablation.title
