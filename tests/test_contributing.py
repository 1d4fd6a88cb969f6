"""The examples in CONTRIBUTING.md work as printed."""

import re

import torch
from streamlit.testing.v1 import AppTest

from fruitlab.config.paths import PROJECT
from fruitlab.data import sources
from fruitlab.data.layouts import find_pictures
from fruitlab.methods import registry as methods
from fruitlab.models import registry as models


def example(heading: str) -> str:
    """The first Python block under a heading."""
    text = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]


def test_method_example():
    exec(example("How to add a training method"), {})
    try:
        run = methods.configure("review", preset="glance", share="20")
        initial, review = run.phases()
        assert initial.iterations + review.iterations == run.iterations
        assert [pool.batch_share for pool in review.pools] == [None, 0.2]
        assert run.describe() == "review, 20% nice pictures"
    finally:
        methods.unregister("review")


def test_network_example():
    exec(example("How to add a network"), {})
    try:
        network = models.model_class("two-convolutions")(categories=3)
    finally:
        models.unregister("two-convolutions")
    x = network.prepare(torch.zeros(2, 100, 100, 3, dtype=torch.uint8))
    assert network.features(x).shape == (2, network.feature_size)
    assert network(x).shape == (2, 3)
    grouped = network.parameters_of(*network.layer_groups())
    assert grouped.keys() == dict(network.named_parameters()).keys()


def test_page_example(tmp_path):
    page = tmp_path / "newest.py"
    page.write_text(example("How to add a page"))
    app = AppTest.from_file(page).run(timeout=60)
    assert not app.exception
    assert [box.value for box in app.info] == [
        "There are no runs yet. Start one on the Train page."
    ]


def test_data_source_example(tmp_path, monkeypatch):
    namespace: dict = {}
    exec(example("How to add a data source"), namespace)
    monkeypatch.setitem(sources.SOURCES, "vegetables", namespace["SOURCE"])
    for name in namespace["CATEGORIES"]:
        (tmp_path / name).mkdir()
        for i in range(3):
            (tmp_path / name / f"{i}.jpg").touch()
    found = find_pictures(tmp_path, per_category=2)
    assert found.kind == "vegetables" and found.note == "Vegetables: 6 photos."
    assert found.pictures.keys() == {"Bean", "Carrot", "Pumpkin"}
