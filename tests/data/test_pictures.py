"""Decoding against NumPy, and against files written by hand where Pillow would test itself."""

import io
import struct

import numpy as np
import pytest
from picture_files import handmade_png, saved
from PIL import Image

from fruitlab.data.pictures import read, to_array

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest resets the filters of pictures.py
RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (100, 100, 3), dtype=np.uint8)
# Smooth, so that lossy formats stay close: red increases to the right, green and blue downwards.
SMOOTH = np.stack(
    [
        np.tile(np.arange(100) * 2, (100, 1)),
        np.tile(np.arange(100) * 2, (100, 1)).T,
        np.tile(200 - np.arange(100), (100, 1)),
    ],
    axis=-1,
).astype(np.uint8)


def test_lossless_100x100_pictures_do_not_change(tmp_path):
    path = tmp_path / "ein bild – 梨.png"
    Image.fromarray(PHOTO).save(path)
    for source in (path, path.read_bytes(), io.BytesIO(path.read_bytes())):
        array = read(source)
        assert array.dtype == np.uint8 and array.shape == (100, 100, 3) and array.flags.writeable
        np.testing.assert_array_equal(array, PHOTO)
    np.testing.assert_array_equal(to_array(Image.fromarray(PHOTO)), PHOTO)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats(kind):
    np.testing.assert_array_equal(read(saved(Image.fromarray(PHOTO), kind)), PHOTO)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats(kind):
    decoded = read(saved(Image.fromarray(SMOOTH), kind, quality=95)).astype(int)
    assert np.abs(decoded - SMOOTH).max() < 12


def test_100x100_jpeg_is_what_the_decoder_returns():
    data = saved(Image.fromarray(PHOTO), "JPEG")
    np.testing.assert_array_equal(read(data), np.asarray(Image.open(io.BytesIO(data))))


def test_the_first_picture_of_an_mpo_file():
    data = saved(
        Image.fromarray(SMOOTH),
        "MPO",
        save_all=True,
        append_images=[Image.new("RGB", (100, 100))],
        quality=95,
    )
    assert np.abs(read(data).astype(int) - SMOOTH).max() < 12


def turned(upright: np.ndarray, orientation: int) -> np.ndarray:
    """Returns what a camera stores for an upright scene under an EXIF orientation."""
    store = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: np.rot90(a, 2),
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    return np.ascontiguousarray(store[orientation](upright))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_exif_orientation(orientation, kind):
    margins = (np.full((100, width, 3), 9, np.uint8) for width in (20, 21))  # an odd total
    wide = np.concatenate([next(margins), SMOOTH, next(margins)], axis=1)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(kind, {})
    got = read(
        saved(Image.fromarray(turned(wide, orientation)), kind, exif=exif, **options)
    ).astype(int)
    assert np.abs(got[:, 2:-2] - SMOOTH[:, 2:-2]).max() <= (12 if kind == "JPEG" else 0)


def test_invalid_orientations_are_ignored():
    for block in (
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0\0\0\0\0",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0nothing",
    ):
        data = saved(Image.fromarray(SMOOTH), "JPEG", quality=95, exif=block)
        assert np.abs(read(data).astype(int) - SMOOTH).max() < 12


def test_the_first_frame_of_animations():
    first = Image.new("RGB", (100, 100), (250, 10, 20))
    second = Image.new("RGB", (100, 100), (0, 0, 250))
    for kind, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})):
        animation = saved(first, kind, save_all=True, append_images=[second], **options)
        assert read(animation)[50, 50].tolist() == [250, 10, 20], kind


def test_palette_grey_and_one_bit():
    indices = RNG.integers(0, 4, (100, 100), dtype=np.uint8)
    colours = np.array([[0, 0, 0], [255, 0, 0], [10, 200, 30], [1, 2, 3]], np.uint8)
    palette = Image.fromarray(indices, "P")
    palette.putpalette(colours.tobytes())
    for kind in ("PNG", "GIF", "BMP"):
        np.testing.assert_array_equal(read(saved(palette, kind)), colours[indices])

    grey = PHOTO[..., 0]
    np.testing.assert_array_equal(
        read(saved(Image.fromarray(grey), "PNG")), np.repeat(grey[..., None], 3, -1)
    )
    bits = grey > 127
    np.testing.assert_array_equal(
        read(saved(Image.fromarray(bits), "PNG")), np.repeat(bits[..., None], 3, -1) * np.uint8(255)
    )


def test_cmyk():
    c, m, y, k = (RNG.integers(0, 256, (100, 100)) for _ in range(4))
    image = Image.fromarray(np.stack([c, m, y, k], -1).astype(np.uint8), "CMYK")
    # The simple formula, without an ink profile.
    want = np.stack([(255 - ink) * (255 - k) / 255 for ink in (c, m, y)], -1)
    assert np.abs(read(saved(image, "TIFF")) - want).max() <= 2
    flat = Image.new("CMYK", (100, 100), (0, 200, 255, 30))
    decoded = read(saved(flat, "JPEG", quality=100))[50, 50]
    assert np.abs(decoded - np.array([225, 48.5, 0])).max() <= 4


def test_16_bit_grey_is_scaled_not_clipped():
    values = RNG.integers(0, 65536, (100, 100))
    want = np.repeat(np.round(values / 257)[..., None], 3, -1)
    png = handmade_png(16, 0, values.astype(">u2").view(np.uint8).reshape(100, 200))
    np.testing.assert_array_equal(read(png), want)
    np.testing.assert_array_equal(
        read(saved(Image.fromarray(values.astype(np.uint16)), "TIFF")), want
    )
    np.testing.assert_array_equal(to_array(Image.fromarray(values.astype(np.int32))), want)


def test_16_bit_colour_is_scaled():
    values = RNG.integers(0, 65536, (100, 100, 3))
    got = read(handmade_png(16, 2, values.astype(">u2").view(np.uint8).reshape(100, 600)))
    assert np.abs(got - values / 257).max() <= 1  # Pillow uses the high byte

    with_alpha = np.concatenate([values, np.full((100, 100, 1), 65535)], -1)
    got = read(handmade_png(16, 6, with_alpha.astype(">u2").view(np.uint8).reshape(100, 800)))
    assert np.abs(got - values / 257).max() <= 1


def test_transparency_is_blended_onto_white():
    alpha = RNG.integers(0, 256, (100, 100, 1))
    want = PHOTO * (alpha / 255) + 255 * (1 - alpha / 255)
    rgba = Image.fromarray(np.concatenate([PHOTO, alpha.astype(np.uint8)], -1))
    for got in (
        read(saved(rgba, "PNG")),
        to_array(rgba),
        read(saved(rgba, "WEBP", lossless=True, exact=True)),
    ):
        assert np.abs(got - want).max() <= 1

    grey = np.concatenate([PHOTO[..., :1], alpha.astype(np.uint8)], -1)
    want = PHOTO[..., :1] * (alpha / 255) + 255 * (1 - alpha / 255)
    assert np.abs(read(saved(Image.fromarray(grey, "LA"), "PNG")) - want).max() <= 1


def test_transparent_colours_of_palette_grey_and_rgb():
    indices = RNG.integers(0, 3, (100, 100), dtype=np.uint8)
    colours = np.array([[0, 0, 0], [250, 0, 0], [10, 200, 30]], np.uint8)
    on_white = np.array([[0, 0, 0], [255, 255, 255], [10, 200, 30]], np.uint8)[indices]
    palette = Image.fromarray(indices, "P")
    palette.putpalette(colours.tobytes())
    for kind in ("PNG", "GIF"):
        np.testing.assert_array_equal(read(saved(palette, kind, transparency=1)), on_white)

    rgb = handmade_png(
        8, 2, colours[indices].reshape(100, 300), b"tRNS" + struct.pack(">HHH", 250, 0, 0)
    )
    np.testing.assert_array_equal(read(rgb), on_white)

    values = np.array([0, 40_000, 65_535])[indices]
    deep = handmade_png(
        16,
        0,
        values.astype(">u2").view(np.uint8).reshape(100, 200),
        b"tRNS" + struct.pack(">H", 40_000),
    )
    np.testing.assert_array_equal(read(deep)[..., 0], np.array([0, 255, 255])[indices])


def test_pictures_are_cropped_to_the_centre_square():
    for upright in (True, False):
        margin = np.zeros((100, 30, 3), np.uint8)
        strip = np.concatenate([margin, PHOTO, margin], axis=1)
        image = np.ascontiguousarray(strip.transpose(1, 0, 2) if upright else strip)
        np.testing.assert_array_equal(
            read(saved(Image.fromarray(image), "PNG")),
            PHOTO.transpose(1, 0, 2) if upright else PHOTO,
        )


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])  # JPEG decodes at reduced size
def test_large_pictures_are_averaged(kind):
    # Alternating light and dark pixels: sampling would show either of them, or a moire pattern.
    checkerboard = np.indices((1600, 1600)).sum(0) % 2 * 200
    rgb = np.repeat(checkerboard[..., None], 3, -1).astype(np.uint8)
    assert np.abs(read(saved(Image.fromarray(rgb), kind)).astype(int) - 100).max() <= 6

    enlarged = np.kron(SMOOTH, np.ones((16, 16, 1), np.uint8))
    decoded = read(saved(Image.fromarray(enlarged), kind)).astype(int)
    assert np.abs(decoded[2:-2, 2:-2] - SMOOTH[2:-2, 2:-2]).max() <= 6


def test_tiny_pictures_are_enlarged():
    assert (read(saved(Image.new("RGB", (1, 1), (3, 4, 5)), "PNG")) == [3, 4, 5]).all()
    assert read(saved(Image.fromarray(PHOTO[:7, :9]), "PNG")).shape == (100, 100, 3)
