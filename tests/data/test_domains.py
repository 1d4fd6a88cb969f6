"""Properties of datasets: fingerprints, warnings, hashes and the order of paths."""

from hashlib import blake2b

import numpy as np
from datasets import build, distinct_pictures

from fruitlab.data.domains import DOMAINS, content_hash, path_order


def test_small_test_sets_cause_warnings():
    counts = {("nice", 0): 75, ("real", 0): 72, ("nice", 1): 200, ("real", 1): 50}
    data = build(distinct_pictures(counts), 2)
    warnings = data.small_test_warnings(data.split(0))
    assert len(warnings) == 1 and "real test pictures: c0 (29), c1 (20)." in warnings[0]
    enough = build(distinct_pictures({("nice", 0): 75, ("real", 0): 75}), 1)
    assert enough.small_test_warnings(enough.split(0)) == []


def test_fingerprints_distinguish_datasets():
    base = distinct_pictures({(domain, label): 5 for domain in DOMAINS for label in range(2)})
    moved = [("nice", 1, *base[0][2:]), *base[1:]]
    changed = [(*base[0][:2], "0" * 16, None), *base[1:]]
    grouped = [(*base[0][:3], "p"), (*base[1][:3], "p"), *base[2:]]
    keyed = [(*base[0][:3], "q"), *base[1:]]
    fingerprints = [
        build(pictures, 2).fingerprint
        for pictures in (base, moved, changed, grouped, keyed, base[1:])
    ]
    assert len(set(fingerprints)) == 6
    assert all(len(text) == 16 and int(text, 16) >= 0 for text in fingerprints)
    assert build(base, 2).fingerprint == fingerprints[0]


def test_content_hash_depends_on_pixels_alone():
    image = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    expected = blake2b(image.tobytes(), digest_size=8).hexdigest()
    assert content_hash(image) == expected == content_hash(image[:, ::-1][:, ::-1])
    assert len(content_hash(image)) == 16 and content_hash(image) != content_hash(255 - image)


def test_path_order_ignores_how_letters_are_composed():
    composed, decomposed = "\u00c4pfel/\u00e4.jpg", "A\u0308pfel/a\u0308.jpg"
    assert path_order(composed)[0] == path_order(decomposed)[0]
    assert sorted(["b", "a\u0308", "z"], key=path_order) == ["b", "z", "a\u0308"]
    assert sorted(["b", "\u00e4", "z"]) == ["b", "z", "\u00e4"]
