"""The prediction server and its client: answers, errors, and what happens when it dies."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue

import made_runs
import numpy as np
import psutil
import pytest
from PIL import Image

from fruitlab.config.errors import RunError
from fruitlab.data.pictures import BadPicture
from fruitlab.inference import client, load, process, server
from fruitlab.inference.client import PredictorError
from fruitlab.inference.load import CALM, CROWD, Load
from fruitlab.inference.predict import Predictor
from fruitlab.methods.registry import configure
from fruitlab.runs.catalog import create

ROOT = Path(__file__).resolve().parents[2]
SERVER = "fruitlab.inference.server"


@pytest.fixture(scope="module", autouse=True)
def server_ends_after_the_module():
    """All tests share one server. It gets absolute paths, so their folders may differ."""
    yield
    client.stop()


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (100, 100, 3), dtype=np.uint8)


def png(image: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def child() -> psutil.Process:
    """The running prediction server."""
    (server,) = [
        one
        for one in psutil.Process().children()
        if one.status() != psutil.STATUS_ZOMBIE and SERVER in one.cmdline()
    ]
    return server


def has_ended(pid: int) -> bool:
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
def test_answers_match_the_network_for_bytes_files_and_pixels(tmp_path):
    run = made_runs.run("one", seed=1)
    expected = Predictor(run).explain(noise())
    (tmp_path / "photo.png").write_bytes(png(noise()))
    for photo in (png(noise()), tmp_path / "photo.png", noise()):
        explanation = client.explain("one", photo)
        assert [one["category"] for one in explanation.top] == [
            one["category"] for one in expected.top
        ]
        assert [one["probability"] for one in explanation.top] == pytest.approx(
            [one["probability"] for one in expected.top], rel=1e-4
        )
        np.testing.assert_allclose(explanation.relevance, expected.relevance, rtol=1e-3, atol=1e-5)
        assert np.array_equal(explanation.seen, noise())
        assert client.top3("one", photo) == explanation.top


def test_broken_runs_do_not_affect_the_answers_of_others():
    for seed in (1, 2):
        made_runs.run(f"good{seed}", seed=seed)
    (made_runs.run("damaged").folder / "weights.safetensors").write_bytes(b"no tensors")
    create({"device": "cpu", "data": None}, config=configure("mixed"), run_id="untrained")
    answers = client.top3_many(["good1", "damaged", "untrained", "nowhere", "good2"], noise())
    assert answers.top.keys() == {"good1", "good2"} and answers.top["good1"] != answers.top["good2"]
    assert "damaged" in answers.errors["damaged"]
    assert "has no weights.safetensors yet" in answers.errors["untrained"]
    assert "There is no run named nowhere" in answers.errors["nowhere"]
    assert np.array_equal(answers.seen, noise())
    with pytest.raises(RunError, match="no run named nowhere"):
        client.top3("nowhere", noise())


@pytest.mark.parametrize(
    ("photo", "reason"),
    [
        (b"", "empty"),
        (b"a text under a picture's name", "not a picture"),
        (png(noise())[:9000], "cut off"),
        (Path("/nowhere/photo.jpg"), "cannot be read"),
        (b"x" * (client.MAX_BYTES + 1), "too large"),
    ],
)
def test_bad_picture_is_an_error_and_the_next_is_answered(photo, reason):
    made_runs.run("one")
    with pytest.raises(BadPicture, match=reason):
        client.top3("one", photo)
    assert len(client.top3("one", noise())) == 3


@pytest.mark.slow
def test_killed_server_restarts():
    made_runs.run("one")
    before, first = client.top3("one", noise()), child()
    first.kill()
    assert has_ended(first.pid)
    assert client.top3("one", noise()) == before
    assert child().pid != first.pid


@pytest.mark.slow
def test_request_is_repeated_when_the_server_dies():
    made_runs.run("one")
    before, first = client.top3("one", noise()), child()
    first.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(client.top3, "one", noise())
        time.sleep(0.3)
        assert not answer.done()
        first.kill()
        assert answer.result(timeout=60) == before


@pytest.mark.slow
def test_hanging_server_is_replaced(monkeypatch):
    made_runs.run("one")
    before, first = client.top3("one", noise()), child()
    first.send_signal(signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(process, "SECONDS", 0.5)
        with pytest.raises(PredictorError, match="Try again"):
            client.top3("one", noise())
    assert has_ended(first.pid)
    assert client.top3("one", noise()) == before


def test_threads_get_their_own_answers():
    made_runs.run("one", seed=5)
    images = [noise(seed) for seed in range(12)]
    expected = [client.top3("one", image) for image in images]
    assert len({str(top) for top in expected}) > 3
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: client.top3("one", png(images[i % 12])), range(48)))
    for answer, alone in zip(answers, expected * 4, strict=True):
        # In a batch, sums are made in another order.
        assert [one["category"] for one in answer] == [one["category"] for one in alone]
        assert [one["probability"] for one in answer] == pytest.approx(
            [one["probability"] for one in alone], rel=1e-4
        )


def requests(*kinds: str) -> list[tuple[dict, bytes]]:
    """A request of each kind: `a` and `b` ask two networks, `f` is a webcam's frame."""
    return [
        (
            {"id": number, "runs": [[kind, kind]], "explain": kind == "f", "frame": kind == "f"},
            b"",
        )
        for number, kind in enumerate(kinds)
    ]


def test_what_arrives_meanwhile_is_answered_together_and_frames_of_webcams_last():
    arrived, waiting = SimpleQueue(), []
    for message in requests("f", "a", "b", "a", "f", "a"):
        arrived.put(message)
    order = []
    while not arrived.empty() or waiting:
        batch = server.next_batch(arrived, waiting)
        order.append([request["id"] for request, _ in batch])
    assert order == [[1, 3, 5], [2], [0], [4]]
    for message in requests(*"a" * (server.BATCH + 1)):
        arrived.put(message)
    assert len(server.next_batch(arrived, waiting)) == server.BATCH
    arrived.put(None)
    assert server.next_batch(arrived, waiting) is None, "the client has ended"


def test_too_many_questions_are_asked_to_come_back(monkeypatch):
    """Answers wait until all have asked; those beyond the limit are told so at once."""
    made_runs.run("one")
    monkeypatch.setattr(load, "MOST", 3)
    monkeypatch.setattr(load, "MOST_FRAMES", 1)
    client.top3("one", noise())
    before = client.state().counts
    running = child()
    running.suspend()
    try:
        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(client.top3, "one", noise()) for _ in range(3)]
            while client.state().waiting < 3:
                time.sleep(0.01)
            assert client.overloaded() >= 1
            with pytest.raises(client.Busy, match=r"busy. Try again in \d+ s"):
                client.top3("one", noise())
            with pytest.raises(client.Busy):
                client.explain("one", noise(), frame=True)
            running.resume()
            assert all(len(one.result(60)) == 3 for one in asked)
    finally:
        running.resume()
    after = client.state()
    assert after.counts["answered"] - before["answered"] == 3
    assert after.counts["refused"] - before["refused"] == 2
    assert after.waiting == 0 and client.overloaded() is None and after.pid == running.pid


def test_new_weights_are_used_at_once():
    run = made_runs.run("one", seed=6)
    before = client.top3("one", noise())
    time.sleep(0.02)  # so that the modification time differs
    run.write_tensors(
        "weights",
        made_runs.weights(made_runs.network(7)),
        {"categories": list(made_runs.CATEGORIES)},
    )
    after = client.top3("one", noise())
    assert after != before
    assert [one["category"] for one in after] == [
        one["category"] for one in Predictor(run).top3(noise())
    ]


@pytest.mark.slow
def test_server_ends_with_its_client_which_does_not_import_torch(tmp_path):
    made_runs.run("one")
    Image.fromarray(noise()).save(tmp_path / "photo.png")
    script = textwrap.dedent("""
        import os, psutil, signal, sys
        from pathlib import Path
        from fruitlab.inference import client
        client.top3("one", Path(sys.argv[1]))
        assert "torch" not in sys.modules
        print(psutil.Process().children()[0].pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "photo.png")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert has_ended(int(done.stdout))


@pytest.mark.slow
def test_server_ends_when_idle_and_limits_its_networks(monkeypatch):
    monkeypatch.setattr(server, "NETWORKS", 2)
    networks = server.Networks()
    folders = [str(made_runs.run(f"run{seed}", seed=seed).folder) for seed in range(3)]
    first = networks.of(folders[0])
    networks.of(folders[1])
    assert networks.of(folders[0]) is first
    networks.of(folders[2])  # replaces the least recently used one
    assert list(networks.held) == [folders[0], folders[2]]

    code = "from fruitlab.inference import server as p; p.IDLE_SECONDS = 1; p.main()"
    quiet = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ,
    )
    try:
        assert quiet.wait(timeout=60) == 0
    finally:
        quiet.kill()
        quiet.communicate()


@pytest.mark.slow  # imports timm
def test_feature_map_is_that_of_the_backbone():
    pytest.importorskip("timm")
    from fruitlab.features.extraction import Extractor

    image = noise(3)
    seen, found = client.feature_map("efficientnet-lite0", 96, png(image))
    assert (seen == image).all()
    expected = Extractor("efficientnet-lite0", 96)(image[None])[0]
    assert found.mean((1, 2)) == pytest.approx(expected, abs=1e-4)
    with pytest.raises(PredictorError, match="no network named"):
        client.feature_map("unknown", 0, image)


def test_a_crowd_is_remembered_for_a_moment(monkeypatch):
    """Answers come in batches: right after one, nobody waits although many ask."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    load = Load()
    with contextlib.ExitStack() as asking:
        for _ in range(CROWD):
            asking.enter_context(load.question())
        assert not load.crowded()
        asking.enter_context(load.question())
        now[0] += 10 * CALM  # the answers take long
    assert load.waiting == 0 and load.crowded()
    now[0] += CALM
    assert not load.crowded()
