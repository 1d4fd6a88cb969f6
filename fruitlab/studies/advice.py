"""Up to three sentences of advice after an instant answer or a run. No torch."""

import numpy as np

from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.config.errors import RunError
from fruitlab.metrics import advice
from fruitlab.metrics.advice import Advice
from fruitlab.runs.entry import Entry

MOST = 3
TIMES = 11  # the pretrained network's file is larger by this factor: 14 MB and 1.3 MB as ONNX


def of_ratios(found: AllRatios, small: Entry | None = None) -> list[Advice]:
    """Advice from the heads at all ratios.

    Args:
        small: the best run of the paper's network on the same pictures.
    """
    given = [
        advice.mixing(found.curves["combined"], found.best),
        _more_photos(found),
        None if small is None else _small(small, found),
        advice.confused(found.confusion[found.best, 1], found.categories),
    ]
    return [one for one in given if one is not None][:MOST]


def of_run(entry: Entry, found: AllRatios | None) -> list[Advice]:
    """Advice from a finished run's answers to the test pictures.

    Args:
        found: the heads at all ratios for the same pictures, if there are any.
    """
    if entry.status != "finished" or entry.known_config.validation:
        return []
    given = [_confused(entry)]
    if found is not None:
        # What a run forgot between its phases says nothing about the size of its network.
        jointly = len(entry.known_config.phases()) == 1
        small = jointly and entry.known_config.network == "paper"
        given += [_more_photos(found), _small(entry, found) if small else None]
    return [one for one in given if one is not None][:MOST]


def _confused(entry: Entry) -> Advice | None:
    try:
        table = entry.run.predictions()
        names, rows = table["categories"].tolist(), np.flatnonzero(table["real"])
        confusion = np.zeros((len(names), len(names)), np.int64)
        np.add.at(confusion, (table["truth"][rows], table["top3"][rows, 0]), 1)
    except (RunError, OSError, KeyError, IndexError):
        return None  # it has none, or they are damaged
    return advice.confused(confusion, names)


def _more_photos(found: AllRatios) -> Advice | None:
    known = found.facts.get("learning_curve")  # files of earlier versions have none
    if known is None:
        return None
    half, full = (np.array(known[name], float) for name in ("half", "all"))
    return advice.more_photos(half, full, np.array(known["pictures"]), found.categories)


def _small(entry: Entry, found: AllRatios) -> Advice | None:
    scores = entry.summary.get("combined")
    if not isinstance(scores, dict) or "top1_interval" not in scores:
        return None
    low, high = scores["top1_interval"]
    curve = found.curves["combined"]
    best, least, most = (float(curve[name][found.best]) for name in ("top1", "low", "high"))
    return advice.small_network((scores["top1"], low, high), (best, least, most), TIMES)
