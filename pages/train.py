"""Train: choose a method, see what it costs, start; watch it learn."""

import streamlit as st

from fruitlab.app import forms, launch, permalinks, shared
from fruitlab.app.components import live
from fruitlab.config.errors import RunError
from fruitlab.config.run_config import RENAMED, RunConfig
from fruitlab.config.text import duration
from fruitlab.data import store
from fruitlab.methods.registry import methods
from fruitlab.runs.captions import method_caption
from fruitlab.runs.cost import estimate as estimate_run
from fruitlab.runs.index import Entry
from fruitlab.runs.queue import DEVICES

st.title("Train")


def main() -> None:
    entries = shared.index().entries()
    active = sorted(
        (entry for entry in entries if entry.active),
        key=lambda entry: (entry.status != "running", entry.created),
    )
    asked, prefill = st.query_params.get("run"), from_link()
    if asked:
        shown = next((entry for entry in entries if entry.id == asked), None)
        if shown is None:
            st.warning(
                f"There is no run named {asked} on this machine.", icon=":material/search_off:"
            )
    else:  # who comes back finds what is in progress, unless by a link that asks for a new run
        shown = None if prefill else next(iter(active), None)
        if shown is not None:
            st.query_params["run"] = shown.id  # and still finds it there when it has ended
    if shown is None:
        st.markdown(
            "One small network, two kinds of picture: *nice* ones from a studio, on white, and *real* photos. "
            "Choose how it meets them, press Start, and watch what it learns of each."
        )
        others(active)
        form(entries, prefill)
        return
    others([entry for entry in active if entry.id != shown.id])
    view(shown)
    st.divider()
    with st.expander("Train another network", icon=":material/add:"):
        form(entries, None)


def view(entry: Entry) -> None:
    st.subheader(entry.title)
    if entry.config is not None:
        st.caption(
            f"{method_caption(entry.config)} · data {entry.config.data}"
            f" · preset {entry.config.preset} · seed {entry.config.seed}"
        )
    live.watch(entry.id)
    if entry.config is not None:
        with st.expander("Its numbers, and where it lies"):
            st.code(str(entry.run.folder), language=None)
            st.json(entry.config.settings(), expanded=False)


def others(active: list[Entry]) -> None:
    """Who else trains or waits."""
    if active:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Also in progress:", width="content")
            for entry in active[:6]:
                st.button(
                    entry.title,
                    key=f"watch {entry.id}",
                    on_click=_watch,
                    args=(entry.id,),
                    help=f"{entry.status}: watch it",
                    type="tertiary",
                )


def _watch(run_id: str) -> None:
    st.query_params.clear()
    st.query_params["run"] = run_id


def form(entries: list[Entry], prefill: RunConfig | None) -> None:
    method, headline = forms.method(prefill)
    found = {data["name"]: data for data in store.available()}
    left, right = st.columns(2)
    with left:
        data = choose_data(found, prefill)
    with right:
        recipe = forms.preset(prefill)
    base = forms.base_of(method, recipe, prefill)
    with st.expander("Every number", icon=":material/tune:"):
        st.caption(
            f"As {base.preset} has them, each with what it means and where the paper says it."
        )
        changes = forms.numbers(base)
        device = st.selectbox(
            "Device", DEVICES, help="Where to train; auto takes a graphics card where there is one."
        )
    if changes:
        st.caption(
            f"Different from {base.preset}: "
            + ", ".join(f"{field.replace('_', ' ')} {value}" for field, value in changes.items())
        )
    config = forms.combine(base, changes | headline | {"data": data})
    if config is not None:
        st.markdown(cost(config, found.get(data) or built_in(data, found), entries))
    queue = sum(entry.active for entry in entries)
    st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        key="start",
        disabled=config is None,
        on_click=begin,
        args=(config, device),
        help="One run trains at a time on a device; this one waits for its turn."
        if queue
        else None,
    )
    if queue:
        st.caption(
            f"{queue} run{'s are' if queue > 1 else ' is'} training or waiting: this one queues and starts by itself."
        )
    if problem := st.session_state.pop("start problem", None):
        st.error(problem, icon=":material/error:")


def begin(config: RunConfig, device: str) -> None:
    try:
        run = launch.start(config, device=device)
    except RunError as error:
        st.session_state["start problem"] = str(error)
        return
    shared.index().entries(fresh=True)
    _watch(run.id)


def from_link() -> RunConfig | None:
    """The configuration that the address asks for, if it asks for one."""
    known = set(RENAMED).union(*(method.model_fields for method in methods().values()))
    asked = {key: value for key, value in st.query_params.items() if key in known}
    if not asked or "run" in st.query_params:
        return None
    config, warnings = permalinks.from_query(st.query_params.to_dict(), ignore=("run", "top"))
    for warning in warnings:
        st.warning(warning, icon=":material/link_off:")
    return config


def choose_data(found: dict[str, dict], prefill: RunConfig | None) -> str:
    names = list(found) + ([prefill.data] if prefill and prefill.data not in found else [])
    # One's own pictures are what one came for, where there are any and the link names no others.
    own = next(
        (name for name in names if found.get(name, {}).get("kind") == "photographs"), names[0]
    )
    first = prefill.data if prefill and "data" in st.query_params else own

    def words(name: str) -> str:
        kind = found.get(name, {}).get("kind")
        return (
            f"{name}: drawn by the program"
            if kind == "drawn" or name.startswith(store.BUILT_IN)
            else f"{name}: {kind or 'cannot be read'}"
        )

    return (
        st.selectbox(
            "Data",
            names,
            names.index(first),
            format_func=words,
            key="data",
            accept_new_options=True,
            help=f"A pair of picture folders from the Data page. {store.BUILT_IN}:60 draws 60 pictures a category, which is quicker.",
        )
        or own
    )


def built_in(name: str, found: dict[str, dict]) -> dict | None:
    head, _, count = name.partition(":")
    if head != store.BUILT_IN or not count.isdecimal():
        return None
    return {
        "counts": {
            category: {"nice": int(count), "real": int(count)}
            for category in found[store.BUILT_IN]["counts"]
        }
    }


def cost(config: RunConfig, data: dict | None, entries: list[Entry]) -> str:
    """What it will take here: pictures, and minutes by what earlier runs took."""
    if not data or not data.get("counts"):
        return (
            (data or {}).get("problem")
            or f"There is no data named {config.data}: choose one from the list, or add it on the Data page."
        )
    nice, real = (
        sum(counts[domain] for counts in data["counts"].values()) for domain in ("nice", "real")
    )
    estimate = estimate_run(config, nice, real, entries)
    return (
        f"**{estimate.pictures:,} pictures** to learn from, in {config.iterations:,} iterations · **about {duration(estimate.seconds)}** "
        f"at {estimate.speed:,.0f} pictures a second ({estimate.basis})"
    )


main()
