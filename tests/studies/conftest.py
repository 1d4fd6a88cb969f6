"""What tests of studies share."""

import pytest

from fruitlab.data import store
from fruitlab.data.importing import import_pictures


@pytest.fixture
def small(pair):
    import_pictures(name="small", nice=pair.nice, real=pair.real, min_images=5)
    return store.load("small")
