"""The photo of the Explore page: one input for all its views, and what to say of a bad one."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from fruitlab.app.components import photo
from fruitlab.data.pictures import BadPicture
from fruitlab.inference.client import PredictorError
from fruitlab.inference.examples import Example

CHOSEN = "photo"  # key of session_state: a photo's bytes, or an example's index
T = TypeVar("T")


def choose(examples: Sequence[Example], hint: str) -> bytes | Example:
    """Draws the input; returns the visitor's photo or the selected example.

    Args:
        examples: at least one; the first is selected at the start.
        hint: what they are.
    """
    chosen = st.session_state.setdefault(CHOSEN, 0)
    given = photo.photo(
        [(example.url, example.caption) for example in examples],
        chosen if isinstance(chosen, int) else None,
        hint=hint,
        key="photo in",
    )
    if given is not None and given != chosen:
        st.session_state[CHOSEN] = given
        st.rerun()
    return examples[min(chosen, len(examples) - 1)] if isinstance(chosen, int) else chosen


def attempt(answer: Callable[[], T]) -> T | None:
    """What `answer` returns, or None and a warning if it raises BadPicture or PredictorError."""
    try:
        return answer()
    except BadPicture as error:
        text = f"This picture cannot be used: {error}."
    except PredictorError as error:
        text = str(error)
    st.warning(text, icon=":material/broken_image:")
    return None
