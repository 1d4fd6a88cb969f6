"""One picture file -> 100x100 RGB, or a plain sentence about what is wrong with it."""

import os
import stat
import warnings
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import (  # the plugins by name, as Image.open looks up only those that are loaded
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from fruitlab.config.errors import DataError

SIZE = 100  # side of the network's input, in pixels (paper section 2, Table 1)
MAX_PIXELS = 70_000_000  # more than today's telephones take (64 million); decoded at 4 bytes each it is 280 MB
MAX_ASPECT = 12  # a centre square of anything longer shows next to nothing of the picture

# The kinds that cameras, telephones, shops and datasets use. Pillow's other readers (EPS runs Ghostscript, PSD, FITS, …)
# only add ways to fail. AVIF is in Pillow's own wheels; where it is missing, such a file is refused with a reason.
PLUGINS = (
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    WebPImagePlugin.WebPImageFile,
    GifImagePlugin.GifImageFile,
    BmpImagePlugin.BmpImageFile,
    TiffImagePlugin.TiffImageFile,
    PpmImagePlugin.PpmImageFile,
    AvifImagePlugin.AvifImageFile,
)
FORMATS = tuple(plugin.format for plugin in PLUGINS)  # a telephone's MPO is recognised as JPEG

# What EXIF orientation 2-8 asks for. Done by this table, not by ImageOps.exif_transpose, which also rewrites the EXIF
# block and fails where that is damaged although the picture is fine.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
EXIF_ORIENTATION, TIFF_BITS_PER_SAMPLE = 0x0112, 258

# First bytes of what is often found under a picture's name, and what to do about it.
IMPOSTORS = (
    (
        0,
        b"version https://git-lfs",
        "a Git LFS pointer, not the picture itself: run `git lfs pull` where it came from",
    ),
    (0, b"<", "a web page or an SVG drawing, not a photo: download the picture itself"),
    (0, b"%PDF", "a PDF document, not a picture: export its pages as JPEG or PNG"),
    (4, b"ftyphei", "a HEIC photo, which cannot be read here: export it as JPEG"),
    (4, b"ftypmif1", "a HEIC photo, which cannot be read here: export it as JPEG"),
    (8, b"CR\x02", "a camera's raw file, which cannot be read here: export it as JPEG"),
)

# Pillow warns of odd metadata, and of large pictures, which are refused here by MAX_PIXELS.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


class BadPicture(DataError):
    """A picture that cannot be used; its text is the reason, to be shown after the file's name and a colon."""


def read(source: Path | bytes | BinaryIO) -> np.ndarray:
    """The picture in a file as the network sees it: uint8 [100, 100, 3], RGB.

    Of an animation the first frame; see `to_array` for the rest. Raises BadPicture, and nothing else, for whatever is
    wrong with the picture: no permission, a folder, empty, cut off, not a picture, too large.
    """
    try:
        if isinstance(source, (str, os.PathLike)):
            if not stat.S_ISREG(os.stat(source).st_mode):  # a pipe would block for ever
                raise BadPicture(
                    "not a file that can hold a picture (a folder, a pipe or a device)"
                )
            with open(source, "rb") as file:
                return _decode(file)
        return _decode(
            BytesIO(source) if isinstance(source, (bytes, bytearray, memoryview)) else source
        )
    except BadPicture:
        raise
    except Exception as error:  # Pillow's readers raise nearly anything on damaged files, struct.error and MemoryError included
        raise BadPicture(_reason(error)) from error


def to_array(image: Image.Image) -> np.ndarray:
    """Any Pillow image as the network sees it: uint8 [100, 100, 3], RGB.

    Turned as its EXIF says, cropped to the centre square, 16 bits scaled to 8, transparency laid on white, colour profiles
    ignored, resized with antialiasing. The pixels of a 100x100 picture stay as they are. Raises BadPicture.
    """
    _check_size(image.size)
    try:
        image.load()
        bits, orientation = _bits(image), _orientation(image)
        if orientation in TURNS:
            image = image.transpose(TURNS[orientation])
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = _on_white(_eight_bits(image.crop((left, top, left + side, top + side)), bits))
        # reducing_gap: large pictures are first averaged down to three times the size; the eye sees no difference.
        image = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS, reducing_gap=3.0)
        return np.array(image, dtype=np.uint8)
    except BadPicture:
        raise
    except Exception as error:
        raise BadPicture(_reason(error)) from error


def _decode(file: BinaryIO) -> np.ndarray:
    head = file.read(32)
    file.seek(0)
    if not head:
        raise BadPicture("the file is empty")
    try:
        image = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        for offset, mark, reason in IMPOSTORS:
            if head[offset:].startswith(mark):
                raise BadPicture(reason) from None
        raise
    with image:
        _check_size(image.size)  # from the header: nothing is decoded yet
        # JPEG is decoded at 1/2, 1/4 or 1/8 of its size where that leaves twice the pixels needed: up to ten times faster.
        image.draft(image.mode, (2 * SIZE, 2 * SIZE))
        return to_array(image)


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise BadPicture(f"has no pixels ({width} x {height})")
    if width * height > MAX_PIXELS:
        raise BadPicture(
            f"too large: {width:,} x {height:,} pixels, {width * height / 1e6:,.0f} million; "
            f"up to {MAX_PIXELS / 1e6:.0f} million are read: save it smaller"
        )
    if max(size) > MAX_ASPECT * min(size):
        raise BadPicture(
            f"too long and narrow: {width:,} x {height:,} pixels; "
            f"up to {MAX_ASPECT} times as long as wide is read: crop it"
        )


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(EXIF_ORIENTATION, 1)
    except Exception:  # a damaged EXIF block says nothing about the pixels
        return 1


def _bits(image: Image.Image) -> int:
    """Bits of a grey value in Pillow's 16-bit modes: 12 in some TIFFs of scanners and microscopes, which look black as 16."""
    tags = getattr(image, "tag_v2", None) or {}
    return 12 if tags.get(TIFF_BITS_PER_SAMPLE, (16,))[0] == 12 else 16


def _eight_bits(image: Image.Image, bits: int) -> Image.Image:
    """Grey pictures of 16 bits scaled to 8; Pillow would clip them. (Colour of 16 bits a channel it scales by itself.)"""
    if image.mode in ("F", "LAB"):
        raise BadPicture(
            f"holds {'fractions' if image.mode == 'F' else 'Lab colours'} instead of RGB colours: "
            "save it with 8 or 16 bits a channel, in RGB or grey"
        )
    if not image.mode.startswith("I"):
        return image
    values, top = np.asarray(image).astype(np.int64), 2**bits - 1
    if values.min() < 0 or values.max() > top:
        raise BadPicture(
            "holds numbers of 32 bits instead of colours: save it with 8 or 16 bits a channel"
        )
    scaled = Image.fromarray(((values * 255 + top // 2) // top).astype(np.uint8))
    key = image.info.get(
        "transparency"
    )  # in a PNG without alpha, the one grey value that is see-through
    if isinstance(key, int):
        scaled.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    return scaled


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    if isinstance(error, UnidentifiedImageError):
        return f"not a picture, or of a kind that is not read here (those are {', '.join(FORMATS)})"
    if isinstance(error, Image.DecompressionBombError):  # Pillow's own limit, before ours is asked
        return f"too large: up to {MAX_PIXELS / 1e6:.0f} million pixels are read: save it smaller"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if isinstance(error, FileNotFoundError):
        return "it is not there (any more), or a link that leads nowhere"
    if isinstance(error, MemoryError):
        return "not enough memory to decode it: save it smaller"
    if isinstance(error, (EOFError, IndexError)) or "truncated" in text.lower():
        return "cut off in the middle: copy or download it again"
    return f"damaged, or not what its name says ({text})"
