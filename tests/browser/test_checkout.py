"""The Check-out tab with a webcam, as wide as a phone."""

import re

import made_runs
import numpy as np
import pytest
from playwright.sync_api import expect
from settled import fits_a_telephone

from fruitlab.data import collection

pytestmark = pytest.mark.slow
expect.set_options(timeout=120_000)


def network(name: str, *, right: bool, ratio: int, categories: tuple[str, ...]) -> None:
    """A network whose answers to the test pictures are all right, or all wrong."""
    run = made_runs.run(name, ratio=ratio, categories=categories)
    table = dict(run.predictions())
    table["rank"] = np.full_like(table["rank"], 0 if right else 1)
    run.write_predictions(table)


def test_a_steady_item_is_counted_and_an_unsure_one_asks(server, tab) -> None:
    other = ("Date", "Fig", "Grape", "Melon", "Papaya")
    network("sure", right=True, ratio=20, categories=made_runs.CATEGORIES)
    network("unsure", right=False, ratio=21, categories=other)
    page = tab(viewport={"width": 390, "height": 844}, permissions=["camera"])
    page.goto(f"{server.url}/demo/?run=sure")
    page.get_by_role("tab", name="Check-out").click()
    basket = page.locator(".till-basket")
    expect(basket).to_contain_text("Nothing yet")
    page.locator(".live").last.get_by_role("button", name="Start").click()
    expect(basket.locator("h3")).to_have_text("Basket: 1")
    expect(page.locator(".till-question")).to_have_count(0)
    assert collection.pictures() == []

    # The same item for a network that knows it by other names, and has never been right.
    page.evaluate("scrollTo(0, 0)")
    page.get_by_label("Network").first.click()
    page.get_by_role("option", name=re.compile("21% real")).click()
    question = page.locator(".till-question")
    expect(question.locator("button")).to_have_count(4)
    expect(question).to_contain_text("One click keeps this photo")
    fits_a_telephone(page)
    chosen = question.locator("button").nth(1).inner_text()
    question.get_by_role("button", name=chosen, exact=True).click()  # wherever it is by now
    expect(basket.locator("h3")).to_have_text("Basket: 2")
    expect(page.locator(".correction")).to_contain_text(f"Kept as {chosen}")
    (kept,) = collection.pictures()
    assert kept.category == chosen

    basket.get_by_role("button", name=f"Remove one {chosen}").click()
    expect(basket.locator("h3")).to_have_text("Basket: 1")
    basket.get_by_role("button", name="Clear").click()
    expect(basket).to_contain_text("Nothing yet")
    page.get_by_role("button", name="Take it back").last.click()
    expect(page.get_by_text("The photo is deleted")).to_be_visible()
    assert collection.pictures() == []
