"""Play files are made by the trainer's own training on the same pictures."""

import json
from dataclasses import replace

import numpy as np
import play_oracle
import pytest
import torch
from small import CPU, config, two_domains

from fruitlab.cli.main import main
from fruitlab.config.errors import RunError
from fruitlab.models.paper_resnet import PaperResNet
from fruitlab.play import file as play
from fruitlab.play import make
from fruitlab.runs import catalog, folder
from fruitlab.training.batches import Batches
from fruitlab.training.device_dataset import DeviceDataset, stratified
from fruitlab.training.scoring import correct, pooled_features
from fruitlab.training.step import step
from fruitlab.worker.process import work


def quietly(line: str) -> None:
    pass


@pytest.fixture
def small_data(monkeypatch):
    """A small pair of domains in place of the data that a run names."""
    data = two_domains(per_category=30, categories=4)
    monkeypatch.setattr(
        "fruitlab.worker.process.read_data", lambda run, name, say, progress=None: data
    )
    monkeypatch.setattr(make, "read_data", lambda run, name, say: data)
    return data


def created(run_id: str, **changes) -> folder.Run:
    return catalog.create(
        {"device": "cpu", "data": None},
        run_id=run_id,
        config=config(
            "iterative",
            network="paper",
            **({"running_statistics": "frozen", "iterations": 30, "live_every": 5} | changes),
        ),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "statistics": "batch",
            "nesterov": True,
            "momentum_width": 0,
            "penalty": "plain",
            "regularisation": 0.01,
            "batch_size": 10,
        },
        {
            "label_smoothing": 0.2,
            "plateau": 3,
            "batch_size": 16,
            "learning_rate": 0.5,
            "momentum": 0.9,
            "momentum_midpoint": 0,
            "momentum_width": 25,
        },
        {"schedule": "one-cycle", "batch_size": 8, "learning_rate": 0.05},
    ],
    ids=["paper", "quick", "plateau", "one-cycle"],
)
@pytest.mark.slow
def test_play_without_kept_pictures_matches_restricted_training(
    small_data, tmp_path, changes
) -> None:
    run = created("one", **changes)
    made_of = make.make(run, tmp_path / "play.safetensors", say=quietly)
    file = play.read(tmp_path / "play.safetensors")
    # So few pictures are all there.
    assert made_of["pictures"] == file.notes["whole"] and file.steps == 15
    recomputed = list(play_oracle.play(file))
    assert file.notes["reference"] == {
        name: [point[name] for point in recomputed] for name in ("step", "nice", "real")
    }

    # The trainer's own step on its own batches, in double precision: rounding is not tested here.
    configuration = run.config()
    data = DeviceDataset.of(small_data, configuration, CPU)
    phase, state = configuration.phases()[1], make.at_switch(run, configuration, data, quietly)
    if state.phase == 0:
        state.enter(1, fresh_clock=True)
    state.iteration = file.notes["iteration"]
    batches = Batches(configuration, phase, data, state)
    x = {
        f"{domain}_test": pooled_features(state.network, data.images, data.test[domain])
        for domain in ("nice", "real")
    }
    x["real_train"] = batches.features[: len(batches.pools[0])]
    state.network.double()
    state.trains(phase)
    curve = {
        point["step"]: (point["nice"], point["real"])
        for point in play_oracle.play(
            file,
            features={name: value.numpy().astype(np.float64) for name, value in x.items()}
            | {"nice_train": file.features("nice_train")},
        )
    }
    for number in range(file.steps + 1):
        state.network.eval()
        with torch.no_grad():
            right = [
                int(
                    correct(
                        state.network.head(x[f"{domain}_test"].double()),
                        data.labels[data.test[domain]],
                    )[0]
                )
                for domain in ("nice", "real")
            ]
        assert number not in curve or curve[number] == tuple(right), number
        if number < file.steps:
            batch = batches.at(number)
            step(configuration, phase, state, replace(batch, inputs=batch.inputs.double()))

    head, mine = play_oracle.Head(file), play_oracle.Batches(file)
    for number in range(file.steps):
        real, _, last = mine.at(number, 0)
        head.step(
            number, x["real_train"].double().numpy()[real], file.labels("real_train")[real], last
        )
    assert head.halvings == state.counters["halvings"].item()
    assert (head.halvings > 0) == ("plateau" in changes)
    for name, value in head.values.items():
        # The trainer keeps its learning rate in single precision.
        assert np.abs(value - state.network.state_dict()[name].numpy()).max() <= 1e-6, name


@pytest.mark.slow
def test_switch_is_saved_by_the_worker_or_recomputed(small_data, tmp_path) -> None:
    run = created("one")
    work(run, say=quietly)
    assert run.has("switch")
    make.make(run, tmp_path / "kept", say=quietly)
    (run.folder / "switch.safetensors").unlink()
    messages: list[str] = []
    make.make(run, tmp_path / "recomputed", say=messages.append)
    assert "done again" in messages[0]
    kept, recomputed = play.read(tmp_path / "kept"), play.read(tmp_path / "recomputed")
    for name, tensor in kept.tensors.items():
        if name.startswith(play.LAYERS):
            assert np.array_equal(tensor, recomputed.tensors[name]), name
        else:  # a convolution's last bits may depend on the memory address of its weights
            assert np.allclose(tensor.astype(float), recomputed.tensors[name], rtol=1e-4, atol=1), (
                name
            )
    point = next(
        point
        for point in run.metrics()
        if point["phase"] == "restricted" and point["phase_iteration"] == 0
    )
    assert kept.notes["reference"]["nice"][0] == pytest.approx(point["nice"][1], abs=1)
    assert kept.notes["reference"]["real"][0] == pytest.approx(point["real"][1], abs=1)


def test_subsets_of_pictures_are_stratified(small_data, tmp_path) -> None:
    counts = {"nice_train": 12, "real_train": 16, "nice_test": 20, "real_test": 24}
    make.make(created("one"), tmp_path / "play", say=quietly, counts=counts)
    file = play.read(tmp_path / "play")
    for name, count in counts.items():
        assert file.count(name) == count
        if name.endswith("test"):  # training sets are random halves: their categories differ
            assert np.bincount(file.labels(name)).tolist() == [count // 4] * 4
    labels = torch.tensor([0, 0, 0, 0, 1, 1])
    assert np.bincount(labels[stratified(labels, 3)]).tolist() == [2, 1]
    assert file.notes["reference"]["step"] == play.evaluation_points(15)
    assert file.notes["lost"]["mean"] <= file.notes["lost"]["most"]


def test_command_line_makes_a_play_file(small_data, capsys) -> None:
    (
        created("one"),
        catalog.create({"device": "cpu", "data": None}, config=config("mixed"), run_id="other"),
    )
    assert main(["play-file", "one", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    path = play.found()["one"]
    assert result["file"] == str(path) and result["bytes"] == path.stat().st_size
    assert path.parent.name == "one"
    assert main(["play-file", "other"]) == 1
    assert "no switch to play from" in capsys.readouterr().err


def test_shipped_run_without_a_switch_is_an_error(monkeypatch, capsys) -> None:
    catalog.create({"device": "cpu", "data": None}, config=config("mixed"), run_id="other")
    monkeypatch.setattr(folder.Run, "shipped", property(lambda self: True))
    assert main(["play-file", "other"]) == 1
    assert "no switch to play from" in capsys.readouterr().err


class OneLayerHead(PaperResNet):
    """A network whose head the browser cannot train."""

    def layer_groups(self):
        *_, output = super().layer_groups()["head"]
        return super().layer_groups() | {
            "stage3": [*self.blocks[8:], self.hidden],
            "head": [output],
        }


def test_unsupported_head_is_rejected(small_data, tmp_path) -> None:
    run = created("one")
    with pytest.raises(RunError, match=r"one cannot be played.*two dense layers"):
        make.head_tensors(run, OneLayerHead(4))


@pytest.mark.parametrize("changes", [{"restart_clock": False}, {"statistics": "before"}])
def test_unsupported_configuration_is_rejected(small_data, tmp_path, changes):
    with pytest.raises(RunError, match="cannot be played"):
        make.make(created("one", **changes), tmp_path / "play.safetensors", say=quietly)
    assert not (tmp_path / "play.safetensors").exists()
