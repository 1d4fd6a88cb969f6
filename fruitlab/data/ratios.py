"""The pictures behind a mixing ratio (paper section 4.3)."""

import math

import numpy as np

from fruitlab.config.errors import DataError
from fruitlab.data.domains import Split


def ratio_counts(split: Split, ratio: float) -> tuple[int, int]:
    """Counts the training pictures of a mixing ratio x.

    Mixed training uses (100 - x) % of the nice and x % of the real training set.

    Args:
        split: Training and test pictures of both domains.
        ratio: x in percent, 0 to 100.

    Returns:
        (nice pictures, real pictures); halves are rounded up.

    Raises:
        DataError: ``ratio`` is not in 0 to 100.
    """
    if not 0 <= ratio <= 100:
        raise DataError(
            f"The ratio must be between 0 and 100, not {ratio}: "
            "it is the share of the real training set in percent."
        )
    return _share(split.nice_train, 100 - ratio), _share(split.real_train, ratio)


def _share(indices: np.ndarray, percent: float) -> int:
    # Rounded to a millionth first, so that floating-point errors never decide a half.
    return math.floor(round(len(indices) * percent / 100, 6) + 0.5)


def describe_ratio(split: Split, ratio: float) -> str:
    """Describes the pictures behind a ratio: "120 nice + 4,900 real = 98 % real".

    The percentage is that of real pictures among all, not the ratio itself.

    Raises:
        DataError: ``ratio`` is not in 0 to 100.
    """
    nice, real = ratio_counts(split, ratio)
    total = nice + real
    share = str(math.floor(100 * real / total + 0.5) if total else 0)
    if nice and real:  # never suggest that one domain is missing
        share = {"0": "under 1", "100": "over 99"}.get(share, share)
    return f"{nice:,} nice + {real:,} real = {share} % real"
