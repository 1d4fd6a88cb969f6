"""RunConfig and presets: validation messages, limits, and experiment keys."""

import json
import math
from typing import get_args, get_origin

import pytest

from fruitlab.config.errors import ConfigError
from fruitlab.config.paths import PROJECT
from fruitlab.config.presets import PRESETS
from fruitlab.config.run_config import EVALUATION, RunConfig
from fruitlab.config.settings import settings_of
from fruitlab.methods import registry
from fruitlab.methods.registry import configure, parse_stored
from fruitlab.runs.grouping import preset_changes

BOTH = ("mixed", "iterative")
FIELDS = RunConfig.model_fields
NUMBERS = [name for name, field in FIELDS.items() if field.annotation in (int, float)]
CHOICES = [name for name, field in FIELDS.items() if get_origin(field.annotation) is not None]


def parse(values):
    return registry.parse({"method": "mixed"} | values)


def limits(name: str) -> dict[str, float]:
    """The declared limits of a field by their names in annotated-types: ge, gt, le, lt."""
    return {
        kind: getattr(limit, kind)
        for limit in FIELDS[name].metadata
        for kind in ("ge", "gt", "le", "lt")
        if hasattr(limit, kind)
    }


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("method", BOTH)
def test_every_preset_is_valid_for_every_method(preset, method):
    config = configure(method, preset=preset)
    assert config.method == method
    assert config.preset == f"{preset}@{PRESETS[preset].version}"


def test_paper_preset_is_the_defaults():
    mixed, iterative = configure("mixed", preset="paper"), configure("iterative", preset="paper")
    plain = RunConfig(method="mixed")
    assert mixed.model_dump(exclude={"ratio", "half_size"}) == plain.model_dump()
    assert (mixed.ratio, mixed.half_size) == (60, 0)
    assert (mixed.iterations, iterative.iterations) == (3000, 6000)
    assert (mixed.learning_rate, mixed.regularisation, mixed.batch_size) == (0.004, 0.5, 0)
    assert iterative.running_statistics == "updated"


@pytest.mark.parametrize(("preset", "most"), [("quick", 31_000), ("thorough", 100_000)])
def test_presets_see_a_fixed_number_of_pictures(preset, most):
    for method in BOTH:
        config = configure(method, preset=preset)
        assert 0.9 * most < config.iterations * config.batch_size <= most


def test_thorough_is_an_earlier_quick_with_more_iterations():
    quick, thorough = (configure("mixed", preset=preset) for preset in ("quick@2", "thorough"))
    watched = {"preset", "iterations", "live_every", "full_evaluations"}
    assert quick.model_dump(exclude=watched) == thorough.model_dump(exclude=watched)
    assert (quick.preset, quick.iterations, quick.half_size) == ("quick@2", 620, 0)


def test_earlier_versions_are_those_of_the_shipped_runs():
    stored = json.loads(
        (PROJECT / "checkpoints/shipped/mixed-60-quick-cf32fd-seed0/config.json").read_text()
    )
    run = parse_stored(stored["config"])
    assert run == configure("mixed", preset="quick@2", ratio=60, width=2, data="photos")
    assert preset_changes(run) == {"width": 2}


def test_online_training_keeps_the_numbers_that_it_was_measured_with():
    now, before = (configure("online", preset=preset) for preset in ("quick", "quick@2"))
    without = ("preset", *EVALUATION)
    assert now.experiment(without=without) == before.experiment(without=without)


def test_short_presets_begin_on_small_pictures():
    for preset, half in (("glance", 120), ("quick", 230), ("quick@3", 336), ("thorough", 0)):
        (phase,) = configure("mixed", preset=preset).phases()
        assert phase.half_size == half
        # Other networks take pictures of their own size alone.
        (phase,) = configure("mixed", preset=preset, network="efficientnet-lite0").phases()
        assert phase.half_size == 0


def test_short_presets_freeze_running_statistics():
    assert (
        configure("iterative", preset="quick").running_statistics
        == configure("iterative", preset="glance").running_statistics
        == "frozen"
    )


def test_changes_override_the_preset_and_are_parsed():
    config = configure(
        "mixed",
        preset="quick",
        learning_rate="0.01",
        iterations="77",
        mirror="false",
        nesterov=False,
    )
    assert (config.learning_rate, config.iterations, config.mirror, config.nesterov) == (
        0.01,
        77,
        False,
        False,
    )


def test_current_preset_version_is_accepted():
    version = PRESETS["quick"].version
    assert configure("mixed", preset=f"quick@{version}") == configure("mixed", preset="quick")


@pytest.mark.parametrize(
    ("method", "changes", "words"),
    [
        ("mixd", {}, ["mixd", "mixed", "iterative"]),
        ("mixed", {"preset": "fast"}, ["fast", "quick", "glance", "paper"]),
        ("mixed", {"preset": "quick@999"}, ["999", "version", "--set"]),
        ("mixed", {"split": 50}, ["split", "mixed"]),
        ("mixed", {"norms": "frozen"}, ["running_statistics", "mixed"]),
        ("iterative", {"ratio": 60}, ["ratio", "iterative"]),
        ("mixed", {"learning_rat": 0.1}, ["learning_rat", "learning_rate"]),
        ("mixed", {"qqqqqqqq": 1}, ["qqqqqqqq", "There are"]),
    ],
)
def test_unknown_or_misplaced_names_are_rejected(method, changes, words):
    with pytest.raises(ConfigError) as error:
        configure(method, **changes)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("name", NUMBERS)
def test_number_outside_its_limits_is_rejected(name):
    declared = limits(name)
    assert {"ge", "gt"} & set(declared), "every number has a minimum"
    assert {"le", "lt"} & set(declared), "every number has a maximum"
    above = {int: lambda limit: int(limit) + 1, float: lambda limit: limit * 1.5 + 1}
    bad = [
        {"ge": limit - 1, "le": above[FIELDS[name].annotation](limit)}.get(kind, limit)
        for kind, limit in declared.items()
    ]
    for value in [*bad, "many", "", None, [1], math.nan, math.inf]:
        with pytest.raises(ConfigError) as error:
            parse({name: value})
        text = str(error.value)
        assert text.startswith(f"{name} = ") and "is not valid" in text
        assert FIELDS[name].description in text


@pytest.mark.parametrize("name", NUMBERS)
def test_limits_are_inclusive(name):
    for kind, limit in limits(name).items():
        if kind in ("ge", "le"):
            assert getattr(parse({name: limit}), name) == limit


@pytest.mark.parametrize("name", CHOICES)
def test_unknown_choice_lists_the_valid_ones(name):
    choices = get_args(FIELDS[name].annotation)
    with pytest.raises(ConfigError) as error:
        parse({name: "something else"})
    for choice in choices:
        assert repr(choice) in str(error.value)
        assert getattr(parse({name: choice}), name) == choice


@pytest.mark.parametrize(
    "name", [name for name, field in FIELDS.items() if field.annotation is int]
)
def test_integers_reject_fractions(name):
    with pytest.raises(ConfigError, match=f"^{name} = 2.5 is not valid"):
        parse({name: 2.5})


@pytest.mark.parametrize(
    "name", [name for name, field in FIELDS.items() if field.annotation is bool]
)
def test_booleans_reject_other_words(name):
    with pytest.raises(ConfigError, match=f"^{name} = 'perhaps' is not valid"):
        parse({name: "perhaps"})


def test_every_mistake_is_reported():
    with pytest.raises(ConfigError) as error:
        configure("mixed", ratio=101, learning_rate=-1)
    assert "ratio = 101" in str(error.value) and "learning_rate = -1" in str(error.value)


@pytest.mark.parametrize("method", BOTH)
def test_every_setting_has_what_a_form_needs(method):
    made = configure(method)
    for name, setting in settings_of(type(made)).items():
        assert len(setting.help) > 10 and setting.help.endswith("."), name
        assert setting.title and setting.label.startswith(setting.title), name
        words = setting.label.lower().replace("(", "").replace(")", "").split()
        assert words.count(setting.unit) <= 1, name
        if setting.kind in (int, float) and not setting.choices:
            assert setting.low is not None and setting.high is not None, name


def test_configurations_are_immutable():
    with pytest.raises(ValueError, match="frozen"):
        configure("mixed").seed = 3


def test_experiment_ignores_only_the_seed():
    config = configure("mixed", preset="quick", seed=0)
    assert len(config.experiment()) == 12 and int(config.experiment(), 16) >= 0
    assert configure("mixed", preset="quick", seed=7).experiment() == config.experiment()
    for name, value in {
        "ratio": 61,
        "split_seed": 1,
        "learning_rate": 0.07,
        "iterations": 601,
        "data": "other",
        "mirror": False,
    }.items():
        assert (
            configure("mixed", preset="quick", **{name: value}).experiment() != config.experiment()
        ), name


def test_reads_configurations_of_format_1():
    values = configure("mixed").model_dump() | {"restart_clock": True, "full_marks": 7}
    values.pop("full_evaluations")
    read = registry.parse_stored(values | {"split": 10, "norms": "follow"})
    assert read == registry.parse_stored(values | {"split": 90, "norms": "frozen"})
    assert (read.method, read.full_evaluations) == ("mixed", 7)
    values = configure("iterative").model_dump()
    values.pop("running_statistics")
    split = {
        number: registry.parse_stored(values | {"ratio": 60, "split": number, "norms": "follow"})
        for number in (10, 90)
    }
    assert split[10].running_statistics == "updated"
    assert split[10].experiment() != split[90].experiment()


def test_unknown_setting_in_a_run_folder_is_an_error():
    with pytest.raises(ConfigError, match="no setting named 'colour_of_the_sky'"):
        registry.parse_stored(configure("mixed").model_dump() | {"colour_of_the_sky": "blue"})


def test_experiment_survives_a_round_trip_through_json():
    config = configure("iterative", preset="quick", learning_rate=0.1)
    again = parse(json.loads(json.dumps(config.model_dump())))
    assert again == config and again.experiment() == config.experiment()
