"""Which runs belong together."""

import hashlib

from logged_runs import iterative, mixed, run

from fruitlab.config.presets import configure
from fruitlab.runs import grouping
from fruitlab.runs.index import Index


def test_a_key_leaves_out_what_may_differ_and_nothing_else():
    one = configure("mixed", ratio=60, seed=0)
    other = configure("mixed", ratio=20, seed=3)
    assert grouping.key(one) != grouping.key(other)
    assert grouping.key(one, without=("seed",)) != grouping.key(other, without=("seed",))
    both = ("ratio", "seed")
    assert grouping.key(one, without=both) == grouping.key(other, without=both)


def test_the_experiment_in_run_folders_is_a_hash_of_the_key_without_the_seed():
    config = configure("iterative", split=30, seed=5)
    key = grouping.key(config, without=("seed",))
    assert hashlib.blake2b(key.encode(), digest_size=6).hexdigest() == config.experiment()


def test_seeds_of_an_experiment_are_on_the_same_pictures():
    run("a", mixed(20), seed=0)
    run("b", mixed(20), seed=1)
    run("other-ratio", mixed(20), seed=1, ratio=20)
    run("other-pictures", mixed(20), seed=1, fingerprint="f" * 16)
    run("other-split", mixed(20), split_seed=1)
    by_id = {entry.id: entry for entry in Index().entries()}
    alike = [name for name in by_id if grouping.same_experiment(by_id["a"], by_id[name])]
    assert sorted(alike) == ["a", "b"]
    assert grouping.same_data(by_id["a"], by_id["other-ratio"])
    keys = {name: grouping.run_key(by_id[name], without=("seed",)) for name in by_id}
    assert keys["a"] == keys["b"] != keys["other-pictures"]


def test_before_the_data_is_read_its_name_decides():
    made = run("waiting", mixed(20))
    made.write_header(made.header() | {"data": None})
    run("a", mixed(20))
    run("elsewhere", mixed(20), data="synthetic:20")
    by_id = {entry.id: entry for entry in Index().entries()}
    assert grouping.same_data(by_id["waiting"], by_id["a"])
    assert not grouping.same_data(by_id["waiting"], by_id["elsewhere"])


def test_what_the_running_statistics_do():
    run("i", iterative(20), method="iterative", norms="follow")
    config = Index().get("i").config
    assert grouping.running_statistics(config) == "updated"
    frozen = config.model_copy(update={grouping.STATISTICS_SETTING: "frozen"})
    assert grouping.running_statistics(frozen) == "frozen"
    assert grouping.running_statistics(configure("mixed")) is None
