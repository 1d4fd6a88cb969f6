"""Search by picture: a photo finds itself, by a pretrained network and by a run's."""

import made_runs
import numpy as np
import pretrained
import pytest
import small

from fruitlab.config.errors import DataError, RunError
from fruitlab.inference import client, search
from fruitlab.inference.predict import load_network


@pytest.fixture(scope="module", autouse=True)
def server_ends_after_the_module():
    yield
    client.stop()


@pytest.mark.slow
def test_a_picture_finds_itself_and_its_category_in_both_domains():
    data, network = small.two_domains(per_category=5), pretrained.keep_random()
    with pytest.raises(DataError, match=f"search --data noise --network {network}"):
        search.Gallery(data, network)
    search.prepare(data, network)
    seen, found = search.Gallery(data, network).search(np.array(data.real.images[7]), 3)
    assert np.array_equal(seen, data.real.images[7])
    assert [one.domain for one in found].count("nice") == 3 and len(found) == 6
    first = found[0]
    assert (first.path, first.category, first.domain) == ("B/007", "B", "real")
    assert first.distance == pytest.approx(0, abs=1e-3)
    assert np.array_equal(first.picture, seen)
    assert [one.distance for one in found] == sorted(one.distance for one in found)
    assert {one.category for one in found} == {"B"}  # one colour for each category


def test_a_run_without_weights_is_refused():
    run = made_runs.run("half", status="stopped")
    (run.folder / "weights.safetensors").unlink(missing_ok=True)
    with pytest.raises(RunError, match="has no weights yet"):
        search.prepare(small.two_domains(per_category=3), run)


def test_a_runs_network_describes_pictures_too():
    import torch

    data, run = small.two_domains(per_category=3, categories=2), made_runs.run("one")
    with pytest.raises(DataError, match="--run one"):
        search.Gallery(data, run)
    search.prepare(data, run)
    gallery = search.Gallery(data, run)
    network, _ = load_network(run)
    with torch.no_grad():
        expected = network.features(network.prepare(torch.tensor(data.nice.images)))
    np.testing.assert_allclose(
        search.rows_of(data, run)[: len(data.nice.labels)], expected, rtol=2e-3, atol=2e-3
    )
    _, found = gallery.search(np.array(data.nice.images[4]), 1)
    assert found[0].path == "B/004" and found[0].distance == pytest.approx(0, abs=1e-3)
