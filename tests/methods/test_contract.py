"""What every registered training method keeps to, built in or from another package."""

import json

import numpy as np
import pytest
import run_folders
import small
import torch
from streamlit.testing.v1 import AppTest

from fruitlab.app import permalinks
from fruitlab.cli import listings
from fruitlab.cli.main import parser
from fruitlab.config.files import read_json
from fruitlab.methods.base import Method
from fruitlab.methods.phase import labels
from fruitlab.methods.registry import configure, methods, parse, parse_stored
from fruitlab.runs.catalog import find
from fruitlab.runs.index import Index

NAMES = list(methods())
pytestmark = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def data():
    return small.device_dataset()


def tiny(name: str, **changes) -> Method:
    """A run of a few iterations on a small network."""
    return small.config(name, iterations=8, live_every=3, batch_size=9, **changes)


def test_declares_name_texts_and_settings(name):
    method = methods()[name]
    assert method.name == name and method.title and method.description.endswith(".")
    assert method.headline is None or method.headline in method.own_settings()
    for setting in method.own_settings().values():
        assert len(setting.help) > 10 and setting.help.endswith(".")


def test_phases_add_up_and_descriptions_differ(name):
    config = tiny(name)
    assert sum(phase.iterations for phase in config.phases()) == config.iterations
    assert len(set(labels(config.phases()))) == len(config.phases())
    for phase in config.phases():
        assert all(0 <= share <= 1 for pool in phase.pools for share in (pool.nice, pool.real))
    if config.headline is not None:
        setting = config.own_settings()[config.headline]
        ends = [tiny(name, **{config.headline: end}) for end in (setting.low, setting.high)]
        assert ends[0].describe() != ends[1].describe()


def test_resumes_to_identical_weights(name, data):
    config = tiny(name, mirror=True)
    state, evaluations = small.new_state(config, data), []
    saved = [state.save()]
    for event in small.train(config, data, state):
        saved.append(state.save())
        evaluations += [event] if event is not None else []
    expected = small.weights(state)
    for moment in range(0, len(saved), 4):
        resumed = small.new_state(config, data)
        resumed.load(*saved[moment])
        resumed, rest = small.run(config, data, resumed)
        weights = small.weights(resumed)
        assert all(np.array_equal(expected[key], weights[key]) for key in expected), moment
        assert [event.nice for event in rest] == [e.nice for e in evaluations[-len(rest) :]][
            : len(rest)
        ]


def test_trains_without_reading_from_the_device(name, data):
    """An iteration works on the meta device, whose tensors cannot be read back."""
    from dataclasses import replace

    from fruitlab.training.batches import Batches
    from fruitlab.training.state import State
    from fruitlab.training.step import step

    meta = torch.device("meta")
    config = tiny(name)
    moved = replace(
        data,
        images=data.images.to(meta),
        labels=data.labels.to(meta),
        is_real=data.is_real.to(meta),
    )
    state = State(config, categories=3, device=meta)
    for number, phase in enumerate(config.phases()):
        if phase.inputs == "features":
            phase = replace(phase, inputs="pictures")
        state.phase = number
        batches = Batches(config, phase, moved, state)
        batches.pools = [pool.to(meta) for pool in batches.pools]
        state.trains(phase)
        step(config, phase, state, batches.at(0))
        assert all(parameter.grad is None for parameter in state.network.parameters())


def test_survives_link_and_config_file(name, tmp_path):
    config = configure(name, preset="quick", seed=3, batch_size=17)
    link = permalinks.to_query(config)
    again, warnings = permalinks.from_query(link, fingerprints={"synthetic": None})
    assert (again, warnings) == (config, [])
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config.model_dump()))
    assert parse(read_json(file)) == config == parse_stored(read_json(file))


def test_command_line_has_its_settings(name, capsys):
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["train", name, "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    for setting in methods()[name].own_settings():
        assert f"--{setting.replace('_', '-')}" in text
    with pytest.raises(SystemExit):
        parser().parse_args(["train", "--help"])
    assert name in capsys.readouterr().out


def test_form_has_a_widget_for_every_setting(name):
    def form(method: str) -> None:
        from fruitlab.app import forms
        from fruitlab.methods.registry import configure

        base = configure(method)
        chosen, headline = forms.method(base)
        changes = forms.numbers(base)
        assert forms.combine(base, changes | headline) == base and chosen == method

    app = AppTest.from_function(form, kwargs={"method": name}, default_timeout=60).run()
    assert not app.exception, app.exception
    widgets = [*app.slider, *app.selectbox, *app.toggle, *app.number_input, *app.text_input]
    keys = {widget.key.split()[-1] for widget in widgets if widget.key}
    assert set(methods()[name].own_settings()) <= keys


def test_runs_are_listed_and_exported_to_csv(name):
    from fruitlab.runs import labels as run_labels

    made = run_folders.run_folder("one", method=name)
    config = find("one").config()
    (entry,) = Index(rest=0).entries()
    assert entry.config == config
    row = listings.run_row(made)
    assert row["description"] == config.describe()
    assert config.describe() in listings.run_table([row])
    assert run_labels.log_as_csv(made).startswith("iteration,")
