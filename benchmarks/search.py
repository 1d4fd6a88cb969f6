"""How good and how fast is search by picture?

    python -m benchmarks.search --data photos --run mixed-80-thorough-seed0

Prints, for the pretrained features and those of a run's network, with and without the category
scores: the share of the nearest five training pictures that show what a real test picture shows
(precision at 5), among all training pictures and in each domain; and the time of one search among
100,000 vectors. Set OMP_NUM_THREADS=1 for the time on one core.
"""

import argparse
import time

import numpy as np

from fruitlab.closed_form.nearest import Nearest, lowest
from fruitlab.data import store
from fruitlab.data.domains import TwoDomains
from fruitlab.inference import search
from fruitlab.runs import catalog

NEAREST, PICTURES, REPEATS = 5, 100_000, 20


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
    print("| features of | category scores | both domains | nice | real |\n|---|---|---|---|---|")
    for by in sources:
        search.prepare(data, by, progress=lambda *done: None)
        for scored in (False, True):
            row = " | ".join(f"{share:.3f}" for share in precision(data, by, scored=scored))
            print(f"| {by if isinstance(by, str) else by.id} | {scored} | {row} |", flush=True)
    print(f"One search among {PICTURES:,} pictures: {seconds() * 1e3:.0f} ms")


def precision(data: TwoDomains, by: search.By, *, scored: bool) -> list[float]:
    """Precision at 5 of real test pictures among all, nice and real training pictures."""
    rows, split = search.rows_of(data, by), data.split(0)
    real = len(data.nice.labels)
    nice_train = (rows[split.nice_train], data.nice.labels[split.nice_train])
    real_train = (rows[real + split.real_train], data.real.labels[split.real_train])
    nearest = Nearest(nice_train, real_train, len(data.categories), scored=scored)
    distances = nearest.distances(rows[real + split.real_test])
    labels, truth = (
        np.concatenate([nice_train[1], real_train[1]]),
        data.real.labels[split.real_test],
    )
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
