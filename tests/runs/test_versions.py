"""Versions: where their other layers come from, how they are named, and damaged ones."""

import json
from types import SimpleNamespace

import made_runs
import numpy as np
import pytest
import torch

from fruitlab.config.errors import RunError
from fruitlab.inference.predict import load_network
from fruitlab.runs import catalog, versions
from fruitlab.runs.folder import Run
from fruitlab.runs.grouping import run_key, same_experiment
from fruitlab.runs.index import Index
from fruitlab.runs.versions import Picture, Version
from fruitlab.studies.progress import study_progress


def version(base: Run, name: str, categories: list[str]) -> Run:
    """A version by hand: a last layer of zeros, with the biases 0, 1, 2, ..."""
    made = catalog.create(base.header() | {"base": base.id}, config=base.config(), run_id=name)
    tensors, notes = base.read_tensors("weights")
    weight = next(key for key, x in tensors.items() if len(x) == 5 and x.ndim == 2)
    bias = weight.replace("weight", "bias")
    count = len(categories)
    layer = {
        weight: np.zeros((count, tensors[weight].shape[1]), np.float32),
        bias: np.arange(count, dtype=np.float32),
    }
    made.write_tensors("weights", layer, notes | {"categories": categories})
    learned = [Picture(hash="0" * 16, category=categories[-1])]
    versions.write_version(
        made, Version(base=base.id, parent=base.id, collection="c", learned=learned, before={})
    )
    return made


def test_a_version_has_the_layers_of_its_base_and_a_last_layer_of_its_own():
    base = made_runs.run("one")
    made = version(base, "one-v1", [*made_runs.CATEGORIES, "Dragon Fruit"])
    network, categories = load_network(made)
    original, _ = load_network(base)
    assert categories[-1] == "Dragon Fruit"
    x = torch.rand(2, 3, 100, 100)
    with torch.no_grad():
        np.testing.assert_array_equal(network.features(x), original.features(x))
        np.testing.assert_array_equal(network(x), np.arange(6)[None].repeat(2, 0))
    assert versions.base_of(made).id == "one" == versions.base_of(base).id

    # Neither a seed of the base's experiment, nor what a study needs to train.
    one, other = sorted(Index().entries(), key=lambda entry: entry.id)
    assert not same_experiment(one, other)
    assert run_key(one, without=("seed",)) != run_key(other, without=("seed",))
    study = SimpleNamespace(data="synthetic:20", rounds=lambda known: [base.config()])
    (found,) = study_progress(study, [other, one], None).found.values()
    assert found.id == "one"


def test_numbers_go_on_after_the_last_version():
    base = made_runs.run("one")
    made_runs.run("one-v9")  # a run of that name, which is no version
    for name in ("one-v2", "one-v10"):
        version(base, name, list(made_runs.CATEGORIES))
    version(made_runs.run("one-v2-v1"), "one-v2-v1-v1", list(made_runs.CATEGORIES))
    assert [run.id for run in versions.versions_of("one")] == ["one-v2", "one-v10"]
    assert versions.next_name("one") == "one-v11"
    assert versions.next_name("other") == "other-v1"
    assert len(versions.all_versions()) == 3


@pytest.mark.parametrize(
    "change",
    [{"base": "../x"}, {"learned": [{"hash": "../x", "category": "a"}]}, {"collection": "../x"}, 3],
)
def test_a_damaged_version_says_so(change):
    base = made_runs.run("one")
    made = version(base, "one-v1", list(made_runs.CATEGORIES))
    file = made.folder / versions.FILE
    found = json.loads(file.read_text())
    file.write_text(json.dumps(found | change if isinstance(change, dict) else change))
    with pytest.raises(RunError, match=r"version\.json is damaged"):
        load_network(made)
