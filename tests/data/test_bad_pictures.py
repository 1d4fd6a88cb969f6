"""Files that cannot be used: each is refused with a reason, and nothing else is raised."""

import os
import struct
import subprocess
import sys

import numpy as np
import pytest
from picture_files import handmade_png, saved
from PIL import Image

from fruitlab.config.errors import DataError
from fruitlab.data.pictures import BadPicture, read, to_array

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest resets the filters of pictures.py
PHOTO = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)


def reason(source) -> str:
    with pytest.raises(BadPicture) as caught:
        read(source)
    text = str(caught.value)
    assert (
        isinstance(caught.value, DataError)
        and text
        and "\n" not in text
        and "Error" not in text
        and "0x" not in text
    )
    return text


def test_files_that_are_not_pictures(tmp_path):
    assert "empty" in reason(b"")
    assert "not a picture" in reason(b"just some words about fruit")
    assert "not a picture" in reason(os.urandom(5000))
    assert "git lfs pull" in reason(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:1234\nsize 5\n"
    )
    assert "web page" in reason(b"<!DOCTYPE html><html>404</html>")
    assert "HEIC" in reason(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    assert "not a picture" in reason(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\nshowpage\n"
    )  # EPS would start Ghostscript
    assert "folder" in reason(tmp_path)
    assert "does not exist" in reason(tmp_path / "none.jpg")
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    assert "leads nowhere" in reason(tmp_path / "dangling.jpg")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    reason(tmp_path / "loop.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")  # opening it would block
    assert "pipe" in reason(tmp_path / "pipe.jpg")


def test_no_permission(tmp_path):
    path = tmp_path / "secret.png"
    Image.fromarray(PHOTO).save(path)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read anything: try as another user
        code = (
            "import os, sys, numpy, PIL.PngImagePlugin\n"
            "from fruitlab.data.pictures import BadPicture, read\n"
            "os.setuid(65534)\n"
            "try: read(sys.argv[1])\n"
            "except BadPicture as error: print(error)"
        )
        os.chmod(tmp_path, 0o755)
        message = subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, text=True, check=False
        ).stdout
    else:
        message = reason(path)
    assert "permission" in message


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("AVIF", {}),
        ("PPM", {}),
    ],
)
def test_truncated_files(kind, options):
    whole = saved(Image.fromarray(PHOTO), kind, **options)
    read(whole)
    for keep in (0.01, 0.1, 0.5, 0.9):
        reason(whole[: int(len(whole) * keep)])


def test_corrupted_files_raise_nothing_else():
    """Changes bytes of small pictures in every format: each is read, or refused with a reason."""
    rng, refused = np.random.default_rng(1), 0
    small = Image.fromarray(PHOTO[:24, :24])
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM"):
        whole = np.frombuffer(saved(small, kind), np.uint8)
        for _ in range(60):
            data = whole.copy()
            at = rng.integers(0, min(len(data), 400), 4)
            data[at] = rng.integers(0, 256, 4)
            try:
                picture = read(data.tobytes())
            except BadPicture as error:
                message = str(error)
                refused += 1
                assert message
            else:
                assert picture.shape == (100, 100, 3)
    assert refused > 50


def test_decompression_bombs_are_refused_by_their_header():
    huge = handmade_png(8, 2, np.zeros((1, 3), np.uint8), size=(12_000, 9_000))
    assert "108 million" in reason(huge)
    assert "too large" in reason(
        handmade_png(1, 0, np.zeros((1, 1), np.uint8), size=(60_000, 60_000))
    )
    gif = bytearray(saved(Image.new("P", (10, 10)), "GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    assert "too large" in reason(bytes(gif))
    with pytest.raises(BadPicture, match="too large"):
        to_array(Image.new("1", (10_000, 9_000)))


def test_a_100_megapixel_picture_is_refused_without_decoding():
    data = saved(Image.new("1", (10_000, 10_000)), "PNG")
    code = (
        "import resource, sys; from fruitlab.data.pictures import BadPicture, read\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: read(sys.stdin.buffer.read())\nexcept BadPicture as error: print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    message, growth = (
        subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
        .stdout.decode()
        .splitlines()
    )
    assert "100 million" in message
    assert int(growth) < 10_000  # kB; decoded it would be 100,000


def test_extreme_aspect_ratios():
    assert "long and narrow" in reason(saved(Image.new("RGB", (2000, 3)), "PNG"))
    assert "long and narrow" in reason(saved(Image.new("RGB", (3, 2000)), "PNG"))
    assert read(saved(Image.new("RGB", (600, 100)), "PNG")).shape == (100, 100, 3)
    reason(handmade_png(8, 2, np.zeros((1, 3), np.uint8), size=(0, 10)))
    with pytest.raises(BadPicture):
        to_array(Image.new("RGB", (0, 5)))


def test_values_that_are_not_colours():
    assert "floating-point" in reason(
        saved(Image.fromarray(np.zeros((10, 10), np.float32)), "TIFF")
    )
    assert "32-bit" in reason(
        saved(Image.fromarray(np.full((10, 10), 1_000_000, np.int32)), "TIFF")
    )
    assert "Lab" in reason(saved(Image.new("LAB", (10, 10)), "TIFF"))
