"""The first screen: tiles turn while the slider is dragged, the tour, and what to do next."""

import re
import shutil
from pathlib import Path

import pytest
from play_files import write
from playwright.sync_api import Page, expect
from settled import still
from violations import serious

from fruitlab.config.paths import PROJECT, runs_root
from fruitlab.play import file as play

pytestmark = pytest.mark.slow
expect.set_options(timeout=120_000)


@pytest.fixture
def page(tmp_path: Path, monkeypatch, serve, tab) -> Page:
    """Explore with the shipped ratios alone, as on a fresh clone."""
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(tmp_path / "shipped"))
    (tmp_path / "shipped").mkdir()
    source = PROJECT / "checkpoints" / "shipped" / "ratios.safetensors"
    shutil.copy(source, tmp_path / "shipped")
    opened = tab()
    opened.goto(serve().url)
    expect(opened.locator(".wall li").first).to_be_visible()
    return opened


def test_the_story_and_its_tour_have_no_serious_violation(page: Page) -> None:
    expect(page.get_by_role("heading", name="One photo at every ratio")).to_be_visible()
    page.locator(".tour").click()
    expect(page.locator("#fruitlab-ratio")).to_have_value("0")
    page.emulate_media(color_scheme="light")
    assert not serious(page)
    page.emulate_media(color_scheme="dark")
    page.reload()
    expect(page.get_by_role("heading", name="One photo at every ratio")).to_be_visible()
    assert not serious(page)


def test_tiles_turn_wrong_before_the_pointer_is_released(page: Page) -> None:
    box = still(page.locator("#fruitlab-ratio").bounding_box)
    nice, real = (page.locator(f".wall .{domain} .wrong") for domain in ("nice", "real"))
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    for wrong in (nice, real):
        expect(wrong).to_have_count(0)
    page.mouse.move(box["x"] + 1, middle)
    expect(real.nth(10)).to_be_attached()
    expect(nice).to_have_count(0)
    page.mouse.move(box["x"] + box["width"] - 1, middle)
    expect(nice.nth(5)).to_be_attached()
    expect(real).to_have_count(0)
    assert "ratio" not in page.url
    page.mouse.up()
    page.wait_for_url("**ratio=100**")


def test_the_tour_runs_by_keyboard_ends_with_escape_and_can_be_repeated(page: Page) -> None:
    start, guide = page.locator(".tour"), page.get_by_role("dialog", name="Tour")
    for _ in range(2):
        start.press("Enter")
        for number in range(1, 6):
            expect(guide.locator("small")).to_have_text(f"{number} of 5")
            if number == 2:
                expect(page.locator("#fruitlab-ratio")).to_have_value("100")
            page.keyboard.press("Enter")  # the focus stays on Next
        expect(guide).to_be_hidden()
        expect(start).to_be_focused()
    start.click()
    page.keyboard.press("Escape")
    expect(guide).to_be_hidden()


def test_a_click_too_many_ends_the_tour_and_does_not_go_back(page: Page) -> None:
    page.locator(".tour").click()
    guide = page.get_by_role("dialog", name="Tour")
    for number in range(1, 5):
        expect(guide.locator("small")).to_have_text(f"{number} of 5")
        place = still(guide.locator(".next").bounding_box)
        page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    expect(guide.locator("small")).to_have_text("5 of 5")
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    expect(guide).to_be_hidden()


def test_the_story_leads_to_a_network_that_forgets_by_itself(page: Page) -> None:
    write(runs_root() / "mine" / play.NAME, steps=200)
    page.get_by_role("link", name=re.compile("Watch it forget")).click()
    page.wait_for_url("**/forgetting?watch=1")
    expect(page.locator(".scrub output")).to_have_text("200 of 200")
