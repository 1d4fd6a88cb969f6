"""The feature cache: the right values, computed once, and read without torch."""

import copy
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import small

from fruitlab.config.errors import ConfigError, DataError
from fruitlab.config.paths import PROJECT, data_root
from fruitlab.data.domains import Domain, TwoDomains
from fruitlab.features import cache
from fruitlab.models import weights

NETWORK = "efficientnet-lite0"
SIZE = 32


@pytest.fixture(scope="module")
def domains() -> TwoDomains:
    return small.two_domains(per_category=5)


def compute(domains: TwoDomains, **options) -> cache.Features:
    return cache.features(domains, NETWORK, size=SIZE, **options)


def test_features_are_those_of_timm(domains: TwoDomains) -> None:
    """The oracle is timm's own network with the package's tensors, resized by Pillow's filter."""
    import timm
    import torch
    from torch.nn import functional as F

    from fruitlab.models.efficientnet_lite0 import read_package

    network = timm.create_model("tf_efficientnet_lite0", bn_eps=1e-3).eval()
    names = [name for name in network.state_dict() if not name.endswith("num_batches_tracked")]
    published = read_package(weights.require(NETWORK).sha256)
    tensors = [t for name, t in published.items() if not name.endswith("num_batches_tracked")]
    network.load_state_dict(dict(zip(names, tensors, strict=True)), strict=False)
    found = compute(domains)
    assert found.size == 1280 and not found.nice.rows.flags.writeable
    for domain, rows in ((domains.nice, found.nice.rows), (domains.real, found.real.rows)):
        x = torch.from_numpy(domain.images).permute(0, 3, 1, 2) / 255
        x = F.interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True)
        with torch.inference_mode():
            expected = network.forward_features((x - 0.5) / 0.5).mean((2, 3)).numpy()
        assert rows.dtype == np.float16
        np.testing.assert_allclose(rows, expected, rtol=2e-3, atol=1e-4)


def test_sides_and_labels_follow_the_split(domains: TwoDomains) -> None:
    found, split = compute(domains, split_seed=3), domains.split(3)
    for part, domain in ((found.nice, domains.nice), (found.real, domains.real)):
        test = split.indices(domain.name, "test")
        assert np.array_equal(part.test, part.rows[test])
        assert np.array_equal(part.test_labels, domain.labels[test])
        assert len(part.train) == len(part.train_labels) == len(domain.labels) - len(test)


def test_mirrored_view(domains: TwoDomains) -> None:
    flipped = copy.deepcopy(domains)
    for domain in (flipped.nice, flipped.real):
        domain.images[:] = domain.images[:, :, ::-1].copy()
    mirrored = compute(domains, view="mirror").real.rows.copy()
    assert not np.array_equal(mirrored, compute(domains).real.rows)
    for path in (data_root() / ".features").glob("*.npy"):
        path.unlink()
    assert np.array_equal(compute(flipped).real.rows, mirrored)


def test_border_view_of_one_domain(domains: TwoDomains) -> None:
    framed = copy.deepcopy(domains)
    for images in (framed.nice.images, framed.real.images):
        images[:, 12:88, 12:88] = 128
    expected = compute(framed).real.rows.copy()
    for path in (data_root() / ".features").glob("*.npy"):
        path.unlink()
    found = cache.domain_features(domains, "real", NETWORK, size=SIZE, view="border")
    np.testing.assert_allclose(found.rows, expected, rtol=2e-3, atol=1e-4)
    assert np.array_equal(found.test_index, domains.split(0).real_test)


def test_features_of_the_pictures_that_stay_are_carried_over(domains: TwoDomains) -> None:
    def without(domain: Domain, row: int) -> Domain:
        columns = {name: np.delete(getattr(domain, name), row, 0) for name in ("images", "labels")}
        columns |= {name: np.delete(getattr(domain, name), row).tolist() for name in ("hashes",)}
        return replace(domain, **columns, groups=np.delete(domain.groups, row))

    rest = replace(
        domains,
        fingerprint="0123456789abcdef",
        nice=without(domains.nice, 7),
        real=without(domains.real, 2),
    )
    before = compute(domains)
    border = {"network": NETWORK, "size": SIZE, "view": "border"}
    said: list = []
    note = lambda *step: said.append(step)  # noqa: E731
    bordered = cache.domain_features(domains, "real", **border, progress=note).rows
    assert {step for step, *_ in said} == {"Computing features of the border"}
    cache.carry_over(domains, rest)
    assert cache.available(rest, NETWORK, size=SIZE)
    after = compute(rest)
    assert np.array_equal(after.nice.rows, np.delete(before.nice.rows, 7, 0))
    assert np.array_equal(after.real.rows, np.delete(before.real.rows, 2, 0))
    steps: list = []
    again = cache.domain_features(rest, "real", **border, progress=lambda *s: steps.append(s))
    assert not steps and np.array_equal(again.rows, np.delete(bordered, 2, 0))

    cache.carry_over(rest, replace(domains, fingerprint="f" * 16))  # two pictures are not known
    assert not cache.available(replace(domains, fingerprint="f" * 16), NETWORK, size=SIZE)


def test_second_request_reads_what_the_first_wrote(domains: TwoDomains) -> None:
    assert not cache.available(domains, NETWORK, size=SIZE)
    first, steps = compute(domains), []
    assert cache.available(domains, NETWORK, size=SIZE)
    assert not cache.available(domains, NETWORK, size=SIZE + 1)
    assert not cache.available(small.two_domains(6), NETWORK, size=SIZE)
    again = compute(domains, progress=lambda *step: steps.append(step))
    assert not steps and np.array_equal(first.nice.rows, again.nice.rows)


def test_reading_needs_no_torch(domains: TwoDomains) -> None:
    compute(domains)
    code = (
        f"import sys; sys.path.insert(0, {str(PROJECT / 'tests' / 'helpers')!r})\n"
        "from fruitlab.features import cache, writer, views\n"
        "from fruitlab.data.domains import TwoDomains\n"
        f"found = cache.available(TwoDomains('x', {domains.fingerprint!r}, (), None, None, '', ()),"
        f" {NETWORK!r}, size={SIZE})\n"
        "assert found and 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT, timeout=120)


def test_what_cannot_be_computed_says_what_to_do(domains: TwoDomains) -> None:
    with pytest.raises(DataError, match=r"no view 'upside-down'. Choose one of: whole, mirror"):
        cache.available(domains, NETWORK, view="upside-down")
    with pytest.raises(ConfigError, match=r"networks download timm:test_resnet.r160_in1k"):
        cache.features(domains, "timm:test_resnet.r160_in1k")
