"""The plane of the Forgetting page: live runs, clicks, and its legend on a phone."""

import re

import pytest
from logged_runs import iterative, mixed, run
from playwright.sync_api import expect
from settled import still

pytestmark = pytest.mark.slow
expect.set_options(timeout=60_000)
PLOT = "document.querySelector('figure.fruitlab .plot')"
POINTS = f"({PLOT}?._fullData ?? []).find(trace => trace.name === 'live')?.x.length"
WHERE = f"""(name) => {{
    const plot = {PLOT}, box = plot.getBoundingClientRect()
    const {{ x, y }} = plot._fullData.find(trace => trace.name === name)
    const {{ xaxis, yaxis }} = plot._fullLayout
    return [
        box.left + xaxis._offset + xaxis.d2p(x[0]), box.top + yaxis._offset + yaxis.d2p(y[0])
    ]
}}"""


def test_a_live_run_moves_and_a_click_opens_a_run(server, tab) -> None:
    run("best", mixed(100), method="rehearsal", iterations=100)
    live = run("live", iterative(100)[:3], status=None, method="iterative", iterations=100)
    with live.lock():
        live.doing("training")
        page = tab(viewport={"width": 1440, "height": 1200})
        page.goto(f"{server.url}/forgetting?runs=live")
        page.wait_for_function(f"{POINTS} === 3")
        for point in iterative(100)[3:5]:
            live.append(point)
        page.wait_for_function(f"{POINTS} === 5")
    expect(page.get_by_text("interrupted")).to_be_visible()
    x, y = still(lambda: page.evaluate(WHERE, "Rehearsal"))
    page.mouse.move(x - 4, y)
    page.mouse.move(x, y)
    expect(page.locator(".hoverlayer")).to_contain_text("60.0% combined")
    page.mouse.click(x, y)
    expect(page).to_have_url(re.compile(r"/train\?run=best$"))
    expect(page.get_by_role("heading", name=re.compile("^rehearsal"))).to_be_visible()


def test_on_a_phone_the_legend_leaves_room_for_the_plot(server, tab) -> None:
    for method in ("rehearsal", "der", "ewc", "lwf", "surgical", "interpolation", "distil"):
        run(method, mixed(100), method=method, iterations=100)
    page = tab(viewport={"width": 390, "height": 900})
    page.goto(f"{server.url}/forgetting")
    entries = page.locator("figure.fruitlab .legend .traces")
    expect(entries.first).to_be_visible()
    boxes = still(lambda: [entry.bounding_box() for entry in entries.all()])
    assert len(boxes) >= 7
    assert len({round(box["x"]) for box in boxes}) == 2, "columns"
    assert min(box["x"] for box in boxes) >= 0
    assert max(box["x"] + box["width"] for box in boxes) <= 390
