"""A confusion matrix whose cells can be selected, by mouse or keyboard."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from fruitlab.app import assets

_component = st.components.v2.component(
    "fruitlab.confusion",
    html='<div class="scroll"></div>',
    css=assets.read("confusion.css"),
    js=assets.read("confusion.js"),
)


def counts(truth: np.ndarray, answers: np.ndarray, categories: int) -> np.ndarray:
    """The confusion matrix.

    Args:
        truth: indices of the true categories, int [n].
        answers: indices of the categories that the network answered, int [n].
        categories: number of categories.

    Returns:
        int64 [categories, categories]: rows are true categories, columns answers.
    """
    pairs = truth.astype(np.int64) * categories + answers
    return np.bincount(pairs, minlength=categories**2).reshape(categories, categories)


def worst(matrix: np.ndarray) -> tuple[int, int] | None:
    """Row and column of the most frequent mistake; None if there are no mistakes."""
    mistakes = matrix - np.diag(np.diag(matrix))
    if not mistakes.any():
        return None
    truth, answer = np.unravel_index(int(mistakes.argmax()), mistakes.shape)
    return int(truth), int(answer)


def show(
    matrix: np.ndarray, categories: Sequence[str], *, label: str, key: str
) -> tuple[int, int] | None:
    """Draws the matrix.

    Args:
        matrix: from `counts`.
        categories: their names.
        label: accessible name of the matrix.
        key: identifies the component on the page.

    Returns:
        Row and column of the selected cell, at first the most frequent mistake.
    """
    state = st.session_state.get(key)
    cell = tuple(state["cell"]) if state and state.get("cell") else worst(matrix)
    data = {
        "counts": matrix.tolist(),
        "categories": list(categories),
        "cell": cell,
        "label": label,
    }
    _component(key=key, data=data, default={"cell": None}, on_cell_change=lambda: None)
    if cell is None or not all(0 <= index < len(categories) for index in cell):
        return None
    return cell
