"""All that changes while a run trains: weights, statistics, velocity, clocks. It can be written down and read back.

Counters that the device computes (the losses, real pictures seen, the plateau's) stay there until an evaluation reads them.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from fruitlab.config.errors import ConfigError
from fruitlab.config.run_config import RunConfig
from fruitlab.methods.phase import Phase
from fruitlab.models.paper_resnet import Network
from fruitlab.training import optimizer, rng


def new_network(config: RunConfig, categories: int) -> Network:
    """The run's network with its first weights, on the CPU: a function of the configuration alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.key(config.seed, "weights"))
        return Network(
            categories=categories,
            width=config.width,
            statistics=config.statistics,
            init=config.init,
            epsilon=config.norm_epsilon,
        )


class State:
    """A run's state, at its first iteration until `load` says otherwise.

    Args:
        precision: what the convolutions compute in when they train (`devices.precision`). Weights, statistics, velocity and head are
            float32 all the same, and scores are taken in it.
    """

    def __init__(
        self,
        config: RunConfig,
        *,
        categories: int,
        device: torch.device,
        precision: torch.dtype = torch.float32,
    ) -> None:
        self.device, self.precision = device, precision
        self.network = new_network(config, categories).to(device, memory_format=torch.channels_last)
        self.nesterov, self.muon = config.nesterov, config.muon
        self.trained: dict[str, Tensor] = {}
        self.kernels: set[str] = set()  # of the trained, those that Muon orthogonalizes
        self.frozen: list[torch.nn.Module] = []  # kept in evaluation mode
        self.velocity: dict[str, Tensor] = {}
        self.memory: dict[str, Tensor] = {}  # what methods remember from phase to phase
        # On the host: iterations of the run, of the phase, and since its clock was set to zero.
        self.iteration = self.phase = self.phase_iteration = self.clock = 0
        self.pictures = self.pictures_since = 0  # trained on, in all and since the last evaluation
        self.epoch_pictures = self.epoch_iterations = 0
        self.momentum = self.decay = 0.0  # of the last iteration
        self.seconds = 0.0
        self.ended = False  # the phase's `at_end` is done
        self.scored = [-1, -1, 0]  # the moment of the last evaluation
        # On the device.
        self.counters = {
            name: torch.zeros((), device=device)
            for name in ("loss_since", "epoch_loss", "stale", "halvings", "rate")
        }
        self.counters["best_epoch"] = torch.full((), float("inf"), device=device)
        self.counters["real_pictures"] = torch.zeros((), dtype=torch.int64, device=device)

    def moment(self) -> list[int]:
        """Where the run is: phase, iteration of the phase, and whether its end action is done."""
        return [self.phase, self.phase_iteration, int(self.ended)]

    def enter(self, phase: int, *, fresh_clock: bool) -> None:
        """Goes on to the next phase; a fresh clock takes learning rate, momentum, velocity and plateau back to their start."""
        self.phase, self.phase_iteration, self.ended = phase, 0, False
        if fresh_clock:
            self.clock, self.velocity = 0, {}
            self.counters["stale"].zero_()
            self.counters["halvings"].zero_()
            self.counters["best_epoch"].fill_(float("inf"))
        self.counters["epoch_loss"].zero_()
        self.epoch_pictures = self.epoch_iterations = 0

    def trains(self, phase: Phase) -> None:
        """Prepare the parameters that the phase trains; velocities continue or start at zero."""
        groups = self.network.layer_groups()
        chosen = groups if phase.trains is None else phase.trains
        if unknown := set(chosen) - set(groups):
            raise ConfigError(
                f"The network has no layer group {', '.join(sorted(unknown))}. "
                f"It has: {', '.join(groups)}."
            )
        names = {id(parameter): name for name, parameter in self.network.named_parameters()}
        of_group = {
            group: {names[id(p)] for module in modules for p in module.parameters()}
            for group, modules in groups.items()
        }
        moving = set().union(*(of_group[group] for group in chosen))
        self.trained = {}
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(name in moving)
            parameter.grad = None
            if parameter.requires_grad:
                self.trained[name] = parameter
        self.kernels = {
            name
            for name in moving
            if name.endswith("weight") and name not in of_group[next(reversed(groups))]
        }
        self.velocity = {
            name: self.velocity.get(name, torch.zeros_like(parameter))
            for name, parameter in self.trained.items()
        }
        self.frozen = []
        if phase.running_statistics == "frozen":
            rest = [modules for group, modules in groups.items() if group not in chosen]
            self.frozen = [module for modules in rest for module in modules]

    def train_mode(self) -> None:
        """Training mode, but for layer groups whose running statistics the phase freezes."""
        self.network.train()
        for module in self.frozen:
            module.eval()

    def update(self, *, learning_rate: float, momentum: float, decay: float) -> None:
        """Take one optimizer step at this rate, less the halvings on a plateau."""
        rate = self.counters["rate"]
        torch.exp2(-self.counters["halvings"], out=rate).mul_(learning_rate)
        optimizer.step(
            self.trained,
            self.velocity,
            rate=rate,
            momentum=momentum,
            decay=decay,
            nesterov=self.nesterov,
            muon=self.muon,
            kernels=self.kernels,
        )
        self.momentum, self.decay = momentum, decay

    def count(self, loss: Tensor, pictures: int, real: Tensor) -> None:
        """Books an iteration. `loss`: mean cross entropy of its batch; `real`: how many of its pictures are."""
        self.counters["loss_since"].add_(loss, alpha=pictures)
        self.counters["epoch_loss"].add_(loss, alpha=pictures)
        self.counters["real_pictures"].add_(real)
        self.pictures += pictures
        self.pictures_since += pictures
        self.epoch_pictures += pictures
        self.iteration += 1
        self.phase_iteration += 1
        self.clock += 1
        self.epoch_iterations += 1

    def end_epoch(self, plateau: int) -> None:
        """Halves the learning rate when no epoch's mean loss was the lowest for `plateau` iterations (paper 3.4)."""
        c = self.counters
        mean = c["epoch_loss"] / self.epoch_pictures
        dropped = mean < c["best_epoch"]
        torch.minimum(mean, c["best_epoch"], out=c["best_epoch"])
        c["stale"].add_(self.epoch_iterations).mul_(~dropped)
        halve = c["stale"] >= plateau
        c["halvings"].add_(halve)
        c["stale"].mul_(~halve)
        c["epoch_loss"].zero_()
        self.epoch_pictures = self.epoch_iterations = 0

    def read(self) -> tuple[float | None, dict[str, int]]:
        """Mean cross entropy since the last reading (None before an iteration) and training pictures seen of each domain."""
        loss = (
            self.counters["loss_since"].item() / self.pictures_since
            if self.pictures_since
            else None
        )
        self.counters["loss_since"].zero_()
        self.pictures_since = 0
        real = int(self.counters["real_pictures"].item())
        return loss, {"nice": self.pictures - real, "real": real}

    def penalty(self) -> float:
        """The L2 penalty on all weights, at the factor of the last iteration (0 before the first)."""
        weights = [
            p.detach() for name, p in self.network.named_parameters() if name.endswith("weight")
        ]
        return self.decay / 2 * torch.stack([w.square().sum() for w in weights]).sum().item()

    def learning_rate(self) -> float:
        return self.counters["rate"].item()

    _NUMBERS = (
        "iteration",
        "phase",
        "phase_iteration",
        "clock",
        "pictures",
        "pictures_since",
        "epoch_pictures",
        "epoch_iterations",
        "momentum",
        "decay",
        "seconds",
        "ended",
        "scored",
    )

    def save(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Tensors by name, as copies on the host, and numbers (JSON's kinds): all that `load` needs."""
        groups = {
            "network": self.network.state_dict(),
            "velocity": self.velocity,
            "memory": self.memory,
            "counter": self.counters,
        }
        # Contiguous in the ordinary order: files know nothing of memory formats.
        tensors = {
            f"{group}.{name}": tensor.detach().cpu().contiguous().clone().numpy()
            for group, members in groups.items()
            for name, tensor in members.items()
        }
        return tensors, {name: getattr(self, name) for name in self._NUMBERS}

    def load(self, tensors: dict[str, np.ndarray], numbers: dict[str, Any]) -> None:
        """Takes up what `save` gave. Raises KeyError or RuntimeError if it is of another network."""
        groups: dict[str, dict[str, Tensor]] = {
            "network": {},
            "velocity": {},
            "memory": {},
            "counter": {},
        }
        for name, array in tensors.items():
            group, _, rest = name.partition(".")
            groups[group][rest] = torch.from_numpy(array.copy()).to(self.device)
        self.network.load_state_dict(groups["network"])
        self.velocity, self.memory = groups["velocity"], groups["memory"]
        self.counters.update(groups["counter"])
        for name in self._NUMBERS:
            setattr(self, name, numbers[name])
        if len(self.scored) == 2:  # states of format 1
            self.scored = [*self.scored, int(self.ended)]
