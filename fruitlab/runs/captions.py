"""The names of runs on pages, in plots and in terminals. No torch."""

from collections.abc import Sequence
from typing import Any

from fruitlab.config.run_config import RunConfig
from fruitlab.config.settings import settings_of
from fruitlab.methods.base import Method
from fruitlab.metrics.curves import distinguishing
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import preset_changes, preset_name

SHOWN_CHANGES = 3  # settings that a preset's caption names


def method_caption(config: Method) -> str:
    """The training method with its main settings: "mixed, 60% real".

    It says so if the run is scored on pictures that were held back from training.
    """
    return config.describe() + (", scored on validation pictures" if config.validation else "")


def preset_caption(config: Method, *, ignore: Sequence[str] = ()) -> str:
    """The preset and what was changed in it: "quick with width 2, iterations 500".

    Args:
        config: of the run.
        ignore: settings whose change is not worth naming.
    """
    changes = [
        setting_caption(name, value)
        for name, value in preset_changes(config).items()
        if name not in ignore
    ]
    if not changes:
        return preset_name(config)
    more = len(changes) - SHOWN_CHANGES
    named = ", ".join(changes[:SHOWN_CHANGES]) + (f" and {more} more" if more > 0 else "")
    return f"{preset_name(config)} with {named}"


def setting_caption(name: str, value: Any) -> str:
    """One setting in a few words: "60% real", "learning rate 0.01"."""
    match name:
        case "method":
            return str(value)
        case "ratio":
            return f"{value}% real"
        case "split":
            return f"{value}% nice first"
        case "running_statistics":
            return f"{value} statistics"
    known = settings_of(RunConfig).get(name)
    title = known.title if known else name.replace("_", " ")
    return f"{title[0].lower() if title[1:2].islower() else title[0]}{title[1:]} {_text(value)}"


def run_caption(entry: Entry) -> str:
    """A run in a line: its title, else its method; then its data and preset."""
    if entry.config is None:
        return entry.title
    name = entry.given_title or method_caption(entry.config)
    return f"{name} · {entry.config.data} · {preset_name(entry.config)}"


def readable_name(entry: Entry) -> str:
    """A run in a heading: its title, else its method with the seed, else its id."""
    if entry.given_title or entry.config is None:
        return entry.title
    return f"{method_caption(entry.config)}, seed {entry.config.seed}"


def readable_names(entries: Sequence[Entry]) -> list[str]:
    """Names for the rows of a table: titles, else methods with what tells rows apart.

    Of rows with the same method, data and preset, that is as few settings as it takes, and the
    seed if these are not enough.
    """
    names = {entry.id: entry.title for entry in entries}
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        if (config := entry.config) is not None and not entry.given_title:
            names[entry.id] = method_caption(config)
            groups.setdefault((names[entry.id], config.data, config.preset), []).append(entry)
    for alike in groups.values():
        short = legends(alike)
        for entry, text in zip(alike, short, strict=True):
            seed = f"seed {entry.known_config.seed}" if short.count(text) > 1 else ""
            names[entry.id] = ", ".join(filter(None, (names[entry.id], text, seed)))
    return [names[entry.id] for entry in entries]


def choice_caption(entry: Entry) -> str:
    """A run in a list to choose from: its title or id, then its method, data and status."""
    method = f"{method_caption(entry.config)} · {entry.config.data} · " if entry.config else ""
    return f"{entry.title}: {method}{entry.status}"


def legends(entries: Sequence[Entry], *, whole: bool = False, seed: bool = False) -> list[str]:
    """For each run the settings that tell it from the others, in few words.

    Args:
        entries: runs that have a configuration.
        whole: begin with the method and its main settings, whether they differ or not.
        seed: name the seed, too.

    Returns:
        Empty texts where nothing differs and nothing was asked for; not always distinct.
    """
    configs = [entry.known_config for entry in entries]
    found = []
    for config, settings in zip(
        configs, distinguishing([config.settings() for config in configs]), strict=True
    ):
        method = method_caption(config)
        parts = [setting_caption(name, value) for name, value in settings.items()]
        if whole:  # the method's caption already says some of it
            parts = [method, *(part for part in parts if part not in method)]
        if seed:
            parts.append(f"seed {config.seed}")
        found.append(", ".join(parts))
    return found


def distinct_legends(entries: Sequence[Entry]) -> list[str]:
    """A short name for each run: its title, else what tells it from the others, else its id."""
    short = legends(entries)
    seeded = [
        ", ".join(filter(None, (text, f"seed {entry.known_config.seed}")))
        if short.count(text) > 1
        else text
        for entry, text in zip(entries, short, strict=True)
    ]
    return [
        entry.given_title or (text if text and seeded.count(text) == 1 else entry.id)
        for entry, text in zip(entries, seeded, strict=True)
    ]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)
