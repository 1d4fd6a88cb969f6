"""Runs compared, pictures of a confusion cell, links to views and runs; a zip file uploaded."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from run_folders import run_folder
from settled import settled, still

from fruitlab.config.paths import data_root
from fruitlab.data import store
from fruitlab.runs import catalog

pytestmark = pytest.mark.slow
expect.set_options(timeout=60_000)
PLOTS = "figure.fruitlab .plot"
LAST_POINT = """(plot, line) => {
    const box = plot.getBoundingClientRect(), { xaxis, yaxis } = plot._fullLayout
    const { x, y } = plot.data[line]
    return [box.left + xaxis._offset + xaxis.d2p(x.at(-1)),
            box.top + yaxis._offset + yaxis.d2p(y.at(-1))]
}"""


def drawn_plots(page: Page, count: int) -> None:
    page.wait_for_function(
        f"[...document.querySelectorAll('{PLOTS}')]"
        f".filter(plot => plot.data?.length).length >= {count}"
    )


def tick(page: Page, row: int) -> None:
    """Clicks the check box of a row by position: the table is a canvas with rows of 35 pixels.

    A script that still runs would draw the table as it was before.
    """
    settled(page)
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": 18, "y": 35 + 35 * row + 17})


def menu(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()


def test_two_runs_compared_and_the_view_restored(server, tab) -> None:
    for ratio in (20, 60):
        for seed in range(2):
            run_folder(f"m{ratio}-s{seed}", ratio=ratio, seed=seed)
    page = tab()
    page.goto(f"{server.url}/runs")  # as the server's first request
    expect(page.get_by_text("4 runs · 1 selected to compare")).to_be_visible()  # the newest, m60-s1
    drawn_plots(page, 4)
    tick(page, 1)
    expect(page.get_by_text("4 runs · 2 selected to compare")).to_be_visible()
    tick(page, 2)
    expect(page.get_by_text("4 runs · 3 selected to compare")).to_be_visible()
    rows = page.locator(".fl-board tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("mixed, 20% real")
    expect(rows.nth(1)).to_contain_text("2 seeds")

    page.evaluate(f"document.querySelectorAll('{PLOTS}').forEach(plot => plot.mine = true)")
    page.get_by_text("Pictures seen", exact=True).click()
    expect(page.get_by_text("pictures seen", exact=True).first).to_be_visible()
    page.get_by_text("Average seeds").click()
    expect(rows).to_have_count(3)
    page.get_by_text("Configurations side by side").click()
    expect(page.locator(".fl-sides tr.differs")).to_have_count(2)  # ratio and seed
    assert page.evaluate(f"[...document.querySelectorAll('{PLOTS}')].every(plot => plot.mine)"), (
        "a chart's node was replaced"
    )

    page.wait_for_url(re.compile(r"axis=pictures.*seeds=false"))
    again = tab()
    again.goto(page.url)
    expect(again.get_by_text("4 runs · 3 selected to compare")).to_be_visible()
    expect(again.locator(".fl-board tbody tr")).to_have_count(3)
    expect(again).to_have_url(page.url)
    page.go_back()  # one step is one change
    expect(rows).to_have_count(2)
    menu(page, "Data")
    expect(page.get_by_text("Dataset", exact=True)).to_be_visible()
    menu(page, "Runs")
    expect(rows).to_have_count(2)  # where this visitor was
    page.go_back()
    expect(page).to_have_url(f"{server.url}/data")


def test_charts_zoom_and_highlight_together(server, tab) -> None:
    for ratio in (20, 60):
        made = run_folder(f"m{ratio}", ratio=ratio)
        points = made.metrics()
        made.log.write_text(
            "".join(json.dumps(p | {"nice": [90, ratio, 90]}) + "\n" for p in points)
        )
    page = tab()
    page.goto(f"{server.url}/runs?runs=m20,m60")
    drawn_plots(page, 4)
    zoomed = f"[...document.querySelectorAll('{PLOTS}')].slice(0, 3)"
    page.evaluate(f"Plotly.relayout({zoomed}[1], {{'xaxis.range': [20, 60]}})")
    page.wait_for_function(f"{zoomed}.every(plot => plot.layout.xaxis.range[0] === 20)")
    # Pointing at a line makes the other one faint in every chart. They differ at the end.
    page.evaluate(f"Plotly.relayout({zoomed}[1], {{'xaxis.autorange': true}})")
    page.wait_for_function(f"{zoomed}.every(plot => plot.layout.xaxis.range[1] > 90)")
    opacities = (
        f"{zoomed}.map(plot => [...plot.querySelectorAll('.scatterlayer .trace')].slice(0, 2)"
        ".map(line => line.style.opacity).join())"
    )
    page.evaluate(f"{zoomed}[0].scrollIntoView({{block: 'center'}})")
    x, y = still(lambda: page.evaluate(f"({LAST_POINT})({zoomed}[0], 1)"))
    page.mouse.move(x - 1, y - 1)
    page.wait_for_function(f"{opacities}.every(found => found === '0.15,1')")
    page.mouse.move(5, 5)
    page.wait_for_function(f"{opacities}.every(found => found === '1,1')")


def test_a_confusion_cell_opens_its_pictures(server, tab) -> None:
    data = store.load_cached("synthetic:20")
    run_folder(
        "m",
        hashes={"real": list(data.real.hashes), "nice": list(data.nice.hashes)},
        data="synthetic:20",
    )
    page = tab()
    page.goto(f"{server.url}/runs?runs=m&section=mistakes")
    expect(
        page.get_by_text("Bolt, classified as Nut: 12 real test pictures")
    ).to_be_visible()  # the most frequent mistake, opened already
    expect(page.locator(".fl-pictures img")).to_have_count(12)
    page.get_by_role("button", name="Washer, classified as Bolt: 12 of 30").click()
    expect(page.get_by_text("Washer, classified as Bolt: 12 real test pictures")).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nut, classified as Bolt: 0 real test pictures")).to_be_visible()
    page.get_by_role("radio", name=re.compile("nice")).or_(
        page.get_by_role("button", name=re.compile("● nice"))
    ).first.click()
    expect(page.get_by_text("Bolt, classified as Nut: 3 nice test pictures")).to_be_visible()


def test_a_link_reproduces_the_run_and_deletion_asks(server, tab) -> None:
    run_folder("gone")
    run_folder("m", ratio=35, seed=3)
    page = tab()
    page.goto(f"{server.url}/runs?runs=m&section=again")
    link = page.get_by_text(re.compile(r"/train\?preset=quick@")).first.inner_text()
    other = tab()
    other.goto(link)
    expect(other.get_by_role("slider", name=re.compile("Share of real pictures"))).to_have_value(
        "35"
    )

    page.goto(f"{server.url}/runs?runs=gone&section=files")
    page.get_by_role("button", name="Delete this run").click()
    expect(page.get_by_role("dialog")).to_contain_text("gone")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert catalog.find("gone")
    page.get_by_role("button", name="Delete this run").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("1 run · 0 selected to compare")).to_be_visible()
    assert [run.id for run in catalog.all_runs()] == ["m"]


def test_a_zip_is_uploaded_watched_and_removed(server, tab, pair, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "things.zip", "w") as archive:
        for root in (pair.nice, pair.real):
            for picture in root.rglob("*.png"):
                archive.write(picture, f"wrapped/{root.name}/{picture.relative_to(root)}")
    page = tab()
    page.goto(f"{server.url}/data")
    expect(
        page.get_by_label("Name", exact=True).first
    ).to_be_visible()  # with drawn pictures alone, the form is open
    page.locator("input[type=file]").set_input_files(tmp_path / "things.zip")
    # The name is suggested once the file has arrived; what is typed earlier may be lost.
    expect(page.get_by_label("Name", exact=True).first).to_have_value("things")
    page.get_by_role("button", name="Add dataset").click()
    expect(
        page.get_by_text("done. things has 3 categories, 60 nice and 75 real pictures")
    ).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    page.goto(f"{server.url}/data?name=things")
    expect(page.locator(".fl-data img")).to_have_count(6)
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator(".fl-data img[alt^='Red Disc']")).to_have_count(0)
    assert (
        store.load_cached("things") is None and not (data_root() / ".uploads" / "things").exists()
    )
