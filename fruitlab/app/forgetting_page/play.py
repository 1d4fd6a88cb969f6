"""Play: restricted training in the visitor's browser, from a play file.

The features are sent once (`host.play`). Web workers train and evaluate (`assets/play_worker.js`);
the page draws (`assets/play_view.js`). It needs neither the data nor PyTorch nor the server, and
continues while the script runs again.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from fruitlab.app import assets
from fruitlab.app.components.chart import PLOTLY_SCRIPT
from fruitlab.app.forgetting_page import play_file
from fruitlab.app.host import PLAY
from fruitlab.config.errors import RunError
from fruitlab.config.text import whole_number
from fruitlab.metrics.accuracy import wilson
from fruitlab.play import file as play
from fruitlab.play.file import PlayFile
from fruitlab.plots import style
from fruitlab.runs.captions import method_caption
from fruitlab.runs.entry import Entry

HEIGHT = 400  # of the plot, in pixels
LEARNERS = ("gradient", "closed")
INTRODUCTION = (
    "Train the last two layers in your browser. The network has just learned the nice "
    "pictures; now it learns the real ones. Pause, move the slider, and continue: the curve "
    "bends. Or go back to an iteration and continue from there. Switch to *closed form* to see "
    "ridge regression learn the same pictures from the same features, with little forgotten."
)


def _html() -> str:
    scores = "".join(
        f'<div class="{score}"><span style="color:{colour}" aria-hidden="true">'
        f"{style.SHAPES[score]}</span> {score}<b>—</b><small>&nbsp;</small></div>"
        for score, colour in style.COLOURS.items()
    )
    return assets.read("play.html").replace("SCORES", scores).replace("HEIGHT", str(HEIGHT))


def _script() -> str:
    file, head, closed_form, worker, text, plot, view = (
        assets.read(f"play_{part}.js")
        for part in ("file", "head", "closed_form", "worker", "text", "plot", "view")
    )
    source = f"const WORKER = {json.dumps(file + head + closed_form + worker)}\n"
    return PLOTLY_SCRIPT + file + text + plot + source + view


_component = st.components.v2.component(
    "fruitlab.play",
    html=_html(),
    css=assets.read("play.css"),
    js=_script(),
    isolate_styles=False,
)


def show(chosen: Sequence[Entry] = ()) -> None:
    """Draws Play.

    Args:
        chosen: the runs that the page shows. One with a play file is preferred.
    """
    st.subheader("Play", anchor="play")
    ids = [entry.id for entry in chosen]
    found = play.found()
    names = sorted(found, key=lambda name: name not in ids)
    if names[:1] != ids[:1]:
        unprepared = [e for e in chosen if not e.run.shipped and e.id not in found]
        for entry in unprepared[:1]:
            play_file.offer(entry)
    if not names:
        _no_file(ids)
        return
    name = names[0]
    if len(names) > 1:
        name = st.selectbox(
            "Play from", names, key="played", format_func=lambda name: _caption(found[name], name)
        )
    path = found[name]
    changed = path.stat().st_mtime_ns
    file = _read(str(path), changed)
    if isinstance(file, str):
        st.error(file, icon=":material/error:")
        return
    watch = "watch" in st.query_params
    if not watch:
        st.markdown(INTRODUCTION)
    state = _component(
        key=f"play {name}",
        data=_data(file, f"{PLAY}{name}?{changed:x}")
        | {"keep": _share(), "learner": _learner(), "watch": watch},
        on_keep_change=lambda: None,
        on_learner_change=lambda: None,
    )
    if isinstance(state.keep, int):
        st.query_params["keep"] = str(state.keep)  # so that a link restores the slider
    if state.learner in LEARNERS:
        st.query_params["learner"] = state.learner
    st.caption(_description(file))


def _no_file(ids: Sequence[str]) -> None:
    st.markdown(
        "Play trains the last two layers in your browser, in seconds, while a slider sets how many "
        "nice pictures are replayed. It needs a play file, made once from an iterative run:"
    )
    st.code(play_file.COMMAND.format(run=ids[0] if ids else "RUN"), language=None)


@st.cache_resource(show_spinner=False, max_entries=8)
def _read(path: str, changed: int) -> PlayFile | str:
    """The play file as it was at that time, or what is wrong with it."""
    try:
        return play.read(Path(path))
    except RunError as error:
        return str(error)


def _share() -> int:
    """The slider's value in the page's address, in percent."""
    text = st.query_params.get("keep", "")
    return whole_number(text, 100) or 0


def _learner() -> str:
    """The learner in the page's address."""
    wanted = st.query_params.get("learner", "")
    return wanted if wanted in LEARNERS else LEARNERS[0]


def _caption(path: Path, name: str) -> str:
    file = _read(str(path), path.stat().st_mtime_ns)
    if isinstance(file, str):
        return name
    return f"{name}: {method_caption(file.config)}, {file.notes['data']}"


def _data(file: PlayFile, url: str) -> dict[str, Any]:
    """What the component needs in addition to the play file."""
    end = float(file.steps)
    return {
        "url": url,
        "settings": play.settings(file),
        "evaluation_points": play.evaluation_points(file.steps),
        "height": HEIGHT,
        "grey": style.GREY,
        "styles": {score: style.line(score, [], []) for score in style.COLOURS},
        "baseline": style.random_baseline(len(file.categories), (0.0, end)),
        "layout": {
            "xaxis": style.axis(
                "iterations of restricted training", range=[-0.02 * end, 1.02 * end]
            ),
            "yaxis": style.accuracy_axis("top-1 accuracy"),
            "hovermode": "x unified",
        },
    }


def _description(file: PlayFile) -> str:
    """Where the file comes from, and how exact the accuracies are."""
    notes, count = file.notes, file.count
    whole = notes["whole"]
    tests = [count("nice_test"), count("real_test")]
    nice, real = (50 * (high - low) for low, high in (wilson(n // 2, n) for n in tests))
    return (
        f"From {notes['run']} at iteration {notes['iteration']:,}, the end of initial training. "
        f"Trained on {count('real_train'):,} of its {whole['real_train']:,} real training "
        f"pictures and, with replay, {count('nice_train'):,} of {whole['nice_train']:,} nice "
        f"ones; evaluated on {tests[0]:,} nice and {tests[1]:,} real test pictures (95% "
        f"intervals within {nice:.1f} and {real:.1f} points). The other layers are frozen with "
        "their batch-norm statistics, so each picture is "
        f"{len(file.tensors['low']):,} pooled features of one byte. "
        "The closed form replaces both layers by ridge regression on these features, normalized by "
        f"the head's statistics at the switch, with λ = {play.RIDGE:g} for each picture. "
        "Dashed: gradient training without replay. Dotted: your previous run."
    )
