"""`solve` and `ratios-file` from pictures to a run that every other command can use."""

import json

import numpy as np
import pretrained
import pytest
from slow import some

from fruitlab.cli.main import main
from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.runs.catalog import find


@pytest.fixture
def call(capsys):
    def call(*arguments: str):
        """Returns the exit status and the JSON result on stdout."""
        status = main([*arguments, "--json"])
        return status, json.loads(capsys.readouterr().out)

    return call


@pytest.mark.parametrize("real_network", some((False, True), fast=(False,)))
def test_solved_run_is_an_ordinary_run(call, pair, tmp_path, real_network):
    network = "efficientnet-lite0" if real_network else pretrained.keep_random()
    folders = ("--nice", str(pair.nice), "--real", str(pair.real))
    assert call("data", "import", "--name", "small", *folders, "--min-images", "5")[0] == 0
    # A third of the network's own input size computes features in a tenth of the time.
    chosen_by_hand = ("--network", network, "--lambda", "0.1", "--set", "input_size=48")
    status, result = call("solve", "--data", "small", "--run", "solved", *chosen_by_hand)
    assert status == 0 and result["status"] == "finished"
    chosen = result["chosen"]
    run = find("solved")
    config = run.config()
    assert (config.ratio, config.ridge) == (chosen["ratio"], 0.1)
    assert run.header()["chosen"] == chosen
    # Three shapes in three colours: random weights tell some of them.
    assert chosen["leave_one_out"]["combined"] > (0.9 if real_network else 0.5)

    # The network scores the test pictures as the closed form did on cached features.
    status, evaluated = call("evaluate", "solved")
    assert status == 0, evaluated
    assert evaluated["from"] == "weights"
    for domain in ("nice", "real"):
        assert evaluated[domain] == result[domain]
    status, (answer,) = call("predict", "solved", str(next((pair.nice / "Red Disc").iterdir())))
    assert status == 0 and (answer["top"][0]["category"] == "Red Disc" or not real_network)
    assert {row["run"] for row in call("runs")[1]} == {"solved"}

    # The file of all ratios agrees with the run at its ratio.
    out = tmp_path / "ratios.safetensors"
    status, written = call("ratios-file", "--data", "small", *chosen_by_hand, "--out", str(out))
    assert status == 0 and written["best"] == chosen["ratio"]
    loaded = AllRatios.load(out)
    found = loaded.scores(chosen["ratio"])
    for domain in ("nice", "real"):
        assert found[domain] == result[domain]
    table = run.predictions()
    from fruitlab.data import store
    from fruitlab.features import cache

    real = cache.features(store.load("small"), network, size=48).real.test
    answers = np.array([loaded.photo(row).answer[chosen["ratio"]] for row in real])
    assert (answers == table["top3"][table["real"], 0]).all()


def test_wrong_options_are_refused_before_anything_is_read(call):
    for wrong in (
        ("--ratio", "101"),
        ("--lambda", "0"),
        ("--network", "no-such-network"),
        ("--set", "nothing=1"),
    ):
        status, result = call("solve", "--data", "nowhere", *wrong)
        assert status == 2 and "error" in result, wrong
    status, result = call("solve", "--data", "nowhere")
    assert status == 1 and "nowhere" in result["error"]
    status, result = call("solve", "--data", "synthetic:5", "--network", "paper")
    assert status == 2 and "no pretrained weights" in result["error"]
