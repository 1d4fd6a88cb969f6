"""The Forgetting page's small file: closed-form iterative training beside a gradient-trained run.

Both learn the same pictures: those of the run's initial training first, and then its real ones,
which reach the closed form batch by batch. The file holds accuracies only.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from fruitlab.closed_form.arriving import accuracy, arriving, at_once
from fruitlab.closed_form.leave_one_out import Pictures, choose
from fruitlab.config.errors import RunError
from fruitlab.config.files import read_json, write_json
from fruitlab.config.paths import runs_root, shipped_root
from fruitlab.config.progress import Progress
from fruitlab.data.domains import DOMAINS, TwoDomains
from fruitlab.features import cache
from fruitlab.methods.batching import mean_batch
from fruitlab.methods.iterative import Iterative
from fruitlab.runs.folder import Run

FORMAT = 1
NAME = "closed-form.json"  # in a run's own folder
SHIPPED = "forgetting.json"


def check(run: Run) -> Iterative:
    """The run's configuration. Raises RunError if it is not an iterative run that has finished."""
    config = run.config()
    if not isinstance(config, Iterative) or run.status() != "finished":
        raise RunError(
            f"{run.id} is not a finished run of iterative training. Train one with: "
            "python -m fruitlab train iterative"
        )
    return config


def make(
    run: Run, data: TwoDomains, out: Path, *, network: str, progress: Progress | None = None
) -> dict[str, Any]:
    """Write the file of an iterative run.

    Args:
        data: the run's dataset.
        network: a pretrained network, whose features the closed form learns from.

    Returns:
        What the file holds: *run*, *caption*, *gradient_network*, *data*, *fingerprint*,
        *categories* (their number), *network*, *ridge*, *pictures* and *tests* of both domains;
        *closed* and *gradient*, each with the lists *seen* (real pictures), *nice* and *real*
        (accuracies on all test pictures); and *joint*, {nice, real} of training on all at once.

    Raises:
        ConfigError, DataError: as `features.cache.features`. RunError: the file cannot be written.
    """
    config = check(run)
    from fruitlab.training.device_dataset import DeviceDataset
    from fruitlab.training.devices import resolve

    pictures = DeviceDataset.of(data, config, resolve("cpu"))
    found = cache.features(data, network, split_seed=config.split_seed, progress=progress)
    rows, labels = np.concatenate([found.nice.rows, found.real.rows]), pictures.labels.numpy()
    count = len(data.categories)

    def of(places: Any) -> Pictures:
        return Pictures.of(rows[places.numpy()], labels[places.numpy()], count)

    nice, real = (of(pictures.pool(p.pools[0], seed=config.seed)) for p in config.phases())
    test = {domain: of(pictures.test[domain]) for domain in DOMAINS}
    share = round(100 * len(real.labels) / (len(nice.labels) + len(real.labels)))
    ridge = choose(nice, real, count, ratio=share).ridge
    chunk = round(mean_batch(len(real.labels), config.batch_size))
    closed: dict[str, list[float]] = {"seen": [], "nice": [], "real": []}
    for seen, head in arriving(nice, real, count, ridge, chunk):
        if progress:
            progress("Learning the real pictures", seen, len(real.labels))
        closed["seen"].append(seen)
        for domain in DOMAINS:
            closed[domain].append(accuracy(head, test[domain]))
    joint = at_once(nice, real, count, ridge)
    result = {
        "format": FORMAT,
        "run": run.id,
        "gradient_network": config.network,
        "data": data.name,
        "fingerprint": data.fingerprint,
        "categories": count,
        "network": network,
        "ridge": ridge,
        "pictures": [len(nice.labels), len(real.labels)],
        "tests": [len(test[domain].labels) for domain in DOMAINS],
        "closed": closed,
        "gradient": by_gradient(run),
        "joint": {domain: accuracy(joint, test[domain]) for domain in DOMAINS},
    }
    try:
        write_json(out, result)
    except OSError as error:
        raise RunError(f"{out} cannot be written: {error.strerror}. Name another --out.") from None
    return result


def by_gradient(run: Run) -> dict[str, list[float]]:
    """The run's accuracies on all test pictures, and how many real pictures it had seen.

    A picture that is seen again is counted again.
    """
    points = [point for point in run.metrics() if point["phase"] == "restricted"]
    points = [point for point in points if point["nice"][0] == points[-1]["nice"][0]]
    return {"seen": [point["seen"]["real"] for point in points]} | {
        domain: [point[domain][1] / point[domain][0] for point in points] for domain in DOMAINS
    }


def found() -> list[dict[str, Any]]:
    """What the files on this machine hold: those of the user's runs, then the shipped one."""
    contents = []
    for path in [*sorted(runs_root().glob(f"*/{NAME}")), shipped_root() / SHIPPED]:
        with suppress(OSError, ValueError):  # a damaged file is left out, like a damaged run
            content = read_json(path)
            if isinstance(content, dict) and content.get("format") == FORMAT:
                contents.append(content)
    return contents
