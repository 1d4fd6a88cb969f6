"""What a closed-form run keeps, so that corrections are learned at once.

solution.safetensors in the run's folder holds the solution with its inverse (13 MB for 1,280
features) and the features of the test pictures. It is computed from the features of the dataset
when the run is first corrected; after that, the dataset is no longer needed.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np

from fruitlab.config.errors import ConfigError, DataError, RunError
from fruitlab.config.progress import Progress
from fruitlab.data import store
from fruitlab.methods.closed_form import ClosedForm
from fruitlab.runs.folder import Run

FILE = "solution"
NO_NETWORK = (
    "Only a closed-form network learns from single photos. To make one, press Get the answer on "
    "the Data page, or run python -m fruitlab solve --data NAME"
)
_one_at_a_time = Lock()  # so that a correction waits for what is being loaded for it
SAME = 1e-3  # relative difference between the network's last layer and the solution


@dataclass(frozen=True, eq=False)
class Base:
    """A run that can learn corrections.

    Attributes:
        run: closed-form, finished.
        config: its configuration.
        inverse, head: see `closed_form.corrections.Solution`.
        temperature: what the last layer's weights are divided by.
        layer: names of the last layer's weight and bias in the weights file.
        categories: of the head.
        test: features of the test pictures in the order of predictions.npz, float32 [n, features].
        table: predictions.npz.
    """

    run: Run
    config: ClosedForm
    inverse: np.ndarray
    head: np.ndarray
    temperature: float
    layer: tuple[str, str]
    categories: tuple[str, ...]
    test: np.ndarray
    table: dict[str, np.ndarray]


def why_not(run: Run) -> str | None:
    """Why a run cannot learn single pictures; None if it can, as far as a quick look tells."""
    if not isinstance(run.config(), ClosedForm):
        return NO_NETWORK
    return None if run.status() == "finished" else f"{run.id} has not finished."


def open_base(run: Run, progress: Progress | None = None) -> Base:
    """The base in a run's folder; computed at first, which takes some seconds.

    Raises:
        RunError: the run is not closed-form or has not finished, or its dataset is not on this
            machine or has changed.
    """
    if why := why_not(run):
        raise RunError(why)
    with _one_at_a_time:
        if not run.has(FILE):
            try:
                run.write_tensors(FILE, _solve(run, progress), {})
            except OSError as error:
                raise RunError(f"{run.folder} cannot be written to ({error.strerror}).") from None
        return _open(run.folder, (run.folder / f"{FILE}.safetensors").stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _open(folder: Path, written: int) -> Base:
    run = Run(folder)
    tensors, _ = run.read_tensors(FILE)
    config, table = run.config(), run.predictions()
    assert isinstance(config, ClosedForm)
    weights, _ = run.read_tensors("weights")
    layer = _last_layer(run, weights, tensors["head"].shape)
    found, solved = weights[layer[0]].T, tensors["head"][:-1]
    temperature = float((solved * solved).sum() / (solved * found).sum())
    if np.abs(found * temperature - solved).max() > SAME * np.abs(solved).max():
        raise RunError(
            f"{run.id} is not the solution for the pictures of {config.data!r} with its settings. "
            "Solve again: python -m fruitlab solve"
        )
    return Base(
        run,
        config,
        tensors["inverse"],
        tensors["head"],
        temperature,
        layer,
        tuple(table["categories"].tolist()),
        tensors["test"].astype(np.float32),
        table,
    )


def _last_layer(
    run: Run, weights: dict[str, np.ndarray], shape: tuple[int, ...]
) -> tuple[str, str]:
    """The names of the last layer's weight and bias, by their shapes."""
    features, categories = shape[0] - 1, shape[1]
    for name, array in weights.items():
        bias = f"{name.removesuffix('weight')}bias"
        if array.shape == (categories, features) and bias in weights:
            return name, bias
    raise RunError(f"{run.id}: its last layer is not on the features, so it cannot be corrected.")


def _solve(run: Run, progress: Progress | None) -> dict[str, np.ndarray]:
    """The tensors of solution.safetensors."""
    from fruitlab.closed_form.corrections import Solution  # SciPy takes a while
    from fruitlab.closed_form.path import Path as HeadPath
    from fruitlab.studies.all_ratios import pictures

    config, known = run.config(), run.header()["data"]
    assert isinstance(config, ClosedForm)
    gone = (
        f"The pictures of {config.data!r} that {run.id} was trained on are not on this machine any "
        "more, or have changed. They are needed for its first correction."
    )
    try:
        data = store.load_cached(store.local_name(config.data, known["fingerprint"]) or config.data)
        if data is None or data.fingerprint != known["fingerprint"]:
            raise RunError(gone)
        train, test = pictures(data, config, progress)
    except (DataError, ConfigError) as error:
        raise RunError(f"{gone} ({error})") from None
    sums = [domain.statistics(len(data.categories)) for domain in train]
    solution = Solution.of(HeadPath(sums[0], sums[1], config.ridge), config.ratio / 100)
    return {
        "inverse": solution.inverse,
        "head": solution.head,
        "test": np.concatenate([domain.features for domain in test]),
    }
