"""Which runs belong to one reproduction of the paper's study, and their scores."""

import operator
from dataclasses import replace

import logged_runs
import pytest
from logged_runs import iterative, mixed, point, run

from fruitlab.runs.index import Index
from fruitlab.studies import figures as paper_charts
from fruitlab.studies import reproduction, score_columns, tuning_runs
from fruitlab.studies.tuning import tuning


def all_reproductions() -> list[reproduction.Reproduction]:
    return reproduction.reproductions(Index().entries(fresh=True))


def test_groups_mixed_and_iterative_runs_of_one_preset():
    for seed in (0, 1):
        run(f"a{seed}", mixed(20), ratio=60, seed=seed)
    run("b", mixed(20), ratio=0)
    run("i", iterative(20), method="iterative", split=50)
    run("f", iterative(20), method="iterative", split=50, running_statistics="updated")
    run("other", mixed(20), ratio=60, width=2)
    run("elsewhere", mixed(20), ratio=60, fingerprint="f" * 16)
    run("stopped", mixed(20), ratio=10, status="stopped")
    one, *rest = all_reproductions()
    assert {ratio: [entry.id for entry in runs] for ratio, runs in one.mixed.items()} == {
        0: ["b"],
        60: ["a0", "a1"],
    }
    assert {
        how: {split: [entry.id for entry in runs] for split, runs in group.items()}
        for how, group in one.iterative.items()
    } == {"updated": {50: ["f"]}, "frozen": {50: ["i"]}}
    assert sorted(other.first.id for other in rest) == ["elsewhere", "other"]
    assert len({other.key for other in (one, *rest)}) == 3
    assert one.seeds == 2 and "2 ratios, 1 split" in one.name
    assert "width 2" in next(other.name for other in rest if other.first.id == "other")


def test_paper_preset_doubles_iterations_of_iterative_training():
    run("m", mixed(20), ratio=0, batch_size=0, iterations=300)
    run("i", iterative(20), method="iterative", batch_size=0, iterations=600)
    run("longer", iterative(20), method="iterative", batch_size=0, iterations=900)
    first, second = all_reproductions()
    assert [entry.id for entry in first.entries] == ["m", "i"]
    assert [entry.id for entry in second.entries] == ["longer"]


def test_last_best_and_switch_scores():
    run("m", [point(5, 0.9, 0.1, full=True), point(10, 0.8, 0.2, full=True)], ratio=60)
    run("i", iterative(20), method="iterative", split=50)
    (one,) = all_reproductions()
    last, best = score_columns.last(one.mixed)[60], score_columns.best(one.mixed)[60]
    assert (last.nice, last.real, last.nice_pictures) == ((0.8,), (0.2,), 1000)
    assert (best.nice, best.real) == ((0.9,), (0.2,))
    assert best.combined == pytest.approx((0.4,))
    assert score_columns.last(one.mixed, 3)[60].nice == (0.9,)
    switch = score_columns.at_switch(one.iterative["frozen"])[50]
    assert (switch.nice[0], switch.real[0]) == pytest.approx((0.9, 0.1))
    assert switch.combined[0] == pytest.approx(0.3)


@pytest.fixture
def tuning_run(monkeypatch):
    """Writes a finished run of the paper preset at 60% real, with other settings."""
    configure = logged_runs.configure
    monkeypatch.setattr(
        logged_runs,
        "configure",
        lambda method, preset, **more: configure(method, preset="paper", **more),
    )

    def write(rate: float, factor: float, iterations: int, accuracy: float) -> None:
        run(
            f"t{rate}-{factor}-{iterations}".replace(".", ""),
            [point(iterations, accuracy, accuracy, full=True)],
            ratio=60,
            learning_rate=rate,
            regularisation=factor,
            iterations=iterations,
        )

    return write


def test_tuning_runs_give_figures_8_to_10(tuning_run):
    for rate, factor, iterations, nice in (
        (0.001, 0.7, 1500, 0.3),
        (0.004, 0.7, 1500, 0.5),
        (0.001, 0.1, 1500, 0.6),
        (0.004, 0.1, 1500, 0.4),
        (0.004, 0.1, 3000, 0.7),
        (0.004, 0.5, 3000, 0.8),
    ):
        tuning_run(rate, factor, iterations, nice)
    tuning_run(0.001, 0.7, 100, 0.9)  # of another length
    figures = tuning(tuning_runs.of_entries(Index().entries(fresh=True)), None)
    heights = {
        name: {value: {r: s.combined for r, s in line.items()} for value, line in one.lines.items()}
        for name, one in figures.items()
    }
    assert heights == {
        "rates": {0.001: {60: (0.3,)}, 0.004: {60: (0.5,)}},
        "factors": {0.1: {60: (0.6,)}, 0.7: {60: (0.5,)}},
        "final": {0.1: {60: (0.7,)}, 0.5: {60: (0.8,)}},
    }
    assert {one.iterations for one in figures.values()} == {1500, 3000}
    drawn = paper_charts.tuning("rates", figures["rates"])
    assert "0.004 at 1" in drawn["caption"] and "instead" not in drawn["caption"]
    assert drawn["title"].startswith("Figure 8") and drawn["title"].endswith("1,500 iterations")
    assert tuning([], None) == {}


def test_tuning_runs_of_one_length_give_all_three_figures(tuning_run, tmp_path, monkeypatch):
    for rate, factor, nice in ((0.0055, 0.7, 0.5), (0.004, 0.7, 0.3), (0.004, 0.1, 0.4)):
        tuning_run(rate, factor, 300, nice)
    figures = tuning(tuning_runs.of_entries(Index().entries(fresh=True)), None)
    assert set(figures) == {"rates"}  # Figures 9 and 10 have settings of their own, too
    tuning_run(0.0055, 0.1, 300, 0.45)
    figures = tuning(tuning_runs.of_entries(Index().entries(fresh=True)), None)
    assert set(figures) == {"rates", "factors"}
    assert figures["factors"].lines[0.1][60].combined == (0.45,)
    assert figures["factors"].lines[0.7][60].combined == (0.5,)  # the better of two rates
    tuning_run(0.004, 0.5, 300, 0.2)
    final = tuning(tuning_runs.of_entries(Index().entries(fresh=True)), None)["final"]
    assert list(final.lines) == [0.1, 0.5]
    # Another version of torch has other initial weights, so it is not drawn beside these runs.
    runs = tuning_runs.of_entries(Index().entries(fresh=True))
    others = [replace(one, torch="2.11", learning_rate=rate) for one in runs for rate in (0.001, 1)]
    assert set(tuning([*runs, *others], None)["rates"].lines) == {0.001, 1}
    assert tuning([*runs, *others[:1]], None) == tuning(runs, None)
    table = tmp_path / "tuning.json"
    entries = Index().entries(fresh=True)
    assert tuning_runs.write(entries, "another dataset", table) == 0 and not table.exists()
    fingerprint = entries[0].data["fingerprint"]
    assert tuning_runs.write(entries[:3], fingerprint, table) == 3
    # Runs that were written before stay, as their folders may be gone by now.
    assert tuning_runs.write(entries[2:], fingerprint, table) == 5
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(tmp_path))
    key = operator.attrgetter("learning_rate", "factor")
    in_folders = sorted(tuning_runs.of_entries(entries), key=key)
    assert sorted(tuning_runs.shipped(), key=key) == in_folders
    for damaged in ("", "{", "[]", '{"format": 1}', '{"format": 2, "runs": []}'):
        table.write_text(damaged)
        assert tuning_runs.shipped() == []
        assert tuning_runs.write(entries, fingerprint, table) == 5
        assert sorted(tuning_runs.shipped(), key=key) == in_folders

    drawn = paper_charts.tuning("final", final)
    assert "Runs of 300 iterations instead of the paper's 3,000" in drawn["caption"]
