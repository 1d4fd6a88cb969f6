"""A local Kaggle server that kagglehub talks to."""

import os
import threading

import pytest
from kaggle_server import CHUNK_SIZE, Kaggle, fruits_360_archive, serve

from fruitlab.data.sources import kaggle as transfer_module


@pytest.fixture
def kaggle(monkeypatch, tmp_path):
    """A local Kaggle server that serves a small Fruits-360, in an empty environment."""
    for name in list(os.environ):
        if name.startswith("KAGGLE") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home" / ".kaggle"))
    monkeypatch.setattr("kagglehub.clients.CHUNK_SIZE", CHUNK_SIZE)
    # kagglehub looks through the source files of all callers for the name of its own caller.
    monkeypatch.setattr("kagglehub.clients.get_user_agent", lambda: "kagglehub")
    monkeypatch.setattr(transfer_module, "PAUSES", (0, 0, 0))
    server = Kaggle(b"")
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("kagglesdk.kaggle_http_client.get_endpoint", lambda _: address)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    serve(server, fruits_360_archive())
    yield server
    server.shutdown()
    server.server_close()
