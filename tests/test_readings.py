"""Ways to read the paper: each changes the recipe in what it says and nothing else; ordered by the training loss."""

from logged_runs import point, run

from fruitlab import readings
from fruitlab.index import Index
from fruitlab.presets import configure


def test_each_reading_is_the_paper_s_recipe_but_for_what_it_says():
    base = configure("mixed", preset="paper", data="photos", ratio=60, iterations=150).settings()
    plan = readings.readings("photos").rounds({})
    assert len(plan) == len(readings.READINGS) == len({config.experiment() for config in plan})
    for one, config in zip(readings.READINGS, plan, strict=True):
        changed = {name: value for name, value in config.settings().items() if value != base[name]}
        assert changed == one.changes and all(base[name] != value for name, value in one.changes.items())


def test_they_are_judged_on_the_training_loss_and_other_runs_are_none_of_them():
    for number, (name, loss) in enumerate((("a", 2.0), ("b", 1.0))):
        run(name, [point(150, 0.5, 0.2, full=True, loss=loss)], data="photos", ratio=60, iterations=150)
        config = readings.config_of(readings.READINGS[number], "photos")
        header = Index().get(name).run.header()
        Index().get(name).run.write_header(header | {"config": config.model_dump(), "experiment": config.experiment()})
    run("c", [point(150, 0.9, 0.9, full=True, loss=0.1)], data="photos", ratio=60, iterations=150)
    entries = [(entry.config, entry) for entry in Index().entries()]
    assert [(row.reading, row.loss, row.real) for row in readings.rows(entries)] == [(readings.READINGS[1], 1.0, 0.2), (readings.READINGS[0], 2.0, 0.2)]
