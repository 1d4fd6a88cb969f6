"""Run captions and legends on pages and in terminals."""

from logged_runs import iterative, mixed, run

from fruitlab.methods.registry import configure
from fruitlab.runs import captions, catalog, labels
from fruitlab.runs.index import Entry, Index


def entries(*names: str) -> list[Entry]:
    by_id = {entry.id: entry for entry in Index().entries(fresh=True)}
    return [by_id[name] for name in names]


def test_method_caption_has_the_main_settings():
    assert captions.method_caption(configure("mixed", ratio=20)) == "mixed, 20% real"
    assert (
        captions.method_caption(configure("iterative", split=30, running_statistics="updated"))
        == "iterative, 30% nice first, updated statistics"
    )


def test_preset_caption_has_the_changes():
    assert captions.preset_caption(configure("mixed", ratio=20, seed=4)) == "quick"
    changed = configure("mixed", width=2, iterations=9, mirror=False, live_every=3)
    assert (
        captions.preset_caption(changed, ignore=("live_every",))
        == "quick with iterations 9, horizontal flip off, width 2"
    )
    assert captions.preset_caption(changed).endswith("and 1 more")


def test_run_caption_uses_the_title_if_there_is_one():
    run("a", mixed(20), ratio=20)
    (entry,) = entries("a")
    assert captions.run_caption(entry) == "mixed, 20% real · synthetic · quick"
    assert captions.choice_caption(entry) == "a: mixed, 20% real · synthetic · finished"
    labels.write_label(catalog.find("a"), title="the first", note="")
    (entry,) = entries("a")
    assert captions.run_caption(entry) == "the first · synthetic · quick"
    (catalog.find("a").folder / "config.json").write_text("{}")
    (entry,) = entries("a")
    assert captions.run_caption(entry) == "the first"
    assert captions.choice_caption(entry) == "the first: unreadable"


def test_legends_show_what_differs():
    run("a", mixed(20), ratio=20)
    run("b", mixed(20), ratio=60)
    run("c", mixed(20), ratio=60, width=2)
    run("i", iterative(20), method="iterative", running_statistics="frozen")
    two, three = entries("a", "b"), entries("a", "b", "i")
    assert captions.legends(two) == ["20% real", "60% real"]
    assert captions.legends(entries("b", "c")) == ["width 1", "width 2"]
    assert captions.legends(three, whole=True)[2] == "iterative, 50% nice first, frozen statistics"
    assert captions.legends(two[:1], whole=True, seed=True) == ["mixed, 20% real, seed 0"]
    assert captions.legends(two[:1]) == [""] and captions.distinct_legends(two[:1]) == ["a"]
