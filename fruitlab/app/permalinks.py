"""Permalinks as query parameters: one reproduces a run, the other restores what the Runs page shows.

A run's link is its recipe at its version, what differs from it, the seed, and the data by name and fingerprint:
`train?preset=quick@2&method=mixed&ratio=30&seed=0&data=photos&fingerprint=74b34d8add04c437`. A link may have been typed,
cut off or kept for a year, so reading one never fails: what cannot be taken over is told in a sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from fruitlab.config.errors import ConfigError, DataError
from fruitlab.config.presets import PRESETS, configure
from fruitlab.config.run_config import BOTH, RunConfig, checked, details
from fruitlab.data import store

ALWAYS = (
    "seed",
    "data",
)  # said even where they are the preset's: a link should not change its meaning with a default
NOT_SETTINGS = ("preset", "method", "fingerprint")
AXES = {"iterations": "Iterations", "pictures": "Pictures seen", "time": "Time"}
METRICS = {
    "top1": "Top-1 accuracy",
    "top3": "Top-3 accuracy",
    "loss": "Loss",
    "learning_rate": "Learning rate",
}
SECTIONS = {
    "categories": "By category",
    "mistakes": "Mistakes",
    "again": "Run again",
    "files": "Title and files",
}
SMOOTHEST = 20  # percent of the axis
MOST_RUNS = 60  # that a view holds: more lines than anyone can read, and addresses stay under 5,000 characters


def to_query(config: RunConfig, fingerprint: str | None = None) -> dict[str, str]:
    """The run's link. Of a recipe whose numbers have changed since, every number is named, so that it still reproduces the run."""
    numbers = config.settings()
    try:
        base = configure(config.method, preset=config.preset).settings()
    except ConfigError:  # an older or later version of the preset, or a recipe that is gone
        base = {}
    link = {"preset": config.preset, "method": config.method}
    link |= {
        name: _text(value)
        for name, value in numbers.items()
        if name not in NOT_SETTINGS and (name in ALWAYS or name not in base or base[name] != value)
    }
    return link | ({"fingerprint": fingerprint} if fingerprint else {})


def from_query(
    params: Mapping[str, str],
    *,
    fingerprints: Mapping[str, str | None] | None = None,
    ignore: tuple[str, ...] = ("run",),
) -> tuple[RunConfig, list[str]]:
    """The configuration that a link means, and a sentence for each thing in it that could not be taken over.

    Args:
        params: the address' query parameters. An empty one gives the quick preset's mixed run.
        fingerprints: of the data on this machine by name, None where not known yet; read from the data root if not given.
        ignore: parameters that mean something else to the page.
    """
    warnings: list[str] = []
    method = params.get("method", "mixed")
    if method not in BOTH:
        warnings.append(
            f"The link names a method {method!r} that is not known here; this is mixed training instead."
        )
        method = "mixed"
    given = {
        name: value
        for name, value in params.items()
        if name not in NOT_SETTINGS and name not in ignore
    }
    base, exact = _base(params.get("preset", "quick"), method, given, warnings)
    config = exact or _changed(base, given, warnings)
    warnings += _data_warnings(config.data, params.get("fingerprint"), fingerprints)
    return config, warnings


def _base(
    preset: str, method: str, given: dict[str, str], warnings: list[str]
) -> tuple[RunConfig, RunConfig | None]:
    """The recipe to start from; and, for an outdated one whose every number the link names, the very configuration."""
    name, _, version = preset.partition("@")
    if name not in PRESETS:
        warnings.append(
            f"The link names a preset {preset!r} that is not known here (there are {', '.join(PRESETS)}); "
            "this starts from quick, with the link's own numbers on top."
        )
        return configure(method, preset="quick"), None
    now = configure(method, preset=name)
    if not version or preset == now.preset:
        return now, None
    if now.settings().keys() - set(NOT_SETTINGS) <= given.keys():
        try:
            return now, checked({"method": method, "preset": preset} | given)
        except ConfigError:
            pass  # some of it is wrong: taken over one by one below, with a sentence for each mistake
    warnings.append(
        f"The link was made with version {version} of the preset {name}; here it is {now.preset.partition('@')[2]}, and its numbers have "
        "changed since. What the link does not name is as in the present version, so the run may differ."
    )
    return now, None


def _changed(base: RunConfig, given: dict[str, str], warnings: list[str]) -> RunConfig:
    """The base with each of the link's numbers that can be."""
    taken: dict[str, Any] = {}
    for name, value in given.items():
        try:
            if base.method not in details(name)["methods"]:
                raise ConfigError(f"{name} means nothing in {base.method} training.")
            taken[name] = getattr(checked(base.model_dump() | {name: value}), name)
        except ConfigError as error:
            warnings.append(f"Left out of the link: {error}")
    return checked(base.model_dump() | taken)


def _data_warnings(
    name: str, fingerprint: str | None, fingerprints: Mapping[str, str | None] | None
) -> list[str]:
    if fingerprints is None:
        fingerprints = {found["name"]: found["fingerprint"] for found in store.available()}
    if name not in fingerprints:
        if name.partition(":")[0] == store.BUILT_IN:  # drawn when first used, the same everywhere
            try:
                store.load_cached(name)
            except DataError as error:
                return [str(error)]
            return []
        return [
            f"The link's data, {name!r}, is not on this machine: add it on the Data page, or choose other data; then the run is another one."
        ]
    here = fingerprints[name]
    if fingerprint and here and fingerprint != here:
        return [
            f"The data {name!r} here is not the link's (fingerprint {here}; the link's is {fingerprint}), so the run will not be the same."
        ]
    return []


@dataclass(frozen=True)
class View:
    """What the Runs page shows."""

    runs: tuple[str, ...] = ()
    axis: str = "iterations"
    metric: str = "top1"
    smoothing: int = 0  # percent of the axis
    seeds: bool = True  # runs that differ in the seed alone as their mean
    best: bool = False  # scores: the best of each column over training, not the last
    closer: str = ""  # the run looked at closely
    section: str = "categories"  # and what of it


def view_to_query(view: View) -> dict[str, str]:
    """The view's link; what is as always is left out."""
    plain = View()
    link = {"runs": ",".join(view.runs)} if view.runs else {}
    link |= {
        name: _text(getattr(view, name))
        for name in ("axis", "metric", "smoothing", "seeds", "best", "closer", "section")
        if getattr(view, name) != getattr(plain, name)
    }
    return link


def view_from_query(params: Mapping[str, str], known: set[str]) -> tuple[View, list[str]]:
    """The view that a link means, and a sentence for each thing in it that is not to be had.

    Args:
        known: ids of the runs on this machine.
    """
    warnings: list[str] = []
    named = list(dict.fromkeys(name for name in params.get("runs", "").split(",") if name))
    there = tuple(name for name in named if name in known)[:MOST_RUNS]
    if missing := [name for name in named if name not in known]:
        warnings.append(
            f"Not on this machine, so left out of the view: {', '.join(missing[:8])}{' and more' if len(missing) > 8 else ''}."
        )
    if len(named) - len(missing) > MOST_RUNS:
        warnings.append(f"The link names {len(named):,} runs; the first {MOST_RUNS} are shown.")

    def one_of(name: str, choices: Mapping[str, str]) -> str:
        value = params.get(name, getattr(View(), name))
        if value in choices:
            return value
        warnings.append(
            f"The link's {name} {value!r} is not known here; there are {', '.join(choices)}."
        )
        return getattr(View(), name)

    smoothing = params.get("smoothing", "0")
    if not (smoothing.isdecimal() and smoothing.isascii() and int(smoothing) <= SMOOTHEST):
        warnings.append(
            f"The link's smoothing {smoothing!r} cannot be: it is a share of the axis from 0 to {SMOOTHEST} %."
        )
        smoothing = "0"
    closer = params.get("closer", "")
    return View(
        runs=there,
        axis=one_of("axis", AXES),
        metric=one_of("metric", METRICS),
        smoothing=int(smoothing),
        seeds=params.get("seeds") != "false",
        best=params.get("best") == "true",
        closer=closer if closer in there else "",
        section=one_of("section", SECTIONS),
    ), warnings


def href(page: str, link: Mapping[str, str]) -> str:
    """The path of a page with these parameters, readable: `runs?runs=a,b&axis=time`."""
    return f"{quote(page)}?{urlencode(link, safe='@:,')}" if link else quote(page)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
