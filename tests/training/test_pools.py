"""Which pictures a phase trains on, and their order in batches."""

from collections import Counter

import pytest
import torch
from small import config, device_dataset, new_state

from fruitlab.methods.phase import Pool
from fruitlab.training.batches import Batches


@pytest.fixture(scope="module")
def data():
    return device_dataset()


def test_epoch_covers_the_training_set_in_twenty_batches(data):
    cfg = config(ratio=60)
    state, phase = new_state(cfg, data), cfg.phases()[0]
    batches = Batches(cfg, phase, data, state)
    epochs = []
    for epoch in range(2):
        order = []
        for i in range(20):
            batch = batches.at(epoch * 20 + i)
            order += batch.index.tolist()
            assert batch.last_of_epoch == (i == 19)
        assert Counter(order) == Counter(batches.pools[0].tolist())
        epochs.append(order)
    assert epochs[0] != epochs[1]


def test_batch_has_matching_pictures_labels_and_counts(data):
    cfg = config(ratio=50, batch_size=8)
    batches = Batches(cfg, cfg.phases()[0], data, new_state(cfg, data))
    batch = batches.at(1)
    pictures = (batch.inputs.permute(0, 2, 3, 1) * 255).round().to(torch.uint8)
    places = [int((data.images == picture).flatten(1).all(1).nonzero()) for picture in pictures]
    assert places == batch.index.tolist()
    assert batch.labels.tolist() == data.labels[places].tolist()
    assert int(batch.real) == sum(place >= 60 for place in places)
    assert set(places) <= set(batches.pools[0].tolist()) and len(places) <= 8


def test_ratios_are_nested_shares_of_each_training_set(data):
    for ratio, nice, real in ((0, 36, 0), (10, 32, 4), (60, 14, 22), (100, 0, 36)):  # of 36 and 36
        chosen = data.pool(Pool(nice=1 - ratio / 100, real=ratio / 100), seed=5)
        assert (int((~data.is_real[chosen]).sum()), int(data.is_real[chosen].sum())) == (nice, real)
        assert len(set(chosen.tolist())) == len(chosen)
    few, many = (set(data.pool(Pool(real=share), seed=5).tolist()) for share in (0.3, 0.7))
    assert few < many
    assert set(data.pool(Pool(real=0.3), seed=6).tolist()) != few


def test_iterative_training_uses_the_pictures_of_mixed_at_50_percent(data):
    mixed = config(ratio=50).phases()[0]
    both = set(data.pool(mixed.pools[0], seed=0).tolist())
    initial, restricted = (
        set(data.pool(p.pools[0], seed=0).tolist()) for p in config("iterative").phases()
    )
    assert initial | restricted == both and not initial & restricted
    assert {bool(data.is_real[i]) for i in initial} == {False}
    assert {bool(data.is_real[i]) for i in restricted} == {True}
