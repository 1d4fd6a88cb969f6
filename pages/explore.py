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
from fruitlab.runs.sweeps import Sweep, sweeps
from fruitlab.studies import published

MEANING = (
    "**Nice**: studio pictures, one fruit on white. **Real**: photos from everywhere. **Combined**: combined performance, the paper's score, the root "
    "of nice accuracy times real accuracy: high only where both are."
)

st.title("Explore")


def main() -> None:
    entries = shared.index().entries()
    found = sweeps(entries)
    if not found:
        first.show(entries)
        return
    st.markdown(
        "Networks that differ in one thing: how much of what they learned from was *nice*, studio pictures on white, and how much *real*, photos "
        "from everywhere."
    )
    sweep = found[0]
    if len(found) > 1:
        keys = {one.key: one for one in found}
        asked_for = st.query_params.get("set")
        if (
            asked_for in keys or st.session_state.get("set") not in keys
        ):  # the address leads: it may be another by a link or the back button
            st.session_state.set = asked_for if asked_for in keys else found[0].key
        sweep = keys[
            st.selectbox(
                "Data and preset",
                list(keys),
                format_func=lambda key: keys[key].name,
                key="set",
                on_change=lambda: st.query_params.update(set=st.session_state.set),
            )
        ]
    left, right = st.columns([5, 6], gap="large")
    with left:
        ratio = slider(sweep)
        figures(sweep, ratio)
        more(sweep)
    with right:
        curve = {at: sweep.scores(at) for at in sweep.ratios}
        # The paper's networks learned from photographs too; a curve of drawings has nothing to do with its numbers.
        theirs = (
            {
                name: (list(published.TABLE2), [row[name] for row in published.TABLE2.values()])
                for name in SCORES
            }
            if sweep.kind == "photographs"
            else None
        )
        chart.show(
            charts.mixing(
                list(curve),
                *([one[name] for one in curve.values()] for name in SCORES),
                chosen=ratio,
                paper=theirs,
                deviations={
                    name: [sweep.deviations(at)[name] for at in sweep.ratios] for name in SCORES
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
    st.subheader("One photo, many networks" if len(sweep.ratios) > 1 else "One photo, one network")
    one_photo(sweep, ratio)


def slider(sweep: Sweep) -> int:
    ratios = sweep.ratios
    if len(ratios) == 1:
        st.markdown(f"So far there is one run, with **{ratios[0]} %** of the real training set.")
        return ratios[0]
    key = f"ratio {sweep.key}"
    asked = st.query_params.get("ratio", "")
    if asked.isdecimal() and len(asked) < 4:
        st.session_state[key] = min(ratios, key=lambda at: abs(at - int(asked)))
    elif key not in st.session_state:
        st.session_state[key] = max(ratios, key=lambda at: sweep.scores(at)["combined"])

    def moved() -> None:
        st.query_params["ratio"] = str(st.session_state[key])

    return st.select_slider(
        "Share of real pictures in training",
        ratios,
        format_func=lambda at: f"{at} %",
        key=key,
        on_change=moved,
        help="In percent of the real training set; the rest of 100 % is of the nice one. Only ratios with a finished run can be chosen.",
    )


def figures(sweep: Sweep, ratio: int) -> None:
    beside, entries = sweep.neighbour(ratio), sweep.runs[ratio]
    st.html(scores.large(sweep.scores(ratio), None if beside is None else sweep.scores(beside)))
    if len(entries) > 1:
        spread = ", ".join(
            f"{name} {100 * value:.1f}"
            for name, value in sweep.deviations(ratio).items()
            if value is not None
        )
        seeds = f"the mean of {len(entries)} runs that differ in their seed (standard deviation in points: {spread}). "
        seeds += f"The photo below is answered by {sweep.network(ratio).id}"
    else:
        seeds = f"run {entries[0].id}"
    against = f" The change is from {beside} % real." if beside is not None else ""
    st.caption(
        f"Top-1 accuracy on all test pictures after the last iteration: {seeds}.{against}",
        help=MEANING,
    )


def more(sweep: Sweep) -> None:
    missing = sweep.missing()
    if missing:
        query = permalinks.to_query(
            sweep.config.model_copy(update={"ratio": missing[0]}), sweep.fingerprint or None
        )
        navigation.link(
            "train", f"Add a ratio: train {missing[0]} % real", query=query, icon=":material/add:"
        )


def one_photo(sweep: Sweep, ratio: int) -> None:
    networks = {at: sweep.network(at) for at in sweep.ratios}
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
            at,
            said.top.get(entry.id, []),
            judge(entry.run, said.top[entry.id], domain, drawn=drawn)
            if entry.id in said.top
            else None,
            said.errors.get(entry.id, ""),
            known.category if known else None,
        )
        for at, entry in networks.items()
    ]
    with left, st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width=130):
            pictures.row(
                [heatmap.enlarged(said.seen, 300)], width=130, alt=["The photo, 100 by 100 pixels"]
            )
        st.caption(
            "All that the networks see of it: 100 x 100 pixels. "
            + (
                truth(picture, sweep)
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


def truth(picture: Example, sweep: Sweep) -> str:
    text = f"In truth: {picture.category}{f', one of the {picture.domain} test pictures' if picture.tested else ''}."
    if picture.drawn and sweep.kind == "photographs":
        text += " Your own photo tells more: this one is drawn."
    return text


main()
