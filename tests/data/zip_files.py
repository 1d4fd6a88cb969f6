"""Zips in the layout of an upload."""

import zipfile

from picture_files import saved
from PIL import Image

PIXEL = saved(Image.new("RGB", (4, 4), "red"), "PNG")


def valid_entries(prefix: str = "") -> dict:
    """Returns {name: content} of a valid upload of two categories."""
    return {
        f"{prefix}{domain}/{category}/{i}.png": PIXEL
        for domain in ("nice", "real")
        for category in ("Bolt", "Nut")
        for i in range(3)
    }


def entry_with_mode(name: str, mode: int) -> zipfile.ZipInfo:
    """Returns the header of an entry with a Unix file mode."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info
