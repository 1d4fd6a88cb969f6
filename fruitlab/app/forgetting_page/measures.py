"""How much a run has forgotten: the numbers above the plot, and a table to compare runs."""

from collections.abc import Sequence

import streamlit as st

from fruitlab.config.text import percent, points
from fruitlab.plots import style
from fruitlab.runs import forgetting
from fruitlab.runs.entry import Entry
from fruitlab.runs.forgetting import Measures

FROM_PEAK = (
    "Forgetting as the best nice accuracy so far minus the current one. Both are measured on the "
    "same test pictures, all or a fixed part of them."
)
SINCE_SWITCH = (
    "Forgetting as nice accuracy at the end of initial training minus the final one, both on all "
    "test pictures. Known when the run has finished."
)
HALF_LIFE = (
    "Iterations of restricted training until half of the nice accuracy that is lost in the end was "
    "lost. Known when the run has finished; undefined if nothing is lost."
)
DEFINITIONS = f"""
- **nice now**, **real now**: accuracy at the last evaluation, and its change since the end of
  initial training.
- **Forgetting from peak**: {FROM_PEAK}
- **Forgetting since the switch**: {SINCE_SWITCH}
- **Half-life**: {HALF_LIFE}
- **updated** and **frozen** statistics: in restricted training, the running batch-norm statistics
  of the convolutional layers are updated with the real pictures, or stay as they are.
"""


def show(measures: Measures, name: str | None) -> None:
    """Draws the numbers of one run.

    Args:
        measures: from `runs.forgetting.measures`.
        name: caption of the run, if the page shows several.
    """
    if name is not None:
        st.caption(f"First run ({name}):")
    # Metrics with a coloured label have no help: screen readers would read out the colour.
    row = st.container(horizontal=True, gap="medium")
    for score, now, before in (
        ("nice", measures.nice, measures.nice_before),
        ("real", measures.real, measures.real_before),
    ):
        change = None
        if now is not None and before is not None:
            change = points(now - before, signed=True)
        row.metric(f"{style.LABELS[score]} now", percent(now), change, width="content")
    row = st.container(horizontal=True, gap="medium")
    row.metric(
        "Forgetting from peak",
        points(measures.peak_minus_current),
        width="content",
        help=FROM_PEAK,
    )
    row.metric(
        "Forgetting since the switch",
        points(measures.end_minus_final),
        width="content",
        help=SINCE_SWITCH,
    )
    half = "—" if measures.half is None else f"{measures.half:,.0f} iterations"
    row.metric("Half-life", half, width="content", help=HALF_LIFE)


def table(entries: Sequence[Entry], names: Sequence[str], top: int) -> None:
    """Draws the measures of several runs side by side.

    Args:
        entries: runs with restricted training.
        names: caption of each.
        top: 1 or 3, for top-1 or top-3 accuracy.
    """
    st.markdown("**Side by side**")
    columns = {
        name: _column(forgetting.measures(entry, top))
        for entry, name in zip(entries, names, strict=True)
    }
    labels = next(iter(columns.values())).keys()
    rows = [{"": label} | {name: columns[name][label] for name in columns} for label in labels]
    st.table(rows, border="horizontal", hide_index=True)


def _column(measures: Measures) -> dict[str, str]:
    gained = None
    if measures.real is not None and measures.real_before is not None:
        gained = measures.real - measures.real_before
    return {
        "forgetting from peak": points(measures.peak_minus_current),
        "forgetting since the switch": points(measures.end_minus_final),
        "half-life (iterations)": "—" if measures.half is None else f"{measures.half:,.0f}",
        "real accuracy gained": points(gained),
    }
