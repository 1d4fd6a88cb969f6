"""Every implementation of the head's training reproduces fixture.json."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import play_fixture
import pytest
import torch
from play_fixture import CASES, JAVASCRIPT, check
from small import CPU

from fruitlab.methods.phase import Batch
from fruitlab.play.file import LAYERS, SETS, PlayFile
from fruitlab.training.scoring import correct
from fruitlab.training.state import State
from fruitlab.training.step import step

FIXTURE = play_fixture.cases()


def with_head(file: PlayFile) -> State:
    """A run's state at the switch, in double precision, with the head of a play file."""
    state = State(file.config, categories=len(file.categories), device=CPU)
    head = state.network.layer_groups()["head"]
    for name, layer in zip(LAYERS, head, strict=True):
        layer.load_state_dict(
            {key: torch.from_numpy(file.tensors[f"{name}.{key}"]) for key in layer.state_dict()}
        )
    state.network.double()
    # The trainer's losses and learning rate, which it keeps in single precision.
    for name, counter in state.counters.items():
        state.counters[name] = counter.double() if counter.is_floating_point() else counter
    state.enter(1, fresh_clock=True)
    state.iteration = file.notes["iteration"]
    return state


def by_torch(case: dict[str, Any], file: PlayFile) -> dict[str, Any]:
    """The trainer's own step on the fixture's batches."""
    state, config = with_head(file), file.config
    phase = replace(
        config.phases()[1], inputs="features", running_statistics="frozen", horizon=file.steps
    )
    state.trains(phase)
    x = {name: torch.from_numpy(file.features(name)) for name in SETS}
    y = {name: torch.from_numpy(file.labels(name)) for name in SETS}
    losses, right = [], []
    for number, batch in enumerate(case["batches"]):
        with torch.no_grad():
            right.append(
                [
                    int(correct(state.network.eval().head(x[name]), y[name])[0])
                    for name in ("nice_test", "real_test")
                ]
            )
        real, nice = (torch.tensor(batch[name], dtype=torch.int64) for name in ("real", "nice"))
        inputs = torch.cat([x["real_train"][real], x["nice_train"][nice]])
        labels = torch.cat([y["real_train"][real], y["nice_train"][nice]])
        assert state.phase_iteration == number
        index = torch.cat([real, nice])
        count, last = torch.tensor(len(real)), batch["last"]
        step(config, phase, state, Batch(inputs, labels, index, count, last))
        losses.append(state.read()[0])
    values = {
        f"{name}.{key}": tensor.flatten().tolist()
        for name, layer in zip(LAYERS, state.network.layer_groups()["head"], strict=True)
        for key, tensor in layer.state_dict().items()
    }
    halvings = int(state.counters["halvings"].item())
    return {
        "losses": losses,
        "right": right,
        "batches": case["batches"],
        "halvings": halvings,
        "values": values,
    }


def test_numpy_reproduces_the_fixture() -> None:
    assert FIXTURE.keys() == CASES.keys()
    for name, changes in CASES.items():
        computed = play_fixture.computed(changes)
        assert computed.keys() == FIXTURE[name].keys()
        check(computed, FIXTURE[name], rel=1e-10, abs=1e-12)


def test_fixture_covers_a_plateau_and_kept_pictures() -> None:
    assert {name for name, case in FIXTURE.items() if case["halvings"]} == {"plateau"}
    for case in FIXTURE.values():
        kept = [len(batch["nice"]) for batch in case["batches"]]
        assert kept[0] == 0 and max(kept) > 0 and any(batch["last"] for batch in case["batches"])


@pytest.mark.parametrize("name", CASES)
def test_torch_reproduces_the_fixture(name: str, tmp_path: Path) -> None:
    case = FIXTURE[name]
    check(by_torch(case, play_fixture.opened(case, tmp_path)), case, rel=1e-8, abs=1e-10)


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")
@pytest.mark.parametrize("name", CASES)
def test_javascript_reproduces_the_fixture(name: str, tmp_path: Path) -> None:
    """In Node.js. tests/browser/test_play.py does the same in a browser."""
    case = FIXTURE[name]
    given = play_fixture.javascript_arguments(case, play_fixture.opened(case, tmp_path))
    script = (
        f"const run = {JAVASCRIPT};"
        "const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(run(given)))"
    )
    done = subprocess.run(
        ["node", "-e", script], input=json.dumps(given), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    check(json.loads(done.stdout), case, rel=1e-8, abs=1e-10)
