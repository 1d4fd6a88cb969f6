"""How good and how fast is search by picture?

    python -m benchmarks.search --data photos --run mixed-80-thorough-seed0

Precision at 5 is the share of the nearest five pictures that show what a real photo shows. Prints
- that of all forms of a picture's vector, where a fifth of the real training pictures is looked for
  among the other training pictures (without --run): the form is chosen by these;
- that of the chosen form, and of features alone, where the real test pictures are looked for among
  all training pictures, and among those of each domain;
- the time of one search among 100,000 vectors. Set OMP_NUM_THREADS=1 for the time on one core.
"""

import argparse
import time

import numpy as np

from fruitlab.closed_form.nearest import RIDGE, WEIGHT, Nearest, lowest
from fruitlab.data import store
from fruitlab.data.domains import Split, TwoDomains
from fruitlab.inference import search
from fruitlab.runs import catalog

NEAREST, PICTURES, REPEATS = 5, 100_000, 20
HELD_BACK = 20  # percent of the training pictures, to choose the form
RIDGES, WEIGHTS = (0.03, 0.1, 0.3, 1.0), (0.5, 1.0, 2.0, 4.0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="photos", help="a dataset of `data list`")
    parser.add_argument("--run", help="a run whose network also describes the pictures")
    arguments = parser.parse_args()
    data = store.load(arguments.data, say=print)
    sources: list[search.By] = [search.NETWORK]
    if arguments.run:
        sources.append(catalog.find(arguments.run))
    search.prepare(data, search.NETWORK, progress=lambda *done: None)
    if not arguments.run:
        choose(data)
    print("| features of | category scores | both domains | nice | real |\n|---|---|---|---|---|")
    for by in sources:
        search.prepare(data, by, progress=lambda *done: None)
        for weight in (0.0, WEIGHT):
            found = precision(data, by, data.split(0), weight=weight)
            row = " | ".join(f"{share:.3f}" for share in found)
            print(f"| {by if isinstance(by, str) else by.id} | {weight:g} | {row} |", flush=True)
    print(f"One search among {PICTURES:,} pictures: {seconds() * 1e3:.0f} ms")


def choose(data: TwoDomains) -> None:
    """Print the precision at 5 of every form, for training pictures that are held back."""
    split = data.split(0, HELD_BACK)
    head = "".join(f" {weight:g} |" for weight in WEIGHTS)
    print(f"| ridge, weight of the category scores |{head}\n|---|{'---|' * len(WEIGHTS)}")
    alone = precision(data, search.NETWORK, split, weight=0)[0]
    for ridge in RIDGES:
        found = [precision(data, search.NETWORK, split, ridge, weight)[0] for weight in WEIGHTS]
        print(f"| {ridge:g} | {' | '.join(f'{share:.3f}' for share in found)} |", flush=True)
    print(f"Features alone: {alone:.3f}\n")


def precision(
    data: TwoDomains, by: search.By, split: Split, ridge: float = RIDGE, weight: float = WEIGHT
) -> list[float]:
    """Precision at 5 of a split's real test pictures among all, nice and real training pictures."""
    rows, real = search.rows_of(data, by), len(data.nice.labels)
    nice_train = (rows[split.nice_train], data.nice.labels[split.nice_train])
    real_train = (rows[real + split.real_train], data.real.labels[split.real_train])
    nearest = Nearest(nice_train, real_train, len(data.categories), ridge=ridge, weight=weight)
    distances = nearest.distances(rows[real + split.real_test])
    labels = np.concatenate([nice_train[1], real_train[1]])
    truth = data.real.labels[split.real_test]
    parts = (slice(None), slice(0, nearest.nice), slice(nearest.nice, None))
    return [
        float(
            np.mean(
                [
                    (labels[part][lowest(row[part], NEAREST)] == category).mean()
                    for row, category in zip(distances, truth, strict=True)
                ]
            )
        )
        for part in parts
    ]


def seconds() -> float:
    """The median time of one search among vectors of the usual length."""
    random, size = np.random.default_rng(0), 1280
    vectors = random.standard_normal((PICTURES, size), dtype=np.float32)
    times = []
    for query in vectors[:REPEATS]:
        started = time.perf_counter()
        lowest(1 - query @ vectors.T, 6)
        times.append(time.perf_counter() - started)
    return float(np.median(times))


if __name__ == "__main__":
    main()
