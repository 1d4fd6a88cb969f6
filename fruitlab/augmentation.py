"""Augmentation: each picture of a batch changed in its own way, all at once, on the device the batch is on.

torchvision's transforms v2 take a batch too, but draw one set of numbers for all of it and from the global generator;
here each picture has its own, and they are a function of (seed, phase, iteration), so a resumed run sees the same.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from fruitlab import chance
from fruitlab.config import RunConfig


def augment(x: Tensor, config: RunConfig, stream: int) -> Tensor:
    """The batch with the changes that the configuration names, or itself where it names none.

    Args:
        x: float [batch, 3, side, side] in 0..1, channels last in memory.
        stream: `chance.key` of this batch.
    """
    batch, device = x.shape[0], x.device
    # Ten numbers a picture, in -1..1; always as many, so that switching one change on leaves the others' numbers alone.
    draws = (chance.uniform(batch * 10, stream, device) * 2 - 1).view(10, batch)
    flip = (draws[0] < 0) if config.mirror else torch.zeros(batch, dtype=torch.bool, device=device)
    if config.shift or config.zoom or config.turn:
        x = _move(x, flip, draws[1:5], config)
    elif config.mirror:
        x = torch.where(flip.view(-1, 1, 1, 1), x.flip(-1), x)
    if config.light or config.colour:
        x = _relight(x, draws[5:8], draws[1], config)
    if config.erase:
        x = _erase(x, draws[8:10], draws[7], config)
    return x


def _move(x: Tensor, flip: Tensor, draws: Tensor, config: RunConfig) -> Tensor:
    scale = torch.exp(draws[0] * math.log1p(config.zoom))
    angle = draws[1] * math.radians(config.turn)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    sign = 1 - 2 * flip.float()
    # affine_grid measures in half sides.
    dx, dy = 2 * config.shift * draws[2], 2 * config.shift * draws[3]
    theta = torch.stack([torch.stack([cos * sign, -sin, dx], 1), torch.stack([sin * sign, cos, dy], 1)], 1)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _relight(x: Tensor, draws: Tensor, tint: Tensor, config: RunConfig) -> Tensor:
    """Contrast, brightness, saturation and tint in one matrix a picture: x' = M x + b."""
    batch = x.shape[0]
    contrast = 1 + config.light * draws[0]
    saturation = 1 + config.colour * draws[1]
    # Saturation mixes each colour with the picture's grey (ITU-R 601).
    grey = x.new_tensor([0.299, 0.587, 0.114]).expand(3, 3)
    matrix = saturation.view(-1, 1, 1) * torch.eye(3, device=x.device) + (1 - saturation).view(-1, 1, 1) * grey
    # Warm against cold light: red and blue go opposite ways.
    warmth = 0.5 * config.colour * tint
    strength = torch.stack([1 + warmth, torch.ones_like(warmth), 1 - warmth], 1)
    matrix = matrix * (contrast.view(-1, 1) * strength).view(batch, 3, 1)
    mean = x.mean((1, 2, 3)).view(-1, 1, 1)
    offset = (1 - contrast.view(-1, 1, 1)) * mean + 0.5 * config.light * draws[2].view(-1, 1, 1)
    flat = x.permute(0, 2, 3, 1).reshape(batch, -1, 3)
    return torch.baddbmm(offset, flat, matrix.transpose(1, 2)).clamp_(0, 1).view(
        batch, x.shape[2], x.shape[3], 3).permute(0, 3, 1, 2)


def _erase(x: Tensor, centre: Tensor, size: Tensor, config: RunConfig) -> Tensor:
    side = x.shape[-1]
    at = torch.arange(side, device=x.device) / (side - 1) * 2 - 1
    half = (config.erase * size.abs()).view(-1, 1)
    rows = (at - centre[0].view(-1, 1)).abs() < half
    columns = (at - centre[1].view(-1, 1)).abs() < half
    hidden = (rows.unsqueeze(2) & columns.unsqueeze(1)).unsqueeze(1)
    return torch.where(hidden, x.new_full((), 0.5), x)
