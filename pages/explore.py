"""Explore: one slider from a network that saw only studio pictures to one that saw only photos, and one photo before all of them."""

import hashlib

import streamlit as st

from fruitlab.app import navigation, permalinks, shared
from fruitlab.app.components import answers, chart, pictures, scores
from fruitlab.app.components.photo import photo
from fruitlab.app.explore_page import first
from fruitlab.data.pictures import BadPicture
from fruitlab.inference import client, heatmap
from fruitlab.inference.client import Answers, PredictorError
from fruitlab.inference.confidence import judge
from fruitlab.inference.examples import TELLING, Example, examples
from fruitlab.metrics.accuracy import SCORES
from fruitlab.plots import figures as charts
from fruitlab.plots import style
from fruitlab.runs.sweeps import Family, families
from fruitlab.studies import published

MEANING = (
    "**Nice**: studio pictures, one fruit on white. **Real**: photos from everywhere. **Combined**: combined performance, the paper's score, the root "
    "of nice accuracy times real accuracy: high only where both are."
)

st.title("Explore")


def main() -> None:
    entries = shared.index().entries()
    found = families(entries)
    if not found:
        first.show(entries)
        return
    st.markdown(
        "Networks that differ in one thing: how much of what they learned from was *nice*, studio pictures on white, and how much *real*, photos "
        "from everywhere."
    )
    family = found[0]
    if len(found) > 1:
        keys = {one.key: one for one in found}
        asked_for = st.query_params.get("set")
        if (
            asked_for in keys or st.session_state.get("set") not in keys
        ):  # the address leads: it may be another by a link or the back button
            st.session_state.set = asked_for if asked_for in keys else found[0].key
        family = keys[
            st.selectbox(
                "Data and recipe",
                list(keys),
                format_func=lambda key: keys[key].name,
                key="set",
                on_change=lambda: st.query_params.update(set=st.session_state.set),
            )
        ]
    left, right = st.columns([5, 6], gap="large")
    with left:
        ratio = slider(family)
        figures(family, ratio)
        more(family)
    with right:
        curve = {stop: family.scores(stop) for stop in family.stops}
        # The paper's networks learned from photographs too; a curve of drawings has nothing to do with its numbers.
        theirs = (
            {
                name: (list(published.TABLE2), [row[name] for row in published.TABLE2.values()])
                for name in SCORES
            }
            if family.kind == "photographs"
            else None
        )
        chart.show(
            charts.mixing(
                list(curve),
                *([one[name] for one in curve.values()] for name in SCORES),
                chosen=ratio,
                paper=theirs,
                deviations={
                    name: [family.deviations(stop)[name] for stop in family.stops]
                    for name in SCORES
                },
            ),
            key="mixing",
            height=360,
        )
        if theirs:
            st.caption(
                "Hollow: the paper's Table 2, on other photos, each number the best over its training."
            )
    st.divider()
    st.subheader("One photo, many networks" if len(family.stops) > 1 else "One photo, one network")
    one_photo(family, ratio)


def slider(family: Family) -> int:
    stops = list(family.stops)
    if len(stops) == 1:
        st.markdown(f"So far there is one run, with **{stops[0]} %** of the real training set.")
        return stops[0]
    key = f"ratio {family.key}"
    asked = st.query_params.get("ratio", "")
    if asked.isdecimal() and len(asked) < 4:
        st.session_state[key] = min(stops, key=lambda stop: abs(stop - int(asked)))
    elif key not in st.session_state:
        st.session_state[key] = max(stops, key=lambda stop: family.scores(stop)["combined"])

    def moved() -> None:
        st.query_params["ratio"] = str(st.session_state[key])

    return st.select_slider(
        "Share of real pictures in training",
        stops,
        format_func=lambda stop: f"{stop} %",
        key=key,
        on_change=moved,
        help="In percent of the real training set; the rest of 100 % is of the nice one. It stops only where a finished run is.",
    )


def figures(family: Family, ratio: int) -> None:
    beside, entries = family.neighbour(ratio), family.stops[ratio]
    st.html(scores.large(family.scores(ratio), None if beside is None else family.scores(beside)))
    if len(entries) > 1:
        spread = ", ".join(
            f"{name} {100 * value:.1f}"
            for name, value in family.deviations(ratio).items()
            if value is not None
        )
        seeds = f"the mean of {len(entries)} runs that differ in their seed (standard deviation in points: {spread}). "
        seeds += f"The photo below is answered by {family.network(ratio).id}"
    else:
        seeds = f"run {entries[0].id}"
    against = f" The change is from {beside} % real." if beside is not None else ""
    st.caption(
        f"Top-1 accuracy on all test pictures after the last iteration: {seeds}.{against}",
        help=MEANING,
    )


def more(family: Family) -> None:
    missing = family.missing()
    if missing:
        query = permalinks.to_query(
            family.config.model_copy(update={"ratio": missing[0]}), family.fingerprint or None
        )
        navigation.link(
            "train", f"Add a stop: train {missing[0]} % real", query=query, icon=":material/add:"
        )


def one_photo(family: Family, ratio: int) -> None:
    networks = {stop: family.network(stop) for stop in family.stops}
    client.start()  # torch is imported while a person looks at the figures
    shown = examples(networks[ratio].run)
    left, right = st.columns([5, 6], gap="large")
    with left:
        kind = "drawn by code" if shown[0].drawn else "photographs"
        hint = f"Or one of these, {kind}{' from the test pictures' if shown[0].tested else ''}: {style.SHAPES['nice']} nice, {style.SHAPES['real']} real."
        if (
            networks[ratio].run.shipped
            and {one.category for one in shown} == set(TELLING)
            and shown[0].drawn
        ):
            hint += " Most drawings these networks misread, as they learned from photographs; these six were chosen as answers to them differ."
        chosen = st.session_state.setdefault("photo", 0)
        given = photo(
            [(heatmap.data_url(one.image, "JPEG"), one.caption) for one in shown],
            chosen if isinstance(chosen, int) else None,
            hint=hint,
            key="photo in",
        )
        if given is not None and given != chosen:
            st.session_state.photo = given
            st.rerun()
        picture = shown[min(chosen, len(shown) - 1)] if isinstance(chosen, int) else chosen
    with right, st.spinner("Asking the networks; the first time they have to be woken …"):
        try:
            said = asked(picture, [entry.id for entry in networks.values()])
        except (BadPicture, PredictorError) as error:
            sentence = (
                f"This picture cannot be used: {error}."
                if isinstance(error, BadPicture)
                else str(error)
            )
            st.warning(sentence, icon=":material/broken_image:")
            return
    known = picture if isinstance(picture, Example) else None
    domain, drawn = (known.domain, known.drawn) if known else ("real", False)
    rows = [
        answers.Row(
            stop,
            said.top.get(entry.id, []),
            judge(entry.run, said.top[entry.id], domain, drawn=drawn)
            if entry.id in said.top
            else None,
            said.errors.get(entry.id, ""),
            known.category if known else None,
        )
        for stop, entry in networks.items()
    ]
    with left, st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width=130):
            pictures.row(
                [heatmap.enlarged(said.seen, 300)], width=130, alt=["The photo, 100 by 100 pixels"]
            )
        st.caption(
            "All that the networks see of it: 100 x 100 pixels. "
            + (
                truth(picture, family)
                if isinstance(picture, Example)
                else "It stays on this machine."
            ),
            width=230,
        )
    with right:
        accent = (
            st.get_option(f"theme.{st.context.theme.type or 'light'}.primaryColor") or "#7b3f7d"
        )
        st.html(answers.table(rows, chosen=ratio, accent=accent))


def asked(picture: bytes | Example, run_ids: list[str]) -> Answers:
    """The networks' answers, asked once for each picture: moving the slider asks nobody. Raises BadPicture, PredictorError."""
    content = picture.image if isinstance(picture, Example) else picture
    key = (
        hashlib.blake2b(content.tobytes() if isinstance(picture, Example) else content).hexdigest(),
        tuple(run_ids),
    )
    if st.session_state.get("asked", (None,))[0] != key:
        st.session_state.asked = key, client.top3_many(run_ids, content)
    return st.session_state.asked[1]


def truth(picture: Example, family: Family) -> str:
    text = f"In truth: {picture.category}{f', one of the {picture.domain} test pictures' if picture.tested else ''}."
    if picture.drawn and family.kind == "photographs":
        text += " Your own photo tells more: this one is drawn."
    return text


main()
