"""Forgetting, played: restricted training (paper 4.4.2, 5.3.3) from a small file of pooled features. numpy, no torch.

A play file holds what the last two layers need to be trained: some pictures' pooled features in a byte each, and the layers
as they were at the switch. The browser trains on it (`ui/play_head.js`); `Head` and `Batches` here are the same arithmetic in
float64: what the browser and torch are tested against, and what draws the curve of a network that keeps nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from fruitlab import schedules
from fruitlab.config import RunConfig, checked
from fruitlab.runs import SHIPPED, SLUG, RunError, user_root

FORMAT = 1
NAME = "play.safetensors"  # in a run's own folder
SETS = ("nice_train", "real_train", "nice_test", "real_test")
LAYERS = ("hidden", "output")
DENSE = (0, 1, 2, 5)  # where accuracy moves fastest


@dataclass(frozen=True)
class PlayFile:
    """A play file's contents.

    Attributes:
        notes: {format, run, data, categories, config, iteration (of the switch), steps, streams, whole, reference, kept}.
        tensors: features.SET uint8 [n, 1152] and labels.SET uint16 [n] for each of SETS; low, scale float32 [1152], a feature
            being low + scale * byte; the head's weights, biases and moving statistics under the network's own names.
    """

    path: Path
    notes: dict[str, Any]
    tensors: dict[str, np.ndarray]

    @cached_property
    def config(self) -> RunConfig:
        return checked(self.notes["config"])

    @property
    def categories(self) -> list[str]:
        return self.notes["categories"]

    @property
    def steps(self) -> int:
        return self.notes["steps"]

    def count(self, name: str) -> int:
        return len(self.tensors[f"labels.{name}"])

    def features(self, name: str) -> np.ndarray:
        """float64 [n, 1152] of one of SETS."""
        return self.tensors[f"features.{name}"] * self.tensors["scale"].astype(np.float64) + self.tensors["low"]

    def labels(self, name: str) -> np.ndarray:
        return self.tensors[f"labels.{name}"].astype(np.int64)


def read(path: Path) -> PlayFile:
    """A play file, checked. Raises RunError where it is missing, damaged, or of a newer version."""
    try:
        with safe_open(path, framework="numpy") as file:
            notes = json.loads((file.metadata() or {})["fruitlab"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        if not isinstance(notes["format"], int) or notes["format"] > FORMAT:
            raise RunError(f"{path.name} was written by a newer version of FruitLab. Update this one to play it.")
        made = PlayFile(path, notes, tensors)
        if fault := _fault(made):
            raise ValueError(fault)
    except FileNotFoundError:
        raise RunError(f"There is no {path}.") from None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{path.name} is damaged ({error}). Make it again: python -m fruitlab play-file RUN.") from None
    return made


def _fault(file: PlayFile) -> str:
    """What is wrong with its shapes and numbers, or nothing."""
    tensors, categories = file.tensors, len(file.categories)
    inputs, hidden = len(tensors["low"]), len(tensors["hidden.bias"])
    shapes = {"low": (inputs,), "scale": (inputs,)}
    for layer, (ins, outs) in zip(LAYERS, ((inputs, hidden), (hidden, categories)), strict=True):
        shapes |= {f"{layer}.weight": (outs, ins), f"{layer}.bias": (outs,), f"{layer}.norm.mean": (ins,), f"{layer}.norm.variance": (ins,)}
    for name, shape in shapes.items():
        if tensors[name].shape != shape or tensors[name].dtype != np.float32 or not np.isfinite(tensors[name]).all():
            return f"{name} is not {shape} finite numbers"
    for name in SETS:
        features, labels = tensors[f"features.{name}"], tensors[f"labels.{name}"]
        if features.dtype != np.uint8 or features.shape != (len(labels), inputs) or not len(labels):
            return f"features.{name} is not bytes of {inputs} features"
        if labels.dtype != np.uint16 or labels.max() >= categories:
            return f"labels.{name} names a category that is not there"
    if file.config.method != "iterative" or not 1 <= file.steps <= 100_000:
        return "its notes are not those of an iterative run"
    return ""


def found() -> dict[str, Path]:
    """Every play file by the name it is served under: of the user's runs, then the shipped ones."""
    mine = {path.parent.name: path for path in sorted(user_root().glob(f"*/{NAME}"))}
    shipped = {path.stem: path for path in sorted((SHIPPED / "play").glob("*.safetensors"))}
    return {name: path for name, path in (mine | shipped).items() if SLUG.fullmatch(name)}


def recipe(file: PlayFile) -> dict[str, Any]:
    """What each step is made with: learning_rate, momentum and norm_momentum, float [steps], and the numbers that stay.

    Restricted training's clock starts at zero, its norms' goes on (DESIGN: at the switch). A one-cycle is laid over the steps played.
    """
    config, steps = file.config, range(file.steps)
    return {"learning_rate": [schedules.learning_rate(config, t, file.steps) for t in steps],
            "momentum": [schedules.momentum(config, t) for t in steps],
            "norm_momentum": [schedules.norm_momentum(config, file.notes["iteration"] + t) for t in steps],
            "regularisation": config.regularisation, "per_batch": config.penalty == "per-batch", "smoothing": config.label_smoothing,
            "nesterov": config.nesterov, "moving": config.statistics == "moving", "epsilon": config.norm_epsilon,
            "plateau": config.plateau, "batch_size": config.batch_size}


def marks(steps: int) -> list[int]:
    """The iterations whose head is scored."""
    return [t for t in range(steps + 1) if t in DENSE or t % 20 == 0 or (t <= 100 and t % 10 == 0) or t == steps]


def order(count: int, stream: int) -> np.ndarray:
    """int64 [count]: `chance.order`, without torch."""
    x = np.arange(count, dtype=np.uint64)
    for step in (stream, stream ^ 0x9E3779B9):
        x ^= np.uint64(step)
        x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x21F0AAAD)) & np.uint64(0xFFFFFFFF)
        x = ((x ^ (x >> np.uint64(15))) * np.uint64(0x735A2D97)) & np.uint64(0xFFFFFFFF)
        x ^= x >> np.uint64(15)
    return np.argsort(x, kind="stable")


class Batches:
    """Restricted training's batches (paper 3.5), a share of each taken from nice pictures: rehearsal.

    Real pictures come as `training.Batches` gives them. The last of a batch give way to the next nice ones, which have an order of their own.
    """

    def __init__(self, file: PlayFile) -> None:
        self.streams, self.nice = file.notes["streams"], file.count("nice_train")
        self.real, size = file.count("real_train"), file.config.batch_size
        self.per_epoch = min(self.real, 20 if size == 0 else -(-self.real // size))
        self.taken = 0  # nice pictures so far

    def at(self, step: int, keep: float) -> tuple[np.ndarray, np.ndarray, bool]:
        """Places of real and of nice training pictures, and whether the batch is its epoch's last. `keep` in percent."""
        epoch, i = divmod(step, self.per_epoch)
        real = order(self.real, self.streams["real"][epoch])[i * self.real // self.per_epoch:(i + 1) * self.real // self.per_epoch]
        kept = int(len(real) * keep / 100 + 0.5)
        nice = [order(self.nice, self.streams["nice"][place // self.nice])[place % self.nice] for place in range(self.taken, self.taken + kept)]
        self.taken += kept
        return real[:len(real) - kept], np.array(nice, dtype=np.int64), i == self.per_epoch - 1


class Head:
    """The last two layers (`network.Network.head`) and their training (`training.step`, `state.State.update`), in float64."""

    def __init__(self, file: PlayFile) -> None:
        self.recipe = recipe(file)
        self.values = {name: tensor.astype(np.float64) for name, tensor in file.tensors.items() if name.startswith(LAYERS)}
        self.velocity = {name: np.zeros_like(value) for name, value in self.values.items() if ".norm." not in name}
        self.halvings = self.stale = self.seen = self.epoch_steps = 0
        self.epoch_loss, self.best = 0.0, np.inf

    def logits(self, features: np.ndarray) -> np.ndarray:
        """float64 [n, categories], by the moving statistics."""
        hidden = np.tanh(self._dense("hidden", features, *self._moving("hidden"))[0])
        return self._dense("output", hidden, *self._moving("output"))[0]

    def step(self, number: int, features: np.ndarray, labels: np.ndarray, last_of_epoch: bool = False) -> float:
        """One iteration on a batch, float64 [b, 1152] and int64 [b]; returns its cross entropy before it."""
        recipe, count = self.recipe, len(labels)
        keeps = recipe["norm_momentum"][number]
        z, inputs, _ = self._dense("hidden", features, *self._batch("hidden", features, keeps))
        a = np.tanh(z)
        logits, normal, inverse = self._dense("output", a, *self._batch("output", a, keeps))
        log_p = logits - logits.max(1, keepdims=True)
        log_p -= np.log(np.exp(log_p).sum(1, keepdims=True))
        target = np.full_like(log_p, recipe["smoothing"] / log_p.shape[1])
        target[np.arange(count), labels] += 1 - recipe["smoothing"]
        loss = float(-(target * log_p).sum() / count)

        d_logits = (np.exp(log_p) - target) / count
        d_normal = d_logits @ self.values["output.weight"]
        if recipe["moving"]:  # no gradient flows through them
            d_a = d_normal * inverse
        else:
            d_a = inverse * (d_normal - d_normal.mean(0) - normal * (d_normal * normal).mean(0))
        d_z = d_a * (1 - a * a)
        self._update(number, count, {"hidden.weight": d_z.T @ inputs, "hidden.bias": d_z.sum(0),
                                     "output.weight": d_logits.T @ normal, "output.bias": d_logits.sum(0)})
        self._book(loss, count, last_of_epoch)
        return loss

    def _dense(self, layer: str, x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        inverse = 1 / np.sqrt(variance + self.recipe["epsilon"])
        normal = (x - mean) * inverse
        return normal @ self.values[f"{layer}.weight"].T + self.values[f"{layer}.bias"], normal, inverse

    def _moving(self, layer: str) -> tuple[np.ndarray, np.ndarray]:
        return self.values[f"{layer}.norm.mean"], self.values[f"{layer}.norm.variance"]

    def _batch(self, layer: str, x: np.ndarray, keeps: float) -> tuple[np.ndarray, np.ndarray]:
        """Takes the batch into the moving statistics; what normalises it: these, or its own (paper 2.2.1)."""
        batch = x.mean(0), x.var(0)
        for moving, now in zip(self._moving(layer), batch, strict=True):
            moving += (1 - keeps) * (now - moving)
        return self._moving(layer) if self.recipe["moving"] else batch

    def _update(self, number: int, count: int, gradients: dict[str, np.ndarray]) -> None:
        recipe, momentum = self.recipe, self.recipe["momentum"][number]
        rate = recipe["learning_rate"][number] / 2**self.halvings
        decay = recipe["regularisation"] / (count if recipe["per_batch"] else 1)
        for name, gradient in gradients.items():
            if name.endswith("weight"):
                gradient = gradient + decay * self.values[name]
            self.velocity[name] = momentum * self.velocity[name] + gradient
            self.values[name] -= rate * (gradient + momentum * self.velocity[name] if recipe["nesterov"] else self.velocity[name])

    def _book(self, loss: float, count: int, last_of_epoch: bool) -> None:
        """Halves the rate on a plateau (paper 3.4; `State.end_epoch`)."""
        self.epoch_loss, self.seen, self.epoch_steps = self.epoch_loss + loss * count, self.seen + count, self.epoch_steps + 1
        if last_of_epoch and self.recipe["plateau"]:
            mean = self.epoch_loss / self.seen
            self.stale = 0 if mean < self.best else self.stale + self.epoch_steps
            self.best = min(mean, self.best)
            if self.stale >= self.recipe["plateau"]:
                self.halvings, self.stale = self.halvings + 1, 0
            self.epoch_loss, self.seen, self.epoch_steps = 0.0, 0, 0


def right(head: Head, features: np.ndarray, labels: np.ndarray) -> int:
    """How many are right; a tie with the truth is wrong (`scoring.ranks`)."""
    logits = head.logits(features)
    truth = logits[np.arange(len(labels)), labels][:, None]
    return int(((~(logits < truth)).sum(1) == 1).sum())


def play(file: PlayFile, *, keep: float = 0, features: dict[str, np.ndarray] | None = None) -> Iterator[dict[str, Any]]:
    """Trains to the end; yields {step, nice, real}: how many test pictures of each are right, at each of `marks`.

    Args:
        keep: percent of each batch that is nice. features: in place of the file's own, float [n, 1152] of each of SETS.
    """
    x = features or {name: file.features(name) for name in SETS}
    y = {name: file.labels(name) for name in SETS}
    head, batches, due = Head(file), Batches(file), set(marks(file.steps))
    for step in range(file.steps + 1):
        if step in due:
            yield {"step": step} | {domain: right(head, x[f"{domain}_test"], y[f"{domain}_test"]) for domain in ("nice", "real")}
        if step < file.steps:
            real, nice, last = batches.at(step, keep)
            head.step(step, np.concatenate([x["real_train"][real], x["nice_train"][nice]]),
                      np.concatenate([y["real_train"][real], y["nice_train"][nice]]), last)
