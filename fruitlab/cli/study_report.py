"""A study as text for the terminal: its plan and cost, its runs and their scores."""

from typing import Any

from fruitlab.cli.tables import table
from fruitlab.config.run_config import RunConfig
from fruitlab.config.text import duration, percent
from fruitlab.metrics.accuracy import SCORES
from fruitlab.studies import progress
from fruitlab.studies.forgetting import judge
from fruitlab.studies.progress import Progress
from fruitlab.studies.scores import Scores


def plan(study: dict[str, Any]) -> str:
    """What a study is going to train, and how long that takes."""
    cost, most = study["cost"], study["most"]
    on, more = f"{study['study']} on {study['data']}", ""
    if most and most > study["runs"]:
        more = f" (at most {most:,}, depending on the results)"
    if not cost["runs"]:
        return f"{on}: all {study['runs']:,} runs{more} are finished."
    basis = cost["basis"]
    at_once = f"; {study['at_once']} train at once" if study["at_once"] > 1 else ""
    return (
        f"{on}: {study['runs']:,} runs{more}, {study['finished']:,} finished. The remaining "
        f"{cost['runs']:,} train on {cost['pictures']:,} pictures and take about "
        f"{duration(cost['seconds'])} one after the other ({basis}{at_once})."
    )


def rows(now: Progress) -> list[dict[str, Any]]:
    """A row for each configuration: its run, status, settings and final accuracies, or None."""
    found = []
    for config in now.configs:
        entry = now.found.get(config)
        row: dict[str, Any] = {
            "run": entry.id if entry else None,
            "status": entry.status if entry else "to do",
            "settings": config.settings(),
        }
        for name in ("nice", "real", "combined"):
            row[name] = entry.final(name) if entry and entry.status == "finished" else None
        found.append(row)
    return found


def runs(now: Progress) -> str:
    """A table of the settings that differ and the scores, and the best configuration."""
    found = rows(now)
    names = [name for name in _setting_names(found) if name != "preset"]
    cells = [
        [
            *(str(row["settings"].get(name, "")) for name in names),
            *(percent(row[name]) for name in ("nice", "real", "combined")),
            row["status"],
            row["run"] or "",
        ]
        for row in found
    ]
    text = table([*names, "nice", "real", "combined", "status", "run"], cells)
    best = progress.best(now)
    if best is None:
        return text
    low, high = best.interval
    text += (
        f"\n\nBest combined on the {best.config.scored_on} pictures: {percent(best.combined)} "
        f"(95% interval {percent(low)} to {percent(high)}) with {_settings(best.config, names)}."
    )
    if best.within:
        others = "; ".join(_settings(config, names) for config in best.within)
        text += f" Not distinguishable from it: {others}."
    if not best.config.validation:
        return f"{text} It was chosen on these pictures, so it is slightly optimistic."
    if best.tested:
        scores = ", ".join(percent(entry.final("combined")) for entry in best.tested)
        text += f"\nTrained with all training pictures, it has {scores} on the test pictures."
    return text


def forgetting(now: Progress) -> str:
    """The verdict on each method and what it costs; a table of the runs while there is none."""
    result = judge(now)
    if result is None:
        return runs(now)
    best = result.mixed[result.ratio]
    scored = [(f"mixed, {result.ratio}% real", best, "the best mixing ratio", "", "", "", "")]
    scored += [
        (
            one.config.describe(),
            one.scores,
            one.reach.value,
            f"{one.pictures:,}",
            f"{one.tensors / 1e6:.1f} MB",
            f"{one.seen:,.0f}",
            duration(one.seconds),
        )
        for one in result.methods
    ]
    cells = [
        [name, *(percent(own.mean(score)) for score in SCORES), spread(own), *rest]
        for name, own, *rest in scored
    ]
    heads = ["method", *SCORES, "±", "verdict", "nice pictures kept", "other", "seen", "time"]
    judged = f"The paper's third hypothesis, with these methods: {result.hypothesis}."
    return f"{table(heads, cells)}\n\n{judged}"


def verdicts(now: Progress) -> list[dict[str, Any]]:
    """The verdicts for --json, the best method first."""
    found = judge(now)
    return [
        {
            "method": one.config.describe(),
            "verdict": one.reach.value,
            "settings": one.config.settings(),
            "kept_pictures": one.pictures,
            "kept_bytes": one.tensors,
            "pictures_seen": one.seen,
            "seconds": one.seconds,
        }
        | {score: list(getattr(one.scores, score)) for score in SCORES}
        for one in (found.methods if found else [])
    ]


def spread(scores: Scores) -> str:
    """The deviation of the combined performance over the seeds, in points."""
    deviation = scores.deviation("combined")
    return "" if deviation is None else f"{100 * deviation:.1f}"


def _setting_names(found: list[dict[str, Any]]) -> list[str]:
    """The settings whose value is not the same in all rows that have them."""
    values: dict[str, set[str]] = {}
    for row in found:
        for name, value in row["settings"].items():
            values.setdefault(name, set()).add(str(value))
    return [name for name in values if len(values[name]) > 1]


def _settings(config: RunConfig, names: list[str]) -> str:
    settings = config.settings()
    shown = [name for name in names if name in settings and name not in ("seed", "method")]
    return ", ".join(f"{name} {settings[name]}" for name in shown) or "the only configuration"
