"""Reports and cards: what they say, that nothing is loaded, and that texts cannot become markup."""

import io
import json
from html.parser import HTMLParser

import numpy as np
import pytest
from logged_runs import iterative, mixed
from logged_runs import run as logged
from PIL import Image
from run_folders import run_folder

from fruitlab.cli import options as parsing
from fruitlab.cli.main import main, parser
from fruitlab.config.errors import RunError
from fruitlab.plots import style
from fruitlab.reports import card, page, run, study
from fruitlab.reports.card import Card
from fruitlab.runs import labels
from fruitlab.runs.index import Index


class Found(HTMLParser):
    """Addresses that a browser would load, links, text, and the number of tags by name."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "srcset", "data", "poster", "action"):
                (self.links if tag == "a" else self.loaded).append(value)

    def handle_data(self, data):
        if self.get_starttag_text() and self.lasttag not in ("script", "style"):
            self.text += data


def entry(run_id: str):
    found = Index().get(run_id)
    assert found is not None
    return found


def test_the_report_of_a_run_loads_nothing_and_has_its_figures():
    run_folder("a", ratio=30)
    html = run.report(entry("a"))
    found = Found(html)
    assert found.loaded == [] and found.links == [page.PAPER]
    assert "default-src 'none'" in html and "@import" not in html.split("<body>")[0]
    scores = entry("a").scores()
    for name in ("nice", "real", "combined"):
        assert f"{scores[name]['top1']:.1%}" in found.text
    for text in ("mixed, 30% real, seed 0", "Batch size (pictures)", "Top-3 accuracy", "Washer"):
        assert text in found.text
    assert html.count("Plotly.newPlot(") == found.tags.count("figure") == 5
    assert html.count("Plotly.newPlot =") <= 1 and len(html) > 3e6  # plotly.js, once


def test_a_run_of_two_phases_has_its_accuracy_matrix():
    logged("it", iterative(100), method="iterative", split=50)
    found = Found(run.report(entry("it")))
    # Initial training ends at 90% nice, restricted training at 50%.
    assert "after initial" in found.text and "+40.0 points" in found.text
    assert "Forgetting and learning during restricted training" in found.text


def test_a_run_without_evaluations_still_has_a_report():
    run_folder("new", status="interrupted", points=0)
    assert "There is no evaluation yet." in run.report(entry("new"))
    with pytest.raises(RunError, match="no evaluation"):
        card.of_run(entry("new"))


def test_titles_and_notes_stay_text():
    made = run_folder("a")
    labels.write_label(made, title="<img src=x>", note="</p><script>alert(1)</script>")
    plain = Found(run.report(entry("a")))
    assert "img" not in plain.tags and plain.loaded == []
    assert "<img src=x>" in plain.text and "<script>alert(1)</script>" in plain.text
    assert "img" not in Found(study.report("<img src=y>", [entry("a")])).tags


@pytest.mark.parametrize(
    ("method", "changes"),
    [
        ("mixed", {"ratio": 30, "seed": 4}),
        ("mixed", {"preset": "thorough", "iterations": 90, "mirror": False}),
        ("iterative", {"split": 20, "preset": "glance", "restart_clock": False}),
        ("mixed", {"data": "my pictures", "learning_rate": 0.123}),
    ],
)
def test_the_command_trains_the_same_run(method, changes):
    import shlex

    run_folder("a", method=method, **changes)
    config = entry("a").known_config
    words = shlex.split(run.command(config))
    assert words[:3] == ["python", "-m", "fruitlab"]
    assert parsing.config(parser().parse_args(words[3:])) == config


def test_the_report_of_a_sweep_has_the_mixing_curve_and_means_over_seeds():
    for ratio in (20, 60):
        for seed in (0, 1):
            run_folder(f"r{ratio}s{seed}", ratio=ratio, seed=seed)
    html = study.report("Sweep", Index().entries())
    found = Found(html)
    assert "4 runs of 2 experiments" in found.text and "Accuracy by mixing ratio" in found.text
    assert "20, 60" in found.text and "2 seeds" in found.text and found.loaded == []


def test_runs_on_different_pictures_are_said_to_be_incomparable():
    logged("a", mixed(100), fingerprint="a" * 16)
    logged("b", mixed(100), fingerprint="b" * 16)
    assert "not comparable" in study.report("Two", Index().entries())


def made_card(**changes) -> Card:
    x = np.arange(0, 101, 10)
    curves = {name: np.full(len(x), value) for name, value in (("nice", 0.9), ("real", 0.3))}
    curves["combined"] = np.full(len(x), 0.5)
    scores = {name: (float(curves[name][0]), 0.2, 0.95) for name in ("nice", "real", "combined")}
    given = {"title": "A", "subtitle": "b", "scores": scores, "x": x, "curves": curves, "axis": "x"}
    return Card(**(given | changes))


def test_a_card_draws_each_curve_at_its_height():
    image = np.asarray(Image.open(io.BytesIO(card.png(made_card()))))
    assert image.shape == (630, 1200, 3)
    left, top, right, bottom = card.PLOT
    column = image[top - 20 : bottom + 20, (left + right) // 2 + 20].astype(int)
    for name, value in (("nice", 0.9), ("real", 0.3), ("combined", 0.5)):
        colour = [int(style.COLOURS[name][i : i + 2], 16) for i in (1, 3, 5)]
        (rows,) = np.nonzero(np.abs(column - colour).sum(1) < 40)
        assert rows.mean() + top - 20 == pytest.approx(bottom - value * (bottom - top), abs=2)


def test_a_long_title_stays_on_the_card():
    image = np.asarray(Image.open(io.BytesIO(card.png(made_card(title="W" * 400)))))
    assert (image[:, 1150:] == 255).all()  # the right margin is empty


def test_the_commands_write_their_files(tmp_path, capsys):
    run_folder("a")
    assert main(["report", "a", "--out", str(tmp_path / "a.html"), "--json"]) == 0
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")
    assert main(["card", "a", "--out", str(tmp_path / "a.png"), "--json"]) == 0
    assert Image.open(tmp_path / "a.png").size == (1200, 630)
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["bytes"] > 1000 for one in results] == [True, True]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["report"], 2, "Name a study"),
        (["report", "a", "--study", "paper"], 2, "not both"),
        (["report", "--study", "paper"], 1, "python -m fruitlab study paper"),
        (["card"], 2, "Name a run"),
        (["card", "--data", "nothing"], 1, "fruitlab answer --data nothing"),
        (["card", "a", "--out", "/nowhere/a.png"], 1, "Name another --out"),
    ],
)
def test_what_cannot_be_written_says_why(arguments, status, message, capsys):
    run_folder("a")
    assert main(arguments) == status
    assert message in capsys.readouterr().err
