"""Photos by upload, paste, camera and example, in the demo and on Explore; the live webcam."""

import base64
import re
from io import BytesIO

import made_runs
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FrameLocator, Locator, Page, expect

from fruitlab.data import collection

pytestmark = pytest.mark.slow
expect.set_options(timeout=120_000)
ALLOWED = ["camera", "clipboard-read", "clipboard-write"]

COPY = """async content => {
  const picture = await (await fetch("data:image/png;base64," + content)).blob()
  await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })])
}"""
# A slow network: what the server sends to a stream of messages arrives late.
LATE = """() => {
  const fetched = window.fetch.bind(window)
  window.fetch = async (...request) => {
    const answer = await fetched(...request)
    if (!answer.url.includes("/queue/data")) return answer
    const late = new TransformStream({ transform: async (chunk, to) => {
      await new Promise(done => setTimeout(done, 150))
      to.enqueue(chunk)
    } })
    return new Response(answer.body.pipeThrough(late), answer)
  }
}"""
GIVE = """(node, [content, kind]) => {
  const bytes = Uint8Array.from(atob(content), c => c.charCodeAt(0)), transfer = new DataTransfer()
  transfer.items.add(new File([bytes], "photo.png", { type: "image/png" }))
  const how = { bubbles: true, cancelable: true }
  node.dispatchEvent(kind === "drop"
    ? new DragEvent("drop", { ...how, dataTransfer: transfer })
    : new ClipboardEvent("paste", { ...how, clipboardData: transfer }))
}"""


def png(seed: int) -> bytes:
    """A different picture for each seed."""
    file = BytesIO()
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 100, (160, 120, 3)) + rng.integers(0, 156, 3)
    Image.fromarray(noise.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def upload(seed: int) -> dict:
    return {"name": "photo.png", "mimeType": "image/png", "buffer": png(seed)}


READY = """video => new Promise(done => {
  const look = () => video.videoWidth ? done() : setTimeout(look, 100)
  look()
})"""
FITS = """([least, band]) => {
  const frame = document.querySelector("iframe"), box = frame.getBoundingClientRect()
  const inside = frame.contentDocument, root = inside.documentElement
  const end = box.top + inside.querySelector(".examples").getBoundingClientRect().bottom
  const next = [...document.querySelectorAll("summary")].find(
    node => node.textContent.includes("Use via API"))
  return box.height > least && end <= box.bottom && box.bottom < end + band
    && next.getBoundingClientRect().top >= box.bottom
    && root.scrollHeight <= frame.contentWindow.innerHeight
}"""


def changed(node: Locator, before: str) -> str:
    """The text of the node once it has changed."""
    expect(node).not_to_have_text(before, use_inner_text=True)
    return node.inner_text()


@pytest.fixture
def classify(server, tab) -> tuple[Page, FrameLocator]:
    """The Classify page at a run's link, with the demo in its frame."""
    for seed, name in enumerate(("one", "two")):
        made_runs.run(name, seed=seed, ratio=20 + seed)
    page = tab(permissions=ALLOWED)
    page.goto(f"{server.url}/classify?run=two")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Example pictures")).to_be_visible()
    expect(frame.get_by_label("Thumbnail 6 of 6")).to_be_visible()
    return page, frame


def test_a_photo_by_upload_choice_and_paste(classify) -> None:
    page, frame = classify
    photo, verdict, looked = (
        frame.get_by_role("tabpanel").first,
        frame.locator(".verdict").first,
        frame.locator(".pictures").first,
    )
    assert "Choose a photo" in verdict.inner_text()
    frame.locator("input[type=file]").first.set_input_files(upload(1))
    expect(verdict.locator("h3")).to_be_visible()
    assert "real test pictures" in verdict.inner_text() and looked.locator("img").count() == 2
    expect(photo.get_by_text("%").first).to_be_visible()

    photo.get_by_label("Remove Image").click()
    expect(verdict).to_contain_text("Choose a photo")
    frame.get_by_label("Thumbnail 2 of 6").click()
    expect(verdict).to_contain_text("True category")
    assert "nice test pictures" in verdict.inner_text()

    photo.get_by_label("Remove Image").click()
    expect(verdict).to_contain_text("Choose a photo")
    page.evaluate(COPY, base64.b64encode(png(2)).decode())
    photo.get_by_label("Paste from clipboard").click()
    expect(verdict).to_contain_text("real test pictures")

    photo.get_by_label("Remove Image").click()
    expect(verdict).to_contain_text("Choose a photo")
    photo.get_by_label("Upload file").click()
    frame.locator("input[type=file]").first.set_input_files(
        {"name": "text.png", "mimeType": "image/png", "buffer": b"This is no picture."}
    )
    expect(verdict).to_contain_text("This picture cannot be used")
    expect(verdict).to_contain_text("not a picture")

    # Ctrl+V anywhere, on the page around the frame as well as in it.
    seen = frame.locator(".pictures img.pixels").first
    page.locator("body").evaluate(GIVE, [base64.b64encode(png(3)).decode(), "paste"])
    expect(verdict).to_contain_text("real test pictures")
    before = seen.get_attribute("src")
    frame.locator("body").evaluate(GIVE, [base64.b64encode(png(4)).decode(), "paste"])
    expect(seen).not_to_have_attribute("src", before)


def test_a_photo_that_arrives_while_the_stream_of_messages_closes_is_answered(server, tab) -> None:
    """Without demo_queue.js this hangs within a few photos."""
    made_runs.run("one", ratio=20)
    page = tab()
    page.add_init_script(f"({LATE})()")
    page.goto(f"{server.url}/demo/?run=one")
    verdict, files = page.locator(".verdict").first, page.locator("input[type=file]").first
    expect(page.get_by_label("Thumbnail 6 of 6")).to_be_visible()
    for seed in range(10):
        files.set_input_files(upload(seed))
        expect(verdict).to_contain_text("real test pictures", timeout=30_000)
        page.get_by_label("Remove Image").first.click()
        expect(verdict).to_contain_text("Choose a photo")


def test_a_wrong_answer_is_corrected_with_one_click_and_taken_back(classify) -> None:
    _, frame = classify
    frame.locator("input[type=file]").first.set_input_files(upload(1))
    frame.get_by_role("button", name="That is wrong").first.click()
    expect(frame.get_by_text("One click keeps this photo").first).to_be_visible()
    assert collection.pictures() == []
    frame.locator(".categories label", has_text="no fruit").first.click()
    expect(frame.locator(".correction").first).to_contain_text("Kept as no fruit")
    (kept,) = collection.pictures()
    assert kept.category == collection.NO_FRUIT
    frame.get_by_role("button", name="Take it back").first.click()
    expect(frame.get_by_text("The photo is deleted").first).to_be_visible()
    assert collection.pictures() == []


def test_the_webcam_for_one_picture_and_live(classify) -> None:
    _, frame = classify
    frame.get_by_label("Capture from camera").first.click()
    frame.get_by_text("Click to Access Webcam").first.click()
    frame.locator("video").first.evaluate(READY)
    frame.get_by_label("capture photo").first.click()
    expect(frame.locator(".verdict").first).to_contain_text("real test pictures")

    frame.get_by_role("tab", name="Live").click()
    verdict = frame.locator(".verdict").last
    assert "Hold a fruit up" in verdict.inner_text()
    wrong = frame.locator(".that-is-wrong").last
    expect(wrong).to_be_hidden()  # there is no answer yet
    frame.locator(".live").get_by_role("button", name="Start").click()
    expect(verdict).to_contain_text("real test pictures")  # without another tap
    expect(wrong).to_be_visible()
    picture = frame.locator(".pictures img.pixels").last
    first = picture.get_attribute("src")
    expect(picture).not_to_have_attribute(
        "src", first
    )  # the fake device's hand turns: another frame was answered


def test_the_demo_by_itself_follows_its_address_and_theme(server, tab) -> None:
    for seed, name in enumerate(("one", "two")):
        made_runs.run(name, seed=seed, ratio=20 + seed)
    for name, ratio, theme in (("two", 21, "dark"), ("one", 20, "light")):
        page = tab(viewport={"width": 390, "height": 844})
        page.goto(f"{server.url}/demo/?run={name}&__theme={theme}")
        choice = page.get_by_label("Network").first
        expect(choice).to_have_value(re.compile(f"mixed, {ratio}% real"))
        # As in .streamlit/config.toml.
        expect(page.locator("gradio-app")).to_have_css(
            "background-color", "rgb(23, 21, 26)" if theme == "dark" else "rgb(255, 255, 255)"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("input[type=file]").first.set_input_files(upload(1))
    verdict = page.locator(".verdict").first
    expect(verdict.locator("h3")).to_be_visible()
    said = verdict.inner_text()
    choice.click()
    page.get_by_role("option", name=re.compile("21% real")).click()
    changed(verdict, said)  # the other network's answer to the same photo


def test_one_photo_many_networks(server, tab) -> None:
    for ratio in (0, 50, 100):
        made_runs.run(f"mixed{ratio}", seed=ratio, ratio=ratio)
    page = tab(permissions=ALLOWED)
    page.goto(f"{server.url}/explore?ratio=50")
    networks = page.locator(".networks")
    expect(networks.locator(".ratio")).to_have_text(["0%", "50%", "100%"])
    said = networks.inner_text()
    page.locator(".examples button").nth(3).click()
    said = changed(networks, said)
    page.locator("input[type=file]").set_input_files(upload(1))
    said = uploaded = changed(networks, said)
    page.locator(".zone").evaluate(GIVE, [base64.b64encode(png(2)).decode(), "drop"])
    said = changed(networks, said)
    page.locator("body").evaluate(GIVE, [base64.b64encode(png(1)).decode(), "paste"])
    assert changed(networks, said) == uploaded
    page.locator("#camera").click()
    page.locator("#shoot").click()
    changed(networks, uploaded)
    expect(page.locator("#choose")).to_be_visible()
    page.locator("input[type=file]").set_input_files(
        {"name": "text.png", "mimeType": "image/png", "buffer": b"This is no picture."}
    )
    expect(page.get_by_text("This picture cannot be used")).to_be_visible()

    # The slider by keyboard; the address follows, and restores it in another tab.
    page.locator(".examples button").nth(0).click()
    expect(networks.locator(".chosen .ratio")).to_have_text("50%")
    page.get_by_test_id("stSlider").locator("[role=slider], input[type=range]").first.focus()
    page.keyboard.press("ArrowRight")
    expect(networks.locator(".chosen .ratio")).to_have_text("100%")
    assert "ratio=100" in page.url
    other = tab()
    other.goto(page.url)
    expect(other.locator(".networks .chosen .ratio")).to_have_text("100%")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_frame_has_room_for_an_answer_and_nothing_lies_over_it(classify, width: int) -> None:
    page, frame = classify
    page.set_viewport_size({"width": width, "height": 900})
    frame.locator(".examples button img").first.wait_for()
    page.wait_for_timeout(1000)
    before = page.locator("iframe").bounding_box()["height"]
    frame.locator("input[type=file]").first.set_input_files(upload(1))
    expect(frame.locator(".pictures img").nth(1)).to_be_visible()
    # All boxes at one moment, as the answer comes in parts. The frame grows with it, lies over
    # nothing, and leaves neither an empty band nor a scroll bar within a scroll bar.
    page.wait_for_function(FITS, arg=[before + 150, 40])
