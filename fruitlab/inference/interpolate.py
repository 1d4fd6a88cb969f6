"""Networks between two runs: theta = (1 - alpha) first + alpha second (WiSE-FT)."""

import copy
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from fruitlab.config.errors import RunError
from fruitlab.config.progress import Progress, Say
from fruitlab.data import store
from fruitlab.inference.predict import load_network
from fruitlab.methods.base import Method
from fruitlab.models.gated import Gated
from fruitlab.models.model import Model
from fruitlab.models.statistics import reestimate
from fruitlab.runs import catalog, interpolations
from fruitlab.runs.folder import Run
from fruitlab.runs.grouping import SCORED_ON
from fruitlab.training import rng
from fruitlab.training.device_dataset import DeviceDataset
from fruitlab.training.scoring import score

POINTS = 21
PICTURES, BATCH = 2048, 128  # for the running statistics
BACKBONE = "backbone"  # all layer groups but the head


def interpolate(
    first: str,
    second: str,
    *,
    groups: Sequence[str] | None = None,
    device: torch.device,
    say: Say,
    progress: Progress,
) -> dict[str, Any]:
    """Score the networks at 21 values of alpha, and write the result (`runs.interpolations`).

    The running statistics of every one of them, of the first and the last too, are estimated anew
    with training pictures of both runs: those of either run do not fit the weights between.

    Args:
        first, second: ids of runs; with ":switch", the weights at the switch of phases.
        groups: layer groups to interpolate, "backbone" for all but the head; None for all. The
            others stay as the first run has them.

    Returns:
        What was written, and {file}.

    Raises:
        RunError: a run has no weights, the two do not fit each other, or a group is unknown.
        DataError: their data is missing.
    """
    runs = [catalog.find(name.partition(":")[0]) for name in (first, second)]
    config, other = (run.config() for run in runs)
    one, two = _networks(runs, (first, second))
    chosen = _names(one, groups)
    pair = store.load(config.data, say=say, progress=progress)
    dataset = DeviceDataset.of(pair, config, device)
    one.to(device), two.to(device)
    index = _training_pictures(dataset, (config, other))
    points = []
    for step in range(POINTS):
        alpha = step / (POINTS - 1)
        network = between(one, two, alpha, chosen).to(memory_format=torch.channels_last)
        reestimate(network, _inputs(network, dataset, index))
        counts, _ = score(network, dataset, dataset.test)
        points.append({"alpha": alpha} | counts)
        progress("Points between the runs", step + 1, POINTS)
    result = {
        "runs": [first, second],
        "groups": list(groups or one.layer_groups()),
        "scored_on": config.scored_on,
        "statistics": len(index),
        "points": points,
    }
    return result | {"file": str(interpolations.write(result, groups))}


@torch.no_grad()
def between(first: Model, second: Model, alpha: float, names: Collection[str]) -> Model:
    """A copy of the first network whose parameters of these names lie between the two."""
    made, others = copy.deepcopy(first), dict(second.named_parameters())
    for name, parameter in made.named_parameters():
        if name in names:
            parameter.lerp_(others[name], alpha)
    return made


def _load(run: Run, name: str) -> tuple[Model, tuple[str, ...]]:
    part = name.partition(":")[2]
    if part not in ("", "switch"):
        raise RunError(f"{name!r}: after a run's name there can only be :switch.")
    return load_network(run, part or None)


def _networks(runs: Sequence[Run], names: Sequence[str]) -> tuple[Model, Model]:
    """The networks of two runs. Raises RunError if they do not fit each other."""
    (one, known), (two, others) = map(_load, runs, names)
    pair = " and ".join(run.id for run in runs)
    if isinstance(one, Gated) or isinstance(two, Gated):
        raise RunError(f"{pair} cannot be interpolated: one has a network for each domain.")
    shapes = [{k: x.shape for k, x in n.state_dict().items()} for n in (one, two)]
    if type(one) is not type(two) or shapes[0] != shapes[1] or known != others:
        raise RunError(f"{pair} cannot be interpolated: networks or categories differ.")
    configs = [run.config() for run in runs]
    prints = [(run.header().get("data") or {}).get("fingerprint") for run in runs]
    differ = [name for name in SCORED_ON if len({getattr(c, name) for c in configs}) > 1]
    if prints[0] != prints[1] or differ:
        raise RunError(f"{pair} cannot be interpolated: they have other test pictures.")
    return one, two


def _names(network: Model, groups: Sequence[str] | None) -> set[str]:
    known = tuple(network.layer_groups())
    wanted = known if groups is None else groups
    wanted = [g for group in wanted for g in (network.backbone if group == BACKBONE else (group,))]
    if unknown := [group for group in wanted if group not in known]:
        raise RunError(
            f"The network has no layer group {', '.join(unknown)}. It has: {', '.join(known)};"
            f" {BACKBONE} means all but the head."
        )
    return set(network.parameters_of(*wanted))


def _training_pictures(dataset: DeviceDataset, configs: Sequence[Method]) -> Tensor:
    """At most PICTURES training pictures of the runs, in a random order that is always the same."""
    pools = [
        dataset.pool(pool, seed=config.seed)
        for config in configs
        for phase in config.phases()
        for pool in phase.pools
        if pool.moments is None
    ]
    index = torch.cat(pools).unique()
    return index[rng.order(len(index), rng.key("interpolation"), index.device)][:PICTURES]


def _inputs(network: Model, dataset: DeviceDataset, index: Tensor) -> Iterator[Tensor]:
    for part in index.split(BATCH):
        yield network.prepare(dataset.images[part])
