"""The page's centre: every run on the plane of nice and real accuracy."""

from collections.abc import Iterable, Sequence

import numpy as np
import streamlit as st

from fruitlab.app import all_ratios, navigation, shared
from fruitlab.app.components import chart, live
from fruitlab.app.forgetting_page import between
from fruitlab.config.text import plain
from fruitlab.methods import registry
from fruitlab.metrics.curves import mean_and_deviation
from fruitlab.metrics.series import thin
from fruitlab.plots import plane
from fruitlab.plots.points import Point, Trajectory
from fruitlab.runs import captions
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import preset_name, run_key, same_data
from fruitlab.runs.sweeps import Sweep, sweeps

HEIGHT = 620  # of the plot, in pixels
HOW_SCORED = ("validation", "live_every", "live_pictures", "full_evaluations")  # not how trained
LEGEND = 20  # characters of a run's name in the legend
HELP = (
    "Each marker is an experiment at its last iteration, the mean over its seeds with the standard "
    "deviation. Lines with many points are the evaluations of the runs chosen above and of those "
    "that train now. Point at a marker for its settings; click it to open the run."
)


def watch(chosen: list[str], active: bool) -> None:
    """Draws the plane, and updates it until all runs have ended.

    Args:
        chosen: ids of the selected runs. The first one decides which pictures the plane is about.
        active: whether one of them trains or waits.
    """
    updating = active or between.working()
    st.fragment(_view, run_every=live.EVERY if updating else None)(chosen, active, updating)


def _view(chosen: list[str], active: bool, updating: bool) -> None:
    if (active or between.working()) != updating:
        st.rerun()  # of the whole page, which decides whether this part updates itself
    every = [entry for entry in shared.index().entries() if entry.config is not None]
    by_id = {entry.id: entry for entry in every}
    selected = [by_id[name] for name in chosen if name in by_id]
    if not selected:
        return
    first = selected[0]
    here = [entry for entry in every if same_data(entry, first)]
    space = st.container()
    sweep = _mixed(here, first)
    ends = [sweep.network(ratio) for ratio in (sweep.ratios[0], sweep.ratios[-1])] if sweep else []
    found = between.choose(here, selected, ends)
    preset = preset_name(first.known_config)
    compared = [entry for entry in here if preset_name(entry.known_config) == preset]
    drawn = [entry for entry in here if entry.active or entry in selected]
    names = captions.distinct_legends(drawn)
    figure = plane.plane(
        by_method(compared, sweep),
        frontier=_frontier(sweep) if sweep else (),
        trajectories=[_trajectory(*pair) for pair in zip(drawn, names, strict=True)],
        closed_form=_closed_form(first),
        between=found,
    )
    with space:
        if others := [plain(entry.title) for entry in selected if entry not in here]:
            st.caption(f"Scored on other pictures and not on the plane: {', '.join(others)}.")
        key = f"plane {first.data.get('fingerprint')} {first.known_config.validation}"
        clicked = chart.show(figure, key=key, height=HEIGHT, clicks=True)
        st.caption(_scored(first, sweep), help=HELP)
    if clicked:
        _open(clicked)


def by_method(here: Iterable[Entry], sweep: Sweep | None) -> dict[str, list[Point]]:
    """The experiments of each training method, {title: points}, without the frontier's.

    Args:
        here: runs that are scored on the same pictures.
        sweep: the frontier.
    """
    on_frontier = {entry.id for runs in sweep.runs.values() for entry in runs} if sweep else set()
    experiments: dict[tuple[str, str | None], dict[int, Entry]] = {}
    for entry in here:  # the newest first; of several with one seed, it counts
        if entry.id not in on_frontier and entry.final("combined") is not None:
            seeds = experiments.setdefault(run_key(entry, without=("seed",)), {})
            seeds.setdefault(entry.known_config.seed, entry)
    found: dict[str, list[Point]] = {name: [] for name in registry.methods()}
    for seeds in experiments.values():
        runs = [seeds[seed] for seed in sorted(seeds)]
        found[runs[0].known_config.method].append(_point(runs))
    return {_title(name): points for name, points in found.items()}


def _title(method: str) -> str:
    return registry.method(method).title.partition(":")[0].partition(" (")[0]


def _point(seeds: Sequence[Entry], label: str = "") -> Point:
    """An experiment: the mean over its seeds."""
    (nice, one), (real, other) = (
        mean_and_deviation(entry.final(domain) for entry in seeds) for domain in ("nice", "real")
    )
    config = seeds[0].known_config
    about = (
        f"{captions.method_caption(config)} · {captions.preset_caption(config, ignore=HOW_SCORED)}"
    )
    if len(seeds) > 1:
        about += f" · mean of {len(seeds)} seeds"
    ids = ",".join(entry.id for entry in seeds)
    return Point(nice or 0.0, real or 0.0, about, label, ids, (one, other))


def _mixed(here: Iterable[Entry], first: Entry) -> Sweep | None:
    """The mixed runs to compare with, preferably of the run's preset."""
    preset = preset_name(first.known_config)
    found = [sweep for sweep in sweeps(here) if sweep.is_mixed and len(sweep.runs) > 1]
    return min(found, key=lambda sweep: preset_name(sweep.config) != preset, default=None)


def _frontier(sweep: Sweep) -> list[Point]:
    return [_point(seeds, f"{ratio}%") for ratio, seeds in sweep.runs.items()]


def _trajectory(entry: Entry, name: str) -> Trajectory:
    nice, real = entry.accuracy("nice"), entry.accuracy("real")
    iteration = entry.column("iteration")
    kept = [i for i in thin(entry.points) if np.isfinite(nice[i]) and np.isfinite(real[i])]
    about = captions.method_caption(entry.known_config)
    points = [
        Point(nice[i], real[i], f"{about} · iteration {int(iteration[i]):,}", key=entry.id)
        for i in kept
    ]
    return Trajectory(_short(name or about), _title(entry.known_config.method), points)


def _short(name: str) -> str:
    """A name that fits into the legend."""
    return name if len(name) <= LEGEND else name[: LEGEND - 1] + "…"


def _closed_form(first: Entry) -> list[Point]:
    """The closed form on the same test pictures, if it is there."""
    config = first.known_config
    if config.validation or config.split_seed:
        return []
    for found in all_ratios.available():
        if found.facts["fingerprint"] == first.data.get("fingerprint"):
            nice, real = (found.curves[domain]["top1"].tolist() for domain in ("nice", "real"))
            marked = {found.best: f"{found.best}%"}
            return [
                Point(
                    *pair,
                    f"closed form, {ratio}% real · {found.facts['network']}",
                    marked.get(ratio, ""),
                )
                for ratio, pair in enumerate(zip(nice, real, strict=True))
            ]
    return []


def _scored(first: Entry, sweep: Sweep | None) -> str:
    config = first.known_config
    preset = preset_name(config)
    text = (
        f"All runs with the preset {preset} that are scored on the same {config.scored_on} pictures"
    )
    if sweep is not None and preset_name(sweep.config) != preset:
        text += f"; mixed training with the preset {preset_name(sweep.config)}"
    return f"{text}."


def _open(ids: str) -> None:
    if "," in ids:
        navigation.go("runs", query={"runs": ids})
    navigation.go("train", query={"run": ids})
