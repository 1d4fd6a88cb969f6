"""Creates pictures and folders of pictures without the code under test."""

import io
import re
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from fruitlab.config.paths import data_root


def saved(image: Image.Image, kind: str, **options) -> bytes:
    """Returns an image as a file of that Pillow format."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def handmade_png(
    depth: int, colour: int, rows: np.ndarray, *chunks: bytes, size: tuple[int, int] | None = None
) -> bytes:
    """Returns a PNG made by struct and zlib alone; ``rows`` holds the bytes of each scan line."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    width, height = size or (100, 100)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    extra = b"".join(chunk(part[:4], part[4:]) for part in chunks)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
        + extra
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def folder(root: Path, category: str, count: int, seed: int = 0) -> Path:
    """Creates ``count`` different pictures in root/category, and returns that folder."""
    (root / category).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, *category.encode()])
    for i in range(count):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(
            root / category / f"{i}.png"
        )
    return root / category


def save_noise(path: Path, seed: int) -> np.ndarray:
    """Saves a PNG of 100x100 random pixels, and returns its pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (100, 100, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def files_of(name: str) -> list[str]:
    """Returns the names of the files of a dataset, with "*" for their token."""
    return sorted(re.sub(r"[0-9a-f]{8}", "*", path.name) for path in (data_root() / name).iterdir())


COMPLETE = ["data.json", "index-*.json", "nice-*.npy", "real-*.npy"]
