"""Which picture files are accepted, and the reason in plain words where one is not."""

import warnings

from PIL import (  # the plugins by name, because Image.open only knows plugins that are loaded
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
from fruitlab.config.files import NotRegularError

MAX_PIXELS = 70_000_000  # above the 64 million of phone cameras; 280 MB when decoded at 4 bytes
MAX_ASPECT = 12  # the centre square of anything longer shows next to nothing of the picture

# Formats that cameras, phones, shops and datasets use. Pillow's other readers (EPS starts
# Ghostscript, PSD, FITS, ...) only add ways to fail. If Pillow was built without AVIF, AVIF files
# are refused with a reason.
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
FORMATS = tuple(str(plugin.format) for plugin in PLUGINS)  # the MPO files of phones open as JPEG

TIFF_PHOTOMETRIC, TIFF_TILE_WIDTH, YCBCR = 262, 322, 6

# Files that often have the name of a picture: offset and value of their first bytes, and a reason.
IMPOSTORS = (
    (0, b"version https://git-lfs", "a Git LFS pointer; run `git lfs pull` in its repository"),
    (0, b"<", "a web page or an SVG drawing, not a photo; download the picture itself"),
    (0, b"%PDF", "a PDF document; export its pages as JPEG or PNG"),
    (4, b"ftyphei", "a HEIC photo, which is not supported; export it as JPEG"),
    (4, b"ftypmif1", "a HEIC photo, which is not supported; export it as JPEG"),
    (8, b"CR\x02", "a camera's raw file, which is not supported; export it as JPEG"),
)

# Pillow warns about odd metadata, and about large pictures, which MAX_PIXELS already refuses.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


class BadPicture(DataError):
    """A picture that cannot be used. The message is the reason, to be shown after the file name."""


def check_size(size: tuple[int, int]) -> None:
    """Raises BadPicture for a picture that is too large, or too long and narrow."""
    width, height = size
    if width < 1 or height < 1:
        raise BadPicture(f"it has no pixels ({width} x {height})")
    if width * height > MAX_PIXELS:
        millions = width * height / 1e6
        raise BadPicture(
            f"too large: {width:,} x {height:,} pixels are {millions:,.0f} million, and the limit "
            f"is {MAX_PIXELS / 1e6:.0f} million; save it in a smaller size"
        )
    if max(size) > MAX_ASPECT * min(size):
        raise BadPicture(
            f"too long and narrow: {width:,} x {height:,} pixels, and the limit is {MAX_ASPECT} "
            "times as long as wide; crop it"
        )


def check_kind(image: Image.Image) -> None:
    """Refuses what Pillow 12 decodes unsafely (the security notes of Pillow 13.0.0)."""
    if isinstance(image, JpegImagePlugin.JpegImageFile) and len(image.layer) != image.layers:
        raise BadPicture("damaged, or not what its name says (it describes its size twice)")
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tags = image.tag_v2
        jpeg = "jpeg" in str(image.info.get("compression"))
        if jpeg or TIFF_TILE_WIDTH in tags or tags.get(TIFF_PHOTOMETRIC) == YCBCR:
            raise BadPicture(
                "a TIFF file with tiles, JPEG compression or YCbCr colours, which is not "
                "supported; save it as PNG"
            )


def reason(error: Exception) -> str:
    """Why a picture could not be read, for people."""
    text = str(error) or type(error).__name__
    if isinstance(error, UnidentifiedImageError):
        return f"not a picture in a supported format ({', '.join(FORMATS)})"
    if isinstance(error, Image.DecompressionBombError):  # Pillow's own limit is checked first
        limit = f"{MAX_PIXELS / 1e6:.0f} million pixels"
        return f"too large: the limit is {limit}; save it in a smaller size"
    if isinstance(error, NotRegularError):
        return str(error.strerror)
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if isinstance(error, FileNotFoundError):
        return "the file does not exist (any more), or is a link that leads nowhere"
    if isinstance(error, MemoryError):
        return "not enough memory to decode it; save it in a smaller size"
    if isinstance(error, EOFError | IndexError) or "truncated" in text.lower():
        return "the file is cut off; copy or download it again"
    return f"damaged, or not what its name says ({text})"
