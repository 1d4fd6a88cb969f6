"""Conclusions from the results of ablations, by fixed rules. No torch.

The Paper page puts them into words.
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fruitlab.methods.mixed import Mixed
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import preset_changes, preset_name
from fruitlab.studies.ablation_results import FALLEN, Row, SwitchRow
from fruitlab.studies.ablations import CHOSEN, RATIO, Ablation
from fruitlab.studies.published import TABLE2

CLOSE = 0.05  # accuracies of single runs that are nearer to each other count as equal
FITS_BETTER = 0.7  # of the baseline's training loss, or less


@dataclass(frozen=True)
class Faster:
    """Which early ablations learn faster than version 1 of the preset.

    Attributes:
        baseline: version 1.
        count: ablations with a lower training loss.
        chosen: the one that version 2 adopted, if it is the fastest that the text allows.
        refused: faster ones that the text speaks against.
    """

    baseline: Row
    count: int
    chosen: Row | None
    refused: tuple[Ablation, ...]


def faster(rows: Sequence[Row]) -> Faster | None:
    """None without the baseline."""
    baseline = next((row for row in rows if not row.ablation.changes), None)
    if baseline is None:
        return None
    better = [row for row in rows if row.shown_loss < baseline.shown_loss]
    chosen = next((row for row in better if row.ablation == CHOSEN), None)
    refused: tuple[Ablation, ...] = ()
    if chosen is not None:
        refused = tuple(row.ablation for row in rows if row.shown_loss < chosen.shown_loss)
        if not all(ablation.against for ablation in refused):
            chosen, refused = None, ()
    return Faster(baseline, len(better), chosen, refused)


@dataclass(frozen=True)
class RealGap:
    """No ablation at full length reaches the paper's real accuracy.

    Attributes:
        paper: the paper's real accuracy at the ratio.
        best: the highest among the ablations.
        baseline: the unchanged preset.
        fits_better: an ablation that fits its training pictures much better than the baseline, so
            that the gap is not for lack of training; None without one.
        augmented: preset with augmentation that reaches more on the same pictures, with its mean
            real accuracy; None without one.
    """

    paper: float
    best: float
    baseline: Row
    fits_better: Row | None
    augmented: tuple[str, float] | None


def real_gap(rows: Sequence[Row], entries: Iterable[Entry]) -> RealGap | None:
    """The gap to the paper's real accuracy; None if an ablation closes it.

    Args:
        rows: of the ablations at full length.
        entries: all finished runs on the same pictures.
    """
    paper = TABLE2[RATIO]["real"]
    trained = [row for row in rows if row.loss < math.inf]
    baseline = next((row for row in trained if not row.ablation.changes), None)
    best = max((row.real for row in trained), default=1.0)
    if baseline is None or best > paper - CLOSE:
        return None
    means = {
        preset: statistics.fmean(values) for preset, values in _augmented_real(entries).items()
    }
    top = max(means, key=means.__getitem__, default=None)
    return RealGap(
        paper=paper,
        best=best,
        baseline=baseline,
        fits_better=trained[0] if trained[0].loss < FITS_BETTER * baseline.loss else None,
        augmented=(top, means[top]) if top and means[top] > best + CLOSE else None,
    )


def _augmented_real(entries: Iterable[Entry]) -> dict[str, list[float]]:
    """Real accuracies at the ratio of unchanged presets that mirror and shift pictures."""
    found: dict[str, list[float]] = {}
    for entry in entries:
        config = entry.config
        if (
            isinstance(config, Mixed)
            and config.ratio == RATIO
            and config.mirror
            and config.shift
            and not preset_changes(config)
            and (real := entry.final("real")) is not None
        ):
            found.setdefault(preset_name(config), []).append(real)
    return found


@dataclass(frozen=True)
class SwitchChoice:
    """Several ablations forget as fast as the paper's network, but only one learns meanwhile.

    Attributes:
        falling: ablations whose nice accuracy falls as the paper's does.
        count: all ablations in the table.
        chosen: the one of them whose real accuracy rises, as the paper's does.
        standstill: one that forgets as fast although its schedules continue, so that it hardly
            learns; None without one.
    """

    falling: int
    count: int
    chosen: SwitchRow
    standstill: SwitchRow | None


def switch_choice(rows: Sequence[SwitchRow]) -> SwitchChoice | None:
    """None where forgetting and learning do not single out one of several ablations."""
    falling = [row for row in rows if abs(row.nice[1] - FALLEN) < CLOSE]
    learning = [row for row in falling if row.real[2] - row.real[0] > CLOSE]
    if len(falling) < 2 or len(learning) != 1:
        return None
    still = (
        row
        for row in falling
        if row not in learning and row.ablation.changes.get("restart_clock") is False
    )
    return SwitchChoice(len(falling), len(rows), learning[0], next(still, None))
