"""How fast a correction changes the answer, and what fifty of them do to all other answers.

    python -m benchmarks.corrections RUN [--photos 50] [--seeds 5] [--categories 4]

RUN is a closed-form run, such as `fruitlab solve` writes. A phone is imitated on its real test
pictures: tilted, cut closer, in dim warm light, blurred, noisy and saved as a poor JPEG. Half of
them are shown to the network one by one, and each wrong answer is corrected, up to 50 times. The
other half is never learned, and neither are the nice test pictures. Each seed divides them anew.
With --categories, a person has so many kinds of fruit at home, and only photos of these are shown
and called like them; each seed draws others.
"""

import argparse
import io
import statistics
import time

import numpy as np
from PIL import Image, ImageFilter

from fruitlab.closed_form.corrections import STEP, Solution
from fruitlab.closed_form.path import scores
from fruitlab.corrections import learning
from fruitlab.corrections.base import Base, open_base
from fruitlab.corrections.correcting import correct
from fruitlab.data import store
from fruitlab.data.domains import TwoDomains
from fruitlab.features.extraction import Extractor
from fruitlab.inference import client
from fruitlab.runs.catalog import find

COLLECTION = "benchmark"
STEPS = (0.25, STEP, 0.75)
TIMED = 12


def phone(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture as a phone of a few years ago would take it at home in the evening."""
    image = Image.fromarray(picture).rotate(
        rng.uniform(-25, 25), Image.Resampling.BILINEAR, fillcolor=(90, 75, 60)
    )
    cut = rng.integers(5, 16)
    left, top = rng.integers(0, 2 * cut, 2)
    box = (left, top, left + 100 - 2 * cut, top + 100 - 2 * cut)
    image = image.crop(tuple(map(int, box))).resize((100, 100), Image.Resampling.BICUBIC)
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.3)))
    values = np.asarray(image) * rng.uniform(0.5, 0.8) * np.array([1.1, 0.95, 0.7])
    values = values + rng.normal(0, 9, values.shape)
    stream = io.BytesIO()
    Image.fromarray(values.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=45)
    return np.asarray(Image.open(stream))


def curve(
    base: Base,
    data: TwoDomains,
    seen: np.ndarray,
    photos: int,
    step: float,
    seed: int,
    categories: int | None,
) -> np.ndarray:
    """Accuracy after 0, 1, ..., `photos` corrections: float64 [photos + 1, 3].

    The columns are like photos, real test pictures and nice test pictures, none of them learned.

    Args:
        seen: features of the imitated photos of all real test pictures.
    """
    rng, split = np.random.default_rng(seed), data.split(base.config.split_seed)
    nice = len(split.nice_test)
    plain, labels = base.test[nice:], data.real.labels[split.real_test]
    groups = data.real.groups[split.real_test]  # copies of a picture stay on one side
    shown = np.isin(groups, rng.permutation(np.unique(groups))[::2])
    solution, count = Solution(base.inverse, base.head), len(data.categories)
    at_home = np.isin(labels, rng.permutation(count)[:categories])
    like = at_home & ~shown
    tests = (
        (seen[like], labels[like]),
        (plain[~shown], labels[~shown]),
        (base.test[:nice], data.nice.labels[split.nice_test]),
    )
    head, learned, rows = base.head, [], []
    for i in [-1, *rng.permutation(np.flatnonzero(at_home & shown))]:
        if i >= 0:
            if scores(seen[i], head).argmax() == labels[i]:
                continue
            learned.append(i)
            head = solution.corrected(seen[learned], labels[learned], count, step)
        narrow = head.astype(np.float32)
        rows.append([(scores(x, narrow).argmax(1) == y).mean() for x, y in tests])
        if len(learned) == photos:
            break
    return np.array(rows)


def timed(run_id: str, pictures: list[np.ndarray], category: str) -> None:
    """Print how long corrections take, from the click to the changed answer, files included."""
    whole, features = [], []
    for number, picture in enumerate(pictures):
        started = time.perf_counter()
        done = correct(run_id, picture, category, name=COLLECTION)
        whole.append(time.perf_counter() - started)
        started = time.perf_counter()
        config = find(run_id).config()
        client.feature_map(config.network, config.input_size, picture)
        features.append(time.perf_counter() - started)
        if not number:
            print(f"First correction, with the start of the prediction server: {whole[0]:.1f} s")
        learning.forget([done.kept.hash], COLLECTION)
    print(
        f"Each further correction: median {statistics.median(whole[1:]):.2f} s, slowest "
        f"{max(whole[1:]):.2f} s; of which features {statistics.median(features[1:]):.3f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="a closed-form run")
    parser.add_argument("--photos", type=int, default=50, help="corrections (default: 50)")
    parser.add_argument("--seeds", type=int, default=5, help="divisions (default: 5)")
    parser.add_argument("--categories", type=int, help="kinds of fruit at home (default: all)")
    options = parser.parse_args()
    base = open_base(find(options.run))
    data = store.load(base.config.data)
    test = data.split(base.config.split_seed).real_test
    rng = np.random.default_rng(0)
    photos = np.stack([phone(data.real.images[i], rng) for i in test])
    timed(options.run, list(photos[:TIMED]), data.categories[0])
    seen = Extractor(base.config.network, base.config.input_size or None)(photos)
    print("\n| step | corrections | like photos | real | nice |\n|---|---|---|---|---|")
    for step in STEPS:
        found = np.array(
            [
                curve(base, data, seen, options.photos, step, seed, options.categories)
                for seed in range(options.seeds)
            ]
        )
        for number in range(0, options.photos + 1, 10):
            mean, spread = found[:, number].mean(0), found[:, number].std(0, ddof=1)
            cells = [f"{m:.3f} ± {s:.3f}" for m, s in zip(mean, spread, strict=True)]
            print(f"| {step:g} | {number} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
