"""Training of the head in numpy, in float64: the reference for the other implementations.

torch (the trainer's own step) and JavaScript (assets/play_head.js) must reproduce its results on a
play file, which play_fixture.py writes to tests/play/fixture.json.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from fruitlab.play.file import LAYERS, SETS, PlayFile, evaluation_points, settings


def order(count: int, stream: int) -> np.ndarray:
    """A random order, int64 [count]: `rng.order` without torch."""
    x = np.arange(count, dtype=np.uint64)
    for step in (stream, stream ^ 0x9E3779B9):
        x ^= np.uint64(step)
        x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x21F0AAAD)) & np.uint64(0xFFFFFFFF)
        x = ((x ^ (x >> np.uint64(15))) * np.uint64(0x735A2D97)) & np.uint64(0xFFFFFFFF)
        x ^= x >> np.uint64(15)
    return np.argsort(x, kind="stable")


class Batches:
    """Batches of restricted training (paper 3.5), with a share of nice pictures in each.

    Real pictures come in the trainer's order. The last ones of a batch are replaced by the next
    nice pictures, which are shuffled separately.
    """

    def __init__(self, file: PlayFile) -> None:
        self.streams, self.nice = file.notes["streams"], file.count("nice_train")
        self.real, size = file.count("real_train"), file.config.batch_size
        self.per_epoch = min(self.real, 20 if size == 0 else -(-self.real // size))
        self.taken = 0  # nice pictures so far

    def at(self, step: int, keep: float) -> tuple[np.ndarray, np.ndarray, bool]:
        """Indices of real and of nice pictures, and whether the batch ends an epoch.

        `keep` is the share of nice pictures in percent.
        """
        epoch, i = divmod(step, self.per_epoch)
        real = order(self.real, self.streams["real"][epoch])[
            i * self.real // self.per_epoch : (i + 1) * self.real // self.per_epoch
        ]
        kept = int(len(real) * keep / 100 + 0.5)
        nice = [
            order(self.nice, self.streams["nice"][place // self.nice])[place % self.nice]
            for place in range(self.taken, self.taken + kept)
        ]
        self.taken += kept
        return real[: len(real) - kept], np.array(nice, dtype=np.int64), i == self.per_epoch - 1


class Head:
    """The last two layers and their training, in float64."""

    def __init__(self, file: PlayFile) -> None:
        self.settings = settings(file)
        self.values = {
            name: tensor.astype(np.float64)
            for name, tensor in file.tensors.items()
            if name.startswith(LAYERS)
        }
        self.velocity = {
            name: np.zeros_like(value)
            for name, value in self.values.items()
            if ".norm." not in name
        }
        self.halvings = self.stale = self.seen = self.epoch_steps = 0
        self.epoch_loss, self.best = 0.0, np.inf

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Float64 [n, categories], by the running statistics."""
        hidden = np.tanh(self._dense("hidden", features, *self._moving("hidden"))[0])
        return self._dense("output", hidden, *self._moving("output"))[0]

    def step(
        self, number: int, features: np.ndarray, labels: np.ndarray, last_of_epoch: bool = False
    ) -> float:
        """Train on a batch, float64 [b, features] and int64 [b]; returns the loss before it."""
        given, count = self.settings, len(labels)
        keeps = given["norm_momentum"][number]
        z, inputs, _ = self._dense("hidden", features, *self._batch("hidden", features, keeps))
        a = np.tanh(z)
        logits, normal, inverse = self._dense("output", a, *self._batch("output", a, keeps))
        log_p = logits - logits.max(1, keepdims=True)
        log_p -= np.log(np.exp(log_p).sum(1, keepdims=True))
        target = np.full_like(log_p, given["smoothing"] / log_p.shape[1])
        target[np.arange(count), labels] += 1 - given["smoothing"]
        loss = float(-(target * log_p).sum() / count)

        d_logits = (np.exp(log_p) - target) / count
        d_normal = d_logits @ self.values["output.weight"]
        if given["moving"]:  # no gradient flows through running statistics
            d_a = d_normal * inverse
        else:
            d_a = inverse * (d_normal - d_normal.mean(0) - normal * (d_normal * normal).mean(0))
        d_z = d_a * (1 - a * a)
        self._update(
            number,
            count,
            {
                "hidden.weight": d_z.T @ inputs,
                "hidden.bias": d_z.sum(0),
                "output.weight": d_logits.T @ normal,
                "output.bias": d_logits.sum(0),
            },
        )
        self._book(loss, count, last_of_epoch)
        return loss

    def _dense(
        self, layer: str, x: np.ndarray, mean: np.ndarray, variance: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        inverse = 1 / np.sqrt(variance + self.settings["epsilon"])
        normal = (x - mean) * inverse
        return (
            normal @ self.values[f"{layer}.weight"].T + self.values[f"{layer}.bias"],
            normal,
            inverse,
        )

    def _moving(self, layer: str) -> tuple[np.ndarray, np.ndarray]:
        return self.values[f"{layer}.norm.mean"], self.values[f"{layer}.norm.variance"]

    def _batch(self, layer: str, x: np.ndarray, keeps: float) -> tuple[np.ndarray, np.ndarray]:
        """Updates the running statistics; returns those that normalize the batch (paper 2.2.1)."""
        batch = x.mean(0), x.var(0)
        for moving, now in zip(self._moving(layer), batch, strict=True):
            moving += (1 - keeps) * (now - moving)
        return self._moving(layer) if self.settings["moving"] else batch

    def _update(self, number: int, count: int, gradients: dict[str, np.ndarray]) -> None:
        given, momentum = self.settings, self.settings["momentum"][number]
        rate = given["learning_rate"][number] / 2**self.halvings
        decay = given["regularisation"] / (count if given["per_batch"] else 1)
        for name, gradient in gradients.items():
            if name.endswith("weight"):
                gradient = gradient + decay * self.values[name]
            self.velocity[name] = momentum * self.velocity[name] + gradient
            self.values[name] -= rate * (
                gradient + momentum * self.velocity[name]
                if given["nesterov"]
                else self.velocity[name]
            )

    def _book(self, loss: float, count: int, last_of_epoch: bool) -> None:
        """Halves the learning rate on a plateau (paper 3.4; `State.end_epoch`)."""
        self.epoch_loss, self.seen, self.epoch_steps = (
            self.epoch_loss + loss * count,
            self.seen + count,
            self.epoch_steps + 1,
        )
        if last_of_epoch and self.settings["plateau"]:
            mean = self.epoch_loss / self.seen
            self.stale = 0 if mean < self.best else self.stale + self.epoch_steps
            self.best = min(mean, self.best)
            if self.stale >= self.settings["plateau"]:
                self.halvings, self.stale = self.halvings + 1, 0
            self.epoch_loss, self.seen, self.epoch_steps = 0.0, 0, 0


def right(head: Head, features: np.ndarray, labels: np.ndarray) -> int:
    """The number of correct answers. A tie counts as wrong, as in `scoring.ranks`."""
    logits = head.logits(features)
    truth = logits[np.arange(len(labels)), labels][:, None]
    return int(((~(logits < truth)).sum(1) == 1).sum())


def play(
    file: PlayFile, *, keep: float = 0, features: dict[str, np.ndarray] | None = None
) -> Iterator[dict[str, Any]]:
    """Train to the end; yields {step, nice, real}: correct answers at each evaluation point.

    Args:
        keep: percentage of nice pictures in each batch.
        features: float [n, features] of each of SETS, in place of the file's.
    """
    x = features or {name: file.features(name) for name in SETS}
    y = {name: file.labels(name) for name in SETS}
    head, batches, due = Head(file), Batches(file), set(evaluation_points(file.steps))
    for step in range(file.steps + 1):
        if step in due:
            yield {"step": step} | {
                domain: right(head, x[f"{domain}_test"], y[f"{domain}_test"])
                for domain in ("nice", "real")
            }
        if step < file.steps:
            real, nice, last = batches.at(step, keep)
            head.step(
                step,
                np.concatenate([x["real_train"][real], x["nice_train"][nice]]),
                np.concatenate([y["real_train"][real], y["nice_train"][nice]]),
                last,
            )
