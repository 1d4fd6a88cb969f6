"""Pretrained weights on this machine: one folder per network, readable without torch.

`<data root>/.networks/<network>/` holds weights.safetensors and weights.json, which is written last
and says where they came from. Only files in safetensors format are kept, which run no code. Of
weights that come with a Python package, the same facts are in <network>.json beside this file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from fruitlab.config.errors import ConfigError
from fruitlab.config.files import read_json, write_json, write_whole
from fruitlab.config.paths import data_root

if TYPE_CHECKING:
    from torch import Tensor

RECORD = "weights.json"
TENSORS = "weights.safetensors"


@dataclass(frozen=True)
class Weights:
    """What is known of a network's pretrained weights.

    Attributes:
        network: name of the network, such as "timm:resnet18.a1_in1k".
        sha256: of the file as it was published, 64 hexadecimal digits.
        source: where it came from.
        licence: such as "apache-2.0".
        parameters: number of parameters, without the classifier.
        bytes: size of the published file.
        input_size: side of the pictures that FruitLab gives the network, in pixels.
        multiply_adds: number of multiplications for one picture of that size.
    """

    network: str
    sha256: str
    source: str
    licence: str
    parameters: int
    bytes: int
    input_size: int
    multiply_adds: int

    @property
    def key(self) -> str:
        """Twelve digits that stand for these weights in names of files."""
        return self.sha256[:12]


def root() -> Path:
    """The folder of all pretrained weights."""
    return data_root() / ".networks"


def folder(network: str) -> Path:
    """The folder of a network's weights, whether they are there or not."""
    return root() / network.replace(":", "--").replace("/", "--")


def find(network: str) -> Weights | None:
    """The weights of a network: packaged or downloaded ones. None if it has none here."""
    packaged = Path(__file__).with_name(f"{folder(network).name}.json")
    return _read(packaged) or _stored(network)


def require(network: str) -> Weights:
    """As `find`. Raises ConfigError, which says how to get them, if there are none."""
    if found := find(network):
        return found
    if network.startswith("timm:"):
        raise ConfigError(
            f"The weights of {network} are not on this machine. Download them first: "
            f"python -m fruitlab networks download {network}"
        )
    raise ConfigError(
        f"The network {network!r} has no pretrained weights. List those that have some: python -m "
        "fruitlab networks"
    )


def stored() -> list[Weights]:
    """The weights that are in the folder of weights, by the name of their network."""
    records = (_read(path) for path in sorted(root().glob(f"*/{RECORD}")))
    return [record for record in records if record is not None]


def _stored(network: str) -> Weights | None:
    place = folder(network)
    return _read(place / RECORD) if (place / TENSORS).is_file() else None


def _read(path: Path) -> Weights | None:
    with suppress(OSError, ValueError, TypeError):  # no such file, or one that is damaged
        return Weights(**read_json(path))
    return None


def load(network: str) -> dict[str, Tensor]:
    """The tensors of a network's stored weights by name, on the CPU.

    Raises:
        ConfigError: there are none, or the file is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        require(network)
        return load_file(folder(network) / TENSORS)
    except (OSError, SafetensorError) as error:
        raise ConfigError(
            f"The weights of {network} cannot be read ({error}). Delete {folder(network)} and try "
            "again."
        ) from error


def keep(weights: Weights, tensors: Callable[[], Mapping[str, Tensor]]) -> None:
    """Store the weights of a network, unless the same are there already.

    Args:
        weights: what is known of them.
        tensors: called if they must be stored; returns them by name.
    """
    from safetensors.torch import save

    place = folder(weights.network)
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / ".lock"):
        if _stored(weights.network) != weights:
            contiguous = {name: tensor.contiguous() for name, tensor in tensors().items()}
            write_whole(place / TENSORS, save(contiguous))
            write_json(place / RECORD, asdict(weights))


def sha256(path: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()
