"""`python -m fruitlab release`: the runs, names and files that are copied."""

import json
import re

import made_runs
import numpy as np
import pytest
import torch
from logged_runs import mixed, run

from fruitlab.cli.main import main
from fruitlab.config.paths import shipped_root
from fruitlab.data import store
from fruitlab.data.importing import import_pictures
from fruitlab.inference.predict import load_network
from fruitlab.methods.registry import configure
from fruitlab.runs.arrays import table_file
from fruitlab.runs.folder import Run
from fruitlab.studies import release


def test_finished_runs_are_copied_and_missing_ones_listed(pair, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(tmp_path / "shipped"))
    import_pictures(name="small", nice=pair.nice, real=pair.real, min_images=5)
    common = {"data": "small", "fingerprint": store.load("small").fingerprint}
    for name, changes in (("done", {"seed": 0}), ("second", {"seed": 1})):
        made = run(name, mixed(620), ratio=20, **common, **changes)
        (made.folder / "weights.safetensors").write_bytes(b"12345")
        (made.folder / "predictions.npz").write_bytes(table_file({"real": np.zeros(9, bool)}))
    run("stopped", mixed(620), status="stopped", ratio=30, **common)
    run("other", mixed(620), ratio=20, data="small")  # on an earlier version of the data

    asked = ["release", "--data", "small", "--preset", "quick", "--seeds", "2", "--json"]
    assert main(asked) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    study = result["studies"][0]
    assert (study["released"], study["runs"]) == (2, 2 * (11 + 18))
    assert sum(one["released"] for one in result["studies"][1:]) == 0
    assert len(result["missing"]) == 56 and "mixed-30-quick-seed0" in result["missing"]
    assert "Not finished yet: mixed-30-quick-seed0" in err

    log = {"config.json", "metrics.jsonl", "summary.json"}
    copied = {
        folder.name: {path.name for path in folder.iterdir()} for folder in shipped_root().iterdir()
    }
    assert copied == {
        "mixed-20-quick-seed0": log | {"predictions.npz", "weights.safetensors"},
        "mixed-20-quick-seed1": log,
    }
    method = configure("ewc", preset="quick", data="small", seed=1)
    assert re.fullmatch(r"ewc-quick-seed1", release.name(method))
    other = method.model_copy(update={"strength": 7.0})
    assert re.fullmatch(r"ewc-quick-[0-9a-f]{6}-seed1", release.name(other))
    size = sum(path.stat().st_size for path in shipped_root().rglob("*") if path.is_file())
    assert study["bytes"] == size


@pytest.fixture
def distilled(tmp_path, monkeypatch):
    """A distilled run, and the folder that it is released to."""
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(tmp_path / "shipped"))
    made = made_runs.run("whole", method="distil", ratio=40)
    made.log.write_text("")
    release.copy(made, made.config(), "glance")
    (released,) = shipped_root().iterdir()
    return made, released


def test_distilled_networks_are_released_in_half_precision(distilled):
    made, released = distilled
    assert (released / "predictions.npz").exists()
    before, after = (folder / "weights.safetensors" for folder in (made.folder, released))
    assert after.stat().st_size < 0.7 * before.stat().st_size
    pictures = torch.rand(4, 100, 100, 3).permute(0, 3, 1, 2)
    with torch.no_grad():
        answers = [load_network(Run(one))[0](pictures) for one in (made.folder, released)]
    assert answers[1].dtype == torch.float32
    # Half precision has 11 bits: a relative error of 5e-4 in each weight.
    torch.testing.assert_close(answers[1], answers[0], rtol=0.02, atol=0.02)
    assert not torch.equal(answers[1], answers[0])


def test_released_predictions_are_smaller_and_the_same(distilled):
    made, released = distilled
    before, after = (folder / "predictions.npz" for folder in (made.folder, released))
    assert after.stat().st_size < 0.9 * before.stat().st_size
    tables = [Run(folder).predictions() for folder in (made.folder, released)]
    assert tables[0].keys() == tables[1].keys()
    for column, values in tables[0].items():
        np.testing.assert_array_equal(tables[1][column], values)
