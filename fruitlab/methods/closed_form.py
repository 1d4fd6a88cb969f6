"""Closed-form training: the last layer by ridge regression, without gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar

from fruitlab.config.presets import PRESETS
from fruitlab.config.settings import setting
from fruitlab.methods.base import Method
from fruitlab.methods.phase import Phase, Pool
from fruitlab.methods.registry import register

if TYPE_CHECKING:  # pages and listings import methods without torch
    from torch import Tensor

    from fruitlab.methods.phase import Batch, Memory
    from fruitlab.models.model import Model

# One iteration whose batch is the whole training set: every picture is seen once.
_ONE_PASS = {"iterations": 1, "batch_size": 100_000, "full_evaluations": 1}


@register
class ClosedForm(Method):
    """Solve for the last layer on the features of a frozen backbone, at any ratio.

    All training pictures of both domains take part; the ratio is how much each domain weighs. The
    solution replaces the last layer's weights after the last iteration, so presets train for one.
    Scores are scaled so that their softmax is a calibrated probability. `fruitlab solve` chooses
    the ratio and the ridge by leave-one-out predictions on training pictures.
    """

    name: ClassVar = "closed-form"
    title: ClassVar = "Closed form: the last layer in one step"
    description: ClassVar = (
        "Solves for the last layer by ridge regression, on features of a pretrained network."
    )
    rank: ClassVar = 2
    headline: ClassVar = "ratio"
    presets: ClassVar = {
        name: _ONE_PASS | ({} if name == "paper" else {"network": "efficientnet-lite0"})
        for name in PRESETS
    }

    ratio: int = setting(
        60,
        "Weight of the real pictures in percent. The nice ones weigh the rest of 100%.",
        title="Share of real pictures",
        unit="%",
        ge=0,
        le=100,
    )
    ridge: float = setting(
        0.1,
        "Penalty on the squared weights, for standardized features.",
        gt=0,
        le=1000,
        title="Penalty λ",
    )
    balance: bool = setting(
        False,
        "Give every category of a domain the same weight.",
        title="Equal weight for categories",
    )

    def phases(self) -> list[Phase]:
        return [
            Phase(
                name="closed-form",
                pools=(Pool(nice=1.0, real=1.0),),
                iterations=self.iterations,
                horizon=self.iterations,
                trains=("head",),
                running_statistics="frozen",
                inputs="features",
                at_end=self._solve,
            )
        ]

    def describe(self) -> str:
        return f"closed form, {self.ratio}% real"

    def _solve(
        self, network: Model, batches: Callable[[], Iterator[Batch]], memory: Memory
    ) -> dict[str, Tensor]:
        import torch

        from fruitlab.closed_form.leave_one_out import Pictures, choose  # SciPy takes a while

        network.eval()
        with torch.no_grad():
            domains: tuple[list[Tensor], ...] = ([], [], [], [])  # features and labels of each
            for batch in batches():
                count = len(batch) - int(batch.real)  # nice ones come first
                x, y = network.last_inputs(batch.inputs), batch.labels
                parts = (x[:count], y[:count], x[count:], y[count:])
                for found, part in zip(domains, parts, strict=True):
                    found.append(part)
            x0, y0, x1, y1 = (torch.cat(found).cpu().numpy() for found in domains)
            weight, bias = (network.last_layer.get_parameter(name) for name in ("weight", "bias"))
            nice, real = (
                Pictures.of(features.astype(float), truth, len(bias), balance=self.balance)
                for features, truth in ((x0, y0), (x1, y1))
            )
            chosen = choose(nice, real, len(bias), ratio=self.ratio, ridge=self.ridge)
            head = torch.from_numpy(chosen.path.head(self.ratio / 100) / chosen.temperature)
            weight.copy_(head[:-1].T)
            bias.copy_(head[-1])
        return {}
