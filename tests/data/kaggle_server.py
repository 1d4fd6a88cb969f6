"""A local server with the part of Kaggle's API that kagglehub needs, and archives to serve."""

import base64
import functools
import hashlib
import io
import json
import re
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fruitlab.data.sources import DownloadError, download
from fruitlab.data.sources.fruits_262 import CLASSES
from fruitlab.data.sources.fruits_360 import VARIETIES

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
GET_DATASET = "/v1/datasets.DatasetApiService/GetDataset"
DOWNLOAD = "/v1/datasets.DatasetApiService/DownloadDataset"
CHUNK_SIZE = 1 << 14  # bytes; a small archive then arrives in many chunks


class Kaggle(ThreadingHTTPServer):
    """Serves one archive.

    Attributes:
        archive: The bytes that are served.
        good: The bytes whose checksum is announced.
        events: The paths that were requested, in order.
        ranges: The first byte of each Range request.
        answers: Path -> (status, headers, body) to answer instead.
        cuts: For each transfer in turn, the number of bytes after which the connection is lost.
            Later transfers are complete.
        licence: The licence that is announced.
        announced_size: The size that is announced, that of ``archive`` if None.
    """

    daemon_threads = True

    def __init__(self, archive: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.archive = self.good = archive
        self.events: list[str] = []
        self.ranges: list[int] = []
        self.answers: dict[str, tuple[int, dict, bytes]] = {}
        self.cuts: list[int] = []
        self.licence = "CC BY-SA 4.0"
        self.announced_size: int | None = None

    def handle_error(self, request, client_address) -> None:
        pass  # kagglehub closes the first connection when it resumes a partial download


class Handler(BaseHTTPRequestHandler):
    server: Kaggle

    def log_message(self, *_) -> None:
        pass

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.events.append(self.path)
        if self.path in self.server.answers:
            self.reply(*self.server.answers[self.path])
        elif self.path == GET_DATASET:
            size = self.server.announced_size
            if size is None:
                size = len(self.server.archive)
            content = {
                "currentVersionNumber": 7,
                "totalBytes": size,
                "licenseName": self.server.licence,
                "ref": "/".join(request.values()),
            }
            self.reply(200, {"Content-Type": "application/json"}, json.dumps(content).encode())
        else:
            assert self.path == DOWNLOAD and int(request["datasetVersionNumber"]) == 7
            self.reply(302, {"Location": "/storage/archive.zip?signature=1"}, b"")

    def do_GET(self) -> None:
        self.server.events.append("/storage")
        if "/storage" in self.server.answers:
            self.reply(*self.server.answers["/storage"])
            return
        archive, requested = self.server.archive, self.headers.get("Range")
        start = int(re.fullmatch(r"bytes=(\d+)-", requested)[1]) if requested else 0
        if requested:
            self.server.ranges.append(start)
        body = archive[start:]
        self.send_response(206 if requested else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        checksum = base64.b64encode(hashlib.md5(self.server.good).digest()).decode()
        self.send_header("x-goog-hash", f"md5={checksum}")
        self.end_headers()
        # The request before a Range request only asks for the length. Cuts apply to transfers.
        is_first = not self.server.ranges and self.server.events.count("/storage") == 1
        is_transfer = bool(requested) or is_first
        cut = self.server.cuts.pop(0) if is_transfer and self.server.cuts else len(body)
        self.wfile.write(body[:cut])
        self.close_connection = True

    def reply(self, status: int, headers: dict, body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def serve(server: Kaggle, archive: bytes) -> None:
    """Makes the server serve another archive, with its checksum."""
    server.archive = server.good = archive


def failure(cache: Path, source: str = "fruits-360") -> tuple[str, list[str]]:
    """Returns the message of a download that fails, and the messages before it."""
    messages: list[str] = []
    with pytest.raises(DownloadError) as caught:
        download(source, say=messages.append, cache=cache)
    message = str(caught.value)
    assert "\n" not in message and message[0].isupper() and message.endswith(".")
    return message, messages


def ignore(message: str) -> None:
    """Ignores a message of a download."""


def pictures(domain: str, category: str, count: int) -> list[bytes]:
    """Returns picture files: real ones where they are available, else noise."""
    files = sorted((SHARED / domain / category).glob("*"))[:count]
    if files:
        return [file.read_bytes() for file in files]
    made = []
    for index in range(count):
        noise = np.random.default_rng([index, *category.encode()]).integers(
            0, 256, (100, 100, 3), dtype=np.uint8
        )
        Image.fromarray(noise).save(buffer := io.BytesIO(), "JPEG", quality=40)
        made.append(buffer.getvalue())
    return made


def zipped(files: dict[str, bytes]) -> bytes:
    """Returns a zip of {name: content}."""
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@functools.cache
def fruits_360_files() -> dict[str, bytes]:
    """Returns the files of a small Fruits-360, in its published layout."""
    files = {
        "fruits-360_dataset_meta/LICENSE": b"CC BY-SA 4.0",
        "fruits-360_multi/test-multiple_fruits/apple.jpg": pictures("nice", "Apple", 1)[0],
    }
    folder = "fruits-360_100x100/fruits-360"
    for category, varieties in VARIETIES.items():
        for index, content in enumerate(pictures("nice", category, 6)):
            variety = varieties[index % min(2, len(varieties))].title()
            split = "Training" if index < 4 else "Test"
            files[f"{folder}/{split}/{variety} 1/r0_{index}_100.jpg"] = content
    rotten = f"{folder}/Training/Apple Rotten 1/r0_0_100.jpg"
    return files | {rotten: pictures("nice", "Apple", 1)[0]}


@functools.cache
def fruits_360_archive() -> bytes:
    """Returns a zip of the small Fruits-360."""
    return zipped(fruits_360_files())


def fruits_262_files() -> dict[str, bytes]:
    """Returns the files of a small Fruits-262, in its published layout."""
    files = {
        f"Fruit-262/{names[-1]}/{index}.jpg": content
        for category, names in CLASSES.items()
        for index, content in enumerate(pictures("real", category, 4))
    }
    return files | {
        f"Fruit-262/{name}/0.jpg": pictures("real", "Mango", 1)[0]
        for name in ("mangosteen", "watermelon")
    }
