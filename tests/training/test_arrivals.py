"""Streams: what arrives when, what a batch is made of, and testing before training."""

from collections import Counter

import numpy as np
import pytest
import small
import torch

from fruitlab.config.errors import DataError
from fruitlab.methods.phase import Stream
from fruitlab.training.arrivals import Arrivals, order_of

CATEGORIES = ("A", "B", "C")
LABELS = np.arange(90) % 3
IS_REAL = np.arange(90) >= 30


def arrivals(order: str, *, kept: int = 5, iterations: int = 18, batch: int = 10) -> Arrivals:
    stream = Stream(order=order, ratio=70, kept=kept)
    places = order_of(stream, LABELS, IS_REAL, CATEGORIES, seed=0)
    none = np.zeros(0, dtype=np.int64)
    return Arrivals(
        stream, places, none, LABELS, IS_REAL, iterations=iterations, batch=batch, seed=0
    )


@pytest.mark.parametrize("order", ["nice-first", "alternating", "late:B"])
@pytest.mark.parametrize("iterations", [18, 7, 200])
def test_every_picture_arrives_once(order, iterations):
    stream = arrivals(order, iterations=iterations)
    every = np.concatenate([stream.new(i) for i in range(iterations)])
    assert Counter(every.tolist()) == Counter(range(90)) and len(stream.new(0))


def test_orders():
    nice_first = arrivals("nice-first").order
    assert not IS_REAL[nice_first[:30]].any() and IS_REAL[nice_first[30:]].all()
    alternating = IS_REAL[arrivals("alternating").order]
    assert all(9 <= alternating[start : start + 15].sum() <= 11 for start in range(0, 90, 15))
    late = LABELS[arrivals("late:B").order] == 1  # 60 others, two thirds of them first
    assert not late[:40].any() and 7 <= late[40:53].sum() <= 9
    with pytest.raises(DataError, match="There are: A, B, C"):
        arrivals("late:D")


def test_batches_are_mixed_at_the_ratio_once_both_domains_are_there():
    stream = arrivals("nice-first")
    for iteration in range(18):
        batch = stream.batch(iteration)
        assert (~IS_REAL[batch]).sum() == 3
        assert IS_REAL[batch].sum() == (0 if iteration < 6 else 7)
        new = stream.new(iteration)
        assert len(new) == 5 and set(new[IS_REAL[new]]) <= set(batch)
    assert stream.sizes(18) == {"nice": 15, "real": 15}


def test_a_ratio_of_100_trains_on_nice_pictures_until_real_ones_arrive():
    stream = Stream(order="nice-first", ratio=100, kept=5)
    order, none = order_of(stream, LABELS, IS_REAL, CATEGORIES, 0), np.zeros(0, dtype=np.int64)
    found = Arrivals(stream, order, none, LABELS, IS_REAL, iterations=18, batch=10, seed=0)
    assert [int(IS_REAL[found.batch(i)].sum()) for i in (0, 5, 6, 17)] == [0, 0, 10, 10]
    assert all(len(found.batch(i)) == 10 for i in range(18))


def test_only_what_arrived_is_trained_on_and_buffers_are_bounded():
    stream, seen = arrivals("alternating", kept=2), set()
    for iteration in range(18):
        seen |= set(stream.new(iteration).tolist())
        assert set(stream.batch(iteration).tolist()) <= seen
        assert max(stream.sizes(iteration + 1).values()) <= 6


def test_without_buffers_batches_are_what_arrives():
    stream = arrivals("nice-first", kept=0, iterations=200)
    for iteration in range(200):
        new = stream.new(iteration)
        assert len(stream.batch(iteration)) == 1
        assert not len(new) or np.array_equal(stream.batch(iteration), new)


def test_a_batch_does_not_depend_on_those_before_it():
    stream = arrivals("alternating")
    batches = [stream.batch(i) for i in range(18)]
    for i in (17, 3, 9):
        assert np.array_equal(arrivals("alternating").batch(i), batches[i])
        assert np.array_equal(stream.batch(i), batches[i])


def test_what_is_held_at_the_start_is_trained_on():
    none, stream = np.zeros(0, dtype=np.int64), Stream(order="folders", ratio=50, kept=9)
    held = Arrivals(stream, none, np.arange(20, 40), LABELS, IS_REAL, iterations=3, batch=8, seed=0)
    for iteration in range(3):
        batch = held.batch(iteration)
        assert set(batch) <= set(range(20, 40)) and IS_REAL[batch].sum() == 4


def test_pictures_are_tested_before_they_are_learned():
    """The last group of the stream is scored by the weights that it had not yet changed."""
    data = small.device_dataset()
    config = small.config("online", stream="alternating", iterations=6, live_every=1)
    state = small.new_state(config, data)
    before, counted = None, []
    for event in small.train(config, data, state):
        if event is not None:
            counted.append(event.stream)
        elif state.iteration == 5:
            before = {name: x.clone() for name, x in state.network.state_dict().items()}
    assert sum(sum(one[d][0] for d in ("nice", "real")) for one in counted) == 72
    state.network.load_state_dict(before)
    network = state.network.eval()
    from fruitlab.training.batches import Batches

    state.phase_iteration = 5
    new = Batches(config, config.phases()[0], data, state)
    places = new.every[torch.from_numpy(new.arrivals.new(5))]
    with torch.no_grad():
        right = network(network.prepare(data.images[places])).argmax(1) == data.labels[places]
    real = data.is_real[places]
    assert counted[-1]["nice"] == [int((~real).sum()), int((right & ~real).sum())]
    assert counted[-1]["real"] == [int(real.sum()), int((right & real).sum())]


def test_a_stream_of_folders_needs_its_pictures():
    config = small.config("online", stream="folders")
    with pytest.raises(DataError, match="fruitlab online"):
        small.run(config, small.device_dataset())
