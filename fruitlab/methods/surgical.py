"""Surgical fine-tuning: only the layers that the change of domain concerns."""

from typing import ClassVar

from fruitlab.config.settings import setting
from fruitlab.methods.nice_then_real import NiceThenReal, Statistics, statistics_setting
from fruitlab.methods.phase import Phase
from fruitlab.methods.registry import register


@register
class Surgical(NiceThenReal):
    """Train on nice pictures, then only some layer groups on real ones, perhaps the head first.

    Lee et al. 2023, "Surgical fine-tuning improves adaptation to distribution shifts": the first
    layers where the pixels changed, the last where the categories did. To train the head first
    keeps it from distorting the features below it (Kumar et al. 2022, linear probing).
    """

    name: ClassVar = "surgical"
    title: ClassVar = "Surgical: only some layers move"
    description: ClassVar = (
        "Trains on nice pictures, then only some layers on real ones; keeps the other layers as"
        " the nice phase left them."
    )
    rank: ClassVar = 15
    headline: ClassVar = "probe"

    layers: str = setting(
        "stem,stage1",
        "Layer groups that train on real pictures, separated by commas. The paper's network has"
        " stem, stage1, downsample1, stage2, downsample2, stage3 and head.",
        pattern="^[a-z0-9_-]+(,[a-z0-9_-]+)*$",
        title="Layers trained on real pictures",
    )
    probe: int = setting(
        0,
        "Percentage of the iterations on real pictures that train the head alone, before the"
        " other layers.",
        title="Share for the head first",
        unit="%",
        ge=0,
        le=90,
    )
    running_statistics: Statistics = statistics_setting()

    def phases(self) -> list[Phase]:
        surgery = self.real(trains=tuple(self.layers.split(",")))
        probe = round(surgery.iterations * self.probe / 100)
        if not probe:
            return [self.nice(), surgery]
        rest = surgery.iterations - probe
        head = {"trains": ("head",), "running_statistics": "frozen", "inputs": "features"}
        first = self.real(name="probe", iterations=probe, horizon=probe, **head)
        return [
            self.nice(),
            first,
            self.real(trains=surgery.trains, iterations=rest, horizon=rest),
        ]

    def describe(self) -> str:
        probed = f", head first for {self.probe}%" if self.probe else ""
        return f"surgical, {self.layers.replace(',', ' and ')}{probed}"
