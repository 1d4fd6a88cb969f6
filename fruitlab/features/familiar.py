"""Does a picture look like anything that a dataset holds? Networks answer whatever they are shown.

The standardized features of a pretrained backbone, over both domains of the training pictures, lie
close to a subspace: the leading principal directions. Of a picture of something else a larger part
lies outside of it, the residual of Wang et al. 2022 ("ViM: Out-of-Distribution with Virtual-logit
Matching"), taken here as a share of the whole. How large it may be is decided on real training
photos that the directions have not seen. The dataset decides, not the network that was trained on
it: Table 1's own features, learned from a few thousand pictures, tell fruit from fruit only.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from fruitlab.config.errors import DataError
from fruitlab.config.files import write_whole
from fruitlab.config.paths import data_root, shipped_root

NAME = "familiar.safetensors"
ARRAYS = ("mean", "scale", "directions", "limit")
DIRECTIONS = 128  # 64 to 256 do as well; docs/closed-form.md
ACCEPTED = 0.98  # of the held-back real photos
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Familiar:
    """What the training pictures of a dataset look like to a pretrained backbone.

    Attributes:
        network: name of the backbone's network.
        input_size: side of its input in pixels; 0 is the network's own.
        fingerprint: of the dataset.
        mean, scale: of the features, float32 [features].
        directions: orthonormal columns, float16 [features, directions].
        limit: the largest share outside of the directions that is familiar, float32 [1].
    """

    network: str
    input_size: int
    fingerprint: str
    mean: np.ndarray
    scale: np.ndarray
    directions: np.ndarray
    limit: np.ndarray

    @classmethod
    def of(
        cls, nice: np.ndarray, real: np.ndarray, *, network: str, input_size: int, fingerprint: str
    ) -> Self:
        """From the features of training pictures, float [n, features] each."""
        fold = np.random.default_rng(0).permutation(len(real)) % FOLDS
        outside = np.empty(len(real), np.float32)
        for held in range(FOLDS):
            outside[fold == held] = _outside(real[fold == held], *_fit(nice, real[fold != held]))
        mean, scale, directions = _fit(nice, real)
        limit = np.quantile(outside, [ACCEPTED]).astype(np.float32)
        arrays = mean, scale, directions.astype(np.float16), limit
        return cls(network, input_size, fingerprint, *arrays)

    def outside(self, features: np.ndarray) -> np.ndarray:
        """The share of each picture's features that no training picture explains.

        Args:
            features: float [n, features].

        Returns:
            float32 [n], between 0 and 1.
        """
        return _outside(features, self.mean, self.scale, self.directions.astype(np.float32))

    def includes(self, features: np.ndarray) -> bool:
        """Whether one picture, float [features], looks like the training pictures."""
        return bool(self.outside(features[None])[0] <= self.limit)

    def save(self, path: Path) -> None:
        """Write everything to one file of 0.3 MB. Raises OSError."""
        facts = {"network": self.network, "fingerprint": self.fingerprint}
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in ARRAYS}
        write_whole(path, save(arrays, facts | {"input_size": str(self.input_size)}))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote. Raises DataError if it is missing or damaged."""
        try:
            with safe_open(path, framework="numpy") as file:
                facts = file.metadata()
                arrays = [file.get_tensor(name) for name in ARRAYS]
                size = int(facts["input_size"])
                return cls(facts["network"], size, facts["fingerprint"], *arrays)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path} cannot be read ({error}). Write it again: python -m fruitlab ratios-file"
            ) from None


def file_of(fingerprint: str) -> Path:
    """Where the file of a dataset on this machine is or will be."""
    return data_root() / ".features" / f"{fingerprint}-{NAME}"


def find(fingerprint: str) -> Familiar | None:
    """That of a dataset on this machine or of the shipped one; None if there is none."""
    for path in (file_of(fingerprint), shipped_root() / NAME):
        try:
            found = _read(path, path.stat().st_mtime_ns)
        except (OSError, DataError):
            continue
        if found.fingerprint == fingerprint:
            return found
    return None


@lru_cache(maxsize=4)
def _read(path: Path, written: int) -> Familiar:
    return Familiar.load(path)


def _fit(nice: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, scale and directions; both domains count the same."""
    domains = [domain.astype(np.float32) for domain in (nice, real)]
    mean = np.mean([domain.mean(0) for domain in domains], axis=0)
    scale = np.sqrt(np.mean([((domain - mean) ** 2).mean(0) for domain in domains], axis=0))
    scale = np.where(scale > 0, scale, np.float32(1))
    standard = [(domain - mean) / scale for domain in domains]
    covariance = sum(domain.T @ domain / len(domain) for domain in standard)
    count = max(1, min(DIRECTIONS, (len(nice) + len(real)) // 4, len(mean) // 4))
    return mean, scale, np.linalg.eigh(covariance)[1][:, -count:]


def _outside(
    features: np.ndarray, mean: np.ndarray, scale: np.ndarray, directions: np.ndarray
) -> np.ndarray:
    standard = (features.astype(np.float32) - mean) / scale
    inside = ((standard @ directions) ** 2).sum(1)
    return 1 - inside / np.maximum((standard**2).sum(1), np.float32(1e-12))
