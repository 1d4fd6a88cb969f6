"""Ablations: each changes only its own settings. Results are ordered by training loss."""

import math

from logged_runs import point, run

from fruitlab.methods.registry import configure
from fruitlab.runs.index import Index
from fruitlab.studies import ablation_results
from fruitlab.studies.ablations import CHOSEN, EARLY, FULL_LENGTH, SWITCH, VERSION_1


def test_each_ablation_changes_only_its_own_settings():
    base = configure(
        "mixed", preset="paper", data="photos", ratio=60, iterations=150, **VERSION_1
    ).settings() | {"preset": "paper@1"}
    plan = EARLY.plan("photos").rounds({})
    assert len(plan) == len(EARLY.ablations) == len({config.experiment() for config in plan})
    for one, config in zip(EARLY.ablations, plan, strict=True):
        changed = {name: value for name, value in config.settings().items() if value != base[name]}
        assert changed == one.changes
        assert all(base[name] != value for name, value in one.changes.items())


def test_current_preset_is_the_chosen_ablation():
    today = configure("mixed", preset="paper", data="photos", ratio=60, iterations=150)
    assert EARLY.config(CHOSEN, "photos").model_dump(exclude={"preset"}) == today.model_dump(
        exclude={"preset"}
    )


def test_ablations_are_ordered_by_training_loss_without_other_runs():
    for number, (name, loss) in enumerate((("a", 2.0), ("b", 1.0))):
        run(
            name,
            [point(150, 0.5, 0.2, full=True, loss=loss)],
            data="photos",
            ratio=60,
            iterations=150,
        )
        config = EARLY.config(EARLY.ablations[number], "photos")
        header = Index().get(name).run.header()
        Index().get(name).run.write_header(
            header | {"config": config.model_dump(), "experiment": config.experiment()}
        )
    run("c", [point(150, 0.9, 0.9, full=True, loss=0.1)], data="photos", ratio=60, iterations=150)
    entries = Index().entries()
    assert [
        (row.ablation, row.loss, row.real) for row in ablation_results.rows(EARLY, entries)
    ] == [
        (EARLY.ablations[1], 1.0, 0.2),
        (EARLY.ablations[0], 2.0, 0.2),
    ]


def test_diverged_runs_come_last_and_failed_runs_are_left_out():
    for name, number, loss, error in (
        ("a", 0, 2.0, None),
        ("b", 11, 700.0, "The loss is no longer a number at iteration 20."),
        ("c", 1, 1.0, "The disk is full."),
    ):
        run(
            name,
            [point(20, 0.1, 0.1, loss=loss)],
            data="photos",
            ratio=60,
            iterations=150,
            status="failed" if error else "finished",
            error=error,
        )
        config = EARLY.config(EARLY.ablations[number], "photos")
        made = Index().get(name).run
        made.write_header(
            made.header() | {"config": config.model_dump(), "experiment": config.experiment()}
        )
    rows = ablation_results.rows(EARLY, Index().entries())
    assert [row.ablation for row in rows] == [EARLY.ablations[0], EARLY.ablations[11]]
    assert rows[1].loss == math.inf and math.isnan(rows[1].nice)


def test_switch_ablations_share_their_initial_training():
    plan = SWITCH.plan("photos").rounds({})
    assert len(set(plan)) == 4 and len({config.first_phase_key() for config in plan}) == 1
    assert [
        (config.phases()[1].running_statistics, config.phases()[1].fresh_clock) for config in plan
    ] == [
        ("updated", True),
        ("frozen", True),
        ("updated", False),
        ("frozen", False),
    ]
    assert all(config.phases()[0] == plan[0].phases()[0] for config in plan)
    for number, after in ((0, 0.3), (1, 0.7), (3, 0.9)):
        points = [
            point(3000, 0.95, 0.1, phase="initial"),
            *(
                point(3000 + i, nice, 0.2, phase="restricted", phase_iteration=i)
                for i, nice in ((0, 0.95), (20, 0.9), (200, after), (3000, 0.15))
            ),
        ]
        made = run(f"run-{number}", points, method="iterative", data="photos")
        made.write_header(
            made.header()
            | {"config": plan[number].model_dump(), "experiment": plan[number].experiment()}
        )
    rows = ablation_results.switch_rows(Index().entries())
    assert [row.ablation for row in rows] == [SWITCH.ablations[number] for number in (0, 1, 3)]
    assert rows[0].nice == (0.95, 0.3, 0.15) and rows[0].real[0] == 0.2


def test_full_length_ablations_change_one_setting():
    plan = FULL_LENGTH.plan("photos").rounds({})
    today = configure("mixed", preset="paper", data="photos", ratio=60)
    assert plan[0] == today and today.iterations == 3000
    for config, name in zip(plan[1:], ("init", "learning_rate"), strict=True):
        assert {
            field
            for field, value in config.model_dump().items()
            if value != today.model_dump()[field]
        } == {name}
    assert [FULL_LENGTH.ablation_of(config) for config in plan] == list(FULL_LENGTH.ablations)
    assert FULL_LENGTH.ablation_of(today.model_copy(update={"ratio": 50})) is None
    assert EARLY.ablation_of(today) is None
