"""How little is enough: rehearsal with memories of growing size, beside mixed training."""

import streamlit as st

from fruitlab.app import shared
from fruitlab.app.components import chart
from fruitlab.plots.memory import MemoryLine, memory
from fruitlab.runs.entry import Entry
from fruitlab.runs.grouping import preset_name, same_data
from fruitlab.runs.sweeps import sweeps
from fruitlab.studies.memory import Line, lines

LAYERS = {"all": "all layers", "head": "head only"}


def show(chosen: list[Entry]) -> None:
    """Draws the figure for the pictures of the first selected run, if there are such runs."""
    if not chosen:
        return
    like = chosen[0]
    here = [entry for entry in shared.index().entries() if same_data(entry, like)]
    found = lines(here, like)
    if not found:
        return
    st.subheader("How little is enough", anchor="memory")
    st.markdown(
        "Rehearsal keeps some nice pictures of each category and shows them again while the "
        "network learns the real ones. Each line has a fixed share of a batch for the kept "
        "pictures, with all layers trained or only the head."
    )
    figure = memory([_drawn(line) for line in found], _mixed(here, like))
    chart.show(figure, key=f"memory {like.data.get('fingerprint')}", height=380)
    st.caption(
        f"Preset {preset_name(like.known_config)}, last iteration, on the same test pictures. "
        "To repeat it: `python -m fruitlab study memory "
        f"--data {like.known_config.data} --preset {preset_name(like.known_config)}`"
    )


def _drawn(line: Line) -> MemoryLine:
    return MemoryLine(
        f"{LAYERS[line.layers]}, {line.share}% of a batch",
        {
            size: (
                own.mean("nice"),
                own.mean("real"),
                own.mean("combined"),
                own.deviation("combined"),
            )
            for size, own in line.scores.items()
        },
    )


def _mixed(here: list[Entry], like: Entry) -> tuple[str, float] | None:
    """The best ratio of the mixed runs with the same preset, and its combined performance."""
    preset = preset_name(like.known_config)
    for sweep in sweeps(here):
        if sweep.is_mixed and preset_name(sweep.config) == preset:
            found = {ratio: sweep.scores(ratio)["combined"] or 0.0 for ratio in sweep.ratios}
            best = max(found, key=lambda ratio: found[ratio])
            return f"mixed, {best}% real", found[best]
    return None
