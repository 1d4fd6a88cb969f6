"""The static Table 1, compared with the network."""

from typing import Any

import torch
from torch import nn

from fruitlab.models import table1
from fruitlab.models.paper_resnet import Convolution, Dense, PaperResNet


def computed(categories: int = 26) -> list[dict[str, Any]]:
    """The rows of `table1.rows`, computed by running the network on one picture."""
    network = PaperResNet(categories).eval()
    groups = network.layer_groups()
    rows: list[dict[str, Any]] = []

    def row(layer: str, what: str, x: torch.Tensor, *modules: nn.Module) -> torch.Tensor:
        size = f"{x.shape[2]}x{x.shape[3]}x{x.shape[1]}" if x.dim() == 4 else str(x.shape[1])
        parts = [part for module in modules for part in module.modules()]
        rows.append(
            {
                "layer": layer,
                "parameters_of": what,
                "output": size,
                "layers": sum(isinstance(part, Convolution | Dense) for part in parts),
                "parameters": sum(p.numel() for module in modules for p in module.parameters()),
            }
        )
        return x

    stages = [
        ("3 Residual Blocks", "3x3 kernel, depth 8, stride 1", "stage1"),
        ("Change Residual Block", "3x3 kernel, depth 8 to 16, stride 2", "downsample1"),
        ("3 Residual Blocks", "3x3 kernel, depth 16, stride 1", "stage2"),
        ("Change Residual Block", "3x3 kernel, depth 16 to 32, stride 2", "downsample2"),
        ("3 Residual Blocks", "3x3 kernel, depth 32, stride 1", "stage3"),
    ]
    hidden, output = groups["head"]
    with torch.inference_mode():
        x = row("Inputs", "-", torch.zeros(1, 3, 100, 100))
        stem = "5x5 kernel, depth 3 to 8, stride 1"
        x = row("Convolutional Layer", stem, network.stem(x), network.stem)
        x = row("Max Pooling", "2x2 filter", nn.functional.max_pool2d(x, 2))
        for layer, what, group in stages:
            x = row(layer, what, nn.Sequential(*groups[group])(x), *groups[group])
        row("Average Pooling", "2x2 filter", nn.functional.avg_pool2d(x, 2))
        x = network.pool(x)
        x = row("Fully Connected Layer", "Tanh activation", torch.tanh(hidden(x)), hidden)
        row("Fully Connected Layer", "Softmax activation", output(x), output)
    layers, parameters = (sum(row[name] for row in rows) for name in ("layers", "parameters"))
    total = {"layer": "Total", "parameters_of": "", "output": ""}
    return [*rows, total | {"layers": layers, "parameters": parameters}]


def test_rows_match_the_network() -> None:
    assert table1.rows() == computed()
