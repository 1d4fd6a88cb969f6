"""Every ratio at once, for a slider: the curves, and one photo's probabilities along them.

The heads at 0, 1, ..., 100% real pictures are kept as one matrix, so that a photo's scores at all
ratios are one small product. How they did on the test pictures is kept as counts. Everything fits
in one file of about 6 MB (1,280 features, 23 categories), in which there are no pictures.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from fruitlab.closed_form.leave_one_out import LeaveOneOut, Pictures, probabilities
from fruitlab.closed_form.path import Path as HeadPath
from fruitlab.config.errors import DataError
from fruitlab.config.files import write_whole
from fruitlab.config.progress import Progress
from fruitlab.metrics import accuracy
from fruitlab.metrics.best import middle_of_best

RATIOS = 101  # 0 to 100%
ARRAYS = ("heads", "mean", "at_mean", "temperature", "leave_one_out", "confusion", "within_three")


@dataclass(frozen=True)
class PhotoCurves:
    """What the heads say about one photo.

    Attributes:
        probability: calibrated, float64 [101, categories].
        answer: the likeliest category at each ratio, int64 [101].
        flips: ratios in percent at which the answer is another than one percent below.
    """

    probability: np.ndarray
    answer: np.ndarray
    flips: tuple[int, ...]

    def likeliest(self, count: int = 3) -> list[int]:
        """Every answer, and other likely categories, at least `count`; answers first."""
        highest = np.argsort(-self.probability.max(0), kind="stable")
        answers = np.isin(highest, self.answer)
        return np.r_[highest[answers], highest[~answers]][: max(count, answers.sum())].tolist()


@dataclass(frozen=True, eq=False)
class AllRatios:
    """The heads at all ratios, and how good they are.

    Attributes:
        facts: what they were made from: *categories*, *network*, *ridge*, *data*, *pictures*.
        heads: for features minus `mean`, float [features, 101 * categories].
        mean: float [features].
        at_mean: scores of the mean features, float [101, categories].
        temperature: float [101].
        leave_one_out: accuracy on nice and real training pictures, float [101, 2].
        confusion: test pictures by ratio, domain, category and answer, int32 [101, 2, c, c].
        within_three: those whose category is among the first three answers, int32 [101, 2, c].
    """

    facts: dict[str, Any]
    heads: np.ndarray
    mean: np.ndarray
    at_mean: np.ndarray
    temperature: np.ndarray
    leave_one_out: np.ndarray
    confusion: np.ndarray
    within_three: np.ndarray

    @classmethod
    def of(
        cls,
        path: HeadPath,
        train: tuple[Pictures, Pictures],
        test: tuple[Pictures, Pictures],
        facts: dict[str, Any],
        progress: Progress | None = None,
    ) -> Self:
        """Compute the heads of a path, and try them.

        Args:
            train, test: nice and real pictures; the path is that of `train`.
            facts: goes into `facts`, *categories* included.
        """
        size, count = train[0].features.shape[1], len(facts["categories"])
        mean = np.mean([domain.features.mean(0, dtype=np.float64) for domain in train], axis=0)
        loo, rotated = LeaveOneOut(path, *train), [path.rotate(d.features) for d in test]
        heads, at_mean = np.empty((size, RATIOS, count), np.float16), np.empty((RATIOS, count))
        temperature, accuracies = np.empty(RATIOS), np.empty((RATIOS, 2))
        confusion = np.zeros((RATIOS, 2, count, count), np.int32)
        within_three = np.zeros((RATIOS, 2, count), np.int32)
        for percent in range(RATIOS):
            if progress:
                progress("Trying every ratio", percent, RATIOS)
            ratio = percent / 100
            head = path.head(ratio)
            heads[:, percent], at_mean[percent] = head[:-1], mean @ head[:-1] + head[-1]
            temperature[percent] = loo.temperature(ratio)
            accuracies[percent] = loo.accuracies(ratio)
            for place, domain in enumerate(test):
                found = rotated[place] @ path.rotated_head(ratio)
                truth = found[range(len(found)), domain.labels][:, None]
                near = (found >= truth).sum(1) <= 3
                np.add.at(confusion[percent, place], (domain.labels, found.argmax(1)), 1)
                np.add.at(within_three[percent, place], domain.labels[near], 1)
        return cls(
            facts | {"ridge": path.ridge},
            heads.reshape(size, -1),
            mean.astype(np.float32),
            at_mean.astype(np.float32),
            temperature.astype(np.float32),
            accuracies.astype(np.float32),
            confusion,
            within_three,
        )

    @property
    def categories(self) -> tuple[str, ...]:
        """Names, in the order of all arrays."""
        return tuple(self.facts["categories"])

    @cached_property
    def best(self) -> int:
        """The ratio in percent with the highest combined leave-one-out performance."""
        return middle_of_best(accuracy.combined(*self.leave_one_out.T))

    @cached_property
    def near_best(self) -> tuple[int, int]:
        """First and last ratio whose test score is within the 95% interval of the best ratio's."""
        curve = self.curves["combined"]
        near = np.flatnonzero(curve["top1"] >= curve["low"][self.best])
        return int(near[0]), int(near[-1])

    @cached_property
    def curves(self) -> dict[str, dict[str, np.ndarray]]:
        """Test scores of all ratios: {nice, real, combined: {top1, low, high: float64 [101]}}."""
        found = [_scores(counts) for counts in self._counts.sum(2)]
        return {
            name: {
                "top1": np.array([one[name]["top1"] for one in found]),
                "low": np.array([one[name]["top1_interval"][0] for one in found]),
                "high": np.array([one[name]["top1_interval"][1] for one in found]),
            }
            for name in accuracy.SCORES
        }

    @cached_property
    def by_category(self) -> tuple[np.ndarray, np.ndarray]:
        """The most frequent answer to a category's test pictures, and the share that is right.

        int64 and float64, [101, 2, categories] each, by ratio and domain.
        """
        right = self.confusion.diagonal(axis1=2, axis2=3)
        return self.confusion.argmax(3), right / np.maximum(self.confusion.sum(3), 1)

    def scores(self, percent: int) -> dict[str, Any]:
        """{nice, real, combined} on the test pictures, as `metrics.accuracy.table_scores`."""
        found = _scores(self._counts[percent].sum(1))
        for domain, counts in zip(accuracy.SCORES, self._counts[percent].tolist(), strict=False):
            found[domain]["per_category"] = {
                name: accuracy.point_scores(row)
                for name, row in zip(self.categories, counts, strict=True)
                if row[0]
            }
        return found

    def photo(self, features: np.ndarray) -> PhotoCurves:
        """The answers to one photo at all ratios.

        Args:
            features: float [features], raw, by the same network.
        """
        centred = features.astype(np.float32) - self.mean
        found = (centred @ self._heads).reshape(RATIOS, -1) + self.at_mean
        probability = probabilities(found.astype(np.float64), self.temperature[:, None])
        answer = probability.argmax(1)
        flips = np.flatnonzero(np.diff(answer)) + 1
        return PhotoCurves(probability, answer, tuple(flips.tolist()))

    def evidence(self, feature_map: np.ndarray, answer: np.ndarray) -> np.ndarray:
        """Where the evidence for an answer lies: class activation maps (Zhou et al. 2016).

        They are exact, as the features are the mean of the map and the head is linear: the mean of
        a map is the category's score above that of the mean features.

        Args:
            feature_map: float [features, height, width].
            answer: a category at each ratio, int [101].

        Returns:
            float32 [101, height, width]
        """
        size, *sides = feature_map.shape
        heads = self._heads.reshape(size, RATIOS, -1)[:, range(RATIOS), answer]
        centred = feature_map.reshape(size, -1) - self.mean[:, None]
        return (heads.T @ centred.astype(np.float32)).reshape(RATIOS, *sides)

    def save(self, path: Path) -> None:
        """Write everything to one file. Raises OSError."""
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in ARRAYS}
        write_whole(path, save(arrays, {"fruitlab": json.dumps(self.facts)}))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            DataError: the file is missing or damaged.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                facts = json.loads(file.metadata()["fruitlab"])
                return cls(facts, *(file.get_tensor(name) for name in ARRAYS))
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path} cannot be read ({error}). Write it again: python -m fruitlab ratios-file"
            ) from None

    @cached_property
    def _heads(self) -> np.ndarray:
        return self.heads.astype(np.float32)

    @cached_property
    def _counts(self) -> np.ndarray:
        """[pictures, right, within the first three] of each category, int [101, 2, c, 3]."""
        right = self.confusion.diagonal(axis1=2, axis2=3)
        return np.stack([self.confusion.sum(3), right, self.within_three], axis=3)


def _scores(counts: np.ndarray) -> dict[str, Any]:
    """{nice, real, combined} from [pictures, right, within the first three] of both domains."""
    nice, real = (accuracy.point_scores(row) for row in counts.tolist())
    return {"nice": nice, "real": real, "combined": accuracy.combined_scores(nice, real)}
