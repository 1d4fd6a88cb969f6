"""Example pictures to try a network on: from its own test data, or drawn by code."""

import threading
import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from fruitlab.config.errors import DataError, RunError
from fruitlab.data import store, synthetic
from fruitlab.data.categories import CATEGORIES
from fruitlab.data.domains import DOMAINS, DomainName, Split, TwoDomains, content_hash
from fruitlab.inference.heatmap import data_url
from fruitlab.plots.style import SHAPES
from fruitlab.runs.folder import Run

# Drawings, alternately real and nice, for networks whose test pictures are not on this machine.
# Selected for the shipped networks, which classify most drawings wrong in the same way: on these
# six they agree, or differ by ratio (Strawberry is classified correctly from 40% real on).
SELECTED = ("Strawberry", "Orange", "Lychee", "Cantaloupe", "Passion Fruit", "Pineapple")


@dataclass(frozen=True, eq=False)
class Example:
    """A picture whose category is known.

    Attributes:
        image: uint8 [100, 100, 3].
        category: the true category.
        domain: the domain it belongs to.
        drawn: drawn by code rather than photographed.
        tested: one of the run's own test pictures, which it was not trained on.
    """

    image: np.ndarray
    category: str
    domain: DomainName
    drawn: bool
    tested: bool

    @property
    def caption(self) -> str:
        """The category after the marker of the domain."""
        return f"{SHAPES[self.domain]} {self.category}"

    @cached_property
    def url(self) -> str:
        """The picture as a data: URL."""
        return data_url(self.image, "JPEG")


def examples(run: Run, count: int = 6) -> list[Example]:
    """Examples for a run, alternately real and nice, with categories spread evenly.

    They are test pictures of the run where its data is on this machine and unchanged, otherwise
    drawings. The same call returns the same examples.
    """
    try:
        written = (run.folder / "predictions.npz").stat().st_mtime_ns
        return list(_test_pictures(run.folder, written, count))
    except (OSError, RunError, DataError, KeyError, ValueError, IndexError, TypeError):
        return drawn(count, known=_categories(run))  # whatever is in that folder


def of_data(
    name: str, fingerprint: str, categories: tuple[str, ...], count: int = 6
) -> list[Example]:
    """Test pictures of a dataset (split seed 0), chosen like those of `examples`, or drawings."""
    data = _here(name, fingerprint)
    return drawn(count, known=categories) if data is None else list(_of_split(data, count))


def of_categories(
    name: str, fingerprint: str, categories: tuple[str, ...]
) -> dict[DomainName, list[Example | None]]:
    """A test picture of each category and domain (split seed 0), or a drawing.

    None stands for a category without pictures here that cannot be drawn.
    """
    data = _here(name, fingerprint)
    if data is not None:
        return {domain: list(_of_each(data, domain)) for domain in DOMAINS}
    return {
        domain: [_drawing_of(name, domain) if name in CATEGORIES else None for name in categories]
        for domain in DOMAINS
    }


def drawn(count: int = 6, *, known: tuple[str, ...] = ()) -> list[Example]:
    """Drawn examples, alternately real and nice.

    Args:
        count: number of examples.
        known: categories of the network; those that can be drawn are preferred.
    """
    possible = tuple(category for category in CATEGORIES if category in known) or CATEGORIES
    if count == len(SELECTED) and set(SELECTED) <= set(possible):
        return list(_drawn(SELECTED))
    return list(_drawn(tuple(possible[index] for index in _spread(len(possible), count))))


def _categories(run: Run) -> tuple[str, ...]:
    try:
        return tuple(map(str, run.header()["data"]["categories"]))
    except (RunError, KeyError, TypeError):
        return ()


def _drawn(categories: tuple[str, ...]) -> tuple[Example, ...]:
    with _drawing:  # the first visitors come at once, and drawing takes a second
        return tuple(map(_drawing_of, categories, _alternating(len(categories))))


@lru_cache(maxsize=2 * len(CATEGORIES))
def _drawing_of(category: str, domain: DomainName) -> Example:
    return Example(synthetic.draw(category, domain, 0), category, domain, drawn=True, tested=False)


def _here(name: str, fingerprint: str) -> TwoDomains | None:
    """The dataset with that fingerprint, if it is on this machine and can be read."""
    try:
        here = store.local_name(name, fingerprint)
        return None if here is None else _opened(here, fingerprint)
    except DataError:
        return None


@lru_cache(maxsize=4)
def _opened(name: str, fingerprint: str) -> TwoDomains:
    """A dataset, opened once: its index takes a fifth of a second to read. Raises DataError."""
    data = store.load_cached(name)
    if data is None or data.fingerprint != fingerprint:
        raise DataError(f"The pictures of {name} have changed.")
    return data


_drawing = threading.Lock()


def _alternating(count: int) -> list[DomainName]:
    """real, nice, real, ..."""
    return ["nice" if i % 2 else "real" for i in range(count)]


def _spread(length: int, count: int) -> list[int]:
    """`count` indices spread evenly over a sequence of that length."""
    return np.linspace(0, length - 1, count).round().astype(int).tolist()


@lru_cache(maxsize=8)
def _of_split(data: TwoDomains, count: int) -> tuple[Example, ...]:
    split, rng = data.split(0), np.random.default_rng(zlib.crc32(data.fingerprint.encode()))
    labels = _spread(len(data.categories), count)
    return tuple(
        _tested(data, split, label, domain, rng)
        for label, domain in zip(labels, _alternating(count), strict=True)
    )


@lru_cache(maxsize=8)
def _of_each(data: TwoDomains, domain: DomainName) -> tuple[Example, ...]:
    split, rng = data.split(0), np.random.default_rng(zlib.crc32(data.fingerprint.encode()))
    return tuple(_tested(data, split, label, domain, rng) for label in range(len(data.categories)))


def _tested(
    data: TwoDomains, split: Split, label: int, domain: DomainName, rng: np.random.Generator
) -> Example:
    """One of a category's test pictures."""
    pictures, tested = data.domain(domain), split.indices(domain, "test")
    tested = tested[pictures.labels[tested] == label]
    image = np.array(pictures.images[tested[rng.integers(len(tested))]])
    is_drawn = data.kind == "drawn"
    return Example(image, data.categories[label], domain, drawn=is_drawn, tested=True)


@lru_cache(maxsize=64)
def _test_pictures(folder: Path, written: int, count: int) -> tuple[Example, ...]:
    run = Run(folder)
    table, data = run.predictions(), run.header()["data"]
    pair = None
    if data["kind"] != "drawn":
        pair = store.load_cached(
            store.local_name(data["name"], data["fingerprint"]) or data["name"]
        )
    # Seeded by the data, not the run: all runs on the same data have the same examples.
    rng = np.random.default_rng(zlib.crc32(data["fingerprint"].encode()))
    found = []
    labels = _spread(len(table["categories"]), count)
    for label, domain in zip(labels, _alternating(count), strict=True):
        rows = np.flatnonzero((table["truth"] == label) & (table["real"] == (domain == "real")))
        row = int(rows[rng.integers(len(rows))])
        image = _image(pair, domain, str(table["path"][row]).partition("/")[2])
        if image is None or content_hash(image) != str(table["hash"][row]):
            raise RunError(
                f"The test pictures of {run.id} are not on this machine, or have changed."
            )
        category = str(table["categories"][label])
        found.append(Example(image, category, domain, drawn=pair is None, tested=True))
    return tuple(found)


def _image(pair: TwoDomains | None, domain: DomainName, path: str) -> np.ndarray | None:
    """The picture at a path within the data, uint8 [100, 100, 3]; None if it is not there."""
    if pair is None:  # drawing a picture takes no longer than reading it
        category, _, number = path.partition("/")
        return synthetic.draw(category, domain, int(number))
    source = getattr(pair, domain)
    return np.array(source.images[source.paths.index(path)]) if path in source.paths else None
