"""Example pictures of every category, from the data on this machine or drawn."""

import numpy as np

from fruitlab.data import store
from fruitlab.data.importing import import_pictures
from fruitlab.inference import examples


def test_each_category_has_a_test_picture_of_the_data(pair) -> None:
    import_pictures(name="things", nice=pair.nice, real=pair.real)
    data = store.load("things")
    found = examples.of_categories("another name", data.fingerprint, data.categories)
    for name in ("nice", "real"):
        domain, tested = data.domain(name), data.split(0).indices(name, "test")
        assert [one.category for one in found[name]] == list(data.categories)
        for label, one in enumerate(found[name]):
            own = domain.images[tested[domain.labels[tested] == label]]
            assert one.domain == name and any(np.array_equal(one.image, image) for image in own)
    # The next visitor gets the same ones, and the data is not opened again.
    again = examples.of_categories("another name", data.fingerprint, data.categories)
    assert all(a is b for a, b in zip(again["real"], found["real"], strict=True))


def test_without_the_data_what_can_be_drawn_is_drawn() -> None:
    found = examples.of_categories("gone", "0" * 16, ("Kiwi", "Bolt"))
    kiwi, bolt = found["nice"]
    assert kiwi.drawn and kiwi.category == "Kiwi" and kiwi.url.startswith("data:image/jpeg")
    assert bolt is None
