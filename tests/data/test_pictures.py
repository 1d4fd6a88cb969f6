"""Oracles: numpy for what the pixels should be, and bytes written by hand where Pillow would write what it reads."""

import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from fruitlab.data.pictures import BadPicture, DataError, read, to_array

RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (100, 100, 3), dtype=np.uint8)
# Smooth, so that lossy formats stay close: red grows to the right, green downwards, blue falls.
SMOOTH = np.stack([np.tile(np.arange(100) * 2, (100, 1)), np.tile(np.arange(100) * 2, (100, 1)).T,
                   np.tile(200 - np.arange(100), (100, 1))], axis=-1).astype(np.uint8)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def handmade_png(depth: int, colour: int, rows: np.ndarray, *chunks: bytes, size: tuple[int, int] | None = None) -> bytes:
    """A PNG by struct and zlib alone; `rows` are uint8 bytes, one row a scan line."""
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    width, height = size or (100, 100)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    extra = b"".join(chunk(part[:4], part[4:]) for part in chunks)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)) + extra
            + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def test_lossless_100x100_comes_out_byte_identical(tmp_path):
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
    assert np.abs(read(saved(Image.fromarray(SMOOTH), kind, quality=95)).astype(int) - SMOOTH).max() < 12


def test_jpeg_100x100_is_what_the_decoder_gives():
    data = saved(Image.fromarray(PHOTO), "JPEG")
    np.testing.assert_array_equal(read(data), np.asarray(Image.open(io.BytesIO(data))))


def test_a_telephones_mpo_is_its_first_picture():
    data = saved(Image.fromarray(SMOOTH), "MPO", save_all=True, append_images=[Image.new("RGB", (100, 100))], quality=95)
    assert np.abs(read(data).astype(int) - SMOOTH).max() < 12


def turned(upright: np.ndarray, orientation: int) -> np.ndarray:
    """What a camera stores for an upright scene under an EXIF orientation, by the standard's words in numpy."""
    store = {1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: np.rot90(a, 2), 4: lambda a: a[::-1],
             5: lambda a: a.transpose(1, 0, 2), 6: lambda a: np.rot90(a, 1), 7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
             8: lambda a: np.rot90(a, -1)}
    return np.ascontiguousarray(store[orientation](upright))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_exif_turns(orientation, kind):
    wide = np.concatenate([np.full((100, 20, 3), 9, np.uint8), SMOOTH, np.full((100, 21, 3), 9, np.uint8)], axis=1)  # odd: 41 cut off
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(kind, {})
    got = read(saved(Image.fromarray(turned(wide, orientation)), kind, exif=exif, **options)).astype(int)
    assert np.abs(got[:, 2:-2] - SMOOTH[:, 2:-2]).max() <= (12 if kind == "JPEG" else 0)


def test_orientation_one_past_the_standard_or_damaged_is_ignored():
    for block in (b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0\0\0\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0rubbish"):
        data = saved(Image.fromarray(SMOOTH), "JPEG", quality=95, exif=block)
        assert np.abs(read(data).astype(int) - SMOOTH).max() < 12


def test_first_frame_of_animations():
    first, second = Image.new("RGB", (100, 100), (250, 10, 20)), Image.new("RGB", (100, 100), (0, 0, 250))
    for kind, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})):
        assert read(saved(first, kind, save_all=True, append_images=[second], **options))[50, 50].tolist() == [250, 10, 20], kind


def test_palette_grey_and_one_bit():
    indices = RNG.integers(0, 4, (100, 100), dtype=np.uint8)
    colours = np.array([[0, 0, 0], [255, 0, 0], [10, 200, 30], [1, 2, 3]], np.uint8)
    palette = Image.fromarray(indices, "P")
    palette.putpalette(colours.tobytes())
    for kind in ("PNG", "GIF", "BMP"):
        np.testing.assert_array_equal(read(saved(palette, kind)), colours[indices])

    grey = PHOTO[..., 0]
    np.testing.assert_array_equal(read(saved(Image.fromarray(grey), "PNG")), np.repeat(grey[..., None], 3, -1))
    bits = grey > 127
    np.testing.assert_array_equal(read(saved(Image.fromarray(bits), "PNG")), np.repeat(bits[..., None], 3, -1) * np.uint8(255))


def test_cmyk():
    c, m, y, k = (RNG.integers(0, 256, (100, 100)) for _ in range(4))
    image = Image.fromarray(np.stack([c, m, y, k], -1).astype(np.uint8), "CMYK")
    want = np.stack([(255 - ink) * (255 - k) / 255 for ink in (c, m, y)], -1)  # the plain formula, without an ink profile
    assert np.abs(read(saved(image, "TIFF")) - want).max() <= 2
    flat = Image.new("CMYK", (100, 100), (0, 200, 255, 30))
    assert np.abs(read(saved(flat, "JPEG", quality=100))[50, 50] - np.array([225, 48.5, 0])).max() <= 4


def test_16_bit_grey_is_scaled_not_clipped():
    values = RNG.integers(0, 65536, (100, 100))
    want = np.repeat(np.round(values / 257)[..., None], 3, -1)
    png = handmade_png(16, 0, values.astype(">u2").view(np.uint8).reshape(100, 200))
    np.testing.assert_array_equal(read(png), want)
    np.testing.assert_array_equal(read(saved(Image.fromarray(values.astype(np.uint16)), "TIFF")), want)
    np.testing.assert_array_equal(to_array(Image.fromarray(values.astype(np.int32))), want)


def test_16_bit_colour_is_scaled():
    values = RNG.integers(0, 65536, (100, 100, 3))
    got = read(handmade_png(16, 2, values.astype(">u2").view(np.uint8).reshape(100, 600)))
    assert np.abs(got - values / 257).max() <= 1  # Pillow keeps the high byte

    with_alpha = np.concatenate([values, np.full((100, 100, 1), 65535)], -1)
    got = read(handmade_png(16, 6, with_alpha.astype(">u2").view(np.uint8).reshape(100, 800)))
    assert np.abs(got - values / 257).max() <= 1


def test_transparency_is_laid_on_white():
    alpha = RNG.integers(0, 256, (100, 100, 1))
    want = (PHOTO * (alpha / 255) + 255 * (1 - alpha / 255))
    rgba = Image.fromarray(np.concatenate([PHOTO, alpha.astype(np.uint8)], -1))
    for got in (read(saved(rgba, "PNG")), to_array(rgba), read(saved(rgba, "WEBP", lossless=True, exact=True))):
        assert np.abs(got - want).max() <= 1

    grey = np.concatenate([PHOTO[..., :1], alpha.astype(np.uint8)], -1)
    want = PHOTO[..., :1] * (alpha / 255) + 255 * (1 - alpha / 255)
    assert np.abs(read(saved(Image.fromarray(grey, "LA"), "PNG")) - want).max() <= 1


def test_see_through_colours_of_palette_grey_and_rgb():
    indices = RNG.integers(0, 3, (100, 100), dtype=np.uint8)
    colours = np.array([[0, 0, 0], [250, 0, 0], [10, 200, 30]], np.uint8)
    on_white = np.array([[0, 0, 0], [255, 255, 255], [10, 200, 30]], np.uint8)[indices]
    palette = Image.fromarray(indices, "P")
    palette.putpalette(colours.tobytes())
    for kind in ("PNG", "GIF"):
        np.testing.assert_array_equal(read(saved(palette, kind, transparency=1)), on_white)

    rgb = handmade_png(8, 2, colours[indices].reshape(100, 300), b"tRNS" + struct.pack(">HHH", 250, 0, 0))
    np.testing.assert_array_equal(read(rgb), on_white)

    values = np.array([0, 40_000, 65_535])[indices]
    deep = handmade_png(16, 0, values.astype(">u2").view(np.uint8).reshape(100, 200), b"tRNS" + struct.pack(">H", 40_000))
    np.testing.assert_array_equal(read(deep)[..., 0], np.array([0, 255, 255])[indices])


def test_centre_square_is_cropped():
    for upright in (True, False):
        strip = np.concatenate([np.zeros((100, 30, 3), np.uint8), PHOTO, np.zeros((100, 30, 3), np.uint8)], axis=1)
        image = np.ascontiguousarray(strip.transpose(1, 0, 2) if upright else strip)
        np.testing.assert_array_equal(read(saved(Image.fromarray(image), "PNG")), PHOTO.transpose(1, 0, 2) if upright else PHOTO)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])  # JPEG decodes at reduced size
def test_large_pictures_are_averaged_not_sampled(kind):
    checks = np.indices((1600, 1600)).sum(0) % 2 * 200  # one pixel light, one dark: sampling would show either, or moire
    got = read(saved(Image.fromarray(np.repeat(checks[..., None], 3, -1).astype(np.uint8)), kind))
    assert np.abs(got.astype(int) - 100).max() <= 6

    enlarged = np.kron(SMOOTH, np.ones((16, 16, 1), np.uint8))
    assert np.abs(read(saved(Image.fromarray(enlarged), kind))[2:-2, 2:-2].astype(int) - SMOOTH[2:-2, 2:-2]).max() <= 6


def test_tiny_pictures_are_enlarged():
    assert (read(saved(Image.new("RGB", (1, 1), (3, 4, 5)), "PNG")) == [3, 4, 5]).all()
    assert read(saved(Image.fromarray(PHOTO[:7, :9]), "PNG")).shape == (100, 100, 3)


def reason(source) -> str:
    with pytest.raises(BadPicture) as caught:
        read(source)
    text = str(caught.value)
    assert isinstance(caught.value, DataError) and text and "\n" not in text and "Error" not in text and "0x" not in text
    return text


def test_files_that_are_no_pictures(tmp_path):
    assert "empty" in reason(b"")
    assert "not a picture" in reason(b"just some words about fruit")
    assert "not a picture" in reason(os.urandom(5000))
    assert "git lfs pull" in reason(b"version https://git-lfs.github.com/spec/v1\noid sha256:1234\nsize 5\n")
    assert "web page" in reason(b"<!DOCTYPE html><html>404</html>")
    assert "HEIC" in reason(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    assert "not a picture" in reason(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\nshowpage\n")  # EPS would start Ghostscript
    assert "folder" in reason(tmp_path)
    assert "not there" in reason(tmp_path / "none.jpg")
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    assert "leads nowhere" in reason(tmp_path / "dangling.jpg")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    reason(tmp_path / "loop.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")  # opening it would wait for ever
    assert "pipe" in reason(tmp_path / "pipe.jpg")


def test_no_permission(tmp_path):
    path = tmp_path / "secret.png"
    Image.fromarray(PHOTO).save(path)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read anything: let another user try
        code = ("import os, sys; from fruitlab.data.pictures import BadPicture, read; import numpy, PIL.PngImagePlugin\n"
                "os.setuid(65534)\ntry: read(sys.argv[1])\nexcept BadPicture as error: print(error)")
        os.chmod(tmp_path, 0o755)
        said = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False).stdout
    else:
        said = reason(path)
    assert "permission" in said


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {}), ("GIF", {}), ("BMP", {}),
                                               ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("AVIF", {}), ("PPM", {})])
def test_cut_off_anywhere(kind, options):
    whole = saved(Image.fromarray(PHOTO), kind, **options)
    read(whole)
    for keep in (0.01, 0.1, 0.5, 0.9):
        reason(whole[:int(len(whole) * keep)])


def test_damaged_bytes_raise_nothing_else():
    """Flips bytes of small pictures of every kind: each is read, or refused with a reason."""
    rng, refused = np.random.default_rng(1), 0
    small = Image.fromarray(PHOTO[:24, :24])
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM"):
        whole = np.frombuffer(saved(small, kind), np.uint8)
        for _ in range(60):
            data = whole.copy()
            at = rng.integers(0, min(len(data), 400), 4)
            data[at] = rng.integers(0, 256, 4)
            try:
                assert read(data.tobytes()).shape == (100, 100, 3)
            except BadPicture as error:
                refused += 1
                assert str(error)
    assert refused > 50


def test_bombs_are_refused_by_their_header():
    huge = handmade_png(8, 2, np.zeros((1, 3), np.uint8), size=(12_000, 9_000))
    assert "108 million" in reason(huge)
    assert "too large" in reason(handmade_png(1, 0, np.zeros((1, 1), np.uint8), size=(60_000, 60_000)))
    gif = bytearray(saved(Image.new("P", (10, 10)), "GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    assert "too large" in reason(bytes(gif))
    with pytest.raises(BadPicture, match="too large"):
        to_array(Image.new("1", (10_000, 9_000)))


def test_a_real_100_megapixel_picture_is_refused_without_decoding():
    data = saved(Image.new("1", (10_000, 10_000)), "PNG")
    code = ("import resource, sys; from fruitlab.data.pictures import BadPicture, read\n"
            "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\ntry: read(sys.stdin.buffer.read())\nexcept BadPicture as error: print(error)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)")
    said, grown = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True).stdout.decode().splitlines()
    assert "100 million" in said and int(grown) < 10_000  # kB; decoded it would be 100,000


def test_odd_shapes():
    assert "long and narrow" in reason(saved(Image.new("RGB", (2000, 3)), "PNG"))
    assert "long and narrow" in reason(saved(Image.new("RGB", (3, 2000)), "PNG"))
    assert read(saved(Image.new("RGB", (600, 100)), "PNG")).shape == (100, 100, 3)
    reason(handmade_png(8, 2, np.zeros((1, 3), np.uint8), size=(0, 10)))
    with pytest.raises(BadPicture):
        to_array(Image.new("RGB", (0, 5)))


def test_numbers_that_are_no_colours():
    assert "fractions" in reason(saved(Image.fromarray(np.zeros((10, 10), np.float32)), "TIFF"))
    assert "32 bits" in reason(saved(Image.fromarray(np.full((10, 10), 1_000_000, np.int32)), "TIFF"))
    assert "Lab" in reason(saved(Image.new("LAB", (10, 10)), "TIFF"))
