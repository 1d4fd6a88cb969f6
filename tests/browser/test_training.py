"""A newcomer's path: start a run, watch it, stop it, resume it, see what it forgets."""

import re
import time

import pytest
from logged_runs import iterative, mixed, run
from playwright.sync_api import Page, expect
from settled import fits_a_telephone, still

from fruitlab.runs import catalog

pytestmark = pytest.mark.slow
SMALL = "data=synthetic:20&width=0.25&live_every=5&live_pictures=50"
PLOT = "figure.fruitlab .plot"
expect.set_options(timeout=120_000)


def held(page: Page) -> None:
    """Marks the first chart's node, so that its replacement is noticed."""
    page.locator(f"{PLOT} .main-svg").first.wait_for()
    page.evaluate(f"window.node = document.querySelector('{PLOT}')")


def same(page: Page) -> bool:
    return page.evaluate(
        f"window.node.isConnected && window.node === document.querySelector('{PLOT}')"
    )


def points(page: Page) -> int:
    return page.evaluate(f"document.querySelector('{PLOT}')?.data?.[0].x.length ?? 0")


def wait_for_points(page: Page, count: int) -> None:
    page.wait_for_function(
        f"(document.querySelector('{PLOT}')?.data?.[0].x.length ?? 0) >= {count}"
    )


def number(page: Page, label: str, value: str) -> None:
    box = page.get_by_label(label, exact=True)
    box.fill(value)
    box.press("Tab")


def test_a_newcomer_trains_stops_resumes_and_sees_what_is_forgotten(server, tab) -> None:
    page = tab()
    page.goto(f"{server.url}/train")
    page.get_by_role("combobox", name="Method").click()
    page.get_by_role("option", name="Iterative: nice first").click()
    expect(page.get_by_text("Share of iterations on nice pictures first")).to_be_visible()
    data = page.get_by_role("combobox", name="Dataset")
    data.fill("synthetic:20")
    data.press("Enter")
    expect(page.get_by_text("training pictures")).to_be_visible()
    page.get_by_text("Advanced settings", exact=True).click()
    number(page, "Iterations", "120")
    number(page, "Width", "0.25")
    number(page, "Evaluation interval (iterations)", "5")
    number(page, "Evaluation sample (pictures)", "50")
    expect(page.get_by_text("width 0.25")).to_be_visible()

    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(
        page.get_by_text("Next:")
    ).to_be_visible()  # from the first second it says what it is doing
    held(page)
    wait_for_points(page, 1)
    first = points(page)
    wait_for_points(page, first + 5)
    assert same(page), "the chart's node was replaced while points arrived"

    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    (made,) = catalog.all_runs()
    assert made.status() == "stopped" and made.config().iterations == 120
    at = points(page)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Finished: 120 iterations")).to_be_visible()
    assert points(page) > at and same(page)
    expect(page.get_by_text("on: restricted training").first).to_be_visible()

    page.get_by_role("link", name="What it forgets").click()
    metrics = page.get_by_test_id("stMetric")
    expect(metrics.filter(has_text="Forgetting since the switch")).to_be_visible()
    wait_for_points(page, 3)
    assert made.id in page.url


def test_zoom_legend_and_hover_survive_new_points(server, tab) -> None:
    made = run("one", mixed(100)[:4], status=None, iterations=100)
    page = tab()
    with made.lock():
        made.doing("training")
        page.goto(f"{server.url}/train?run=one")
        held(page)
        wait_for_points(page, 4)
        box = still(page.locator("figure.fruitlab .nsewdrag").first.bounding_box)
        page.mouse.move(box["x"] + 20, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + 260, box["y"] + 240, steps=6)
        page.mouse.up()
        page.wait_for_function("window.node.layout.xaxis.range[0] > -2")
        page.locator("figure.fruitlab .legendtoggle").nth(1).click()
        page.wait_for_function("window.node._fullData[1].visible === 'legendonly'")
        page.mouse.move(box["x"] + 100, box["y"] + 80)
        page.mouse.move(box["x"] + 120, box["y"] + 82)
        page.locator("figure.fruitlab .hoverlayer > *").first.wait_for(state="attached")
        zoom = page.evaluate("[window.node.layout.xaxis.range, window.node.layout.yaxis.range]")
        assert zoom[1] != [0, 1.02]
        for count in range(5, 10):
            made.append(mixed(100)[count - 1])
            wait_for_points(page, count)
            # The hover is drawn anew with the point.
            page.locator("figure.fruitlab .hoverlayer > *").first.wait_for(state="attached")
        assert same(page) and zoom == page.evaluate(
            "[window.node.layout.xaxis.range, window.node.layout.yaxis.range]"
        )
        assert page.evaluate("window.node._fullData[1].visible") == "legendonly"


def test_two_tabs_and_a_reload_see_one_training(server, tab) -> None:
    one, two = tab(), tab(viewport={"width": 390, "height": 844})
    one.goto(f"{server.url}/train?method=mixed&preset=glance&iterations=100&{SMALL}")
    one.get_by_role("button", name="Start", exact=True).dblclick()  # impatient
    expect(one.get_by_role("button", name="Stop")).to_be_visible()
    two.goto(f"{server.url}/train")
    expect(two.get_by_role("button", name="Stop")).to_be_visible()
    held(one), wait_for_points(one, 2)
    one.reload()
    held(one), wait_for_points(one, 3)
    held(two), wait_for_points(two, 3)
    (made,) = catalog.all_runs()
    assert made.id in one.url and made.id in two.url
    two.get_by_text("Train another network").click()
    expect(two.get_by_text("1 run is training or waiting: this one is queued")).to_be_visible()
    two.get_by_role("button", name="Stop").click()
    expect(one.get_by_role("button", name="Resume")).to_be_visible()
    assert len(list(catalog.all_runs())) == 1


def test_a_plot_fits_a_telephone_and_follows_the_theme(server, tab) -> None:
    run("one", iterative(100), method="iterative", iterations=100)
    colours = {}
    for scheme in ("light", "dark"):
        page = tab(viewport={"width": 390, "height": 844}, color_scheme=scheme)
        page.goto(f"{server.url}/forgetting?runs=one")
        held(page), wait_for_points(page, 3)
        second = page.locator("figure.fruitlab").nth(1)  # the first is the plane's
        expect(second).to_have_attribute("aria-label", re.compile("nice from 90.0% to 50.0%"))
        fits_a_telephone(page)
        page.wait_for_function(
            f"[...document.querySelectorAll('{PLOT}')].every(plot => plot.clientWidth <= 390)"
        )
        colours[scheme] = page.evaluate("window.node._fullLayout.font.color")
    assert colours["light"] != colours["dark"]


def test_keyboard_alone_starts_a_training(server, tab) -> None:
    page = tab()
    page.goto(f"{server.url}/train?method=mixed&preset=glance&iterations=20&{SMALL}")
    button = page.get_by_role("button", name="Start", exact=True)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)  # the form is complete
    button.wait_for()
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("node => node === document.activeElement"):
            break
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    deadline = time.monotonic() + 90
    while not any(one.status() == "finished" for one in catalog.all_runs()):
        assert time.monotonic() < deadline
        time.sleep(0.3)
