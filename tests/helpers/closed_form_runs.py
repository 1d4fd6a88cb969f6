"""A closed-form run on features that a test computes itself: no network, no torch."""

import zlib

import numpy as np

from fruitlab.closed_form.corrections import Solution
from fruitlab.closed_form.leave_one_out import Pictures
from fruitlab.closed_form.path import Path, scores
from fruitlab.config.files import write_json
from fruitlab.data.domains import content_hash
from fruitlab.methods.registry import configure
from fruitlab.metrics import accuracy
from fruitlab.runs import catalog
from fruitlab.runs.folder import Run

CATEGORIES = ("Apple", "Kiwi", "Lemon")
COLOURS = ((200, 20, 30), (60, 140, 40), (230, 210, 40))
RATIO, RIDGE, TEMPERATURE, TESTED = 60, 0.1, 0.25, 30


def picture(category: int, seed: int, noise: int = 120) -> np.ndarray:
    """A picture of one colour with much noise, uint8 [100, 100, 3]."""
    rng = np.random.default_rng((category, seed))
    blocks = rng.integers(-noise, noise + 1, (4, 4, 3)).repeat(25, 0).repeat(25, 1)
    return (np.array(COLOURS[category]) + blocks).clip(0, 255).astype(np.uint8)


def features_of(pixels: np.ndarray) -> np.ndarray:
    """The mean colours of its 16 squares, float32 [48]."""
    return (pixels.reshape(4, 25, 4, 25, 3).mean((1, 3)).ravel() / 255).astype(np.float32)


def feature_map(network: str, size: int, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Takes the place of `inference.client.feature_map`."""
    return pixels, features_of(pixels)[:, None, None]


def run(run_id: str = "solved") -> Run:
    """A finished run of the method closed-form, with its solution beside it."""
    domains = []
    for start in (0, 1000):  # nice and real ones: training and test pictures of each
        found = [(features_of(picture(c, start + i)), c) for i in range(60) for c in range(3)]
        rows = np.array([row for row, _ in found])
        domains.append((rows, np.array([label for _, label in found], dtype=np.int32)))
    train = [Pictures.of(x[TESTED:], y[TESTED:], 3) for x, y in domains]
    solution = Solution.of(Path(*(one.statistics(3) for one in train), RIDGE), RATIO / 100)
    test = np.concatenate([x[:TESTED] for x, _ in domains])
    truth = np.concatenate([y[:TESTED] for _, y in domains])

    config = configure("closed-form", preset="quick", data="fruit", ratio=RATIO, ridge=RIDGE)
    data = {
        "name": "fruit",
        "kind": "photographs",
        "fingerprint": "0123456789abcdef",
        "categories": list(CATEGORIES),
    }
    made = catalog.create({"device": "cpu", "data": data}, config=config, run_id=run_id)
    layer = (solution.head / TEMPERATURE).astype(np.float32)
    weights = {"output.weight": np.ascontiguousarray(layer[:-1].T), "output.bias": layer[-1]}
    made.write_tensors("weights", weights, {"categories": list(CATEGORIES)})
    made.write_tensors(
        "solution", {"inverse": solution.inverse, "head": solution.head, "test": test}, {}
    )
    logits = scores(test, layer)
    order = np.argsort(-logits, axis=1)
    real = np.arange(len(test)) >= TESTED
    table = {
        "categories": np.array(CATEGORIES),
        "hash": np.array([f"{zlib.crc32(row.tobytes()):016x}" for row in test]),
        "path": np.array([f"{'real' if r else 'nice'}/{i}" for i, r in enumerate(real)]),
        "real": real,
        "truth": truth,
        "rank": np.argmax(order == truth[:, None], axis=1).astype(np.int32),
        "top3": order.astype(np.int32),
        "probability": np.full((len(test), 3), 1 / 3, np.float32),
    }
    made.write_predictions(table)
    counts = [
        [TESTED, *((table["rank"][real == r] < k).sum().item() for k in (1, 3))] for r in (0, 1)
    ]
    made.append(
        {
            "iteration": 1,
            "phase": "closed-form",
            "phase_iteration": 1,
            "full": True,
            "nice": counts[0],
            "real": counts[1],
            "seen": {"nice": 150, "real": 150},
            "seconds": 1.0,
            "loss": None,
            "penalty": 0.0,
            "learning_rate": 0.0,
            "momentum": 0.0,
        }
    )
    summary = {"status": "finished", "iteration": 1} | accuracy.table_scores(table)
    write_json(made.folder / "summary.json", summary)
    return made


def wrong(run: Run, truth: int, count: int) -> list[np.ndarray]:
    """Pictures of a category that the run's network takes for another."""
    weights, _ = run.read_tensors("weights")
    found, seed = [], 5000
    while len(found) < count:
        shown, seed = picture(truth, seed, noise=255), seed + 1
        answer = features_of(shown) @ weights["output.weight"].T + weights["output.bias"]
        if answer.argmax() != truth:
            found.append(shown)
    assert len({content_hash(one) for one in found}) == count
    return found
