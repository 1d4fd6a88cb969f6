"""Two domains with the same categories, nice and real, and their training and test split."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal
from unicodedata import normalize

import numpy as np

from fruitlab.config.errors import DataError
from fruitlab.data.splitting import choose_test_groups

DomainName = Literal["nice", "real"]
DOMAINS: tuple[DomainName, ...] = ("nice", "real")
FEW_TEST_PICTURES = 30  # with fewer, one test picture counts for more than three percent

Counts = dict[str, dict[str, dict[str, int]]]  # category -> domain -> "train" or "test" -> pictures


@dataclass(frozen=True, eq=False)
class Domain:
    """The n pictures of one domain, ordered by label, then by path.

    The order does not depend on the file system.

    Attributes:
        name: "nice" or "real".
        images: uint8 [n, 100, 100, 3], RGB; may be a read-only memmap.
        labels: int64 [n], indices into ``TwoDomains.categories``.
        paths: Path of each picture within the dataset, such as "Apple/x.jpg".
        hashes: ``content_hash`` of each picture.
        groups: int64 [n], indices into ``TwoDomains.group_keys``. All pictures of a group are on
            the same side of a split.
    """

    name: DomainName
    images: np.ndarray
    labels: np.ndarray
    paths: tuple[str, ...]
    hashes: tuple[str, ...]
    groups: np.ndarray


@dataclass(frozen=True, eq=False)
class Split:
    """Training and test pictures: ascending int64 indices into each ``Domain``."""

    nice_train: np.ndarray
    nice_test: np.ndarray
    real_train: np.ndarray
    real_test: np.ndarray

    def indices(self, domain: DomainName, side: Literal["train", "test"]) -> np.ndarray:
        """Returns the indices of one side of one domain."""
        return getattr(self, f"{domain}_{side}")


@dataclass(frozen=True, eq=False)
class TwoDomains:
    """The dataset of a run: two domains with the same categories.

    Attributes:
        name: Name of the dataset.
        fingerprint: 16 hexadecimal digits, see ``fingerprint_of``.
        categories: Category names; labels are indices into this tuple.
        nice: The nice domain.
        real: The real domain.
        kind: "photographs" (imported) or "drawn" (the built-in pair).
        group_keys: Key of each group, see ``splitting.group_pictures``.
        left_out: Category -> the reason why it is not part of the dataset.
        refused: {"file": ..., "reason": ...} for each picture that could not be used.
    """

    name: str
    fingerprint: str
    categories: tuple[str, ...]
    nice: Domain
    real: Domain
    kind: str
    group_keys: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    refused: list[dict[str, str]] = field(default_factory=list)

    def domain(self, name: DomainName) -> Domain:
        """Returns the domain called ``name``."""
        return self.nice if name == "nice" else self.real

    def place(self, row: int) -> tuple[Domain, int]:
        """Returns domain and row of a picture that is counted over nice, then real pictures."""
        count = len(self.nice.labels)
        return (self.nice, row) if row < count else (self.real, row - count)

    def split(self, seed: int, validation: int = 0) -> Split:
        """Sets aside 40% of each category of each domain for testing (paper section 4.3).

        The split is a function of the seed, the pictures and their groups alone, so it is the same
        on every machine. See ``splitting.choose_test_groups`` for the rule.

        Args:
            seed: Any integer.
            validation: Percentage of each category's training pictures that takes the place of the
                test pictures, to choose settings on. The test pictures are then in neither part.

        Raises:
            DataError: A category is left without training or without test pictures.
        """
        cells = np.concatenate([self.nice.labels, self.real.labels + len(self.categories)])
        groups = np.concatenate([self.nice.groups, self.real.groups])
        tested = choose_test_groups(cells, groups, self.group_keys, seed)
        trained = ~tested
        if validation:
            rest = trained[groups]
            key = f"validation {seed}"
            tested = choose_test_groups(cells[rest], groups[rest], self.group_keys, key, validation)
            trained &= ~tested
        nice, real = self.nice.groups, self.real.groups
        split = Split(
            nice_train=np.flatnonzero(trained[nice]),
            nice_test=np.flatnonzero(tested[nice]),
            real_train=np.flatnonzero(trained[real]),
            real_test=np.flatnonzero(tested[real]),
        )
        self._check_split(split)
        return split

    def counts(self, split: Split) -> Counts:
        """Counts the pictures of a split.

        Returns:
            {category: {"nice": {"train": n, "test": n}, "real": {"train": n, "test": n}}}
        """
        counts: Counts = {category: {name: {} for name in DOMAINS} for category in self.categories}
        for name in DOMAINS:
            labels = self.domain(name).labels
            for side in ("train", "test"):
                chosen = labels[split.indices(name, side)]
                column = np.bincount(chosen, minlength=len(self.categories)).tolist()
                for category, count in zip(self.categories, column, strict=True):
                    counts[category][name][side] = count
        return counts

    def small_test_warnings(self, split: Split) -> list[str]:
        """Returns a warning for each domain that has categories with few test pictures."""
        counts, warnings = self.counts(split), []
        for domain in DOMAINS:
            test = {category: sides[domain]["test"] for category, sides in counts.items()}
            few = [f"{name} ({n})" for name, n in test.items() if n < FEW_TEST_PICTURES]
            if few:
                warnings.append(
                    f"Fewer than {FEW_TEST_PICTURES} {domain} test pictures: {', '.join(few)}. "
                    "The accuracy of these categories is a rough estimate. "
                    "Add pictures to make it more precise."
                )
        return warnings

    def _check_split(self, split: Split) -> None:
        for category, domains in self.counts(split).items():
            for name in DOMAINS:
                train, test = domains[name]["train"], domains[name]["test"]
                if not (train and test):
                    missing = "test" if train else "training"
                    why = self._why_unsplittable(category, name, train + test)
                    raise DataError(f"{category} has no {name} {missing} pictures: {why}.")

    def _why_unsplittable(self, category: str, name: DomainName, total: int) -> str:
        if total < 2:
            found = f"only one {name} picture" if total else f"no {name} pictures at all"
            return f"it has {found}. Add pictures, or leave the category out"
        domain = self.domain(name)
        labelled = domain.labels == self.categories.index(category)
        groups = len(np.unique(domain.groups[labelled]))
        if groups == 1:
            return (
                f"all its {total:,} pictures belong to one group (they are identical or have the "
                "same --group key), and a group is never split. Add pictures, or choose a --group "
                "that distinguishes them"
            )
        return (
            f"its {total:,} pictures form only {groups:,} groups, and a group is never split. "
            "Add pictures, or leave the category out"
        )


def content_hash(image: np.ndarray) -> str:
    """Hashes the pixels of a picture, so that identical copies share a hash.

    Args:
        image: uint8 [100, 100, 3].

    Returns:
        16 hexadecimal digits.
    """
    return blake2b(np.ascontiguousarray(image).tobytes(), digest_size=8).hexdigest()


def path_order(path: str) -> tuple[str, str]:
    """Sort key for paths that is the same on every system.

    macOS and Linux store the same name in different Unicode forms, so paths are ordered by the
    code points of their composed form (NFC) first.
    """
    return normalize("NFC", path), path


def fingerprint_of(
    categories: Iterable[str], domains: Iterable[Domain], group_keys: Iterable[str]
) -> str:
    """Hashes everything that the result of a run depends on.

    That is the categories, pixels, labels and groups, in their order. Names and paths do not
    matter.

    Returns:
        16 hexadecimal digits.
    """
    digest = blake2b(digest_size=8)
    for category in categories:
        digest.update(f"category {category}\n".encode())
    for domain in domains:
        columns = (domain.hashes, domain.labels.tolist(), domain.groups.tolist())
        for content, label, group in zip(*columns, strict=True):
            digest.update(f"{domain.name} {content} {label} {group}\n".encode())
    for key in group_keys:
        digest.update(f"group {key}\n".encode())
    return digest.hexdigest()
