"""The report of one run."""

import shlex
from datetime import datetime

from fruitlab.config.errors import ConfigError
from fruitlab.config.settings import settings_of
from fruitlab.config.text import duration, percent, points
from fruitlab.data.domains import DOMAINS
from fruitlab.methods.base import Method
from fruitlab.methods.registry import configure
from fruitlab.metrics.transfer import MEASURES
from fruitlab.plots import figures
from fruitlab.plots.categories import per_category
from fruitlab.plots.figures import Figure
from fruitlab.reports import page, scoreboard
from fruitlab.runs import forgetting
from fruitlab.runs.captions import readable_name
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import preset_name
from fruitlab.runs.matrix import accuracy_matrix

HEIGHT = 320  # of a plot, in pixels
NAMED = ("method", "preset", "data")  # by their own options of the command line


def report(entry: Entry) -> str:
    """The report as HTML.

    Raises:
        RunError: the run has no readable configuration.
    """
    config = entry.known_config
    parts = [page.paragraph(_about(entry)), page.heading("Scores")]
    if note := entry.label.get("note"):
        parts.insert(1, page.paragraph(str(note)))
    if entry.points:
        parts += [_scores(entry), page.figures(_curves(entry), library=True)]
    else:
        parts.append(page.paragraph("There is no evaluation yet."))
    parts += [*_transfer(entry), *_categories(entry)]
    parts += [page.heading("Settings"), _settings(config)]
    parts += [page.heading("Train it again"), page.code(command(config))]
    return page.page(readable_name(entry), parts)


def command(config: Method) -> str:
    """The command that trains a run with these settings."""
    preset, iterations = preset_name(config), config.iterations
    try:
        base = configure(config.method, preset=config.preset, iterations=iterations).settings()
    except ConfigError:  # an earlier version of the preset
        base = {}
    changes = [
        f"--set {shlex.quote(f'{name}={value}')}"
        for name, value in config.settings().items()
        if name not in NAMED and (name == "iterations" or name not in base or base[name] != value)
    ]
    start = f"python -m fruitlab train {config.method} --preset {preset}"
    return " ".join([start, f"--data {shlex.quote(config.data)}", *changes])


def _about(entry: Entry) -> str:
    """What was trained, on what, where and when."""
    config, data = entry.known_config, entry.data
    parts = [f"Run {entry.id}, {entry.status}", f"{config.describe()}", f"preset {config.preset}"]
    name = config.data + (f" (hash {data['fingerprint']})" if data.get("fingerprint") else "")
    parts += [f"dataset {name}", f"seed {config.seed}"]
    if entry.categories:
        parts.append(f"{entry.categories} categories")
    if device := entry.header.get("trained_on"):
        parts.append(f"trained on {device}")
    if seconds := entry.summary.get("seconds"):
        parts.append(f"in {duration(float(seconds))}")
    if entry.created:
        parts.append(datetime.fromtimestamp(entry.created).strftime("%Y-%m-%d"))
    return ", ".join(parts) + "."


def _scores(entry: Entry) -> str:
    groups = [(readable_name(entry), (entry,))]
    return page.scrolled(
        *(scoreboard.table(groups, metric=metric, which="last") for metric in scoreboard.TOPS)
    )


def _curves(entry: Entry) -> list[tuple[Figure, int]]:
    config = entry.known_config
    found = [
        figures.accuracies(
            entry.curves(top), top=top, iterations=config.iterations, categories=entry.categories
        )
        for top in (1, 3)
    ]
    if entry.switch is not None:
        curve = forgetting.curve(entry, 1, entry.title)
        found.append(figures.forgetting([curve], top=1, categories=entry.categories))
    curves, steps = entry.curves(), entry.steps()
    found += [
        figures.training(name, curves, steps, iterations=config.iterations)
        for name in ("loss", "learning_rate")
    ]
    return [(figure, HEIGHT) for figure in found]


def _transfer(entry: Entry) -> list[str]:
    found = accuracy_matrix(entry)
    if found is None:
        return []
    rows = [
        [name, *(percent(value) for value in values)]
        for name, values in zip(found.rows, found.values.tolist(), strict=True)
    ]
    measures = [
        [label, points(getattr(found.transfer, name), signed=True), meaning]
        for name, (label, meaning) in MEASURES.items()
    ]
    return [
        page.heading("Accuracy matrix"),
        page.table(["top-1 accuracy", *DOMAINS], rows),
        page.table(["measure", "value", "meaning"], measures),
    ]


def _categories(entry: Entry) -> list[str]:
    """The accuracy of each category, where the summary of a finished run has it."""
    scores = entry.summary
    if not all("per_category" in (scores.get(domain) or {}) for domain in DOMAINS):
        return []
    height = 60 + 26 * len(scores["nice"]["per_category"])
    figure = per_category(scores, top=1)
    return [page.heading("Categories"), page.figures([(figure, height)], library=False)]


def _settings(config: Method) -> str:
    known = settings_of(type(config))
    rows = [
        [known[name].label, value, known[name].paper, known[name].help]
        for name, value in config.settings().items()
    ]
    return page.table(["setting", "value", "paper", "meaning"], rows)
