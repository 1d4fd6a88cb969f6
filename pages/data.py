"""Data: which pictures there are, both domains side by side; add more, remove what is not needed."""

import streamlit as st

from fruitlab.app import navigation, shared
from fruitlab.app.components import chart, study
from fruitlab.app.data_page import add, sets
from fruitlab.config.errors import DataError
from fruitlab.data import store, uploads
from fruitlab.metrics.accuracy import SCORES
from fruitlab.plots import figures
from fruitlab.runs.captions import setting_caption
from fruitlab.studies import plans, progress


def main() -> None:
    st.title("Data")
    st.markdown(
        "A network here learns from two *domains* with the same categories: **nice** pictures (one thing, plain background) and **real** photos."
    )
    add.progress()
    found = {entry["name"]: entry for entry in store.available()}
    asked = st.query_params.get("name")
    if asked is not None and asked not in found and asked != st.session_state.get("data name"):
        st.warning(
            f"There is no data named {asked!r} on this machine.", icon=":material/search_off:"
        )
    name = choose(found, asked)
    runs = [
        entry.id for entry in shared.index().entries() if entry.config and entry.config.data == name
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        navigation.link("train", f"Train on {name}", query={"data": name})
        if runs:
            navigation.link(
                "runs",
                f"Its {len(runs)} runs" if len(runs) > 1 else "Its run",
                query={"runs": ",".join(runs[:20])},
            )
        removal(found[name], runs)
    if problem := st.session_state.pop("removal problem", None):
        st.error(problem, icon=":material/error:")
    drawn = all(entry["kind"] == "drawn" for entry in found.values())
    if drawn:
        st.info(
            "So far there is only the built-in pair, which the program draws. Your own pictures make it interesting: any categories, not only fruit.",
            icon=":material/add_photo_alternate:",
        )
    with st.expander("Add data", icon=":material/add_photo_alternate:", expanded=drawn):
        add.forms()
    sets.show(found[name], runs)
    if not found[name]["problem"] and found[name]["fingerprint"]:
        best_ratio(found[name])


def best_ratio(entry: dict) -> None:
    """The search for the mixture that suits these pictures best."""
    st.subheader("Which mixture is best for these pictures?", anchor="ratio")
    st.markdown(
        "Five mixtures are trained first, from only nice to only real; then others around the best of them. What counts is *combined performance*, "
        "the root of nice accuracy times real accuracy: high only where both are."
    )
    name = entry["name"]
    now = study.show(
        plans.ratio(name), ["ratio", "--data", name], entry, button="Look for the best ratio"
    )
    found = progress.best(now)
    if found is None:
        return
    scores = sorted(
        ((config.ratio, now.found[config]) for config in now.finished), key=lambda pair: pair[0]
    )
    chart.show(
        figures.mixing(
            [ratio for ratio, _ in scores],
            *([one.final(mark) for _, one in scores] for mark in SCORES),
            chosen=found.config.ratio,
        ),
        key="best ratio",
        height=330,
    )
    alike = sorted(config.ratio for config in found.within)
    said = "Best so far" if now.missing else "Best"
    st.markdown(
        f"**{said}: {setting_caption('ratio', found.config.ratio)}**, combined {found.combined:.1%} (95 % interval {found.interval[0]:.1%} to {found.interval[1]:.1%}, by the number "
        f"of test pictures)."
        + (
            f" Not told apart from it: {', '.join(f'{ratio} %' for ratio in alike)}."
            if alike
            else ""
        )
    )
    navigation.link(
        "explore", "Try these networks on a photo", query={"ratio": str(found.config.ratio)}
    )


def choose(found: dict[str, dict], asked: str | None) -> str:
    """The data set shown: the one the address names, else one's own, else the built-in pair as far as it is drawn."""
    if asked in found and asked != st.session_state.get("data asked"):
        st.session_state["data name"] = asked
    st.session_state["data asked"] = asked
    if st.session_state.get("data name") not in found:
        own = next((name for name, entry in found.items() if entry["kind"] == "photographs"), None)
        st.session_state["data name"] = own or next(
            (name for name, entry in found.items() if entry["fingerprint"]), next(iter(found))
        )
    # The address follows a choice, and is not filled in by itself: Back would never get past it.
    return st.selectbox(
        "Data set",
        list(found),
        key="data name",
        format_func=lambda one: words(found[one]),
        width=480,
        on_change=follow,
    )


def follow() -> None:
    st.query_params["name"] = st.session_state["data asked"] = st.session_state["data name"]


def words(entry: dict) -> str:
    if entry["problem"]:
        return f"{entry['name']}: cannot be read"
    pictures = sum(sum(count.values()) for count in entry["counts"].values())
    kind = "built-in, drawn" if entry["kind"] == "drawn" else "photographs"
    return f"{entry['name']}: {kind}, {len(entry['categories'])} categories, {pictures:,} pictures"


def removal(entry: dict, runs: list[str]) -> None:
    there = (
        entry["kind"] != "drawn" or entry["fingerprint"] is not None
    )  # the built-in pair may not have been drawn yet
    if there and st.button("Remove …", key="remove", icon=":material/delete:", type="tertiary"):
        ask(entry, runs)


@st.dialog("Remove this data?")
def ask(entry: dict, runs: list[str]) -> None:
    st.markdown(f"**{entry['name']}**")
    if entry["kind"] == "drawn":
        st.write("It is drawn again, the same, when it is next trained on.")
    elif entry["nice"] and f"/{uploads.FOLDER}/" in entry["nice"]:
        st.write(
            "The pictures of your upload are deleted with it. The zip that they came from is yours, and is not touched."
        )
    else:
        st.write(
            "What FruitLab read of it is deleted. The folders that the pictures came from are not touched."
        )
    if runs:
        st.write(
            f"{len(runs)} run{'s were' if len(runs) != 1 else ' was'} trained on it. Their results stay; their pictures can no longer be shown, and "
            "an unfinished one cannot go on."
        )
    with st.container(horizontal=True):
        if st.button("Remove it", type="primary", key="remove for good"):
            remove(entry["name"])
            st.rerun()
        if st.button("Keep it", key="keep data"):
            st.rerun()


def remove(name: str) -> None:
    try:
        store.remove(name)
        if not name.startswith(store.BUILT_IN):
            uploads.forget(name)
    except DataError as error:
        st.session_state["removal problem"] = str(error)
    st.session_state.pop("data name", None)


main()
