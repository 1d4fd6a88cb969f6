"""axe-core finds no serious violation on any page, in both themes."""

import pytest
from logged_runs import iterative, run
from playwright.sync_api import expect
from run_folders import run_folder
from settled import settled
from violations import serious

pytestmark = pytest.mark.slow
PAGES = (
    "explore",
    "explore?view=desk",
    "train",
    "train?run=iterative",
    "forgetting?runs=iterative",
    "runs?runs=a,b,c,d",
    "runs?runs=iterative&section=transfer",
    "runs?runs=a&section=again",
    "runs?runs=a&section=files",
    "paper",
    "data?name=synthetic:20",
    "classify",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_violation(server, tab, scheme: str) -> None:
    run("iterative", iterative(100), method="iterative", iterations=100)
    for name, ratio, rate in (("a", 20, 0.1), ("b", 20, 0.2), ("c", 60, 0.1), ("d", 60, 0.2)):
        run_folder(name, ratio=ratio, learning_rate=rate)
    page, problems = tab(color_scheme=scheme), {}
    for address in PAGES:
        page.goto(f"{server.url}/{address}")
        expect(page.locator("h1")).to_be_visible(timeout=120_000)
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=120_000)
        settled(page)
        if violations := serious(page):
            problems[address] = violations
    assert not problems, "\n".join(
        f"{address}: {text}" for address, texts in problems.items() for text in texts
    )
