"""Forms made from RunConfig: a widget for each field, with its help text, unit and limits as they stand there."""

import typing
from typing import Any

import streamlit as st

from fruitlab.config.errors import ConfigError
from fruitlab.config.presets import PRESETS, configure
from fruitlab.config.run_config import RunConfig, checked, details
from fruitlab.models import registry

METHODS = {"mixed": "Mixed: both at once", "iterative": "Iterative: nice first"}
RECIPES = {
    "glance": "glance: a first look",
    "quick": "quick: an answer while you wait",
    "thorough": "thorough: the best for the time",
    "paper": "paper: the paper's own numbers",
}
SHOWN_FIRST = (
    "method",
    "preset",
    "data",
    "ratio",
    "split",
)  # they have a place of their own on the page
GROUPS = {  # heading: the first field under it, in the order of RunConfig
    "Run": "norms",
    "Batches, and what is done to their pictures": "batch_size",
    "Loss": "regularisation",
    "Optimiser": "learning_rate",
    "Network": "network",
    "What is watched (changes no weight)": "live_every",
}


def grouped(config: RunConfig) -> dict[str, list[str]]:
    """The fields that apply to the method and are not shown first, under their headings."""
    headings = {first: heading for heading, first in GROUPS.items()}
    groups: dict[str, list[str]] = {}
    heading = next(iter(GROUPS))
    for name in RunConfig.model_fields:
        heading = headings.get(name, heading)
        if name not in SHOWN_FIRST and config.applies(name):
            groups.setdefault(heading, []).append(name)
    return groups


def method(prefill: RunConfig | None) -> tuple[str, str, int]:
    """The method, and its slider: (method, ratio or split, its value in percent)."""
    start = prefill.method if prefill else "mixed"
    chosen = (
        st.segmented_control(
            "Method",
            list(METHODS),
            default=start,
            format_func=METHODS.get,
            key="method",
            required=True,
            help="Mixed training sees studio pictures (nice) and photos (real) together. Iterative training sees the nice ones "
            "first, then only the real ones, with all but the last two layers held still: watch it forget.",
        )
        or start
    )
    name = "ratio" if chosen == "mixed" else "split"
    field = RunConfig.model_fields[name]
    low, high = limits(name)
    value = getattr(prefill, name) if prefill and prefill.method == chosen else field.default
    label = (
        "Share of real pictures"
        if chosen == "mixed"
        else "Share of the iterations that is initial training, on nice pictures"
    )
    percent = st.slider(label, low, high, value, 1, format="%d %%", key=name, help=help_of(name))
    # Streamlit's slider has no marks of its own.
    places = [
        (mark, 100 * (mark - low) / (high - low))
        for mark in range(0, 101, 10)
        if low <= mark <= high
    ]
    marks = "".join(
        f'<span style="position:absolute;left:{place:.1f}%;transform:translateX(-50%)">{mark}</span>'
        for mark, place in places
    )
    st.html(
        f'<div aria-hidden="true" style="position:relative;height:1rem;margin:-.75rem .5rem 0;font-size:.75rem;opacity:.6">{marks}</div>'
    )
    return chosen, name, percent


def preset(prefill: RunConfig | None) -> str:
    """The recipe that the numbers start from."""
    start = prefill.preset.partition("@")[0] if prefill else "quick"
    names = [name for name in RECIPES if name in PRESETS] + [
        name for name in PRESETS if name not in RECIPES
    ]
    return st.selectbox(
        "Recipe",
        names,
        names.index(start) if start in names else 0,
        format_func=lambda name: RECIPES.get(name, name),
        key="preset",
        help="A small table of numbers to start from. All of them can be changed below.",
    )


def numbers(base: RunConfig) -> dict[str, Any]:
    """A widget for every other field, at the base's values to begin with; returns those values that differ from it."""
    changed = {}
    for heading, names in grouped(base).items():
        st.markdown(f"**{heading}**")
        for place, name in enumerate(names):
            if place % 3 == 0:  # a row at a time: on a telephone columns come one below the other
                columns = st.columns(3)
            with columns[place % 3]:
                value = widget(name, getattr(base, name), key=f"{base.method} {base.preset} {name}")
            if value != getattr(base, name):
                changed[name] = value
    return changed


def widget(name: str, value: Any, *, key: str) -> Any:
    """One field's widget: a switch, a choice, or a number within the field's limits."""
    kind, label = RunConfig.model_fields[name].annotation, label_of(name)
    if name == "network":
        known = registry.networks()
        return st.selectbox(
            label,
            list(known),
            list(known).index(value) if value in known else None,
            format_func=lambda network: known[network].title,
            key=key,
            help=help_of(name),
        )
    if kind is bool:
        return st.toggle(label, value, key=key, help=help_of(name))
    if typing.get_origin(kind) is typing.Literal:
        options = list(typing.get_args(kind))
        return st.selectbox(label, options, options.index(value), key=key, help=help_of(name))
    low, high = limits(name)
    if kind is int:
        return st.number_input(label, low, high, value, 1, key=key, help=help_of(name))
    step = (
        10.0 ** (len(f"{value:.0f}") - 2)
        if value >= 1
        else 0.01
        if value == 0 or value >= 0.1
        else value / 10
    )
    return st.number_input(
        label, float(low), float(high), float(value), step, format="%g", key=key, help=help_of(name)
    )


def limits(name: str) -> tuple[Any, Any]:
    """A field's least and greatest value; a bound that is itself not allowed is left to the check, which says so in a sentence."""
    found = {}
    for limit in RunConfig.model_fields[name].metadata:
        found |= {
            bound: value
            for bound in ("ge", "gt", "le", "lt")
            if (value := getattr(limit, bound, None)) is not None
        }
    return found.get("ge", found.get("gt")), found.get("le", found.get("lt"))


def label_of(name: str) -> str:
    unit = details(name)["unit"]
    return name.replace("_", " ").capitalize() + (f" ({unit})" if unit and unit != name else "")


def help_of(name: str) -> str:
    paper = details(name)["paper"]
    where = (
        f" {paper} of the paper."
        if paper.startswith("Table")
        else f" Section {paper} of the paper."
        if paper
        else ""
    )
    return (
        f"{RunConfig.model_fields[name].description}.{where} On the command line: `--set {name}=…`"
    )


def base_of(chosen: str, recipe: str, prefill: RunConfig | None) -> RunConfig:
    """The configuration that the numbers start from: the link's where it is of this method and recipe, else the recipe's."""
    if prefill and (prefill.method, prefill.preset.partition("@")[0]) == (chosen, recipe):
        return prefill
    return configure(chosen, preset=recipe)


def combine(base: RunConfig, changes: dict[str, Any]) -> RunConfig | None:
    """The base with these changes; where they cannot be, says so on the page and returns None."""
    try:
        return checked(base.model_dump() | changes)
    except ConfigError as error:
        st.error(str(error), icon=":material/error:")
        return None
