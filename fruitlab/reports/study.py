"""The report of a study, or of any runs side by side."""

from collections.abc import Sequence

from fruitlab.config.settings import settings_of
from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.curves import Metric, side_by_side
from fruitlab.plots import comparison, mixing
from fruitlab.plots.figures import Figure
from fruitlab.reports import page, scoreboard
from fruitlab.reports.run import HEIGHT, command
from fruitlab.runs.entry import Entry
from fruitlab.runs.lines import Group, grouped, lines, ordered
from fruitlab.runs.sweeps import sweeps
from fruitlab.runs.two_settings import heat_maps


def report(title: str, entries: Sequence[Entry]) -> str:
    """The report as HTML. Runs that differ only in their seed are one line.

    Args:
        title: plain text.
        entries: runs with a configuration, at least one.
    """
    entries = ordered(entries)
    groups = grouped(entries, seeds=True)
    several = any(len(group.runs) > 1 for group in groups)
    spread = " ± and bands: standard deviation over seeds." if several else ""
    prints = {entry.data.get("fingerprint") for entry in entries}
    about = f"{len(entries)} runs of {len(groups)} experiments.{spread}"
    if len(prints) > 1:
        about += " They were tested on different pictures: their accuracies are not comparable."
    board = scoreboard.table(
        [(group.name, group.runs) for group in groups], metric="top1", which="last"
    )
    shown = [(figure, HEIGHT) for figure in [*_mixing(entries), *heat_maps(entries)]]
    shown += [(figure, HEIGHT) for metric in ("top1", "loss") for figure in _curves(groups, metric)]
    parts = [page.paragraph(about), page.heading("Scores"), page.scrolled(board)]
    parts += [page.heading("Plots"), page.figures(shown, library=True)]
    parts += [page.heading("Settings"), _settings(groups)]
    parts += [page.heading("Train them again")]
    parts.append(page.code("\n".join(command(entry.known_config) for entry in entries)))
    return page.page(title, parts)


def _mixing(entries: Sequence[Entry]) -> list[Figure]:
    """The mixing curve of each sweep over the ratio."""
    found = []
    for sweep in sweeps(entries):
        if len(sweep.ratios) < 2:
            continue
        scores = [sweep.scores(ratio) for ratio in sweep.ratios]
        spread = [sweep.deviations(ratio) for ratio in sweep.ratios]
        found.append(
            mixing.curve(
                sweep.ratios,
                *([one[score] for one in scores] for score in SCORES),
                deviations={score: [one[score] for one in spread] for score in SCORES},
            )
        )
    return found


def _curves(groups: Sequence[Group], metric: Metric) -> list[Figure]:
    categories = {entry.categories for group in groups for entry in group.runs}
    return comparison.panels(
        lines(groups, axis="iterations", metric=metric, percent=0),
        axis="iterations",
        metric=metric,
        smoothing=0,
        categories=categories.pop() if len(categories) == 1 else None,
    )


def _settings(groups: Sequence[Group]) -> str:
    """Every setting with its values."""
    configs = [group.runs[0].known_config for group in groups]
    known = settings_of(type(configs[0]))
    rows = [
        [
            known[row.name].label if row.name in known else row.name,
            ", ".join(dict.fromkeys(str(value) for value in row.values if value is not None)),
        ]
        for row in side_by_side([config.settings() for config in configs])
        if row.name != "seed"
    ]
    return page.table(["setting", "values"], rows)
