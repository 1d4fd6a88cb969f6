"""Downloads the weights of timm's networks from the Hugging Face hub, when the user asks for it.

`look_up` says what would be downloaded, and `download` does it. The environment variable
HF_ENDPOINT names another hub. Imports torch only inside its functions.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from fruitlab.config.errors import DataError
from fruitlab.config.progress import Progress
from fruitlab.models import weights
from fruitlab.models.weights import Weights

FAMILY = "timm:"
FILE = "model.safetensors"
CHUNK = 1 << 18  # bytes
TIMEOUT = 30  # seconds without an answer


@dataclass(frozen=True)
class Offer:
    """What the hub offers.

    Attributes:
        network: name of the network, such as "timm:resnet18.a1_in1k".
        repository: on the hub, such as "timm/resnet18.a1_in1k".
        revision: commit of the repository.
        sha256: of the file.
        bytes: size of the file.
        licence: such as "apache-2.0"; empty if the hub does not say.
    """

    network: str
    repository: str
    revision: str
    sha256: str
    bytes: int
    licence: str

    @property
    def page(self) -> str:
        """Address of the repository."""
        return f"{endpoint()}/{self.repository}"


def endpoint() -> str:
    """The hub's address."""
    return os.environ.get("HF_ENDPOINT") or "https://huggingface.co"


def look_up(network: str) -> Offer:
    """Ask the hub for size, checksum and licence of a network's weights.

    Raises:
        ConfigError: timm has no such network.
        DataError: it has no weights on the hub, or the hub does not answer.
    """
    from huggingface_hub import HfApi

    from fruitlab.models.timm_network import published

    facts = published(network.removeprefix(FAMILY))
    if not facts.hf_hub_id:
        raise DataError(f"timm has no weights for {network} on the hub. Choose another network.")
    with _explained(facts.hf_hub_id, network):
        info = HfApi(endpoint=endpoint()).model_info(facts.hf_hub_id, files_metadata=True)
    file = next((file for file in info.siblings or () if file.rfilename == FILE), None)
    if file is None or file.lfs is None:
        raise DataError(
            f"{endpoint()}/{facts.hf_hub_id} has no file {FILE}. Choose another network."
        )
    card = info.card_data.license if info.card_data else None
    licence = card or next((t[8:] for t in info.tags or () if t.startswith("license:")), "")
    return Offer(network, info.id, info.sha or "main", file.lfs.sha256, file.lfs.size, str(licence))


def download(offer: Offer, progress: Progress | None = None) -> Weights:
    """Download what `look_up` found, check it, and store it. Continues after an interruption.

    Args:
        progress: called with bytes received and all bytes.

    Raises:
        DataError: the download failed; what was received is kept, unless it is damaged.
    """
    place = weights.folder(offer.network)
    file = place / f"{offer.sha256[:12]}.{FILE}"
    with _explained(offer.repository, offer.network, file):
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / ".download.lock"):
            if (found := weights.find(offer.network)) and found.sha256 == offer.sha256:
                return found
            _receive(offer, file, progress or (lambda step, done, total: None))
            if weights.sha256(file) != offer.sha256:
                file.unlink()
                raise DataError(
                    f"The weights of {offer.network} were damaged on their way (their SHA-256 "
                    "differs) and have been deleted. Run the same command again."
                )
            return _store(offer, file)


def _receive(offer: Offer, file: Path, progress: Progress) -> None:
    """Download the rest of the file, going on after lost connections while that makes progress.

    huggingface_hub's own download starts again from the first byte after an interruption.
    """
    import requests
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers

    url = hf_hub_url(offer.repository, FILE, revision=offer.revision, endpoint=endpoint())
    with open(file, "ab") as partial:
        while (start := partial.tell()) < offer.bytes:
            headers = build_hf_headers() | {"Range": f"bytes={start}-"}
            try:
                with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
                    answer.raise_for_status()
                    if answer.status_code != requests.codes.partial_content:
                        partial.truncate(0)  # the server sends all of it
                    for chunk in answer.iter_content(CHUNK):
                        partial.write(chunk)
                        progress("Downloading", partial.tell(), offer.bytes)
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ):
                if partial.tell() == start:
                    raise
            else:
                if partial.tell() == start:
                    raise requests.ConnectionError("the hub sends no more bytes")


def _store(offer: Offer, file: Path) -> Weights:
    from fruitlab.models.timm_network import from_file

    trunk, input_size, multiply_adds = from_file(offer.network.removeprefix(FAMILY), file)
    found = Weights(
        network=offer.network,
        sha256=offer.sha256,
        source=f"{offer.page}/tree/{offer.revision}",
        licence=offer.licence,
        parameters=sum(parameter.numel() for parameter in trunk.parameters()),
        bytes=offer.bytes,
        input_size=input_size,
        multiply_adds=multiply_adds,
    )
    weights.keep(found, trunk.state_dict)
    file.unlink()
    return found


@contextlib.contextmanager
def _explained(repository: str, network: str, file: Path | None = None) -> Iterator[None]:
    """Turns what the hub's client raises into a DataError that says what to do."""
    import httpx2
    import requests
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except (HfHubHTTPError, requests.HTTPError) as error:
        status, page = getattr(error.response, "status_code", 0), f"{endpoint()}/{repository}"
        if status in (401, 403, 404):
            advice = f"See whether {page} exists and can be downloaded without an account"
        else:
            advice = "Wait a few minutes, then run the same command again"
        raise DataError(
            f"The hub refused the weights of {network} ({status}). {advice}."
        ) from error
    except OfflineModeIsEnabled as error:
        raise DataError(f"Downloads are switched off by HF_HUB_OFFLINE ({error}).") from error
    except (httpx2.HTTPError, OSError) as error:
        received = file.stat().st_size if file and file.is_file() else 0
        kept = (
            f" It continues after the {received / 1e6:.1f} MB received so far." if received else ""
        )
        raise DataError(
            f"The weights of {network} could not be downloaded from {endpoint()} ({error}). Check "
            f"the internet connection and the disk, then run the same command again.{kept}"
        ) from error
