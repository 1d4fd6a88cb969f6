"""One process, one port: deep links, the demo, and how the server starts and ends."""

import http.client
import re
import signal
import urllib.error
import urllib.request

import pytest
from logged_runs import iterative, run
from playwright.sync_api import expect

from fruitlab.app import navigation
from fruitlab.runs import catalog

pytestmark = pytest.mark.slow
expect.set_options(timeout=120_000)


@pytest.mark.parametrize("page_name", list(navigation.pages()))
def test_a_deep_link_is_the_server_s_first_request(server, tab, page_name: str) -> None:
    run("one", iterative(100), method="iterative", iterations=100)
    page = tab()
    page.goto(f"{server.url}/{page_name}")
    expect(page.locator("h1")).to_be_visible()
    # The whole menu, in its order, and not Streamlit's own of whatever lies in pages/.
    titles = [navigation.MENU[name][0] for name in navigation.pages()]
    links = page.get_by_test_id("stSidebar").get_by_role("link")
    expect(links).to_have_text([re.compile(rf"{title}\s*$") for title in titles])
    expect(page).to_have_url(re.compile(f"/{page_name}"))
    expect(page).to_have_title(f"{navigation.MENU[page_name][0]} · FruitLab")


def test_the_bare_address_leads_to_the_first_page(server, tab) -> None:
    page = tab()
    page.goto(server.url)
    expect(page.locator("h1")).to_be_visible()
    expect(page).to_have_url(re.compile(f"/{next(iter(navigation.pages()))}"))


def test_the_demo_says_that_it_starts_and_then_is_there(server, tab) -> None:
    page = tab()
    page.goto(f"{server.url}/demo/")
    expect(page.get_by_text("The demo is starting")).to_be_visible()
    expect(page.locator("gradio-app, .gradio-container").first).to_be_visible()
    # The pages go on working beside it.
    page.goto(f"{server.url}/train")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()


def test_a_program_that_comes_too_early_is_asked_to_come_again(server) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{server.url}/demo/config", timeout=20)
    assert caught.value.code == 503 and caught.value.headers["Retry-After"]


def test_another_name_or_another_site_reaches_nothing(server) -> None:
    """DNS rebinding, and requests that a page elsewhere sends."""
    evil = {"Host": "evil.example", "Origin": "http://evil.example"}
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    requests = [
        ("GET", "/", evil, 400),
        ("GET", "/demo/config", evil, 400),
        ("GET", "/_stcore/stream", evil | upgrade, 400),
        ("GET", "/_stcore/stream", {"Origin": "http://evil.example"} | upgrade, 403),
        ("POST", "/demo/gradio_api/upload", {"Origin": "http://evil.example"}, 403),
        ("PUT", "/_stcore/upload_file/a/b", {"Origin": "http://evil.example"}, 403),
        ("GET", "/_stcore/stream", {"Origin": server.url} | upgrade, 101),
    ]
    for method, path, headers, status in requests:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request(method, path, headers=headers)
        assert connection.getresponse().status == status, (method, path, headers)
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_with_a_demo_tab_open_and_the_training_goes_on(serve, tab, number: int) -> None:
    server = serve()
    # The demo's tab is not watched for errors: it outlives its server and reports that it is gone.
    page, demo = tab(), tab(watched=False)
    page.goto(
        f"{server.url}/train?method=mixed&preset=glance&iterations=4000&data=synthetic:20&width=0.25"
        "&live_every=5&live_pictures=50"
    )
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    demo.goto(f"{server.url}/demo/")
    demo.locator(".gradio-container input[type=file]").first.wait_for(state="attached")
    page.wait_for_function(
        "(document.querySelector('figure.fruitlab .plot')?.data?.[0].x.length ?? 0) >= 1"
    )
    page.close()  # otherwise its client would log errors when the server is gone
    server.stop(number)
    demo.close()

    (made,) = catalog.all_runs()
    assert made.status() == "running"
    before = len(made.metrics())
    again = serve()  # the next start finds it
    back = tab()
    back.goto(f"{again.url}/train")
    expect(back.get_by_role("button", name="Stop")).to_be_visible()
    back.wait_for_function(
        f"(document.querySelector('figure.fruitlab .plot')?.data?.[0].x.length ?? 0) > {before}"
    )
    assert made.id in back.url and len(list(catalog.all_runs())) == 1
