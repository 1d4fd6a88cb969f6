"""What every registered training method keeps to, built in or from another package."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import run_folders
import small
import torch
import ui_pages

from fruitlab.app import permalinks
from fruitlab.cli import listings
from fruitlab.cli.main import parser
from fruitlab.config.files import read_json
from fruitlab.methods.base import Method
from fruitlab.methods.phase import labels
from fruitlab.methods.registry import configure, methods, parse, parse_stored
from fruitlab.runs.catalog import create, find
from fruitlab.runs.index import Index
from fruitlab.training.batches import Batches
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.evaluation import Evaluation
from fruitlab.training.state import State
from fruitlab.training.step import step

NAMES = list(methods())
pytestmark = pytest.mark.parametrize("name", NAMES)


def tiny(name: str, **changes) -> Method:
    """A run of a few iterations on a small network."""
    settings = {"iterations": 6, "live_every": 3, "batch_size": 9, "full_evaluations": 1}
    if "split" in methods()[name].own_settings():
        settings["split"] = 40
    return small.config(name, **settings | changes)


@cache
def dataset(name: str) -> DeviceDataset:
    """Twelve training pictures, with soft targets for a method that learns from these."""
    data = small.device_dataset(5, 2)
    if tiny(name).soft_targets() is None:
        return data
    noise = np.random.default_rng(0).random((len(data.labels), 2), dtype=np.float32)
    return replace(data, targets=torch.from_numpy(noise / noise.sum(1, keepdims=True)))


@cache
def trained(name: str) -> tuple[Method, State, list[Evaluation], list[tuple]]:
    """A run: its configuration, state at the end, evaluations, and what was saved at each event."""
    config, data = tiny(name, mirror=True), dataset(name)
    state, evaluations = small.new_state(config, data), []
    saved = [state.save()]
    for event in small.train(config, data, state):
        saved.append(state.save())
        evaluations += [event] if event is not None else []
    return config, state, evaluations, saved


def resumes(name: str, moments: list[int]) -> None:
    """Check that a run resumed at these events has the same weights, memory and scores."""
    config, state, evaluations, saved = trained(name)
    expected = small.weights(state)
    for moment in moments:
        resumed = small.new_state(config, dataset(name))
        resumed.load(*saved[moment])
        resumed, rest = small.run(config, dataset(name), resumed)
        weights = small.weights(resumed)
        assert all(np.array_equal(expected[key], weights[key]) for key in expected), moment
        assert resumed.memory.keys() == state.memory.keys()
        assert all(torch.equal(state.memory[key], resumed.memory[key]) for key in state.memory)
        scores = [(event.nice, event.real) for event in evaluations]
        assert [(event.nice, event.real) for event in rest] == scores[len(scores) - len(rest) :]


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
        ends = [
            tiny(name, iterations=200, **{config.headline: end})  # some for every phase
            for end in (setting.low, setting.high)
        ]
        assert ends[0].describe() != ends[1].describe()


def test_resumes_to_identical_weights(name):
    config, _, _, saved = trained(name)
    last = len(config.phases()) - 1
    # After the first iteration of the last phase, with what earlier phases left in memory.
    at_start = [
        numbers["phase"] == last and numbers["phase_iteration"] == 1 for _, numbers in saved
    ]
    resumes(name, [at_start.index(True)])


def test_first_phase_can_be_shared_with_fine_tuning(name):
    """As a study does: it goes on from the state of another method with the same key."""
    config, state, _, _ = trained(name)
    other, _, _, saved = trained("fine-tune")
    if name == other.method or config.first_phase_key() != other.first_phase_key():
        assert name not in ("rehearsal", "der", "lwf", "ewc", "interpolation", "feature-replay")
        return
    (switch,) = (s for s in saved if (s[1]["phase"], s[1]["phase_iteration"]) == (0, 2))
    branched = small.new_state(config, dataset(name))
    branched.load(*switch)
    weights = small.weights(small.run(config, dataset(name), branched)[0])
    assert all(np.array_equal(x, weights[key]) for key, x in small.weights(state).items())


@pytest.mark.slow
def test_resumes_from_every_event(name):
    resumes(name, list(range(len(trained(name)[-1]))))


def test_trains_without_reading_from_the_device(name):
    """An iteration works on the meta device, whose tensors cannot be read back."""
    meta = torch.device("meta")
    config, finished, _, _ = trained(name)
    state = State(config, categories=2, device=meta)
    state.memory = {key: tensor.to(meta) for key, tensor in finished.memory.items()}
    for number, phase in enumerate(config.phases()):
        finished.phase = state.phase = number
        batches = Batches(config, phase, dataset(name), finished)
        batches.pools = [pool.to(meta) for pool in batches.pools]
        for part in ("every", "labels", "is_real", "features"):
            if isinstance(tensor := getattr(batches, part), torch.Tensor):
                setattr(batches, part, tensor.to(meta))
        batches.data = on_device(dataset(name), meta)
        state.trains(phase)
        step(config, phase, state, batches.at(0))
        assert all(parameter.grad is None for parameter in state.network.parameters())


def on_device(data: DeviceDataset, device: torch.device) -> DeviceDataset:
    tensors = {name: x for name, x in vars(data).items() if isinstance(x, torch.Tensor)}
    return replace(data, **{name: tensor.to(device) for name, tensor in tensors.items()})


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

    app = ui_pages.AppTest.from_function(form, kwargs={"method": name}, default_timeout=60).run()
    assert not app.exception, app.exception
    widgets = [*app.slider, *app.selectbox, *app.toggle, *app.number_input, *app.text_input]
    keys = {widget.key.split()[-1] for widget in widgets if widget.key}
    assert set(methods()[name].own_settings()) <= keys


def test_a_run_without_a_name_gets_one_whatever_its_headline_setting(name):
    config = configure(name)
    values = [None]
    if config.headline is not None:
        setting = config.own_settings()[config.headline]
        values = [value for value in (setting.low, setting.high) if value is not None] or [None]
    for value in values:
        changed = configure(name, **({config.headline: value} if value is not None else {}))
        run = create({}, config=changed)
        assert find(run.id).folder == run.folder and run.id.startswith(name)


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
