"""Closed-form training beside an iterative run: the command, and the file that ships."""

import json

import pretrained
import pytest

from fruitlab.cli.main import main
from fruitlab.config.paths import PROJECT
from fruitlab.runs.catalog import find
from fruitlab.runs.folder import Run
from fruitlab.studies import forgetting_file

SHIPPED = PROJECT / "checkpoints" / "shipped"


@pytest.fixture
def call(capsys):
    def call(*arguments: str):
        """Returns the exit status and the JSON result on stdout."""
        status = main([*arguments, "--json"])
        return status, json.loads(capsys.readouterr().out)

    return call


def test_both_learn_the_run_s_own_pictures(call, pair):
    folders = ("--nice", str(pair.nice), "--real", str(pair.real))
    assert call("data", "import", "--name", "small", *folders, "--min-images", "5")[0] == 0
    network = pretrained.keep_random()
    status, result = call("forgetting-file", "gone", "--network", network)
    assert status == 1 and "gone" in result["error"]
    options = ("--network", network, "--set", "trained_layers=head", "--iterations", "12")
    evaluations = ("--set", "batch_size=10", "--set", "full_evaluations=3", "--run", "one")
    assert call("train", "iterative", "--data", "small", *options, *evaluations)[0] == 0
    status, result = call("forgetting-file", "one", "--network", network)
    assert status == 0, result

    run = find("one")
    counts = run.header()["data"]["training_pictures"]
    assert result["pictures"] == [counts["initial"]["nice"], counts["restricted"]["real"]]
    closed, gradient, summary = result["closed"], result["gradient"], run.summary()
    assert closed["seen"][0] == 0 and closed["seen"][-1] == result["pictures"][1]
    for place, domain in enumerate(("nice", "real")):
        assert closed[domain][-1] == result["joint"][domain]  # nothing is lost
        assert gradient[domain][-1] == summary[domain]["top1"]
        assert result["tests"][place] == summary[domain]["pictures"]
    assert gradient["seen"][0] == 0
    assert [one["run"] for one in forgetting_file.found()] == ["one"]
    # A run of another method is refused.
    assert call("train", "mixed", "--data", "small", *options, "--run", "two")[0] == 0
    status, refused = call("forgetting-file", "two", "--network", network)
    assert status == 1 and "iterative" in refused["error"]


def test_the_shipped_file_loses_nothing_against_joint_training(monkeypatch):
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(SHIPPED))
    (shipped,) = forgetting_file.found()
    closed, gradient = shipped["closed"], shipped["gradient"]
    assert shipped["joint"]["nice"] - closed["nice"][-1] == 0
    assert shipped["joint"]["real"] - closed["real"][-1] == 0
    assert gradient["nice"][-1] < closed["nice"][-1] - 0.1  # gradient training forgets
    run = Run(SHIPPED / "iterative-50-frozen-thorough-seed0")
    data, summary = run.header()["data"], run.summary()
    assert shipped["fingerprint"] == data["fingerprint"]
    assert shipped["tests"] == [summary[domain]["pictures"] for domain in ("nice", "real")]
    counts = data["training_pictures"]  # the same halves
    assert shipped["pictures"] == [counts["initial"]["nice"], counts["restricted"]["real"]]
