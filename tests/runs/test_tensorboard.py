"""Event files, read back as TensorBoard reads them: records of protobuf messages."""

import struct
from pathlib import Path

import pytest
from logged_runs import iterative, run

from fruitlab.runs import steps, tensorboard
from fruitlab.runs.index import Index


def events(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values by tag. A record is a length, its CRC, the message and its CRC."""
    from tensorboardX.proto.event_pb2 import Event

    content, at, found = path.read_bytes(), 0, {}
    while at < len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        event = Event.FromString(content[at + 12 : at + 12 + length])
        at += 16 + length
        for value in event.summary.value:
            if value.HasField("simple_value"):
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


@pytest.mark.slow  # tensorboardX imports torch
def test_everything_logged_is_in_the_event_file(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    made = run("one", iterative(100), method="iterative", iterations=100)
    steps.append(made, 1, [3.0, 2.0], [0.1, 0.2], [0.5, 0.6])
    found = events(tensorboard.write(Index().get("one"), tmp_path / "logs" / "one"))
    nice = found["accuracy/nice_top1"]
    assert [step for step, _ in nice] == list(range(0, 101, 10))
    assert nice[-1][1] == pytest.approx(0.5) and nice[5][1] == pytest.approx(0.9)
    combined = found["accuracy/combined_top1"][-1][1]
    assert combined == pytest.approx((0.5 * 0.3) ** 0.5)
    assert found["training/loss"] == [(1, 3.0), (2, 2.0)]
    assert [step for step, _ in found["training/momentum"]] == [1, 2]


def test_a_run_without_logged_iterations_has_those_of_its_evaluations(tmp_path: Path) -> None:
    run("one", iterative(100), method="iterative", iterations=100)
    losses = [s for s in tensorboard.scalars(Index().get("one")) if s[0] == "training/loss"]
    assert [iteration for _, _, iteration in losses] == list(range(10, 101, 10))
