import json
import os
import socket
import threading
import time
import urllib.request
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import gradio as gr  # after demo, which sets what gradio reads when it is imported
import made_runs
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from slow import some

from fruitlab.app import demo, demo_answers, demo_photo, guard
from fruitlab.app.shared import index
from fruitlab.inference import client as predictor
from fruitlab.inference.examples import examples
from fruitlab.inference.predict import Predictor
from fruitlab.runs.catalog import find


@pytest.fixture(scope="module", autouse=True)
def ended_after_the_module():
    yield
    predictor.stop()


@pytest.fixture(autouse=True)
def an_index_of_its_own():
    index.clear()  # each test has its own folder of runs
    yield
    index.clear()


def saved(path: Path, image: Image.Image, **how) -> Path:
    image.save(path, **how)
    return path


def noise(seed: int = 0, size: tuple[int, int] = (100, 100)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8))


def request(**query: str) -> SimpleNamespace:
    return SimpleNamespace(query_params=query)


def test_nothing_is_reported_to_anyone():
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    blocks = demo.build()
    assert not blocks.analytics_enabled
    assert (
        "googleapis" not in demo.MOUNT["theme"]._get_theme_css() and "http" not in demo.MOUNT["css"]
    )


def test_only_webcams_stream_and_photos_take_all_sources():
    photos = [
        block for block in demo.build().blocks.values() if isinstance(block, demo_photo.Photo)
    ]
    assert [(photo.sources, photo.streaming) for photo in photos] == [
        (["upload", "webcam", "clipboard"], False),
        (["webcam"], True),
        (["upload", "webcam", "clipboard"], False),  # Search
        (["webcam"], True),  # Check-out
    ]
    assert photos[0].get_block_name() == "image"  # the browser's own component


def test_a_photo_reaches_our_reader_as_it_came(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    photo = next(
        block for block in demo.build().blocks.values() if isinstance(block, demo_photo.Photo)
    )
    path = tmp_path / "text.jpg"
    path.write_text("not a picture at all")
    assert photo.preprocess(photo.data_model(path=str(path), orig_name="text.jpg")) == path
    assert (
        photo.preprocess(photo.data_model(url="data:image/jpeg;base64,aGVsbG8=", path=""))
        == b"hello"
    )
    assert photo.preprocess(None) is None


def test_opened_without_a_run_it_invites():
    choice, note, pictures = demo.on_load(request())
    assert choice.choices == [] and not choice.visible and "No run has finished yet" in note
    assert len(pictures) == demo_answers.EXAMPLES and all(
        image.shape == (100, 100, 3) for image, _ in pictures
    )
    assert "No run has finished yet" in demo.explain(b"x", None)[0]


def test_opened_with_a_run_it_shows_that_one():
    for seed, name in enumerate(("one", "two")):
        made_runs.run(name, seed=seed)
    made_runs.run("half", status="stopped")
    choice, note, _ = demo.on_load(request(run="two"))
    assert (
        {run for _, run in choice.choices} == {"one", "two"}
        and choice.value == "two"
        and choice.visible
        and note == ""
    )
    assert not demo.on_load(request(run="two", embed="1"))[0].visible
    assert "no run of that name" in demo.on_load(request(run="../../etc"))[1]
    assert "has not finished" in demo.on_load(request(run="half"))[1]


def test_an_answer_with_where_it_looked(tmp_path):
    run = made_runs.run("one", seed=2)
    path = saved(tmp_path / "photo.png", noise())
    verdict, label, looked, seen = demo.explain(path, "one")
    assert np.array_equal(seen, np.asarray(Image.open(path)))
    expected = Predictor(run).top3(path)
    assert label == pytest.approx(
        {one["category"]: one["probability"] for one in expected}, rel=1e-4
    )
    assert "real test pictures" in verdict and looked.count("<img") == 2
    assert demo.explain(None, "one") == (demo_answers.INVITATION, None, "", None)


def bad_pictures(folder: Path) -> dict[str, tuple[Path, str]]:
    whole = BytesIO()
    noise(size=(400, 400)).save(whole, "JPEG")
    (folder / "text.jpg").write_text("This is a text under the name of a picture.")
    (folder / "cut.jpg").write_bytes(whole.getvalue()[:5000])
    (folder / "empty.png").write_bytes(b"")
    (folder / "page.jpg").write_text("<!doctype html><html></html>")
    saved(folder / "huge.png", Image.new("1", (10_000, 10_000)))
    saved(folder / "long.png", Image.new("RGB", (2000, 20)))
    return {
        "text": (folder / "text.jpg", "not a picture"),
        "cut": (folder / "cut.jpg", "cut off"),
        "empty": (folder / "empty.png", "empty"),
        "page": (folder / "page.jpg", "a web page"),
        "huge": (folder / "huge.png", "too large: 10,000 x 10,000"),
        "long": (folder / "long.png", "too long and narrow"),
    }


@pytest.mark.parametrize("kind", ["text", "cut", "empty", "page", "huge", "long"])
def test_a_picture_that_cannot_be_used_gets_a_sentence(tmp_path, kind):
    made_runs.run("one")
    path, reason = bad_pictures(tmp_path)[kind]
    verdict, label, looked, _ = demo.explain(path, "one")
    assert (
        "This picture cannot be used" in verdict
        and reason in verdict
        and "Traceback" not in verdict
    )
    assert label is None and looked == ""


def test_unusual_pictures_are_answered(tmp_path):
    made_runs.run("one")
    frames = [noise(seed) for seed in range(3)]
    odd = [
        saved(
            tmp_path / "moving.gif", frames[0], save_all=True, append_images=frames[1:], duration=40
        ),
        saved(
            tmp_path / "deep.png",
            Image.fromarray(
                np.random.default_rng(0).integers(0, 65536, (120, 120), dtype=np.uint16)
            ),
        ),
        saved(tmp_path / "clear.png", noise().convert("RGBA")),
    ]
    for path in odd:
        assert len(demo.explain(path, "one")[1]) == 3


def test_an_example_is_known_again_and_judged_by_its_domain(tmp_path):
    learned_from_photographs = made_runs.run("one", kind="photographs", data="photos")
    shown = examples(learned_from_photographs)
    assert [one.domain for one in shown] == ["real", "nice"] * 3 and all(
        one.drawn and not one.tested for one in shown
    )
    picture = demo.select_example("one", SimpleNamespace(index=1))
    assert np.array_equal(picture, shown[1].image)
    verdict, label, *_ = demo.explain(
        saved(tmp_path / "image.png", Image.fromarray(picture)), "one"
    )
    assert len(label) == 3 and f"True category: {shown[1].category}" in verdict
    assert "trained on photographs" in verdict and "on drawings is not known" in verdict
    made_runs.run("two", kind="drawn", data="synthetic:20")
    assert (
        "nice test pictures"
        in demo.explain(
            saved(tmp_path / "image.png", Image.fromarray(examples(find("two"))[1].image)), "two"
        )[0]
    )
    assert "True category" not in demo.explain(saved(tmp_path / "other.png", noise()), "one")[0]


@pytest.fixture
def address():
    """The demo, mounted as the explorer mounts it, on a port of its own."""
    import fastapi
    import uvicorn

    app = gr.mount_gradio_app(
        fastapi.FastAPI(middleware=guard.middleware()),
        demo.build(),
        path="/demo",
        run_history=False,
        footer_links=[],
        **demo.MOUNT,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
        assert thread.is_alive()
    yield f"http://127.0.0.1:{port}/demo/"
    server.should_exit = server.force_exit = True
    thread.join(20)


@pytest.mark.slow
def test_the_same_answer_through_gradio_client(address, tmp_path):
    runs = {
        name: made_runs.run(name, seed=seed) for seed, name in enumerate(("one", "two"), start=1)
    }
    photo = saved(tmp_path / "photo.png", noise())
    client = Client(address, verbose=False)
    for name, run in runs.items():
        answer = client.predict(handle_file(photo), name, api_name="/classify")
        assert answer["run"] == name
        expected = Predictor(run).top3(photo)
        assert [one["category"] for one in answer["top"]] == [one["category"] for one in expected]
        assert [one["probability"] for one in answer["top"]] == pytest.approx(
            [one["probability"] for one in expected], rel=1e-4
        )
    best = max(runs, key=lambda name: runs[name].summary()["combined"]["top1"])
    assert client.predict(handle_file(photo), api_name="/classify")["run"] == best
    with pytest.raises(AppError, match="no run named nobody"):
        client.predict(handle_file(photo), "nobody", api_name="/classify")
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(AppError, match="not a picture"):
        client.predict(handle_file(tmp_path / "text.jpg"), api_name="/classify")
    assert list(client.view_api(return_format="dict")["named_endpoints"]) == [
        "/classify",
        "/search",
        "/observe",
    ]


@pytest.mark.parametrize("meta", [{"_type": "gradio.FileData"}, None], ids=["file", "no file"])
@pytest.mark.parametrize("function", some(("call/classify", "queue/join"), fast=("queue/join",)))
def test_no_file_of_this_machine_is_read_for_a_stranger(address, tmp_path, meta, function):
    made_runs.run("one")
    os.mkfifo(tmp_path / "pipe")
    secret = saved(tmp_path / "secret.png", noise())
    beside = saved(Path(__file__).resolve().parent / f"secret-{os.getpid()}.png", noise())
    try:
        for path in (secret, beside, tmp_path / "pipe", "/dev/zero", "/nowhere"):
            photo = {"path": str(path)} | ({"meta": meta} if meta else {})
            answer = asked(address, function, [photo, "one"])
            assert "error" in answer and not any(
                word in answer for word in ("category", "base64", "cannot be read")
            )
    finally:
        beside.unlink()


def asked(address: str, function: str, data: list) -> str:
    """The stream of events that the demo answers a call with."""
    ask = {"data": data, "fn_index": 1, "session_hash": "s"}
    call = urllib.request.Request(
        f"{address}gradio_api/{function}",
        json.dumps(ask if function == "queue/join" else {"data": data}).encode(),
        {"Content-Type": "application/json"},
    )
    event = json.load(urllib.request.urlopen(call, timeout=60))["event_id"]
    answers = f"call/classify/{event}" if "call" in function else "queue/data?session_hash=s"
    with urllib.request.urlopen(f"{address}gradio_api/{answers}", timeout=60) as stream:
        lines = []
        for line in stream:
            lines.append(line.decode())
            if "process_completed" in lines[-1] or "event: error" in lines[-1]:
                break
    return "".join(lines)


def test_a_full_queue_and_webcams_do_not_keep_photos_waiting():
    blocks = demo.build()
    assert blocks._queue.max_size == demo.QUEUE
    groups = {}
    for function in blocks.fns.values():
        groups.setdefault(function.concurrency_id, set()).add(function.name)
    streams = [function for function in blocks.fns.values() if function.time_limit]
    assert len(streams) == 2  # Live and Check-out
    (shared,) = {function.concurrency_id for function in streams}
    assert groups[shared] == {"explain_frame", "look"} and len(groups) == 4
    for stream in streams:
        assert stream.concurrency_limit >= 5, "a fifth webcam does not wait"
