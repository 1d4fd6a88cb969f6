"""Pictures that programs post to a stream: they wait in its own pair of watched folders."""

from pathlib import Path
from typing import get_args

from fruitlab.config.errors import DataError
from fruitlab.config.files import write_whole
from fruitlab.config.modes import Action, changes
from fruitlab.data import cache, decoding
from fruitlab.data.domains import DomainName, content_hash
from fruitlab.data.stream import folder_of, png
from fruitlab.data.watched import checked

MOST = 20_000  # files of a stream: about 400 MB


def folder(stream: str, domain: str) -> Path:
    """Where posted pictures of a domain wait to be taken."""
    return folder_of(stream) / "incoming" / domain


@changes(Action.OBSERVE)
def post(stream: str, photo: Path | bytes, domain: str, category: str) -> Path:
    """Put a picture into a stream's folder, as 100 x 100 pixels under the hash of its content.

    Args:
        stream: name of the stream.
        photo: a picture file or its bytes.
        domain: "nice" or "real".
        category: what it shows; empty if nobody has said so yet.

    Returns:
        The file. Posting the same picture again changes nothing.

    Raises:
        NotAllowed: this server takes no pictures.
        DataError: a name is not valid, the picture cannot be used, or the folder is full.
    """
    if domain not in get_args(DomainName):
        raise DataError(f"The domain is nice or real, not {domain!r}.")
    if not cache.SLUG.fullmatch(stream):
        raise DataError(f"{stream!r} is no name of a stream: letters, digits, - and _ only.")
    root = folder(stream, domain)
    if sum(1 for _ in root.rglob("*.png")) >= MOST:
        raise DataError(f"The stream has {MOST:,} posted pictures. Delete old ones from {root}.")
    pixels = decoding.read(photo)
    file = root / checked(category) / f"{content_hash(pixels)}.png"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            write_whole(file, png(pixels))
    except OSError as error:
        raise DataError(f"The picture cannot be kept: {error.strerror}.") from None
    return file
