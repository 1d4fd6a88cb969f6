"""Your own desk: photograph a few things, or drop folders, and see the mixing curve at once.

The pictures stay in this session, unless the visitor saves them as a dataset.
"""

import io

import numpy as np
import streamlit as st

from fruitlab.app import navigation
from fruitlab.app.components import chart, photo, pictures
from fruitlab.app.data_page import naming, work
from fruitlab.app.explore_page import picture
from fruitlab.config.text import percent, plain
from fruitlab.data.domains import DOMAINS, DomainName
from fruitlab.data.pictures import BadPicture
from fruitlab.inference import client
from fruitlab.inference.client import PredictorError
from fruitlab.inference.desk import (
    LEAST,
    MOST,
    MOST_THINGS,
    Desk,
    Learned,
    Shot,
    look,
    sort_folders,
)
from fruitlab.plots import mixing, style

# Keys of session_state.
DESK, LEARNED, ASKED, SEEN = "desk", "desk learned", "desk asked", "desk files"
NAMES = "desk things"
ASK = "ask"
MANNERS = {"nice": "Studio", "real": "Field"}
HOW = (
    "Name two to five things, and take at least three photos of each in both ways. "
    "*Studio*: alone on a plain background, such as a sheet of paper. *Field*: anywhere, with "
    "other things around, in the hand, far away, badly lit. Move the thing between two photos."
)


def show() -> None:
    """Draws the input, and what was learned from it."""
    client.start()
    desk: Desk = st.session_state.setdefault(DESK, Desk())
    st.markdown(HOW)
    left, right = st.columns([5, 6], gap="large")
    with left:
        camera = st.container()
        _drop(desk)  # first, as it may add things
        with camera:
            _take(desk)
    with right:
        _overview(desk)
        _learn(desk)
        learned: Learned | None = st.session_state.get(LEARNED)
        if learned is not None:
            _curve(learned)
            _answer(learned)
            _save(desk)


def _take(desk: Desk) -> None:
    """Draws the camera, and keeps what it took."""
    state = st.session_state
    state[NAMES] = list(dict.fromkeys([*state.get(NAMES, ()), *desk.things]))
    names = st.multiselect(
        "Things",
        state[NAMES],
        key=NAMES,
        accept_new_options=True,
        max_selections=MOST_THINGS,
        placeholder="Type a name, such as Mug, and press Enter",
    )
    if not names:
        return
    manners = [*MANNERS, *([ASK] if LEARNED in state else [])]
    thing = st.segmented_control("Thing", names, default=names[0], required=True, key="desk thing")
    manner = st.segmented_control(
        "Manner",
        manners,
        default=manners[0],
        required=True,
        key="desk manner",
        format_func=lambda one: MANNERS.get(one, "Ask the network"),
    )
    given = photo.photo([], None, hint="", key="desk photo", stay=True)
    if not isinstance(given, bytes):
        return
    shot = picture.attempt(lambda: look(given))
    if shot is None:
        return
    if manner == ASK:
        state[ASKED] = shot
    elif not desk.add(str(thing), _domain(str(manner)), shot):
        st.warning(f"{MOST} photos of a thing are enough for one way.")


def _domain(manner: str) -> DomainName:
    return "real" if manner == "real" else "nice"


def _drop(desk: Desk) -> None:
    """Draws the input for folders, and keeps what is new in it."""
    with st.expander("Or drop folders"):
        st.caption("A folder with `studio/Mug/1.jpg`, `field/Mug/1.jpg` and so on in it.")
        files = st.file_uploader(
            "Folder",
            type=["jpg", "jpeg", "png", "webp"],
            accept_multiple_files="directory",
            key="desk folder",
            label_visibility="collapsed",
        )
        seen: set[str] = st.session_state.setdefault(SEEN, set())
        new = [file for file in files if file.file_id not in seen]
        if not new:
            return
        left_out, bar = 0, st.progress(0.0, text="Computing features …")
        for done, (file, place) in enumerate(
            zip(new, sort_folders(file.name for file in new), strict=True)
        ):
            seen.add(file.file_id)
            try:
                left_out += place is None or not desk.add(*place, look(file.getvalue()))
            except BadPicture:
                left_out += 1
            except PredictorError as error:
                st.warning(str(error), icon=":material/broken_image:")
                return
            bar.progress((done + 1) / len(new), text="Computing features …")
        bar.empty()
        st.caption(
            f"{len(new) - left_out:,} pictures were taken, {left_out:,} left out: they cannot be "
            "read, are in other folders, or there are enough of their kind."
        )


def _overview(desk: Desk) -> None:
    """Draws how many pictures there are, and the last ones."""
    if not desk.things:
        return
    rows = [
        {"": thing}
        | {
            f"{style.SHAPES[domain]} {MANNERS[domain].lower()}": str(len(desk.of(thing, domain)))
            for domain in DOMAINS
        }
        for thing in desk.things
    ]
    st.table(rows, border="horizontal", hide_index=True)
    for domain in DOMAINS:
        last = [(thing, shots[-1]) for thing in desk.things if (shots := desk.of(thing, domain))]
        images = [shot.pixels for _, shot in last]
        captions = [f"{style.SHAPES[domain]} {thing}" for thing, _ in last]
        if images:
            pictures.row(images, width=72, alt=captions, captions=captions)


def _learn(desk: Desk) -> None:
    ready = len(desk.complete) >= 2
    with st.container(horizontal=True):
        if st.button(
            "Train",
            type="primary",
            icon=":material/bolt:",
            disabled=not ready,
            key="desk train",
            help=None if ready else f"Two things need {LEAST} photos in both manners.",
        ):
            with st.spinner("Solving for every ratio …"):
                st.session_state[LEARNED] = desk.learn()
            st.rerun()
        st.button("Start again", icon=":material/delete:", key="desk clear", on_click=_clear)


def _clear() -> None:
    for key in (DESK, LEARNED, ASKED, SEEN, NAMES, "desk folder"):
        st.session_state.pop(key, None)


def _curve(learned: Learned) -> None:
    choice, (nice, real) = learned.choice, learned.pictures
    nice_curve, real_curve, combined = (
        values.tolist() for values in (choice.nice, choice.real, choice.combined)
    )
    figure = mixing.curve(choice.ratios, nice_curve, real_curve, combined, chosen=learned.best)
    first, last = learned.near_best
    where = f"at {first}%" if first == last else f"from {first} to {last}%"
    figure |= {
        "title": f"Your desk: {', '.join(learned.things)}",
        "caption": f"Combined performance is best {where} field pictures: "
        f"{percent(combined[learned.best])}. Each of the {nice} studio and {real} field pictures "
        "is answered by a head that learned all the others; photos that look alike make this "
        "optimistic.",
    }
    for trace in figure["data"]:
        trace["mode"] = "lines"
    chart.show(figure, key="desk curve", height=300)


def _answer(learned: Learned) -> None:
    """Draws the answers to the photo that was asked about, from studio alone to field alone."""
    shot: Shot | None = st.session_state.get(ASKED)
    if shot is None:
        st.caption("Choose *Ask the network* as the manner, and hold something up.")
        return
    ratios = {"studio alone": 0, f"best mix, {learned.best}%": learned.best, "field alone": 100}
    found = {name: learned.answer(shot, ratio) for name, ratio in ratios.items()}
    rows = [
        {"": thing} | {name: percent(float(values[place])) for name, values in found.items()}
        for place, thing in enumerate(learned.things)
    ]
    left, right = st.columns([1, 4])
    with left:
        pictures.row([np.asarray(shot.pixels)], width=90, alt=["The photo that was asked about"])
    with right:
        st.table(rows, border="horizontal", hide_index=True)


def _save(desk: Desk) -> None:
    """Draws how to keep the pictures as a dataset."""
    with st.expander("Save as a dataset"):
        st.caption(
            "So far, the pictures are only in this tab. A dataset can be trained on, and is kept "
            "on the machine that FruitLab runs on."
        )
        name, replace = naming.named("desk")
        if st.button("Save", disabled=not name, key="desk save", icon=":material/save:"):
            least = min(len(desk.of(thing, one)) for thing in desk.complete for one in DOMAINS)
            command = ["data", "import", "--name", name, *(["--replace"] if replace else [])]
            command += ["--min-images", str(least), "--zip"]
            work.start(f"Adding {plain(name)}", command, upload=io.BytesIO(desk.zipped()))
            navigation.go("data")
