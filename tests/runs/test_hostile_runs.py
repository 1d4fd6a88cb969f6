"""A stranger's run folder is read as far as it is valid, or is unreadable for a stated reason."""

import random
import time

import pytest
from hostile_runs import FILES, KINDS, hostile
from run_folders import run_folder

from benchmarks.hostile import look_at, runs
from fruitlab.config.errors import RunError
from fruitlab.config.validation import check
from fruitlab.runs import schema
from fruitlab.runs.index import Index


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_reads_it_gets_a_valid_object_or_a_reason(kind: str) -> None:
    run_folder("good")
    began = time.monotonic()
    run = hostile(kind)
    broken = look_at(run)
    assert not broken, broken[0]
    assert time.monotonic() - began < 10
    entries = {entry.id: entry for entry in Index(rest=0).entries()}
    assert entries["good"].status == "finished" and entries["good"].points == 6
    if "hostile" in entries and entries["hostile"].status == "unreadable":
        assert run.id in entries["hostile"].error


@pytest.mark.parametrize("name", ["config.json", "summary.json"])
@pytest.mark.parametrize("kind", ["deep", "bytes as", "[] as", "3 as"])
def test_a_run_with_a_damaged_file_is_unreadable(name: str, kind: str) -> None:
    run = hostile(f"{kind} {name}")
    entry = Index(rest=0).get("hostile")
    assert run.status() == entry.status == "unreadable"
    assert f"hostile: {name} is damaged" in entry.error


@pytest.mark.parametrize("name", FILES[5:])
def test_damaged_arrays_are_an_error(name: str) -> None:
    for kind in (f"a pipe as {name}", f"deep {name}", f"bytes as {name}"):
        run = hostile(kind, kind.replace(" ", "-").replace(".", "-"))
        with pytest.raises(RunError):
            run.predictions() if name == "predictions.npz" else run.read_tensors("weights")


def test_a_message_does_not_repeat_what_the_file_holds() -> None:
    with pytest.raises(ValueError, match="title") as caught:
        check(schema.Label, {"title": ["a secret"]})
    assert "secret" not in str(caught.value)


def test_unknown_fields_are_kept() -> None:
    label = {"title": "A title", "colour": "red"}
    assert check(schema.Label, label) == label


def test_mutated_run_folders() -> None:
    """A small sample; `python -m benchmarks.hostile --runs 1000` tries more."""
    assert not runs(12, random.Random(5))
