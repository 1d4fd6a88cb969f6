"""You against the networks: ten pictures to name, then the ratio whose network you resemble."""

import numpy as np
import streamlit as st

from fruitlab.app.components import chart, pictures
from fruitlab.app.explore_page import picture
from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.inference import client, heatmap
from fruitlab.inference.examples import Example, of_categories
from fruitlab.metrics.agreement import agreement
from fruitlab.plots import agreement as plot

COUNT = 10
ROUND, GUESSES, ANSWERS = "human round", "human guesses", "human answers"  # of session_state


def show(found: AllRatios) -> None:
    """Draws the game for one dataset, closed at first."""
    with st.expander("You against the networks", icon=":material/sports_esports:"):
        st.fragment(_game)(found)


def chosen(found: AllRatios, number: int) -> list[Example]:
    """The pictures of a round: real ones of different categories, the same for every visitor."""
    facts = found.facts
    by_category = of_categories(facts["data"], facts["fingerprint"], found.categories)["real"]
    known = [one for one in by_category if one is not None]
    order = np.random.default_rng(number).permutation(len(known))[:COUNT]
    return [known[place] for place in order]


def _game(found: AllRatios) -> None:
    state = st.session_state
    number, guesses = state.setdefault(ROUND, 0), state.setdefault(GUESSES, [])
    shown = chosen(found, number)
    if not shown:
        st.info("This dataset has no pictures on this machine, and none that could be drawn.")
        return
    # A round on other data starts again.
    if any(guess not in found.categories for guess in guesses):
        guesses.clear()
    if len(guesses) < len(shown):
        _ask(shown[len(guesses)], found, len(shown))
    else:
        _reveal(found, shown[: len(guesses)], guesses)


def _ask(example: Example, found: AllRatios, count: int) -> None:
    done = len(st.session_state[GUESSES])
    kind = "a drawing, as the photos are not shipped" if example.drawn else "a real test photo"
    st.markdown(
        f"**Picture {done + 1} of {count}.** What is it? You see what the networks see: {kind} "
        "of 100 × 100 pixels. At the end, you learn which mix of training pictures makes a "
        "network answer like you."
    )
    left, right = st.columns([1, 2], gap="large")
    with left:
        image = heatmap.enlarged(np.asarray(example.image), 300)
        pictures.row([image], width=240, alt=["The picture to name"])
    key = f"guess {st.session_state[ROUND]} {done}"
    with right:
        st.pills("Your answer", found.categories, key=key, wrap=True, on_change=_guess, args=(key,))


def _guess(key: str) -> None:
    if (guess := st.session_state[key]) is not None:
        st.session_state[GUESSES].append(guess)


def _reveal(found: AllRatios, shown: list[Example], guesses: list[str]) -> None:
    with st.spinner("Asking the networks …"):
        answers = picture.attempt(lambda: _answers(found, shown))
    if answers is None:
        return
    places = {name: place for place, name in enumerate(found.categories)}
    truth = np.array([places[one.category] for one in shown])
    result = agreement(answers, np.array([places[guess] for guess in guesses]), truth)
    chart.show(plot.curves(result, len(shown)), key="human agreement", height=280)
    rows = [
        {
            "picture": one.category,
            "you": guess,
            f"network at {result.middle}% real": found.categories[answer],
        }
        for one, guess, answer in zip(shown, guesses, answers[:, result.middle], strict=True)
    ]
    st.table(rows, border="horizontal", hide_index=True)
    st.button("Play again", icon=":material/replay:", key="human again", on_click=_again)


def _again() -> None:
    st.session_state[ROUND] += 1
    st.session_state[GUESSES] = []


def _answers(found: AllRatios, shown: list[Example]) -> np.ndarray:
    """The answers at all ratios, int64 [pictures, 101], kept until the next round.

    Raises:
        BadPicture, PredictorError: as `client.feature_map`.
    """
    key = found.facts["fingerprint"], st.session_state[ROUND]
    if st.session_state.get(ANSWERS, (None,))[0] != key:
        network, size = found.facts["network"], found.facts["input_size"]
        maps = [client.feature_map(network, size, np.asarray(one.image))[1] for one in shown]
        answers = np.array([found.photo(one.mean((1, 2))).answer for one in maps])
        st.session_state[ANSWERS] = key, answers
    return st.session_state[ANSWERS][1]
