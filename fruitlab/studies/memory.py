"""How few kept nice pictures are enough: rehearsal with memories of growing size. No torch.

Rehearsal with 0 to 50 nice pictures per category, at two shares of the batch, with all layers and
with the head alone. The first round has one seed. The second adds seeds where the answer is
decided: around the smallest memory that does as well as the largest one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fruitlab.methods.base import Method
from fruitlab.methods.registry import configure
from fruitlab.methods.rehearsal import Rehearsal
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import by_value_and_seed, preset_name, run_key
from fruitlab.studies import score_columns
from fruitlab.studies.plans import Known, Study
from fruitlab.studies.scores import Column

KEPT = (0, 1, 2, 5, 10, 20, 50)  # nice pictures of each category
SHARES = (10, 30)  # of a batch, in percent
LAYERS = ("all", "head")
CLOSE = 0.01  # combined performance that is as good: within a point of the largest memory's
VARIES = ("kept", "seed", "data")  # along a line of the figure
FEW = 3  # sizes that make a line


def plan(data: str, *, preset: str, seeds: int = 3, **changes: object) -> Study:
    """All sizes with seed 0, then the sizes that matter with the other seeds.

    Args:
        data: name of the dataset.
        preset: for all runs.
        seeds: number of seeds where it matters.
        changes: settings for all runs.
    """

    def run(layers: str, share: int, kept: int, seed: int) -> Method:
        # Without kept pictures the share means nothing, and one run stands for both.
        share = share if kept else SHARES[0]
        own = {"layers": layers, "share": share, "kept": kept, "seed": seed}
        return configure("rehearsal", preset=preset, data=data, **changes | own)

    lines = [(layers, share) for layers in LAYERS for share in SHARES]

    def rounds(known: Known) -> list[Method]:
        runs = [run(*line, kept, 0) for line in lines for kept in KEPT]
        for line in lines:
            found = [known.get(run(*line, kept, 0)) for kept in KEPT]
            scores = [score for score in found if score is not None]
            if len(scores) == len(KEPT):
                runs += [
                    run(*line, kept, seed) for kept in matters(scores) for seed in range(1, seeds)
                ]
        return list(dict.fromkeys(runs))

    most = len(dict.fromkeys(run(*line, kept, 0) for line in lines for kept in KEPT))
    return Study("memory", data, rounds, most=most + 3 * len(lines) * (seeds - 1))


def matters(scores: list[float]) -> list[int]:
    """The smallest size that does as well as the largest, and its two neighbours.

    Args:
        scores: combined performance at each of `KEPT`.
    """
    enough = next(place for place, score in enumerate(scores) if score >= scores[-1] - CLOSE)
    first = min(max(0, enough - 1), len(KEPT) - 3)
    return list(KEPT[first : first + 3])


@dataclass(frozen=True)
class Line:
    """Runs that differ in the number of kept pictures and the seed alone.

    Attributes:
        layers: "all" or "head". share: of the kept pictures in a batch, in percent.
        scores: by nice pictures kept per category, ascending; a value per seed.
    """

    layers: str
    share: int
    scores: Column


def lines(entries: Iterable[Entry], like: Entry) -> list[Line]:
    """The lines of the figure.

    Args:
        entries: runs that are scored on the same test pictures.
        like: a run whose preset they must have.
    """
    preset = preset_name(like.known_config)
    groups: dict[tuple[str, str | None], list[tuple[int, Entry]]] = {}
    empty: dict[tuple[str, str | None], list[Entry]] = {}  # with no kept pictures
    for entry in entries:
        config = entry.config
        if not isinstance(config, Rehearsal) or entry.final("combined") is None:
            continue
        if config.validation or preset_name(config) != preset:
            continue
        if config.kept:
            groups.setdefault(run_key(entry, without=VARIES), []).append((config.kept, entry))
        else:
            empty.setdefault(run_key(entry, without=(*VARIES, "share")), []).append(entry)
    found = []
    for runs in groups.values():
        first = runs[0][1]
        config = first.known_config
        assert isinstance(config, Rehearsal)
        nothing = empty.get(run_key(first, without=(*VARIES, "share")), [])
        column = score_columns.last(by_value_and_seed([*((0, one) for one in nothing), *runs]))
        if config.choice == "reservoir" and len(column) >= FEW:
            found.append(Line(config.layers, config.share, column))
    return sorted(found, key=lambda line: (line.layers, line.share))
