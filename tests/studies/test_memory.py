"""How few kept pictures are enough: the plan of the study, its lines, and their figure."""

import statistics

import pytest
import run_folders

from fruitlab.plots.memory import MemoryLine, memory
from fruitlab.runs.index import Index
from fruitlab.studies.memory import KEPT, lines, matters, plan


def test_seeds_are_added_where_the_answer_is_decided():
    study = plan("photos", preset="thorough", seeds=3)
    first = study.rounds({})
    # Two layers times (no pictures, and six sizes at two shares).
    assert len(first) == 2 * (1 + 6 * 2) and {run.seed for run in first} == {0}
    known = {run: 0.4 if run.kept < 5 else 0.7 for run in first}
    second = study.rounds(known)
    added = [run for run in second if run.seed]
    assert {run.kept for run in added} == {2, 5, 10} and {run.seed for run in added} == {1, 2}
    assert second[: len(first)] == first and len(second) <= study.most
    assert study.rounds(known | dict.fromkeys(added, 0.5)) == second


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.3, 0.4, 0.5, 0.6, 0.695, 0.7, 0.7], [5, 10, 20]),
        ([0.7] * 7, [0, 1, 2]),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], [10, 20, 50]),
        ([0.1, 0.2, 0.75, 0.4, 0.5, 0.6, 0.7], [1, 2, 5]),
    ],
)
def test_the_sizes_that_matter(scores, expected):
    assert len(scores) == len(KEPT) and matters(scores) == expected


def test_runs_become_lines_and_a_figure():
    common = {"method": "rehearsal", "preset": "quick"}
    settings = [(0, 10, 0), (1, 10, 0), (5, 10, 0), (5, 10, 1), (1, 30, 0), (5, 30, 0), (5, 50, 0)]
    for kept, share, seed in settings:
        name = f"k{kept}-{share}-{seed}"
        run_folders.run_folder(name, kept=kept, share=share, seed=seed, **common)
    run_folders.run_folder("trial", kept=20, share=10, validation=20, **common)
    run_folders.run_folder("herded", kept=20, share=10, choice="herding", **common)
    entries = {entry.id: entry for entry in Index(rest=0).entries()}
    found = lines(entries.values(), entries["k0-10-0"])
    # A line of two sizes only, at 50%, is none; both others share the run without pictures.
    assert [(line.layers, line.share, list(line.scores)) for line in found] == [
        ("all", 10, [0, 1, 5]),
        ("all", 30, [0, 1, 5]),
    ]
    combined = [entries[name].final("combined") for name in ("k5-10-0", "k5-10-1")]
    assert found[0].scores[5].mean("combined") == pytest.approx(statistics.fmean(combined))
    assert found[0].scores[0] == found[1].scores[0]


def test_the_figure_names_the_fewest_that_reach_mixed_training():
    one = MemoryLine("all layers", {0: (0.3, 0.5, 0.4, None), 5: (0.9, 0.5, 0.67, 0.01)})
    other = MemoryLine("head only", {0: (0.3, 0.4, 0.35, None), 20: (0.9, 0.55, 0.71, None)})
    figure = memory([one, other], ("mixed, 80% real", 0.66))
    assert "best result is 71.0% with 20" in figure["caption"]
    assert "reach mixed training: 5 (all layers)" in figure["caption"]
    # Sizes are equally far apart, whatever their distance.
    assert [trace["x"] for trace in figure["data"][:2]] == [[0, 1], [0, 2]]
    assert figure["layout"]["xaxis"]["ticktext"] == ["0", "5", "20"]
    assert figure["data"][0]["error_y"]["array"] == [0.0, 0.01]
    assert "reach mixed" not in memory([other], ("mixed, 80% real", 0.9))["caption"]
