"""Grouping of runs by experiment and data."""

from logged_runs import mixed, run

from fruitlab.methods.registry import configure
from fruitlab.runs import grouping
from fruitlab.runs.index import Index


def test_experiment_key_without_some_settings():
    one = configure("mixed", ratio=60, seed=0)
    other = configure("mixed", ratio=20, seed=3)
    assert one.experiment(()) != other.experiment(())
    assert one.experiment() != other.experiment()
    assert one.experiment(("ratio", "seed")) == other.experiment(("ratio", "seed"))


def test_runs_of_one_experiment_have_the_same_data():
    run("a", mixed(20), seed=0)
    run("b", mixed(20), seed=1)
    run("other-ratio", mixed(20), seed=1, ratio=20)
    run("other-pictures", mixed(20), seed=1, fingerprint="f" * 16)
    run("other-split", mixed(20), split_seed=1)
    by_id = {entry.id: entry for entry in Index().entries()}
    assert grouping.same_data(by_id["a"], by_id["other-ratio"])
    keys = {name: grouping.run_key(by_id[name], without=("seed",)) for name in by_id}
    assert sorted(name for name in by_id if keys[name] == keys["a"]) == ["a", "b"]


def test_data_name_decides_before_the_data_is_read():
    made = run("waiting", mixed(20))
    made.write_header(made.header() | {"data": None})
    run("a", mixed(20))
    run("elsewhere", mixed(20), data="synthetic:20")
    by_id = {entry.id: entry for entry in Index().entries()}
    assert grouping.same_data(by_id["waiting"], by_id["a"])
    assert not grouping.same_data(by_id["waiting"], by_id["elsewhere"])
