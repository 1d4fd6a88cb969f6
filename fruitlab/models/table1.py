"""Table 1 as the network itself has it: every row's output size, counted layers and parameters, by running it once."""

from typing import Any

import torch
from torch import nn

from fruitlab.models.paper_resnet import Convolution, Dense, Network


def rows(categories: int = 26) -> list[dict[str, Any]]:
    """[{layer, parameters_of (the paper's column), output, layers, parameters}], the last row their sums."""
    network = Network(categories=categories).eval()
    blocks = list(network.blocks)
    groups = [blocks[0:3], blocks[3:4], blocks[4:7], blocks[7:8], blocks[8:11]]
    names = ["3 Residual Blocks", "Change Residual Block"] * 2 + ["3 Residual Blocks"]
    what = [
        "3x3 kernel, depth 8, stride 1",
        "3x3 kernel, depth 8 to 16, stride 2",
        "3x3 kernel, depth 16, stride 1",
        "3x3 kernel, depth 16 to 32, stride 2",
        "3x3 kernel, depth 32, stride 1",
    ]
    table: list[dict[str, Any]] = []

    def row(layer: str, what: str, x: torch.Tensor, *modules: nn.Module) -> torch.Tensor:
        size = f"{x.shape[2]}x{x.shape[3]}x{x.shape[1]}" if x.dim() == 4 else str(x.shape[1])
        counted = sum(
            isinstance(part, (Convolution, Dense))
            for module in modules
            for part in module.modules()
        )
        table.append(
            {
                "layer": layer,
                "parameters_of": what,
                "output": size,
                "layers": counted,
                "parameters": sum(p.numel() for module in modules for p in module.parameters()),
            }
        )
        return x

    with torch.inference_mode():
        x = row("Inputs", "-", torch.zeros(1, 3, 100, 100))
        x = row(
            "Convolutional Layer",
            "5x5 kernel, depth 3 to 8, stride 1",
            network.stem(x),
            network.stem,
        )
        x = row("Max Pooling", "2x2 filter", nn.functional.max_pool2d(x, 2))
        for name, text, group in zip(names, what, groups, strict=True):
            x = row(name, text, nn.Sequential(*group)(x), *group)
        x = row("Average Pooling", "2x2 filter", nn.functional.avg_pool2d(x, 2))
        x = x.permute(0, 2, 3, 1).flatten(1)
        x = row(
            "Fully Connected Layer",
            "Tanh activation",
            torch.tanh(network.hidden(x)),
            network.hidden,
        )
        row("Fully Connected Layer", "Softmax activation", network.output(x), network.output)
    table.append(
        {
            "layer": "Total",
            "parameters_of": "",
            "output": "",
            "layers": sum(r["layers"] for r in table),
            "parameters": sum(r["parameters"] for r in table),
        }
    )
    return table
