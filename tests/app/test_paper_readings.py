"""The readings on the Paper page, with and without runs."""

import pytest
from logged_runs import point, run
from ui_pages import checked, opened, text

from fruitlab.data import store
from fruitlab.studies import ablations


def test_without_runs_they_are_named_with_the_command() -> None:
    app = checked(opened("paper"))
    listed = next(
        frame.value
        for frame in app.dataframe
        if "reading" in frame.value and "training loss" not in frame.value
    )
    assert len(listed) == len(ablations.READINGS)
    assert any("study readings" in code.value for code in app.code)


def test_runs_are_ordered_by_their_training_loss() -> None:
    for number, loss in ((0, 1.5), (1, 2.0), (9, 1.2)):
        made = run(
            f"run-{number}",
            [point(150, 0.6, 0.2, full=True, loss=loss)],
            data="photos",
            ratio=60,
            iterations=150,
        )
        config = ablations.config_of(ablations.READINGS[number], "photos")
        made.write_header(
            made.header() | {"config": config.model_dump(), "experiment": config.experiment()}
        )
    app = checked(opened("paper"))
    shown = next(frame.value for frame in app.dataframe if "training loss" in frame.value)
    assert shown["reading"].tolist() == [
        mark + ablations.READINGS[number].title for mark, number in (("", 9), ("▸ ", 0), ("", 1))
    ]
    assert shown["training loss"].tolist() == ["1.200", "1.500", "2.000"]
    assert "1 learns faster than version 1, which comes to 1.500" in text(
        app
    ) and "guessing comes to 1.39" in text(app)


def test_the_one_that_was_taken_is_named_and_why_no_faster_one() -> None:
    for number, loss in ((0, 2.0), (6, 1.7), (7, 1.8)):
        made = run(
            f"run-{number}",
            [point(150, 0.6, 0.2, full=True, loss=loss)],
            data="photos",
            ratio=60,
            iterations=150,
        )
        config = ablations.config_of(ablations.READINGS[number], "photos")
        made.write_header(
            made.header() | {"config": config.model_dump(), "experiment": config.experiment()}
        )
    said = text(checked(opened("paper")))
    assert (
        f"took “{ablations.CHOSEN.title}”" in said
        and "not “momentum 0.6 from the first iteration”, as the text has it rise" in said
    )


def test_one_that_prints_alike_is_not_called_faster() -> None:
    for number, loss in ((0, 2.0004), (1, 1.9998)):
        made = run(
            f"run-{number}",
            [point(150, 0.6, 0.2, full=True, loss=loss)],
            data="photos",
            ratio=60,
            iterations=150,
        )
        config = ablations.config_of(ablations.READINGS[number], "photos")
        made.write_header(
            made.header() | {"config": config.model_dump(), "experiment": config.experiment()}
        )
    assert "No other reading learns faster than version 1." in text(checked(opened("paper")))


def test_what_happens_at_the_switch_has_a_table_of_its_own(monkeypatch) -> None:
    plan = ablations.at_switch("photos").rounds({})
    for number, after in ((0, 0.3), (1, 0.72)):
        points = [point(0, 0.04, 0.04, phase="initial")] + [
            point(3000 + i, nice, 0.2, phase="restricted", phase_iteration=i)
            for i, nice in ((0, 0.95), (200, after), (3000, 0.15))
        ]
        made = run(f"run-{number}", points, method="iterative", data="photos")
        made.write_header(
            made.header()
            | {"config": plan[number].model_dump(), "experiment": plan[number].experiment()}
        )
    app = checked(opened("paper"))
    # The pictures are not on this machine: a command with their name would fail.
    assert "python -m fruitlab study switch --data NAME --dry-run" in [
        code.value for code in app.code
    ]
    monkeypatch.setattr(store, "is_available", lambda name: name == "photos")
    app = checked(opened("paper"))
    shown = next(frame.value for frame in app.dataframe if "nice after 200" in frame.value)
    assert shown["nice after 200"].tolist() == ["30.0%", "72.0%"] and shown[
        "nice at the switch"
    ].tolist() == ["95.0%", "95.0%"]
    assert "python -m fruitlab study switch --data photos" in [code.value for code in app.code]


def test_of_two_that_fall_alike_the_one_that_learns_is_the_paper_s() -> None:
    plan = ablations.at_switch("photos").rounds({})
    for number, real in ((0, 0.25), (2, 0.07)):
        points = [point(0, 0.04, 0.04, phase="initial")] + [
            point(3000 + i, nice, share, phase="restricted", phase_iteration=i)
            for i, nice, share in ((0, 0.95, 0.07), (200, 0.22, real), (3000, 0.15, real))
        ]
        made = run(f"run-{number}", points, method="iterative", data="photos")
        made.write_header(
            made.header()
            | {"config": plan[number].model_dump(), "experiment": plan[number].experiment()}
        )
        said = text(checked(opened("paper")))
        assert ("fall as the paper's does" in said) == (number == 2)
    assert (
        f"2 of 2 fall as the paper's does. In the paper real accuracy rises meanwhile (5.3.3), which leaves “{ablations.AT_SWITCH[0].title}”"
        in said
    )
    assert "the statistics alone" in said


@pytest.mark.parametrize("kind", ["photographs", "drawn"])
def test_readings_at_full_length_say_whether_it_is_for_want_of_learning(kind) -> None:
    def reading(number: int, loss: float, real: float, seed: int = 0) -> None:
        made = run(
            f"reading-{number}-{seed}",
            [point(3000, 0.97, real, full=True, loss=loss)],
            data="photos",
            ratio=60,
            iterations=3000,
        )
        config = ablations.length_config_of(ablations.AT_LENGTH[number], "photos", seed=seed)
        header = made.header()
        made.write_header(
            header
            | {
                "config": config.model_dump(),
                "experiment": config.experiment(),
                "data": header["data"] | {"kind": kind},
            }
        )

    reading(0, 0.9, 0.22)
    reading(0, 0.91, 0.2, seed=1)
    assert "At full length" not in text(
        checked(opened("paper"))
    )  # one alone is no comparison, with however many seeds
    reading(2, 0.3, 0.24)
    said = text(checked(opened("paper")))
    if kind == "drawn":
        assert (
            "At full length" in said and "None comes to" not in said
        )  # nothing to say of the paper's photos
        return
    assert (
        "None comes to the paper's 44.5% of real photos**; the most is 24.0%" in said
        and "a loss of 0.30 instead of 0.90" in said
    )

    def moved(name: str, real: float, seed: int) -> None:
        made = run(
            name, [point(500, 0.97, real, full=True, loss=0.5)], data="photos", ratio=60, seed=seed
        )
        header = made.header()
        made.write_header(header | {"data": header["data"] | {"kind": kind}})

    moved("weak", 0.26, 0)
    assert "from the same photos" not in text(checked(opened("paper")))  # no more than the readings
    for seed in (1, 2):
        moved(f"moved-{seed}", 0.49, seed)
    assert (
        "The recipe quick, which among other things mirrors and moves the pictures, has 41.3% from the same photos"
        in text(checked(opened("paper")))
    )
    reading(1, 0.5, 0.43)
    assert "At full length" in text(
        app := checked(opened("paper"))
    ) and "None comes to" not in text(app)
