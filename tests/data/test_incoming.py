"""Posted pictures wait under the hash of their pixels, and nowhere else."""

from io import BytesIO

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from fruitlab.app import demo_stream
from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import incoming, pictures
from fruitlab.data.domains import content_hash
from fruitlab.data.stream import Stream, folder_of


def photo(seed: int = 0) -> bytes:
    file = BytesIO()
    noise = np.random.default_rng(seed).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, "JPEG", comment=b"a secret")
    return file.getvalue()


def test_a_posted_picture_is_taken_by_the_stream():
    file = incoming.post("stream", photo(), "real", "Apple")
    assert incoming.post("stream", photo(), "real", "Apple") == file
    assert b"a secret" not in file.read_bytes()
    assert np.array_equal(pictures.read(file), pictures.read(photo()))
    answer = demo_stream.observe(photo(1), "nice", "Pear", "stream")
    assert answer == {"stream": "stream", "picture": content_hash(pictures.read(photo(1)))}
    incoming.post("stream", photo(2), "nice", "")  # waits for a label
    stream = Stream(folder_of("stream"))
    roots = {domain: incoming.folder("stream", domain) for domain in ("nice", "real")}
    with stream.opened(kept=2):
        assert stream.take(roots, ("Apple", "Pear"), print) == (2, 1)
    assert [(one.domain, one.category) for one in stream.taken()] == [
        ("nice", "Pear"),
        ("real", "Apple"),
    ]


@pytest.mark.parametrize(
    ("stream", "domain", "category"),
    [
        ("../x", "real", "Apple"),
        ("stream", "../real", "Apple"),
        ("stream", "real", "../../Apple"),
        ("stream", "real", ".."),
        ("stream", "real", "A" * 200),
    ],
)
def test_names_stay_within_the_stream(stream, domain, category):
    with pytest.raises(DataError):
        incoming.post(stream, photo(), domain, category)
    assert not list(data_root().rglob("*.png"))


def test_errors_reach_programs(monkeypatch):
    with pytest.raises(gr.Error, match="not a picture"):
        demo_stream.observe(b"text of some length, no picture", "real", "Apple")
    with pytest.raises(gr.Error, match="No picture"):
        demo_stream.observe(None, "real")
    monkeypatch.setattr(incoming, "MOST", 0)
    with pytest.raises(gr.Error, match="Delete old ones"):
        demo_stream.observe(photo(), "real", "Apple")
    monkeypatch.setenv("FRUITLAB_MODE", "showcase")
    with pytest.raises(gr.Error, match="showcase"):
        demo_stream.observe(photo(), "real", "Apple")
