"""`fruitlab interpolate`: the networks between two runs, as a command and as a job."""

import json
import re

import made_runs
import numpy as np
import pytest
import torch

from fruitlab.cli import main
from fruitlab.data import store
from fruitlab.data.importing import import_pictures
from fruitlab.inference.interpolate import between
from fruitlab.inference.predict import load_network
from fruitlab.models.statistics import reestimate
from fruitlab.runs import interpolations
from fruitlab.runs.folder import Run
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.scoring import score

DATA = "small"


@pytest.fixture
def two_runs(pair) -> tuple[Run, Run]:
    """Two runs of untrained networks."""
    import_pictures(name=DATA, nice=pair.nice, real=pair.real, min_images=5)
    data = store.load(DATA)
    runs = []
    for seed, ratio in ((1, 0), (2, 100)):
        run = made_runs.run(
            f"run{seed}", seed=seed, data=DATA, ratio=ratio, categories=data.categories
        )
        header = run.header()
        run.write_header(header | {"data": header["data"] | {"fingerprint": data.fingerprint}})
        runs.append(run)
    return runs[0], runs[1]


def test_points_are_scores_of_interpolated_weights(two_runs, capsys, tmp_path):
    folder = tmp_path / "job"
    folder.mkdir()
    assert main.main(["--job", str(folder), "interpolate", "run1", "run2"]) == 0
    result = json.loads((folder / "result.json").read_text())
    found = interpolations.read("run1", "run2")
    assert found == {name: value for name, value in result.items() if name != "file"}
    assert [point["alpha"] for point in found["points"]] == pytest.approx(np.linspace(0, 1, 21))
    assert len({json.dumps(point["real"]) for point in found["points"]}) > 1
    # One point, computed from the weights files.
    first, second = (run.read_tensors("weights")[0] for run in two_runs)
    network, _ = load_network(two_runs[0])
    parameters = {name for name, _ in network.named_parameters()}
    network.load_state_dict(
        {
            name: torch.tensor(0.75 * x + 0.25 * second[name] if name in parameters else x)
            for name, x in first.items()
        }
    )
    config = two_runs[0].config()
    data = DeviceDataset.of(store.load(DATA), config, torch.device("cpu"))
    both = torch.cat([data.train["nice"], data.train["real"]])
    assert found["statistics"] == len(both)
    reestimate(network, [network.prepare(data.images[both])])
    counts, _ = score(network, data, data.test)
    assert found["points"][5]["alpha"] == 0.25
    for domain in ("nice", "real"):  # rounding may change the order of two close categories
        assert np.abs(np.subtract(found["points"][5][domain], counts[domain])).max() <= 2


def test_only_the_chosen_groups_move():
    one, two = made_runs.network(1), made_runs.network(2)
    names = one.parameters_of("head").keys()
    made = dict(between(one, two, 0.3, names).named_parameters())
    first, second = dict(one.named_parameters()), dict(two.named_parameters())
    for name, parameter in made.items():
        share = 0.3 if name in names else 0.0
        expected = torch.lerp(first[name], second[name], share)
        torch.testing.assert_close(parameter, expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run1", "run2", "--groups", "neck"), "no layer group neck.*backbone means"),
        (("run1:start", "run2"), "only be :switch"),
        (("run1", "nobody"), "no run named nobody"),
        (("run1:switch", "run2"), "switch"),
        (("run1", "wide"), "networks or categories differ"),
        (("run1", "elsewhere"), "other test pictures"),
    ],
)
def test_what_does_not_fit_is_explained(two_runs, capsys, arguments, message):
    categories = store.load(DATA).categories
    made_runs.run("wide", data=DATA, categories=categories[:2])
    made_runs.run("elsewhere", data=DATA, categories=categories)
    assert main.main(["interpolate", *arguments, "--json"]) == 1
    assert re.search(message, json.loads(capsys.readouterr().out)["error"])


def test_nothing_was_computed_yet():
    assert interpolations.read("one", "two") is None
