"""Pictures of unknown origin are decoded in child processes with limits."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import hostile_pictures as hostile
import numpy as np
import psutil
import pytest
from PIL import Image, ImageOps

from fruitlab.data import decoding, pictures
from fruitlab.data.decoding import Decoders
from fruitlab.data.pictures import BadPicture

LARGEST = 500_000_000  # bytes that a picture may take


@pytest.fixture
def quick():
    """Decoders that give up soon."""
    decoders = Decoders(seconds=0.5)
    yield decoders
    decoders.stop()


def decoder_processes() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if child.status() != "zombie" and "fruitlab.data.decoder" in child.cmdline()
    ]


def most_memory(process: psutil.Process) -> int:
    """The most memory that a process has used, in bytes (Linux)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def test_a_picture_is_read_as_in_this_process(tmp_path) -> None:
    content = hostile.saved(hostile.noise(300, 200), "PNG")
    path = tmp_path / "ein Bild ü.png"
    path.write_bytes(content)
    expected = pictures.read(content)
    np.testing.assert_array_equal(decoding.read(content), expected)
    np.testing.assert_array_equal(decoding.read(path), expected)
    with pytest.raises(BadPicture, match="not a picture"):
        decoding.read(b"some text")


def test_a_picture_that_takes_minutes_is_given_up_and_the_next_are_read(quick) -> None:
    good = hostile.saved(hostile.noise(100, 100), "PNG")
    began = time.monotonic()
    results = quick.read_many([good, hostile.only_markers(20_000_000), good, b""])
    assert time.monotonic() - began < 10
    assert isinstance(results[1], BadPicture) and "more than 0.5 seconds" in str(results[1])
    np.testing.assert_array_equal(results[0], pictures.read(good))
    np.testing.assert_array_equal(results[2], results[0])
    assert "empty" in str(results[3])


def test_a_jpeg_of_thousands_of_scans_is_given_up(quick) -> None:
    (result,) = quick.read_many([hostile.many_scans(3000)])
    assert isinstance(result, BadPicture) and "seconds" in str(result)


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not enforce the limit")
@pytest.mark.parametrize(
    "make", [hostile.exif_bomb, pytest.param(hostile.grey16, marks=pytest.mark.slow)]
)
def test_a_picture_cannot_fill_the_memory(make) -> None:
    decoding.stop()
    with suppress(BadPicture):
        decoding.read(make())
    assert max(map(most_memory, decoder_processes())) < LARGEST


def test_a_decoder_that_dies_is_replaced() -> None:
    good = hostile.saved(hostile.noise(100, 100), "PNG")
    decoding.read(good)
    for process in decoder_processes():
        process.kill()
        while process.status() != "zombie":
            time.sleep(0.01)
    np.testing.assert_array_equal(decoding.read(good), pictures.read(good))


def test_stopping_ends_pictures_that_are_being_decoded() -> None:
    slow = Decoders(seconds=60)
    outcome = []

    def read() -> None:
        try:
            outcome.append(slow.read_many([hostile.only_markers()]))
        except decoding.Stopped as error:
            outcome.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    while not any(process.cpu_times().user > 0.3 for process in decoder_processes()):
        time.sleep(0.05)
    slow.stop()
    thread.join(5)
    assert isinstance(outcome[0], decoding.Stopped)


def test_decoders_end_with_the_process_that_started_them() -> None:
    code = (
        "import os, psutil; from fruitlab.data import decoding\n"
        "try: decoding.read(b'')\n"
        "except ValueError: print(psutil.Process().children()[0].pid, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    decoder = int(killed.stdout)
    for _ in range(100):
        if not psutil.pid_exists(decoder) or psutil.Process(decoder).status() == "zombie":
            return
        time.sleep(0.1)
    raise AssertionError("it still runs")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(BadPicture, match="not a regular file"):
        decoding.read(tmp_path / "pipe.jpg")


@pytest.mark.parametrize(
    ("make", "reason"),
    [(hostile.two_sizes, "describes its size twice"), (hostile.jpeg_tiff, "save it as PNG")],
)
def test_what_pillow_12_decodes_unsafely_is_refused(make, reason) -> None:
    with pytest.raises(BadPicture, match=reason):
        decoding.read(make())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("mode", "size"), [("RGB", (1231, 907)), ("LA", (650, 1400))])
def test_strips_give_the_pixels_of_the_whole_picture(monkeypatch, orientation, mode, size) -> None:
    image = hostile.noise(*size).convert(mode)
    image.getexif()[pictures.EXIF_ORIENTATION] = orientation
    # The oracle: turn, blend and crop the whole picture, then let Pillow reduce and resize it.
    whole = ImageOps.exif_transpose(image).convert("RGBA")
    white = Image.new("RGBA", whole.size, "white")
    whole = Image.alpha_composite(white, whole).convert("RGB")
    side = min(size)
    left, top = (whole.width - side) // 2, (whole.height - side) // 2
    square = whole.crop((left, top, left + side, top + side))
    expected = square.resize((100, 100), Image.Resampling.LANCZOS, reducing_gap=3.0)
    monkeypatch.setattr(pictures, "STRIP", 60_000)
    np.testing.assert_array_equal(pictures.to_array(image), np.asarray(expected))
