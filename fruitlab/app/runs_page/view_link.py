"""The link of a view of the Runs page, and the view that a link restores.

Reading a link never fails: it may be typed by hand, incomplete or old. What cannot be restored is
reported in a warning.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fruitlab.app.permalinks import parameter
from fruitlab.config.text import whole_number

AXES = {"iterations": "Iterations", "pictures": "Pictures seen", "time": "Time"}
METRICS = {
    "top1": "Top-1 accuracy",
    "top3": "Top-3 accuracy",
    "loss": "Loss",
    "learning_rate": "Learning rate",
    "momentum": "Momentum",
}
SECTIONS = {
    "categories": "By category",
    "mistakes": "Mistakes",
    "transfer": "Forgetting and transfer",
    "again": "Run again",
    "files": "Title and files",
}
SMOOTHEST = 20  # percent of the axis
MOST_RUNS = 60  # in a view; its address stays under 5,000 characters
MOST_NAMED = 8  # missing runs that a warning lists


@dataclass(frozen=True)
class View:
    """What the Runs page shows. The fields are the parameters of the link.

    Attributes:
        runs: ids of the selected runs.
        axis: horizontal axis of the curves, a key of `AXES`.
        metric: what the curves show, a key of `METRICS`.
        smoothing: scale of the moving average, in percent of the axis.
        seeds: average runs that differ only in their seed.
        best: show the best scores over training instead of the last ones.
        closer: id of the run whose details are shown; empty for the first one.
        section: the details that are shown, a key of `SECTIONS`.
    """

    runs: tuple[str, ...] = ()
    axis: str = "iterations"
    metric: str = "top1"
    smoothing: int = 0
    seeds: bool = True
    best: bool = False
    closer: str = ""
    section: str = "categories"


def view_to_query(view: View) -> dict[str, str]:
    """The query parameters of a view, without those at their defaults."""
    default = View()
    query = {"runs": ",".join(view.runs)} if view.runs else {}
    for name in ("axis", "metric", "smoothing", "seeds", "best", "closer", "section"):
        if getattr(view, name) != getattr(default, name):
            query[name] = parameter(getattr(view, name))
    return query


def view_from_query(params: Mapping[str, str], known: set[str]) -> tuple[View, list[str]]:
    """The view of a link, and a warning for everything that cannot be restored.

    Args:
        params: query parameters.
        known: ids of the runs on this machine.
    """
    warnings: list[str] = []

    def choice(name: str, choices: Mapping[str, str]) -> str:
        value = params.get(name, getattr(View(), name))
        if value in choices:
            return value
        warnings.append(
            f"The link's {name} {value!r} is unknown. Valid values: {', '.join(choices)}."
        )
        return getattr(View(), name)

    runs = _runs(params.get("runs", ""), known, warnings)
    closer = params.get("closer", "")
    return View(
        runs=runs,
        axis=choice("axis", AXES),
        metric=choice("metric", METRICS),
        smoothing=_smoothing(params.get("smoothing", "0"), warnings),
        seeds=params.get("seeds") != "false",
        best=params.get("best") == "true",
        closer=closer if closer in runs else "",
        section=choice("section", SECTIONS),
    ), warnings


def _runs(text: str, known: set[str], warnings: list[str]) -> tuple[str, ...]:
    names = list(dict.fromkeys(name for name in text.split(",") if name))
    runs = [name for name in names if name in known]
    if missing := [name for name in names if name not in known]:
        more = " and more" if len(missing) > MOST_NAMED else ""
        listed = ", ".join(missing[:MOST_NAMED])
        warnings.append(f"Not on this machine and left out of the view: {listed}{more}.")
    if len(runs) > MOST_RUNS:
        warnings.append(f"The link names {len(names):,} runs; the first {MOST_RUNS} are shown.")
    return tuple(runs[:MOST_RUNS])


def _smoothing(text: str, warnings: list[str]) -> int:
    if (smoothing := whole_number(text, SMOOTHEST)) is not None:
        return smoothing
    warnings.append(
        f"The link's smoothing {text[:20]!r} is invalid: it is a percentage of the axis from 0 to "
        f"{SMOOTHEST}."
    )
    return 0
