"""Every page opens, whatever strangers' run folders and datasets hold, and whatever a link says."""

import pytest
from hostile_runs import KINDS, hostile
from run_folders import run_folder
from slow import some
from ui_pages import checked, opened, text

from fruitlab.app import navigation
from fruitlab.runs.index import Index

IDS = {f"h{number}": kind for number, kind in enumerate(KINDS)}
IMAGE = "![p](http://evil.example/x.png)"


@pytest.fixture
def hostile_folders() -> None:
    run_folder("good")
    run_folder("good-iterative", method="iterative")
    for run_id, kind in IDS.items():
        hostile(kind, run_id)


@pytest.mark.parametrize("page", some(navigation.pages(), fast=("runs", "forgetting")))
def test_pages_open_with_every_kind_of_run_folder(hostile_folders, page: str) -> None:
    app = checked(opened(page))
    assert "Something unexpected" not in text(app)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["runs", "train", "forgetting", "classify", "explore"])
def test_pages_open_with_each_run_selected(hostile_folders, page: str) -> None:
    for entry in Index(rest=0).entries():
        app = checked(opened(page, runs=entry.id, run=entry.id))
        assert "Something unexpected" not in text(app), IDS.get(entry.id)


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("data", {"name": IMAGE}),
        ("train", {"run": IMAGE}),
        ("runs", {"runs": IMAGE}),
        ("train", {"ratio": IMAGE, "seed": IMAGE, "x" + IMAGE: "1"}),
        pytest.param("train", {"data": IMAGE}, marks=pytest.mark.slow),
        pytest.param("train", {"preset": IMAGE, "method": IMAGE}, marks=pytest.mark.slow),
        pytest.param("forgetting", {"run": IMAGE}, marks=pytest.mark.slow),
        pytest.param("classify", {"run": IMAGE}, marks=pytest.mark.slow),
        pytest.param("explore", {"sweep": IMAGE}, marks=pytest.mark.slow),
    ],
)
def test_names_in_addresses_are_shown_as_text(page: str, query: dict[str, str]) -> None:
    assert IMAGE not in text(checked(opened(page, **query)))


def test_titles_and_names_of_runs_are_shown_as_text() -> None:
    made = run_folder("good", data="things")
    (made.folder / "label.json").write_text(f'{{"title": "{IMAGE}", "note": "{IMAGE}"}}')
    for page in ("runs", "train", "explore", "forgetting", "classify"):
        shown = text(checked(opened(page, run="good", runs="good")))
        assert IMAGE not in shown


@pytest.mark.parametrize("name", ["smoothing", "ratio", "seed", "keep"])
@pytest.mark.parametrize("page", ["runs", "train", "explore", "forgetting"])
def test_integers_in_links_are_bounded(page: str, name: str) -> None:
    run_folder("good")
    app = checked(opened(page, **{name: "9" * 5000}))
    assert "Something unexpected" not in text(app)
