"""What the sidebar says, on whatever page."""

import time

import pytest
from logged_runs import mixed, run
from ui_pages import checked, opened

from fruitlab.config.files import write_json
from fruitlab.config.paths import data_root


def shown(app) -> str:
    kinds = ("markdown", "caption")
    texts = [str(element.value) for kind in kinds for element in app.sidebar.get(kind)]
    texts += [link.proto.label for link in app.sidebar.get("page_link")]
    return "\n".join(texts + [bar.proto.text for bar in app.sidebar.get("progress")])


def test_nothing_runs() -> None:
    run("one", mixed(100), iterations=100)
    assert shown(checked(opened("runs"))) == ""


@pytest.mark.parametrize("page", ["explore", "data", "paper"])
def test_a_run_with_its_progress_leads_to_its_page(page: str) -> None:
    made = run("one", mixed(40)[:3], status=None, iterations=40, ratio=20, half_size=0)
    with made.lock():
        made.doing("training", iteration=30, pictures=3000, seconds=60.0)
        app = checked(opened(page))
        (link,) = app.sidebar.get("page_link")
        assert (link.proto.label, link.proto.query_string) == ("mixed, 20% real", "run=one")
        (bar,) = app.sidebar.get("progress")
        assert (bar.proto.value, bar.proto.text) == (75, "75% · 20 s left")


def test_a_job_and_runs_that_wait() -> None:
    for number in range(5):
        waiting = run(f"w{number}", [], status=None)
        waiting.doing("starting")
    folder = data_root() / ".jobs" / "1"
    folder.mkdir(parents=True)
    write_json(folder / "job.json", {"title": "Adding things", "started": time.time()})
    text = shown(checked(opened("runs")))
    assert text.count("Waiting …") == 3 and "2 more runs are waiting" in text
    assert "Adding things" in text
