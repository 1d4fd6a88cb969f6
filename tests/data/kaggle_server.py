"""A local server that speaks the part of Kaggle's API that kagglehub needs, and archives in the published layouts to serve."""

import base64
import functools
import hashlib
import io
import json
import os
import re
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fruitlab.data.categories import FRUITS_262, FRUITS_360

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
GET_DATASET, DOWNLOAD = (
    "/v1/datasets.DatasetApiService/GetDataset",
    "/v1/datasets.DatasetApiService/DownloadDataset",
)


class Kaggle(ThreadingHTTPServer):
    """Serves one archive. `events` lists what was asked in order; `answers` replaces the answer to a path; `cuts` ends transfers early."""

    daemon_threads = True

    def __init__(self, archive: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.archive = self.good = archive  # served; and what the sum that is told belongs to
        self.events, self.ranges = [], []
        self.answers: dict[str, tuple[int, dict, bytes]] = {}
        self.cuts: list[
            int
        ] = []  # for each transfer in turn, after how many bytes the connection breaks; then none does
        self.licence, self.told_size = "CC BY-SA 4.0", None

    def handle_error(self, request, client_address) -> None:
        pass  # kagglehub drops the first answer's connection when it goes on with a half-loaded archive


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
            size = (
                self.server.told_size
                if self.server.told_size is not None
                else len(self.server.archive)
            )
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
            return self.reply(*self.server.answers["/storage"])
        archive, asked = self.server.archive, self.headers.get("Range")
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0
        if asked:
            self.server.ranges.append(start)
        body = archive[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header(
            "x-goog-hash",
            "md5=" + base64.b64encode(hashlib.md5(self.server.good).digest()).decode(),
        )
        self.end_headers()
        # The plain request before a Range request only serves to learn the length; a cut is meant for the one that transfers.
        is_transfer = (
            bool(asked) or not self.server.ranges and self.server.events.count("/storage") == 1
        )
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
    server.archive = server.good = archive


# ---- archives in the published layouts


def pictures(domain: str, category: str, count: int) -> list[bytes]:
    """Real pictures where they are at hand, drawn ones elsewhere and for the categories that have none."""
    if os.environ.get("CI") and not SHARED.exists():
        pytest.fail("the real pictures belong beside the checkout")
    files = sorted((SHARED / domain / category).glob("*"))[:count]
    if files:
        return [file.read_bytes() for file in files]
    drawn = []
    for index in range(count):
        noise = np.random.default_rng([index, *category.encode()]).integers(
            0, 256, (100, 100, 3), dtype=np.uint8
        )
        Image.fromarray(noise).save(buffer := io.BytesIO(), "JPEG", quality=40)
        drawn.append(buffer.getvalue())
    return drawn


def zipped(files: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@functools.cache
def fruits_360_files() -> dict[str, bytes]:
    files = {
        "fruits-360_dataset_meta/LICENSE": b"CC BY-SA 4.0",
        "fruits-360_multi/test-multiple_fruits/apple.jpg": pictures("nice", "Apple", 1)[0],
    }
    folder = "fruits-360_100x100/fruits-360"
    for category, varieties in FRUITS_360.items():
        for index, content in enumerate(pictures("nice", category, 6)):
            variety = varieties[index % min(2, len(varieties))].title()
            files[
                f"{folder}/{'Training' if index < 4 else 'Test'}/{variety} 1/r0_{index}_100.jpg"
            ] = content
    return files | {
        f"{folder}/Training/Apple Rotten 1/r0_0_100.jpg": pictures("nice", "Apple", 1)[0]
    }


@functools.cache
def fruits_360_archive() -> bytes:
    return zipped(fruits_360_files())


def fruits_262_files() -> dict[str, bytes]:
    files = {
        f"Fruit-262/{names[-1]}/{index}.jpg": content
        for category, names in FRUITS_262.items()
        for index, content in enumerate(pictures("real", category, 4))
    }
    return files | {
        f"Fruit-262/{name}/0.jpg": pictures("real", "Mango", 1)[0]
        for name in ("mangosteen", "watermelon")
    }
