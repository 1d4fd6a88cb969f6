"""A study as text for the terminal: its plan and cost, its runs and their scores."""

from typing import Any

from fruitlab.cli.tables import table
from fruitlab.config.run_config import RunConfig
from fruitlab.config.text import duration, percent
from fruitlab.studies import progress
from fruitlab.studies.progress import Progress


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
        f"\n\nBest combined: {percent(best.combined)} (95 % interval {percent(low)} to "
        f"{percent(high)}) with {_settings(best.config, names)}."
    )
    if best.within:
        others = "; ".join(_settings(config, names) for config in best.within)
        text += f" Not distinguishable from it: {others}."
    return text


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
