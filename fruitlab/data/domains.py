"""Two domains with the same categories, nice and real, and how they are split into training and test sets."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from unicodedata import normalize

import numpy as np

from fruitlab.config.errors import DataError

NAMES = ("nice", "real")
FEW_TESTS = 30  # below this many test pictures one of them is worth more than three percent


@dataclass(frozen=True, eq=False)
class Domain:
    """One domain's n pictures, ordered by label, then by path, whatever order the file system lists them in."""

    name: str  # nice or real
    images: np.ndarray  # uint8 [n, 100, 100, 3], RGB; may be a read-only memmap
    labels: np.ndarray  # int64 [n], index into TwoDomains.categories
    paths: tuple[str, ...]  # within the data: "Apple/x.jpg"
    hashes: tuple[str, ...]  # of the 100x100 pixels: `content_hash`
    groups: np.ndarray  # int64 [n], index into TwoDomains.group_keys; pictures of one group stay on one side of a split


@dataclass(frozen=True, eq=False)
class Split:
    """Which pictures train and which test: ascending int64 indices into each Domain."""

    nice_train: np.ndarray
    nice_test: np.ndarray
    real_train: np.ndarray
    real_test: np.ndarray


@dataclass(frozen=True, eq=False)
class TwoDomains:
    """The data of a run: two domains with the same categories."""

    name: str
    fingerprint: str  # 16 hex digits; see `fingerprint_of`
    categories: tuple[str, ...]
    nice: Domain
    real: Domain
    kind: str  # photographs or drawn
    group_keys: tuple[
        str, ...
    ]  # a group's key decides when a split visits it; see `group_pictures`
    left_out: dict[str, str] = field(default_factory=dict)  # category: why it takes no part
    refused: list[dict[str, str]] = field(
        default_factory=list
    )  # {file, reason} of each picture that cannot be used

    def split(self, seed: int) -> Split:
        """Sets aside 40 % of each category of each domain for testing (paper section 4.3), at random by the seed.

        A function of seed, pictures and groups alone: the same on every machine. Groups are visited in the order of a hash of
        (seed, key); one goes to the test side exactly if that brings the test counts it touches closer to 40 %. Where each
        picture is its own group that gives round(0.4 n). Raises DataError if a category is left without training or test pictures.
        """
        cells = self._cells()
        sizes = np.bincount(cells)
        members: list[list[int]] = [[] for _ in self.group_keys]
        for group, cell in zip(
            np.concatenate([self.nice.groups, self.real.groups]).tolist(),
            cells.tolist(),
            strict=True,
        ):
            members[group].append(cell)

        # In fifths of a picture, so that 40 % is a whole number: how far a cell's test count is from 40 % of its pictures.
        missing = [2 * size for size in sizes.tolist()]
        tested = np.zeros(len(self.group_keys), dtype=bool)
        order = sorted(
            (blake2b(f"{seed}:{key}".encode()).digest(), group)
            for group, key in enumerate(self.group_keys)
        )
        for _, group in order:
            if len(members[group]) == 1:
                touched = {members[group][0]: 5}
            else:
                touched = defaultdict(int)
                for cell in members[group]:
                    touched[cell] += 5
            if sum(abs(missing[cell] - n) - abs(missing[cell]) for cell, n in touched.items()) < 0:
                tested[group] = True
                for cell, n in touched.items():
                    missing[cell] -= n

        nice, real = tested[self.nice.groups], tested[self.real.groups]
        split = Split(*map(np.flatnonzero, (~nice, nice, ~real, real)))
        self._check(split)
        return split

    def counts(self, split: Split) -> dict[str, dict[str, dict[str, int]]]:
        """{category: {nice: {train, test}, real: {train, test}}}, in pictures."""
        tables = {
            domain.name: {
                side: np.bincount(
                    domain.labels[getattr(split, f"{domain.name}_{side}")],
                    minlength=len(self.categories),
                ).tolist()
                for side in ("train", "test")
            }
            for domain in (self.nice, self.real)
        }
        return {
            category: {
                name: {side: column[label] for side, column in table.items()}
                for name, table in tables.items()
            }
            for label, category in enumerate(self.categories)
        }

    def small_tests(self, split: Split) -> list[str]:
        """A sentence for each domain in which some categories have too few test pictures to say much about them."""
        counts, sentences = self.counts(split), []
        for domain in NAMES:
            few = {
                category: n
                for category, sides in counts.items()
                if (n := sides[domain]["test"]) < FEW_TESTS
            }
            if few:
                named = ", ".join(f"{category} ({n})" for category, n in few.items())
                sentences.append(
                    f"Fewer than {FEW_TESTS} {domain} test pictures: {named}. "
                    "Accuracies of single categories are rough there; more pictures make them firmer."
                )
        return sentences

    def _cells(self) -> np.ndarray:
        """The (domain, category) of each picture, nice before real: int64 [n nice + n real]."""
        return np.concatenate([self.nice.labels, self.real.labels + len(self.categories)])

    def _check(self, split: Split) -> None:
        for category, domains in self.counts(split).items():
            for name, sides in domains.items():
                if sides["train"] and sides["test"]:
                    continue
                domain: Domain = getattr(self, name)
                groups = len(
                    set(domain.groups[domain.labels == self.categories.index(category)].tolist())
                )
                total, missing = sum(sides.values()), "test" if sides["train"] else "training"
                if total == 0:
                    why = "it has none at all: leave the category out"
                elif groups == 1 and total > 1:
                    why = (
                        f"all its {total:,} pictures belong to one group (they are identical, or share one --group key), "
                        "and a group stays together: add pictures, or choose a --group that tells them apart"
                    )
                else:
                    why = (
                        f"its {total:,} pictures form only {groups:,} groups that must stay together: "
                        "add pictures, or leave the category out"
                    )
                raise DataError(f"{category} ends up without {name} {missing} pictures: {why}.")


def content_hash(image: np.ndarray) -> str:
    """16 hex digits that name a picture by its pixels, uint8 [100, 100, 3]: identical copies share it, whatever their names."""
    return blake2b(np.ascontiguousarray(image).tobytes(), digest_size=8).hexdigest()


def path_order(path: str) -> tuple[str, str]:
    """Sort key for paths: by code points of the composed form, as macOS and Linux spell the same name differently."""
    return normalize("NFC", path), path


def group_pictures(
    hashes: Sequence[str], keys: Sequence[str | None]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The groups of n pictures that have to stay together: (int64 [n] group of each picture, key of each group).

    Pictures with identical content or the same key (None: no key) share a group, and so does whatever hangs together by
    that. A picture's own key is the one given, else its content hash; a group's is the smallest of its pictures' keys. So a
    split depends neither on names nor on order. Groups are numbered as they first appear.
    """
    parent = list(range(len(hashes)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]  # halve the way for the next visitor
            i = parent[i]
        return i

    first: dict[tuple[str, str], int] = {}
    for i, (content, key) in enumerate(zip(hashes, keys, strict=True)):
        for mark in (
            (("content", content), ("key", key)) if key is not None else (("content", content),)
        ):
            parent[root(i)] = root(first.setdefault(mark, i))

    numbers: dict[int, int] = {}
    groups = np.array(
        [numbers.setdefault(root(i), len(numbers)) for i in range(len(hashes))], dtype=np.int64
    )
    own = [content if key is None else key for content, key in zip(hashes, keys, strict=True)]
    smallest: dict[int, str] = {}
    for group, key in zip(groups.tolist(), own, strict=True):
        smallest[group] = min(key, smallest.get(group, key))
    return groups, tuple(smallest[group] for group in range(len(numbers)))


def fingerprint_of(
    categories: Iterable[str], domains: Iterable[Domain], group_keys: Iterable[str]
) -> str:
    """16 hex digits over everything that a run's result depends on: categories, pixels, labels and groups, in order."""
    digest = blake2b(digest_size=8)
    for category in categories:
        digest.update(f"category {category}\n".encode())
    for domain in domains:
        for content, label, group in zip(
            domain.hashes, domain.labels.tolist(), domain.groups.tolist(), strict=True
        ):
            digest.update(f"{domain.name} {content} {label} {group}\n".encode())
    for key in group_keys:
        digest.update(f"group {key}\n".encode())
    return digest.hexdigest()


def ratio_counts(split: Split, ratio: float) -> tuple[int, int]:
    """How many (nice, real) training pictures a ratio means: (100 - x) % of the nice set, x % of the real one (paper 4.3).

    `ratio` is x in percent, 0 to 100; halves are rounded up. Raises DataError for anything else.
    """
    if not 0 <= ratio <= 100:
        raise DataError(
            f"A ratio is the share of the real training set in percent, from 0 to 100, not {ratio}."
        )
    # Rounded to millionths of a picture first, so that the floating point's own error never decides a half.
    return tuple(
        int(np.floor(round(len(indices) * percent / 100, 6) + 0.5))
        for indices, percent in ((split.nice_train, 100 - ratio), (split.real_train, ratio))
    )


def describe_ratio(split: Split, ratio: float) -> str:
    """The pictures behind a ratio, "120 nice + 4,900 real = 98 % real": the percentage is of pictures, not the ratio itself."""
    nice, real = ratio_counts(split, ratio)
    share = str(int(np.floor(100 * real / (nice + real) + 0.5)) if nice + real else 0)
    if nice and real:  # a domain that is there is never rounded away
        share = {"0": "under 1", "100": "over 99"}.get(share, share)
    return f"{nice:,} nice + {real:,} real = {share} % real"
