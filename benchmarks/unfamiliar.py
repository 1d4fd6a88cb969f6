"""How well pictures unlike the training pictures are recognized, and what is left is answered.

    python -m benchmarks.unfamiliar --data photos [--source VinayHajare ...] [--odd FOLDER]

For the test pictures, for each category that is left out of training, for each source of real
photos that is left out (the part of the file name before the first underscore), and for a folder of
pictures of other things, prints how many are taken for unfamiliar, and the accuracy of the closed
form on both groups. Neither the limit nor the head has seen a picture that it is tried on.
"""

import argparse
import re
from pathlib import Path

import numpy as np

from fruitlab.closed_form.leave_one_out import Pictures
from fruitlab.closed_form.path import scores, solve_head
from fruitlab.data import decoding, store
from fruitlab.features import cache
from fruitlab.features.extraction import Extractor
from fruitlab.features.familiar import Familiar

NETWORK, RATIO, RIDGE = "efficientnet-lite0", 0.7, 0.03


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--source", nargs="*", default=[])
    parser.add_argument("--odd", type=Path, help="a folder of pictures of other things")
    options = parser.parse_args()
    data = store.load(options.data)
    found = cache.features(data, NETWORK)
    nice, real = found.nice, found.real
    print("| pictures | number | unfamiliar | accuracy, familiar | accuracy, unfamiliar |")
    print("|---|---|---|---|---|")
    whole = Learned(nice.train, nice.train_labels, real.train, real.train_labels)
    whole.row("nice test pictures", nice.test, nice.test_labels)
    whole.row("real test pictures", real.test, real.test_labels)
    left_out = [
        (
            without(nice.train, nice.train_labels, nice.train_labels == category),
            without(real.train, real.train_labels, real.train_labels == category),
            real.test[real.test_labels == category],
        )
        for category in range(len(data.categories))
    ]
    flags = [
        ~Learned(*nice_kept, *real_kept).familiar(pictures)
        for nice_kept, real_kept, pictures in left_out
    ]
    share = f"{np.mean([flag.mean() for flag in flags]):.1%}"
    print(f"| real test pictures of a left-out category | {sum(map(len, flags)):,} | {share} | | |")
    source = np.array([re.split(r"_", Path(path).name)[0] for path in data.real.paths])
    for name in options.source:
        kept = without(real.train, real.train_labels, source[real.train_index] == name)
        learned = Learned(nice.train, nice.train_labels, *kept)
        here, labels = source == name, real.labels[source == name]
        learned.row(f"real, source {name} left out", real.rows[here], labels)
        mirrored = Extractor(NETWORK, None)(data.real.images[here][:, :, ::-1])
        shares = [
            learned.accuracy(labels, *views)
            for views in ([real.rows[here]], [real.rows[here], mirrored])
        ]
        print(f"all of them: {shares[0]:.1%}, with the mirror view {shares[1]:.1%}", flush=True)
    if options.odd:
        odd = {
            path.name: decoding.read(path.read_bytes()) for path in sorted(options.odd.iterdir())
        }
        extractor = Extractor(NETWORK, None)
        features = np.stack([extractor.feature_map(one).mean((1, 2)) for one in odd.values()])
        unlike = ~whole.familiar(features)
        missed = [name for name, one in zip(odd, unlike, strict=True) if not one]
        print(f"| other things | {len(odd)} | {unlike.mean():.1%} | | |")
        print(f"taken for familiar: {', '.join(missed) or 'none'}")


def without(
    features: np.ndarray, labels: np.ndarray, left_out: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return features[~left_out], labels[~left_out]


class Learned:
    """A head, and what its training pictures look like."""

    def __init__(
        self, nice: np.ndarray, nice_labels: np.ndarray, real: np.ndarray, real_labels: np.ndarray
    ) -> None:
        facts = {"network": NETWORK, "input_size": 0, "fingerprint": ""}
        self.looks = Familiar.of(nice, real, **facts)
        count = 1 + int(max(nice_labels.max(), real_labels.max()))
        sums = [
            Pictures.of(features, labels, count).statistics(count)
            for features, labels in ((nice, nice_labels), (real, real_labels))
        ]
        self.head = solve_head(*sums, RATIO, RIDGE)

    def familiar(self, features: np.ndarray) -> np.ndarray:
        return self.looks.outside(features) <= self.looks.limit

    def accuracy(self, labels: np.ndarray, *views: np.ndarray) -> float:
        """Accuracy of the mean scores of several views' features."""
        total = sum(scores(features, self.head) for features in views)
        return float((np.asarray(total).argmax(1) == labels).mean())

    def row(self, name: str, features: np.ndarray, labels: np.ndarray) -> None:
        """One line of the table."""
        right = scores(features, self.head).argmax(1) == labels
        familiar = self.familiar(features)
        parts = [
            f"{right[part].mean():.1%}" if part.any() else "" for part in (familiar, ~familiar)
        ]
        share = f"{(~familiar).mean():.1%}"
        print(f"| {name} | {len(labels):,} | {share} | {' | '.join(parts)} |", flush=True)


if __name__ == "__main__":
    main()
