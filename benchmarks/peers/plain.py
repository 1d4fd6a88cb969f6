"""The network in plain PyTorch, as in its tutorials.

`ImageFolder`, a `DataLoader` with two workers, and a network in eager mode with NCHW tensors; the
same in channels_last; or compiled by `torch.compile` (inductor), which needs a C++ compiler.
"""

import os
import shutil
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__()
        stride = 1 if inputs == outputs else 2
        # A stride of 2 pads an even size on the right and bottom: 50 -> 25 -> 12.
        self.pad = nn.ZeroPad2d((0, 1, 0, 1)) if stride == 2 and size % 2 == 0 else nn.Identity()
        self.norm1 = nn.BatchNorm2d(inputs, affine=False)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1 if stride == 1 else 0)
        self.norm2 = nn.BatchNorm2d(outputs, affine=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Identity()
        if stride == 2:
            # Not a convolution with stride 2: its backward pass crashes on a CPU (torch 2.14.1).
            self.shortcut = nn.Sequential(nn.AvgPool2d(1, 2), nn.Conv2d(inputs, outputs, 1))
        self.elu = nn.ELU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.elu(self.conv1(self.pad(self.norm1(x))))
        y = self.conv2(self.norm2(y))
        return self.elu(y + self.shortcut(x)[..., : y.shape[-2], : y.shape[-1]])


def network(categories: int) -> nn.Module:
    blocks = (
        [(8, 8, 50)] * 3 + [(8, 16, 50)] + [(16, 16, 25)] * 3 + [(16, 32, 25)] + [(32, 32, 12)] * 3
    )
    return nn.Sequential(
        nn.BatchNorm2d(3, affine=False),
        nn.Conv2d(3, 8, 5, padding=2),
        nn.ELU(),
        nn.MaxPool2d(2),
        *[Block(*sizes) for sizes in blocks],
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.BatchNorm1d(1152, affine=False),
        nn.Linear(1152, 200),
        nn.Tanh(),
        nn.BatchNorm1d(200, affine=False),
        nn.Linear(200, categories),
    )


class Contender:
    """See `benchmarks.contender`.

    Args:
        preset: "eager", "channels_last" or "compiled".
        precision: bfloat16 means autocast.

    Raises:
        RuntimeError: there is no C++ compiler.
    """

    def __init__(self, data: Path, batch: int, device: str, *, preset: str, precision: str) -> None:
        if preset == "compiled" and not shutil.which(os.environ.get("CXX", "g++")):
            raise RuntimeError("torch.compile needs a C++ compiler: install g++, or set CXX.")
        self.autocast = torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16")
        self.device, self.threads = device, f"{torch.get_num_threads()} + 2 workers"
        pictures = datasets.ImageFolder(data / "jpeg", transforms.ToTensor())
        self.loader = DataLoader(
            pictures, batch, shuffle=True, num_workers=2, pin_memory=device == "cuda"
        )
        self.network = network(len(pictures.classes)).to(device)
        last = preset == "channels_last"
        self.format = torch.channels_last if last else torch.contiguous_format
        self.network.to(memory_format=self.format)
        if preset == "compiled":
            self.network = torch.compile(self.network)
        self.loss = nn.CrossEntropyLoss()
        self.optimiser = torch.optim.SGD(
            self.network.parameters(), lr=0.004, momentum=0.6, weight_decay=0.002
        )
        inputs, labels = next(iter(self.loader))
        self.batch = inputs.to(device, memory_format=self.format), labels.to(device)

    def step(self) -> int:
        self._train(*self.batch)
        return self._finished(len(self.batch[1]))

    def epoch(self) -> int:
        pictures = 0
        for inputs, labels in self.loader:
            inputs = inputs.to(self.device, memory_format=self.format)
            self._train(inputs, labels.to(self.device))
            pictures += len(labels)
        return self._finished(pictures)

    def _train(self, inputs: Tensor, labels: Tensor) -> None:
        self.optimiser.zero_grad()
        with self.autocast:
            loss = self.loss(self.network(inputs), labels)
        loss.backward()
        self.optimiser.step()

    def _finished(self, pictures: int) -> int:
        if self.device == "cuda":
            torch.cuda.synchronize()
        return pictures
