"""Pictures and folders of pictures for tests, by other means than the code under test."""

import io
import re
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from fruitlab.config.paths import data_root


def saved(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def handmade_png(
    depth: int, colour: int, rows: np.ndarray, *chunks: bytes, size: tuple[int, int] | None = None
) -> bytes:
    """A PNG by struct and zlib alone; `rows` are uint8 bytes, one row a scan line."""

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
    """`count` different pictures in root/category."""
    (root / category).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, *category.encode()])
    for i in range(count):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(
            root / category / f"{i}.png"
        )
    return root / category


def files_of(name: str) -> list[str]:
    return sorted(re.sub(r"[0-9a-f]{8}", "*", path.name) for path in (data_root() / name).iterdir())


WHOLE = ["data.json", "index-*.json", "nice-*.npy", "real-*.npy"]
