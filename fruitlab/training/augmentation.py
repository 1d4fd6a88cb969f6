"""Augmentation: each picture of a batch changed in its own way, all at once, on the device the batch is on.

torchvision's transforms v2 take a batch too, but draw one set of numbers for all of it and from the global generator;
here each picture has its own, and they are a function of (seed, phase, iteration), so a resumed run sees the same.
Pictures are in 0..1. All changes together cost about a fifteenth of a training step (`benchmarks/recipe.py --cost`).
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from fruitlab.config.run_config import RunConfig
from fruitlab.training import rng

# What each row of random numbers is for. Every row is always drawn, so that switching one change on leaves the others' numbers alone.
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
) = range(12)


def augment(x: Tensor, config: RunConfig, stream: int) -> Tensor:
    """The batch with the changes that the configuration names, or itself where it names none.

    Args:
        x: float [batch, 3, side, side] in 0..1, channels last in memory.
        stream: `chance.key` of this batch.
    """
    draws = (rng.uniform(len(x) * 12, stream, x.device) * 2 - 1).view(12, len(x))  # -1..1
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
    """Mirrored, turned, zoomed and shifted in one bilinear resampling; what comes in from outside repeats the edge."""
    # The map goes from places in the result to places in the picture, in half sides from the middle.
    step = torch.exp(draws[ZOOM] * -math.log1p(config.zoom))
    angle = draws[TURN] * math.radians(config.turn)
    cos, sin = torch.cos(angle) * step, torch.sin(angle) * step
    flip = torch.where((draws[FLIP] < 0) & config.mirror, -1.0, 1.0)
    across = torch.stack([flip * cos, flip * -sin, 2 * config.shift * draws[SHIFT_X]], 1)
    down = torch.stack([sin, cos, 2 * config.shift * draws[SHIFT_Y]], 1)
    grid = F.affine_grid(torch.stack([across, down], 1), list(x.shape), align_corners=False)
    moved = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return moved.contiguous(memory_format=torch.channels_last)


def _relight(x: Tensor, draws: Tensor, config: RunConfig) -> Tensor:
    """Saturation, contrast, brightness, then warmer or colder light: one matrix and one offset a picture.

    The first three are torchvision's adjust_saturation, adjust_contrast and adjust_brightness, but cut to 0..1 once, at the end.
    """
    saturation, contrast, brightness = (
        (1 + share * draws[row]).view(-1, 1, 1)
        for share, row in (
            (config.colour, SATURATION),
            (config.light, CONTRAST),
            (config.light, BRIGHTNESS),
        )
    )
    pixels = x.permute(0, 2, 3, 1).flatten(1, 2)  # [batch, side * side, 3], as it lies in memory
    mean = pixels.mean(1)  # [batch, 3]
    # How much of each colour its grey holds (ITU-R 601), written by kernels: a list of numbers would be sent to a GPU.
    weights = torch.stack([torch.full_like(mean[0, 0], share) for share in (0.2989, 0.587, 0.114)])
    # Row by column: from colour i to colour j. Every colour takes the same share of grey.
    matrix = saturation * torch.eye(3, device=x.device) + (1 - saturation) * weights.view(3, 1)
    offset = (1 - contrast) * (mean @ weights).view(-1, 1, 1)
    warmth = 0.5 * config.colour * draws[WARMTH]  # red and blue go opposite ways
    strength = brightness * torch.stack(
        [1 + warmth, torch.ones_like(warmth), 1 - warmth], 1
    ).unsqueeze(1)
    changed = torch.baddbmm(offset * strength, pixels, matrix * contrast * strength).clamp_(0, 1)
    return changed.unflatten(1, x.shape[2:]).permute(0, 3, 1, 2)


def _erase(x: Tensor, draws: Tensor, config: RunConfig) -> Tensor:
    """A grey square over a part: its middle is anywhere, its side anything up to the share."""
    side = x.shape[-1]
    at = (torch.arange(side, device=x.device) + 0.5) / side * 2 - 1  # in half sides from the middle
    half = config.erase * (draws[ERASE_SIZE] + 1).view(-1, 1) / 2
    columns = (at - draws[ERASE_X].view(-1, 1)).abs() < half
    rows = (at - draws[ERASE_Y].view(-1, 1)).abs() < half
    hidden = (rows.unsqueeze(2) & columns.unsqueeze(1)).unsqueeze(1)
    return torch.where(hidden, x.new_full((1, 1, 1, 1), 0.5), x)
