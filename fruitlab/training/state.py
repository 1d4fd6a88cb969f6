"""Everything that changes while a run trains: weights, statistics, velocity, clocks.

It can be saved at any iteration and loaded again.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fruitlab.config.errors import ConfigError
from fruitlab.config.run_config import RunConfig
from fruitlab.methods.phase import Phase
from fruitlab.models import registry
from fruitlab.models.model import Model
from fruitlab.training import optimizer, rng
from fruitlab.training.counters import Counters

# Numbers that the host keeps, all of them saved.
NUMBERS = (
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


def new_network(config: RunConfig, categories: int) -> Model:
    """The run's network with its initial weights, on the CPU. They depend on nothing else.

    Raises:
        ConfigError: as `registry.build` and `Model.load_pretrained`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.key(config.seed, "weights"))
        network = registry.build(config, categories)
        if config.pretrained:
            network.load_pretrained()
        return network


class State:
    """The state of a run, at its first iteration until `load` is called.

    Attributes:
        precision: of the backbone in training (`devices.precision`). Weights, statistics, velocity
            and head stay float32, and so do evaluations.
        memory: tensors that a method's end actions keep for later phases.
        iteration, phase, phase_iteration: where the run is.
        clock: iterations since the schedules were last restarted.
        pictures: training pictures seen.
        ended: whether the phase's end action is done.
        not_captured: why a device that captures steps did not capture this run's; None if it did.
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
        self.network = new_network(config, categories).to(device)
        self.network.to(memory_format=torch.channels_last)
        self.nesterov, self.muon = config.nesterov, config.muon
        self.decayed = self.network.decayed()
        self.matrices = self.decayed - self.network.parameters_of("head").keys()  # Muon's
        self.trained: dict[str, nn.Parameter] = {}
        self.frozen: list[nn.Module] = []  # keep their running statistics
        self.velocity: dict[str, Tensor] = {}
        self.memory: dict[str, Tensor] = {}
        self.iteration = self.phase = self.phase_iteration = self.clock = 0
        self.pictures = self.pictures_since = 0  # since the last evaluation
        self.epoch_pictures = self.epoch_iterations = 0
        self.momentum = self.decay = 0.0  # of the last iteration
        self.seconds = 0.0
        self.ended = False
        self.not_captured: str | None = None
        self.scored = [-1, -1, 0]  # the moment of the last evaluation
        self.counters = Counters(device)

    def moment(self) -> list[int]:
        """Where the run is: phase, iteration of the phase, and whether its end action is done."""
        return [self.phase, self.phase_iteration, int(self.ended)]

    def enter(self, phase: int, *, fresh_clock: bool) -> None:
        """Go on to the next phase.

        A fresh clock restarts the learning rate and momentum schedules, the velocity and the
        plateau counter.
        """
        self.phase, self.phase_iteration, self.ended = phase, 0, False
        if fresh_clock:
            self.clock, self.velocity = 0, {}
            self.counters.restart_plateau()
        self.counters["epoch_loss"].zero_()
        self.epoch_pictures = self.epoch_iterations = 0

    def check_groups(self, phase: Phase) -> tuple[str, ...]:
        """The layer groups that the phase trains.

        Raises:
            ConfigError: the network has no layer group of a name that the phase trains.
        """
        groups = self.network.layer_groups()
        chosen = tuple(groups) if phase.trains is None else phase.trains
        if unknown := [group for group in chosen if group not in groups]:
            raise ConfigError(
                f"The network has no layer group {', '.join(unknown)}. It has: {', '.join(groups)}."
            )
        return chosen

    def trains(self, phase: Phase) -> None:
        """Prepare what the phase trains; velocities continue or start at zero.

        Raises:
            ConfigError: as `check_groups`.
        """
        chosen = self.check_groups(phase)
        moving = self.network.parameters_of(*chosen)
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(name in moving)
            parameter.grad = None
        self.trained = moving
        self.velocity = {
            name: self.velocity.get(name, torch.zeros_like(parameter))
            for name, parameter in moving.items()
        }
        everything = tuple(self.network.layer_groups())
        frozen = {
            "updated": (),
            "frozen": [group for group in everything if group not in chosen],
            "all-frozen": everything,
        }[phase.running_statistics]
        self.frozen = self.network.running_statistics(*frozen)

    def remember(self, tensors: Mapping[str, Tensor]) -> None:
        """Keep what an end action returned.

        In the default memory order, in which a resumed run gets it back: sums over tensors in
        another order differ in their last bits.
        """
        self.memory |= {name: x.detach().contiguous().clone() for name, x in tensors.items()}

    def train_mode(self) -> None:
        """Training mode, except for running statistics that the phase freezes."""
        self.network.train()
        for module in self.frozen:
            module.eval()

    def update(
        self, *, learning_rate: float | Tensor, momentum: float | Tensor, decay: float
    ) -> None:
        """Take one optimizer step at this rate, less the halvings on a plateau."""
        optimizer.step(
            self.trained,
            self.velocity,
            rate=self.counters.set_rate(learning_rate),
            momentum=momentum,
            decay=decay,
            decayed=self.decayed,
            nesterov=self.nesterov,
            muon=self.muon,
            matrices=self.matrices,
        )

    def advance(self, pictures: int) -> None:
        """Count an iteration of that many pictures on the host."""
        self.pictures += pictures
        self.pictures_since += pictures
        self.epoch_pictures += pictures
        self.iteration += 1
        self.phase_iteration += 1
        self.clock += 1
        self.epoch_iterations += 1

    def end_epoch(self, plateau: int) -> None:
        """End an epoch, as `Counters.end_epoch` does."""
        self.counters.end_epoch(self.epoch_pictures, self.epoch_iterations, plateau)
        self.epoch_pictures = self.epoch_iterations = 0

    def read(self) -> tuple[float | None, dict[str, int]]:
        """Read the counters from the device.

        Returns:
            Mean cross entropy since the last call (None before the first iteration), and the
            training pictures seen of each domain.
        """
        loss = None
        if self.pictures_since:
            loss = self.counters["loss_since"].item() / self.pictures_since
        self.counters["loss_since"].zero_()
        self.pictures_since = 0
        real = int(self.counters["real_pictures"].item())
        return loss, {"nice": self.pictures - real, "real": real}

    def penalty(self) -> float:
        """The L2 penalty at the factor of the last iteration; 0.0 before the first."""
        named = self.network.named_parameters()
        squares = [p.detach().square().sum() for name, p in named if name in self.decayed]
        return self.decay / 2 * torch.stack(squares).sum().item()

    def learning_rate(self) -> float:
        """The learning rate of the last iteration."""
        return self.counters["rate"].item()

    def save(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Copies of all tensors by name, and the numbers (JSON types)."""
        groups: dict[str, Mapping[str, Tensor]] = {
            "network": self.network.state_dict(),
            "velocity": self.velocity,
            "memory": self.memory,
            "counter": self.counters,
        }
        # Contiguous in the default order: files know nothing of memory formats.
        tensors = {
            f"{group}.{name}": tensor.detach().cpu().contiguous().clone().numpy()
            for group, members in groups.items()
            for name, tensor in members.items()
        }
        return tensors, {name: getattr(self, name) for name in NUMBERS}

    def load(self, tensors: Mapping[str, np.ndarray], numbers: Mapping[str, Any]) -> None:
        """Restore what `save` returned.

        Raises:
            KeyError, RuntimeError: it is the state of another network.
        """
        groups: dict[str, dict[str, Tensor]] = defaultdict(dict)
        for name, array in self.network.upgrade_names(tensors).items():
            group, _, rest = name.partition(".")
            groups[group][rest] = torch.from_numpy(array.copy()).to(self.device)
        self.network.load_state_dict(groups["network"])
        self.velocity, self.memory = groups["velocity"], groups["memory"]
        self.counters.update(groups["counter"])
        for name in NUMBERS:
            setattr(self, name, numbers[name])
        self.scored = [*self.scored, int(self.ended)][:3]  # two numbers in earlier versions
