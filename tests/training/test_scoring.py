"""Scoring, compared with sorting each row, and the live subset of the test pictures."""

import numpy as np
import torch
from small import config, device_dataset, new_state, two_domains

from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.scoring import correct, infer, pooled_features, ranks, score


def test_ranks_match_sorting():
    logits = torch.randn(200, 7, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(200) % 7
    by_sorting = [
        sorted(row, reverse=True).index(row[label])
        for row, label in zip(logits.tolist(), labels.tolist(), strict=True)
    ]
    assert ranks(logits, labels).tolist() == by_sorting
    assert correct(logits, labels).tolist() == [
        by_sorting.count(0),
        sum(rank < 3 for rank in by_sorting),
    ]


def test_ties_and_nan_count_as_wrong():
    for value in (float("nan"), 0.0):
        logits = torch.full((4, 5), value)
        assert correct(logits, torch.zeros(4, dtype=torch.int64)).tolist() == [0, 0]
    logits = torch.tensor([[float("nan"), 2.0, 1.0, 0.0]])
    assert ranks(logits, torch.tensor([1])).tolist() == [1]


def test_inference_does_not_depend_on_batch_size():
    data = device_dataset()
    state = new_state(config(network="paper"), data)
    state.network.train()
    # Gives the network running statistics other than 0 and 1.
    state.network(torch.rand(8, 3, 100, 100).contiguous(memory_format=torch.channels_last))
    index = torch.arange(0, 120, 7)
    together = infer(state.network, data.images, index)
    single = torch.cat([infer(state.network, data.images, i.view(1)) for i in index])
    torch.testing.assert_close(together, single, rtol=1e-4, atol=1e-4)
    head = state.network.head(pooled_features(state.network, data.images, index))
    torch.testing.assert_close(head, together, rtol=1e-4, atol=1e-4)
    counts, logits = score(state.network, data, data.test)
    assert counts["nice"] == [24, *correct(logits["nice"], data.labels[data.test["nice"]]).tolist()]


def test_live_subset_is_fixed_and_stratified():
    labels = np.repeat(np.arange(4), (400, 200, 40, 10))
    nothing = torch.empty(0, dtype=torch.int64)
    data = DeviceDataset(
        tuple("abcd"),
        torch.empty(650, 0),
        torch.from_numpy(labels),
        torch.zeros(650, dtype=torch.bool),
        {"nice": nothing, "real": nothing},
        {"nice": torch.arange(650), "real": nothing},
    )
    chosen = data.test_subset("nice", 65)
    assert torch.equal(chosen, data.test_subset("nice", 65)) and len(set(chosen.tolist())) == 65
    counts = np.bincount(labels[chosen], minlength=4)
    assert np.abs(counts - np.array([40, 20, 4, 1])).max() <= 1
    assert set(data.test_subset("nice", 20).tolist()) <= set(chosen.tolist())
    assert torch.equal(data.test_subset("nice", 1000), data.test["nice"])


def test_device_dataset_keeps_the_split():
    pair = two_domains()
    data, split = device_dataset(), pair.split(0)
    for domain, source, side in (
        ("nice", pair.nice, split.nice_test),
        ("real", pair.real, split.real_test),
    ):
        assert np.array_equal(data.images[data.test[domain]].numpy(), source.images[side])
        assert data.labels[data.test[domain]].tolist() == source.labels[side].tolist()
        assert not set(data.test[domain].tolist()) & set(data.train[domain].tolist())


def test_relabelling_drops_unknown_categories():
    data = device_dataset()
    other = data.labelled_as(("c", "X", "A"))
    names = np.array(["c", "X", "A"])[other.labels[other.test["nice"]].numpy()]
    before = np.array(data.categories)[data.labels[other.test["nice"]].numpy()]
    assert [name.upper() for name in names] == before.tolist()
    assert set(before) == {"A", "C"} and len(other.test["nice"]) == 16
