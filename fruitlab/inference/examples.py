"""Pictures to try a network on while a person has none at hand: from its own test data, or drawn ones. No torch."""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from fruitlab.config.errors import DataError, RunError
from fruitlab.data import store, synthetic
from fruitlab.data.categories import CATEGORIES
from fruitlab.data.domains import DOMAINS, TwoDomains, content_hash
from fruitlab.plots.style import SHAPES
from fruitlab.runs.folder import Run

# Drawings, alternately real and nice, for networks whose own test pictures are not here. Chosen by hand for the shipped ones, which
# misread most drawings alike: on these they differ by ratio, or agree. Strawberry is read from 40 % real on.
TELLING = ("Strawberry", "Orange", "Lychee", "Cantaloupe", "Passion Fruit", "Pineapple")


@dataclass(frozen=True, eq=False)
class Example:
    """A picture whose category is known."""

    image: np.ndarray  # uint8 [100, 100, 3]
    category: str
    domain: Literal["nice", "real"]
    drawn: bool  # by code, not a photograph
    tested: bool  # one of the run's own test pictures: it was not trained on

    @property
    def caption(self) -> str:
        """Its category, with the mark of its domain."""
        return f"{SHAPES[self.domain]} {self.category}"


def examples(run: Run, count: int = 6) -> list[Example]:
    """Pictures for a run, alternately real and nice, of categories far apart; the same ones each time.

    From its own test pictures where they are on this machine, unchanged; else drawn ones.
    """
    try:
        written = (run.folder / "predictions.npz").stat().st_mtime_ns
        return list(_of_run(run.folder, written, count))
    except (
        OSError,
        RunError,
        DataError,
        KeyError,
        ValueError,
        IndexError,
        TypeError,
    ):  # whatever lies in that folder
        return drawn(count, known=_categories(run))


def _categories(run: Run) -> tuple[str, ...]:
    try:
        return tuple(map(str, run.header()["data"]["categories"]))
    except (RunError, KeyError, TypeError):
        return ()


def drawn(count: int = 6, *, known: tuple[str, ...] = ()) -> list[Example]:
    """Drawn pictures, alternately real and nice; of the categories that a run knows, where some of those can be drawn."""
    possible = tuple(category for category in CATEGORIES if category in known) or CATEGORIES
    if count == len(TELLING) and set(TELLING) <= set(possible):
        return list(_drawn(TELLING))
    return list(
        _drawn(
            tuple(
                possible[place]
                for place in np.linspace(0, len(possible) - 1, count).round().astype(int)
            )
        )
    )


@lru_cache(maxsize=16)
def _drawn(categories: tuple[str, ...]) -> tuple[Example, ...]:
    return tuple(
        Example(synthetic.draw(category, domain, 0), category, domain, drawn=True, tested=False)
        for category, domain in zip(categories, _alternating(len(categories)), strict=True)
    )


def _alternating(count: int) -> list[str]:
    return [DOMAINS[1 - i % 2] for i in range(count)]


@lru_cache(maxsize=64)
def _of_run(folder: Path, written: int, count: int) -> tuple[Example, ...]:
    run = Run(folder)
    table, data = run.predictions(), run.header()["data"]
    pair = None if data["kind"] == "drawn" else store.load_cached(data["name"])
    labels = np.linspace(0, len(table["categories"]) - 1, count).round().astype(int).tolist()
    # By the pictures themselves, not by the run: all runs on the same data show the same ones.
    choose = np.random.default_rng(zlib.crc32(data["fingerprint"].encode()))
    found = []
    for label, domain in zip(labels, _alternating(count), strict=True):
        rows = np.flatnonzero((table["truth"] == label) & (table["real"] == (domain == "real")))
        row = int(rows[choose.integers(len(rows))])
        image = _picture(pair, domain, str(table["path"][row]).partition("/")[2])
        if image is None or content_hash(image) != str(table["hash"][row]):
            raise RunError(
                f"{run.id}: its test pictures are not on this machine, or are others now."
            )
        found.append(
            Example(image, str(table["categories"][label]), domain, drawn=pair is None, tested=True)
        )
    return tuple(found)


def _picture(pair: TwoDomains | None, domain: str, path: str) -> np.ndarray | None:
    """The pixels behind a path within the data; built-in ones are drawn again, which takes no longer than looking them up."""
    if pair is None:
        category, _, number = path.partition("/")
        return synthetic.draw(category, domain, int(number))
    source = getattr(pair, domain)
    return np.array(source.images[source.paths.index(path)]) if path in source.paths else None
