"""Forms made from a method's settings: a widget for each, with its help, unit and limits."""

from typing import Any

import streamlit as st

from fruitlab.config.errors import ConfigError
from fruitlab.config.presets import PRESETS
from fruitlab.config.settings import Setting, grouped, settings_of
from fruitlab.methods.base import Method
from fruitlab.methods.registry import configure, methods, parse
from fruitlab.models import weights
from fruitlab.models.registry import networks

SHOWN_FIRST = ("method", "preset", "data")  # these have their own place on the page
OWN_SETTINGS = "Training method"  # heading of the settings that a method adds


def method(prefill: Method | None) -> tuple[str, dict[str, Any]]:
    """Method and slider of its headline setting: (method, {setting: value})."""
    known = methods()
    names = list(known)
    chosen = st.selectbox(
        "Method",
        names,
        names.index(prefill.method) if prefill else 0,
        format_func=lambda name: known[name].title,
        key="method",
        help="docs/methods.md describes each method, with its reference.",
    )
    st.caption(known[chosen].description)
    headline = known[chosen].headline
    if headline is None:
        return chosen, {}
    setting = settings_of(known[chosen])[headline]
    same_method = prefill is not None and prefill.method == chosen
    value = getattr(prefill, headline) if same_method else setting.default
    return chosen, {headline: _slider(setting, value)}


def preset(prefill: Method | None) -> str:
    """The preset that the settings start from."""
    start = prefill.preset.partition("@")[0] if prefill else "quick"
    names = list(PRESETS)
    return st.selectbox(
        "Preset",
        names,
        names.index(start) if start in names else 0,
        format_func=lambda name: f"{name}: {PRESETS[name].summary}",
        key="preset",
        help="A table of settings to start from. You can change every one of them below.",
    )


def numbers(base: Method) -> dict[str, Any]:
    """A widget for every other setting, starting at the base's values.

    Returns:
        The values that differ from the base's.
    """
    changed: dict[str, Any] = {}
    settings = settings_of(type(base))
    for heading, names in _groups(base).items():
        st.markdown(f"**{heading}**")
        columns: list[Any] = []
        for name in names:
            if name == "pretrained" and not weights.find(changed.get("network", base.network)):
                continue  # the network has no such weights
            wide = name == "network"  # whose titles are long
            if not (columns or wide):  # one row at a time: on a phone, columns stack
                columns = list(st.columns(3, vertical_alignment="bottom"))
            with st.container() if wide else columns.pop(0):
                key = f"{base.method} {base.preset} {name}"
                value = widget(settings[name], getattr(base, name), key=key)
            if value != getattr(base, name):
                changed[name] = value
    return changed


def widget(setting: Setting, value: Any, *, key: str) -> Any:
    """One setting's widget: a toggle, a choice, or a number within the setting's limits."""
    label, help_text = setting.label, help_of(setting)
    if setting.name == "network":
        titles = {value: value} | {name: found.title for name, found in networks().items()}
        return st.selectbox(
            label,
            list(titles),
            list(titles).index(value),
            format_func=lambda name: titles[name],
            key=key,
            help=help_text,
        )
    if setting.kind is bool:
        return st.toggle(label, value, key=key, help=help_text)
    if setting.choices:
        options = list(setting.choices)
        return st.selectbox(label, options, options.index(value), key=key, help=help_text)
    if setting.kind is str:
        return st.text_input(label, value, key=key, help=help_text)
    low, high = setting.low, setting.high
    if setting.kind is int:
        return st.number_input(label, low, high, value, 1, key=key, help=help_text)
    low, high = (None if limit is None else float(limit) for limit in (low, high))
    return st.number_input(
        label, low, high, float(value), _step(value), format="%g", key=key, help=help_text
    )


def help_of(setting: Setting) -> str:
    """Help text with the paper's section and the command-line option."""
    where = ""
    if setting.paper:
        place = setting.paper if setting.paper.startswith("Table") else f"section {setting.paper}"
        where = f" See {place} of the paper."
    return f"{setting.help}{where} On the command line: `--set {setting.name}=…`"


def base_of(chosen: str, preset_name: str, prefill: Method | None) -> Method:
    """The link's settings if it is of this method and preset, else the preset's."""
    if prefill and (prefill.method, prefill.preset.partition("@")[0]) == (chosen, preset_name):
        return prefill
    return configure(chosen, preset=preset_name)


def combine(base: Method, changes: dict[str, Any]) -> Method | None:
    """The base with these changes; shows an error and returns None if they are not valid."""
    try:
        return parse(base.model_dump() | changes)
    except ConfigError as error:
        st.error(str(error), icon=":material/error:")
        return None


def _groups(base: Method) -> dict[str, list[str]]:
    """The settings without a place of their own, under their headings; the method's own first."""
    own = list(base.own_settings())
    first = {*SHOWN_FIRST, base.headline}
    groups = {OWN_SETTINGS: [name for name in own if name not in first]}
    for heading, names in grouped(type(base)).items():
        groups[heading] = [name for name in names if name not in first and name not in own]
    return {heading: names for heading, names in groups.items() if names}


def _slider(setting: Setting, value: Any) -> Any:
    """A slider over the setting's range; percentages get a scale below it."""
    number = "%d%%" if setting.unit == "%" else None
    low, high = (setting.kind(limit) for limit in (setting.low, setting.high))
    chosen = st.slider(
        setting.title,
        low,
        high,
        setting.kind(value),
        1 if setting.kind is int else None,
        format=number,
        key=setting.name,
        help=help_of(setting),
    )
    if setting.unit == "%" and setting.low is not None and setting.high is not None:
        _scale(setting.low, setting.high)
    return chosen


def _scale(low: float, high: float) -> None:
    """Labels every ten percent: Streamlit's slider has none of its own."""
    style = "position:absolute;left:{:.1f}%;transform:translateX(-50%)"
    labels = "".join(
        f'<span style="{style.format(100 * (tick - low) / (high - low))}">{tick}</span>'
        for tick in range(0, 101, 10)
        if low <= tick <= high
    )
    row = "position:relative;height:1rem;margin:-.75rem .5rem 0;font-size:.75rem;opacity:.6"
    st.html(f'<div aria-hidden="true" style="{row}">{labels}</div>')


def _step(value: float) -> float:
    """A step that moves a number's second digit."""
    if value >= 1:
        return 10.0 ** (len(f"{value:.0f}") - 2)
    return 0.01 if value == 0 or value >= 0.1 else value / 10
