"""Decodes one picture file to 100x100 RGB, or says in plain words why it cannot be used.

Pictures of unknown origin are decoded through ``decoding``, in a process with limits.
"""

import os
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from fruitlab.config.files import open_regular
from fruitlab.data.picture_limits import (
    FORMATS,
    IMPOSTORS,
    BadPicture,
    check_kind,
    check_size,
    reason,
)

SIZE = 100  # side of the network input in pixels (paper section 2, Table 1)
# Large pictures are first averaged down to about three times the size of the input, which makes no
# visible difference.
REDUCING_GAP = 3.0
STRIP = (
    4_000_000  # pixels that are converted at a time: copies of all would take several times 280 MB
)

# EXIF orientations 2 to 8. ImageOps.exif_transpose would also rewrite the EXIF block, and it fails
# if that block is damaged although the picture is fine.
TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
MIRRORED, UPSIDE_DOWN = (2, 3, 7, 8), (3, 4, 6, 7)  # orientations that turn a row, a column round
EXIF_ORIENTATION, TIFF_BITS_PER_SAMPLE = 0x0112, 258


def read(source: Path | bytes | BinaryIO) -> np.ndarray:
    """Decodes a picture file to the input of the network.

    Animations yield their first frame. See ``to_array`` for how pictures are converted.

    Args:
        source: A path, the contents of a file, or an open file.

    Returns:
        uint8 [100, 100, 3], RGB.

    Raises:
        BadPicture: The picture cannot be used, for whatever reason: missing permission, a folder,
            empty, cut off, not a picture, too large. Nothing else is raised.
    """
    try:
        if isinstance(source, str | os.PathLike):
            with open_regular(Path(source)) as file:
                return _decode(file)
        if isinstance(source, bytes | bytearray | memoryview):
            source = BytesIO(source)
        return _decode(source)
    except BadPicture:
        raise
    except (
        Exception
    ) as error:  # damaged files raise nearly anything, struct.error, MemoryError, ...
        raise BadPicture(reason(error)) from error


def to_array(image: Image.Image) -> np.ndarray:
    """Converts a Pillow image to the input of the network.

    The image is turned according to its EXIF orientation, cropped to the centre square and resized
    with antialiasing. 16-bit values are scaled to 8 bits, transparent pixels are blended onto
    white, and colour profiles are ignored. The pixels of a 100x100 image do not change.

    Returns:
        uint8 [100, 100, 3], RGB.

    Raises:
        BadPicture: The image is too large, too long, or cannot be decoded.
    """
    check_size(image.size)
    try:
        image.load()
        return np.array(_shrunk(image), dtype=np.uint8)
    except BadPicture:
        raise
    except Exception as error:
        raise BadPicture(reason(error)) from error


def _decode(file: BinaryIO) -> np.ndarray:
    head = file.read(32)
    file.seek(0)
    if not head:
        raise BadPicture("the file is empty")
    try:
        image = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        for offset, signature, why in IMPOSTORS:
            if head[offset:].startswith(signature):
                raise BadPicture(why) from None
        raise
    with image:
        check_size(image.size)  # known from the header: nothing has been decoded yet
        check_kind(image)
        # Decodes JPEG at 1/2, 1/4 or 1/8 of its size while that leaves twice the pixels needed,
        # which is up to ten times faster.
        image.draft(image.mode, (2 * SIZE, 2 * SIZE))
        return to_array(image)


def _shrunk(image: Image.Image) -> Image.Image:
    """The centre square of a decoded image as RGB, [100, 100], strip by strip.

    The same as turning, cropping and converting the whole image, and then
    ``resize(..., LANCZOS, reducing_gap=3.0)``, with a fraction of the memory.
    """
    bits, orientation = _grey_bits(image), _orientation(image)
    width, height = image.size if orientation < 5 else image.size[::-1]
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    factor = int(side / SIZE / REDUCING_GAP) or 1
    rows = max(1, STRIP // side // factor) * factor
    strips = []
    for first in range(top, top + side, rows):
        box = (left, first, left + side, min(first + rows, top + side))
        strip = image.crop(_before_turning(box, orientation, image.size))
        if orientation in TRANSPOSE:
            strip = strip.transpose(TRANSPOSE[orientation])
        rgb = _blend_on_white(_to_eight_bits(strip, bits))
        strips.append(rgb.reduce(factor) if factor > 1 else rgb)
    if len(strips) == 1:
        small = strips[0]
    else:
        small = Image.new("RGB", (strips[0].width, sum(strip.height for strip in strips)))
        for number, strip in enumerate(strips):
            small.paste(strip, (0, number * rows // factor))
    box_in_small = (0, 0, side / factor, side / factor)
    return small.resize((SIZE, SIZE), Image.Resampling.LANCZOS, box=box_in_small)


def _before_turning(
    box: tuple[int, int, int, int], orientation: int, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Where a box of the turned image lies in the image as it is stored."""
    left, top, right, bottom = box
    if orientation >= 5:
        left, top, right, bottom = top, left, bottom, right
    if orientation in MIRRORED:
        left, right = size[0] - right, size[0] - left
    if orientation in UPSIDE_DOWN:
        top, bottom = size[1] - bottom, size[1] - top
    return left, top, right, bottom


def _orientation(image: Image.Image) -> int:
    try:
        orientation = image.getexif().get(EXIF_ORIENTATION, 1)
        return orientation if orientation in TRANSPOSE else 1
    except Exception:  # a damaged EXIF block says nothing about the pixels
        return 1


def _grey_bits(image: Image.Image) -> int:
    """Bits per grey value in Pillow's 16-bit modes.

    Some TIFF files of scanners and microscopes use 12 bits and would look black otherwise.
    """
    tags = getattr(image, "tag_v2", None) or {}
    return 12 if tags.get(TIFF_BITS_PER_SAMPLE, (16,))[0] == 12 else 16


def _to_eight_bits(image: Image.Image, bits: int) -> Image.Image:
    """Scales 16-bit grey images to 8 bits, where Pillow would clip them.

    Pillow itself scales colour images of 16 bits per channel.
    """
    if image.mode in ("F", "LAB"):
        found = "floating-point values" if image.mode == "F" else "Lab colours"
        raise BadPicture(
            f"it holds {found}; save it as RGB or greyscale with 8 or 16 bits per channel"
        )
    if not image.mode.startswith("I"):
        return image
    values, top = np.asarray(image).astype(np.int64), 2**bits - 1
    if values.min() < 0 or values.max() > top:
        raise BadPicture("it holds 32-bit values; save it with 8 or 16 bits per channel")
    scaled = Image.fromarray(((values * 255 + top // 2) // top).astype(np.uint8))
    transparent = image.info.get("transparency")  # a grey value, in PNG files without alpha
    if isinstance(transparent, int):
        alpha = np.where(values == transparent, 0, 255)
        scaled.putalpha(Image.fromarray(alpha.astype(np.uint8)))
    return scaled


def _blend_on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")
