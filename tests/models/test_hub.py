"""Downloads of timm's weights, from a local server in place of the hub, with its faults."""

import hashlib
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import safetensors.torch
import timm
import torch
from torch import Tensor

from fruitlab.cli.main import main
from fruitlab.config.errors import ConfigError, DataError
from fruitlab.config.run_config import RunConfig
from fruitlab.models import hub, registry, weights

ARCHITECTURE = "test_resnet.r160_in1k"
NETWORK = f"timm:{ARCHITECTURE}"
REVISION = "0123456789abcdef0123456789abcdef01234567"
CHUNK = hub.CHUNK


class Hub(ThreadingHTTPServer):
    """Serves one repository.

    Attributes:
        content: what is sent. The announced checksum and size are those of `good`.
        status: of answers to requests for the file.
        cuts: for each transfer in turn, the bytes after which the connection is lost.
        pause: seconds between two chunks.
        ranges: first bytes that were asked for.
    """

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = self.good = content
        self.status, self.pause = 200, 0.0
        self.cuts: list[int] = []
        self.ranges: list[int] = []

    def handle_error(self, request, client_address) -> None:
        pass  # the client closes connections that were cut


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        if self.path.startswith("/api/models/timm/" + ARCHITECTURE):
            self._answer(json.dumps(self._facts()).encode())
        elif self.path == f"/timm/{ARCHITECTURE}/resolve/{REVISION}/model.safetensors":
            self._file()
        else:
            self.send_error(404)

    def _facts(self) -> dict:
        good = self.server.good
        lfs = {"sha256": hashlib.sha256(good).hexdigest(), "size": len(good), "pointerSize": 130}
        file = {"rfilename": "model.safetensors", "size": len(good), "blobId": "b", "lfs": lfs}
        return {
            "id": f"timm/{ARCHITECTURE}",
            "sha": REVISION,
            "tags": ["timm", "license:apache-2.0"],
            "siblings": [{"rfilename": "README.md", "size": 1, "blobId": "a"}, file],
        }

    def _file(self) -> None:
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        first = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        self.server.ranges.append(first)
        content = self.server.content
        cut = self.server.cuts.pop(0) if self.server.cuts else len(content)
        self.send_response(206)
        self.send_header("Content-Length", str(len(content) - first))
        self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        for at in range(first, min(len(content), first + cut), CHUNK):
            self.wfile.write(content[at : min(at + CHUNK, first + cut)])
            time.sleep(self.server.pause)
        self.close_connection = True

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments) -> None:
        pass


@pytest.fixture(scope="module")
def published() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return timm.create_model(ARCHITECTURE).state_dict()


@pytest.fixture
def server(published: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    made = Hub(safetensors.torch.save(published))
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{made.server_port}")
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def test_command_downloads_what_it_announced(
    server: Hub, published: dict[str, Tensor], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError, match=rf"networks download {NETWORK}"):
        weights.require(NETWORK)
    assert main(["networks", "download", NETWORK, "--json", "--yes"]) == 0
    output = capsys.readouterr()
    assert "licence: apache-2.0" in output.err and f"{len(server.good) / 1e6:.1f} MB" in output.err
    result = json.loads(output.out)
    assert result["bytes"] == len(server.good) and result["network"] == NETWORK
    backbone = {name: x for name, x in published.items() if not name.startswith("fc.")}
    loaded = weights.load(NETWORK)
    assert loaded.keys() == backbone.keys()
    assert all(torch.equal(loaded[name], backbone[name]) for name in backbone)
    assert NETWORK in registry.networks()
    network = registry.build(RunConfig(network=NETWORK), 3)
    network.load_pretrained()
    assert torch.equal(network.state_dict()["trunk.conv1.0.weight"], published["conv1.0.weight"])
    requests = len(server.ranges)
    assert main(["networks", "download", NETWORK, "--json"]) == 0  # it is here already
    assert len(server.ranges) == requests
    assert [path.name for path in weights.folder(NETWORK).glob("*.safetensors")] == [
        weights.TENSORS
    ]


def test_nothing_is_downloaded_before_the_user_agrees(
    server: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["networks", "download", NETWORK]) == 2
    message = capsys.readouterr().err
    assert "apache-2.0" in message and "--yes" in message
    assert not server.ranges and weights.find(NETWORK) is None


def test_continues_when_the_connection_breaks(server: Hub) -> None:
    server.cuts, steps = [3 * CHUNK], []
    hub.download(hub.look_up(NETWORK), lambda *step: steps.append(step))
    assert server.ranges == [0, 3 * CHUNK]
    assert steps[-1] == ("Downloading", len(server.good), len(server.good))


def test_stops_when_nothing_more_comes(server: Hub) -> None:
    offer, server.cuts = hub.look_up(NETWORK), [CHUNK, 0]
    with pytest.raises(DataError, match=r"continues after the 0.3 MB received so far"):
        hub.download(offer)
    hub.download(offer)
    assert server.ranges == [0, CHUNK, CHUNK]


def fetch() -> None:
    hub.download(hub.look_up(NETWORK))


def test_continues_after_a_kill(own_main: None, server: Hub) -> None:
    server.pause = 0.3
    offer = hub.look_up(NETWORK)
    child = multiprocessing.get_context("spawn").Process(target=hub.download, args=(offer,))
    child.start()
    folder = weights.folder(NETWORK)
    while not any(file.stat().st_size >= CHUNK for file in folder.glob("*.safetensors")):
        time.sleep(0.05)
        assert child.is_alive()
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert weights.find(NETWORK) is None
    server.pause = 0
    fetch()
    assert server.ranges[0] == 0 and server.ranges[-1] >= CHUNK
    assert weights.find(NETWORK).sha256 == hashlib.sha256(server.good).hexdigest()


def test_wrong_checksum_is_refused(server: Hub) -> None:
    server.content = server.good[:-1] + bytes([server.good[-1] ^ 1])
    with pytest.raises(DataError, match=r"SHA-256.*Run the same command again"):
        fetch()
    assert weights.find(NETWORK) is None
    server.content = server.good
    fetch()
    assert server.ranges == [0, 0]


@pytest.mark.parametrize(("status", "words"), [(404, "refused .*404"), (500, "500.*Wait")])
def test_hub_answers_with_an_error(server: Hub, status: int, words: str) -> None:
    offer = hub.look_up(NETWORK)
    server.status = status
    with pytest.raises(DataError, match=words):
        hub.download(offer)


def test_network_that_the_hub_does_not_have(server: Hub) -> None:
    with pytest.raises(DataError, match=r"refused the weights of timm:resnet18.a1_in1k \(404\)"):
        hub.look_up("timm:resnet18.a1_in1k")


def test_unknown_network_names_similar_ones() -> None:
    with pytest.raises(ConfigError, match=r"no network 'resnet18x'"):
        hub.look_up("timm:resnet18x")
    with pytest.raises(ConfigError, match=r"no network 'resnet18.a7_in1k'.*resnet18.a1_in1k"):
        hub.look_up("timm:resnet18.a7_in1k")


def test_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(DataError, match=r"could not be downloaded from http://127.0.0.1:9 .*Check"):
        hub.look_up(NETWORK)
