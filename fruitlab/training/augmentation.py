"""Augmentation: every picture of a batch is changed in its own way, all at once, on its device.

torchvision's transforms v2 take a batch too, but draw one set of numbers for all of it, from the
global generator. Here each picture has its own numbers, and they are a function of seed, phase and
iteration, so a resumed run sees the same pictures. Pictures are in 0..1. All changes together cost
about a fifteenth of a training step (`python -m benchmarks.presets --cost`).
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from fruitlab.config.run_config import RunConfig
from fruitlab.training import rng

# What each row of random numbers is for. All rows are always drawn, so that turning one change on
# leaves the numbers of the others alone.
ROWS = 12
(
    FLIP,
    ZOOM,
    TURN,
    SHIFT_X,
    SHIFT_Y,
    BRIGHTNESS,
    CONTRAST,
    SATURATION,
    WARMTH,
    ERASE_X,
    ERASE_Y,
    ERASE_SIZE,
) = range(ROWS)

GREY = (0.2989, 0.587, 0.114)  # of red, green and blue (ITU-R 601)


def augment(x: Tensor, config: RunConfig, stream: int | Tensor) -> Tensor:
    """Apply the configured changes; returns the batch itself if there are none.

    Args:
        x: float [batch, 3, side, side] in 0..1, channels last in memory.
        stream: `rng.key` of this batch.
    """
    draws = rng.uniform(len(x) * ROWS, stream, x.device) * 2 - 1  # -1..1
    draws = draws.view(ROWS, len(x))
    if config.shift or config.zoom or config.turn:
        x = _move(x, draws, config)
    elif config.mirror:
        x = torch.where((draws[FLIP] < 0).view(-1, 1, 1, 1), x.flip(-1), x)
    if config.light or config.colour:
        x = _relight(x, draws, config)
    if config.erase:
        x = _erase(x, draws, config)
    return x


def _move(x: Tensor, draws: Tensor, config: RunConfig) -> Tensor:
    """Flip, rotate, scale and translate in one bilinear resampling; borders repeat the edge."""
    # The map goes from places in the result to places in the picture, both in half sides from the
    # middle.
    scale = torch.exp(draws[ZOOM] * -math.log1p(config.zoom))
    angle = draws[TURN] * math.radians(config.turn)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    flip = torch.where((draws[FLIP] < 0) & config.mirror, -1.0, 1.0)
    by_column = torch.stack([flip * cos, sin], 1)
    by_row = torch.stack([flip * -sin, cos], 1)
    offset = 2 * config.shift * torch.stack([draws[SHIFT_X], draws[SHIFT_Y]], 1)
    # As F.affine_grid, which takes three times as long on a CPU.
    by_column, by_row, offset = (part.view(-1, 1, 1, 2) for part in (by_column, by_row, offset))
    at = _places(x)
    rows = torch.addcmul(offset, by_row, at.view(1, -1, 1, 1))
    grid = torch.addcmul(rows, by_column, at.view(1, 1, -1, 1))
    moved = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return moved.contiguous(memory_format=torch.channels_last)


def _relight(x: Tensor, draws: Tensor, config: RunConfig) -> Tensor:
    """Jitter saturation, contrast, brightness and warmth: one matrix and one offset per picture.

    The first three are torchvision's adjust_saturation, adjust_contrast and adjust_brightness, but
    clamped to 0..1 once, at the end.
    """

    def factor(row: int, share: float) -> Tensor:
        return (1 + share * draws[row]).view(-1, 1, 1)

    saturation = factor(SATURATION, config.colour)
    contrast, brightness = (factor(row, config.light) for row in (CONTRAST, BRIGHTNESS))
    pixels = x.permute(0, 2, 3, 1).flatten(1, 2)  # [batch, side * side, 3], as it lies in memory
    mean = pixels.mean(1)  # [batch, 3]
    # Filled by kernels: a list of numbers would be copied from the host.
    weights = torch.stack([torch.full_like(mean[0, 0], share) for share in GREY])
    # Row by column: from colour i to colour j. Every colour takes the same share of grey.
    grey = weights.view(3, 1)
    matrix = saturation * torch.eye(3, device=x.device) + (1 - saturation) * grey
    offset = (1 - contrast) * (mean @ weights).view(-1, 1, 1)
    warmth = 0.5 * config.colour * draws[WARMTH]  # red and blue go opposite ways
    tint = torch.stack([1 + warmth, torch.ones_like(warmth), 1 - warmth], 1).unsqueeze(1)
    strength = brightness * tint
    changed = torch.baddbmm(offset * strength, pixels, matrix * contrast * strength)
    return changed.clamp_(0, 1).unflatten(1, x.shape[2:]).permute(0, 3, 1, 2)


def _erase(x: Tensor, draws: Tensor, config: RunConfig) -> Tensor:
    """Cover a part with a grey square: centred anywhere, of any side up to the limit."""
    at = _places(x)
    half = config.erase * (draws[ERASE_SIZE] + 1).view(-1, 1) / 2
    columns = (at - draws[ERASE_X].view(-1, 1)).abs() < half
    rows = (at - draws[ERASE_Y].view(-1, 1)).abs() < half
    hidden = (rows.unsqueeze(2) & columns.unsqueeze(1)).unsqueeze(1)
    return torch.where(hidden, x.new_full((1, 1, 1, 1), 0.5), x)


def _places(x: Tensor) -> Tensor:
    """Where the pixels of a row or column lie, in half sides from the middle; float [side]."""
    side = x.shape[-1]
    return (torch.arange(side, device=x.device) + 0.5) / side * 2 - 1
