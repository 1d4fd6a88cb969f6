"""Valid pictures of all kinds, to be damaged by benchmarks.hostile."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

SIZES = ((80, 60), (9, 7))  # in a small file, a random byte is often one of the header's
KINDS: list[tuple[str, str, dict[str, Any]]] = [
    *((kind, mode, {}) for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF") for mode in ("RGB", "L")),
    *((kind, mode, {}) for kind in ("BMP", "PPM", "AVIF") for mode in ("RGB", "L")),
    *(("PNG", mode, {}) for mode in ("RGBA", "LA", "P", "1", "I;16")),
    *(("TIFF", mode, {}) for mode in ("RGBA", "CMYK", "1", "I;16")),
    *(("TIFF", "RGB", {"compression": name}) for name in ("tiff_lzw", "tiff_deflate", "packbits")),
    ("TIFF", "1", {"compression": "group4"}),
    ("JPEG", "CMYK", {}),
    ("JPEG", "RGB", {"progressive": True, "quality": 30}),
    ("JPEG", "RGB", {"subsampling": "4:2:0", "icc_profile": bytes(300)}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("AVIF", "RGBA", {}),
]
FRAMES = ("GIF", "WEBP", "PNG", "TIFF")  # kinds that may have several


def originals() -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "x" * 50
    for width, height in SIZES:
        values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        noise = Image.fromarray(values)
        for kind, mode, options in KINDS:
            yield f"{kind} {mode} {options}", saved(converted(noise, mode), kind, **options)
        for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
            yield f"{kind} with EXIF", saved(noise, kind, exif=exif)
        for kind in FRAMES:
            more = {"save_all": True, "append_images": [noise.rotate(90), noise.rotate(180)]}
            yield f"{kind} of frames", saved(noise, kind, **more)


def converted(image: Image.Image, mode: str) -> Image.Image:
    if mode == "LA":
        return image.convert("RGBA").convert("LA")
    return image.convert("I").convert("I;16") if mode == "I;16" else image.convert(mode)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
