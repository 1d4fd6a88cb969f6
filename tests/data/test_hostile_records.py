"""A dataset of a stranger is read as far as it is valid, or has a problem with a stated reason."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import store

DEEP = "[" * 100_000
WRONG = {
    "format": ["1", None, 1.5, [1]],
    "name": [3, None, ["mine"], "x" * 5000],
    "kind": [3, "square", None],
    "token": ["../../etc/passwd", "x", None, 12345678],
    "fingerprint": [[], 5, None],
    "imported": [5, None, "x" * 1000],
    "categories": [[], 5, "Apple", [1, 2], {"a": 1}],
    "counts": [5, [], {"Apple": 3}, {"Apple": {"nice": "x", "real": 1}}, {"A": {"nice": -1}}],
    "origin": [5, None, {"nice": 3, "real": 4}, {"nice": ["a"], "real": "b"}, {"min_images": "x"}],
    "left_out": [5, [], {"a": 3}],
    "refused": [5, {}, [3], [{"file": 1}], [{}]],
}


def record() -> Path:
    return data_root() / "mine" / "data.json"


def index() -> Path:
    return next((data_root() / "mine").glob("index-*.json"))


def description() -> dict[str, Any]:
    return next(entry for entry in store.available() if entry["name"] == "mine")


def assert_damaged() -> None:
    assert "damaged" in description()["problem"]
    for load in (store.load, store.load_cached):
        with pytest.raises(DataError, match="mine"):
            load("mine")


@pytest.mark.parametrize("field", WRONG)
def test_a_field_of_another_type_is_a_problem(mine, field: str) -> None:
    content = json.loads(record().read_text())
    for value in WRONG[field]:
        record().write_text(json.dumps(content | {field: value}))
        assert_damaged()
    without = {name: value for name, value in content.items() if name != field}
    record().write_text(json.dumps(without))
    assert_damaged()


def test_a_record_of_another_name_is_a_problem(mine) -> None:
    record().write_text(json.dumps(json.loads(record().read_text()) | {"name": "other"}))
    assert "is of another dataset" in description()["problem"]


@pytest.mark.parametrize("text", [DEEP, "3", "null", "[]", "NaN", "\x00", '{"format": 1'])
def test_a_record_that_is_no_record_is_a_problem(mine, text: str) -> None:
    record().write_text(text)
    assert_damaged()


@pytest.mark.parametrize("name", ["data.json", "index", "nice"])
def test_a_pipe_is_not_waited_for(mine, name: str) -> None:
    path = record() if name == "data.json" else next(record().parent.glob(f"{name}-*"))
    path.unlink()
    os.mkfifo(path)
    if name == "data.json":
        assert "not a regular file" in description()["problem"]
        assert store.load_cached("mine") is None
        return
    with pytest.raises(DataError, match="damaged"):
        store.load_cached("mine")


@pytest.mark.parametrize(
    "change",
    [
        lambda content: DEEP,
        lambda content: json.dumps(content | {"nice": 3}),
        lambda content: json.dumps(content | {"sources": {"nice": [[1]], "real": []}}),
        lambda content: json.dumps(content | {"group_keys": 5}),
        lambda content: json.dumps(content | {"nice": content["nice"] | {"labels": ["a"]}}),
        lambda content: json.dumps(content | {"nice": content["nice"] | {"labels": [10**30]}}),
    ],
)
def test_a_damaged_index_is_a_problem(mine, change) -> None:
    index().write_text(change(json.loads(index().read_text())))
    with pytest.raises(DataError, match="damaged"):
        store.load_cached("mine")
