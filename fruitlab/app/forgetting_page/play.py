"""Play: restricted training in the visitor's own browser, from a play file: no data, no torch, no load on the server.

The features travel once (`host.play`); two workers train and score (`play_head.js`, `play_worker.js`), the page only draws
(`play_view.js`). A rerun of the script finds the play where it was.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from fruitlab.app.components import chart
from fruitlab.app.host import PLAY
from fruitlab.config.errors import RunError
from fruitlab.config.paths import PACKAGE
from fruitlab.metrics.accuracy import wilson
from fruitlab.play import file as play
from fruitlab.play.file import PlayFile
from fruitlab.plots import style
from fruitlab.runs.captions import method_caption

HEIGHT = 400

_CSS = """
.fruitlab-play { color: var(--st-text-color); font-family: var(--st-font); font-size: .95rem; line-height: 1.45; container-type: inline-size; }
.fruitlab-play .row { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; }
.fruitlab-play .buttons { display: flex; flex-wrap: wrap; gap: .5rem; }
.fruitlab-play button { font: inherit; color: inherit; background: var(--st-secondary-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius); padding: .4rem .9rem; cursor: pointer; min-height: 2.5rem; }
.fruitlab-play button:hover:enabled { border-color: var(--st-primary-color); }
.fruitlab-play button:disabled { opacity: .5; cursor: default; }
.fruitlab-play :is(button, input):focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
.fruitlab-play button.go { background: var(--st-primary-color); border-color: var(--st-primary-color); color: #fff; min-width: 8.5rem; }
.fruitlab-play .field { display: flex; flex-wrap: wrap; gap: .1rem .6rem; align-items: center; flex: 1 1 16rem; }
.fruitlab-play label { flex: 1 0 auto; }
.fruitlab-play output { font-variant-numeric: tabular-nums; font-weight: 600; }
.fruitlab-play input { flex: 1 0 100%; width: 100%; margin: 0; min-height: 1.75rem; accent-color: var(--st-primary-color); cursor: pointer; }
.fruitlab-play .scores { display: flex; flex-wrap: wrap; gap: .75rem 2.5rem; margin: 1.1rem 0 .5rem; }
.fruitlab-play .scores div { min-width: 8.5rem; }
.fruitlab-play .scores b { display: block; font-size: 2rem; font-weight: 400; line-height: 1.25; font-variant-numeric: tabular-nums; }
.fruitlab-play .scores small { display: block; opacity: .75; font-size: .85rem; }
.fruitlab-play p { margin: .25rem 0; }
.fruitlab-play .verdict { min-height: 2.9em; }
.fruitlab-play .hardest { font-size: .875rem; opacity: .75; min-height: 1.45em; }
/* A halo: names that stand on the plot are read over its curves. */
.fruitlab-play .plot :is(.textpoint text, .annotation-text) {
  paint-order: stroke; stroke: var(--st-background-color); stroke-width: 4px; stroke-linejoin: round; }
.fruitlab-play figure { margin: .25rem 0; padding: 0; width: 100%; }
@container (max-width: 480px) {
  .fruitlab-play .scores { gap: .5rem 1rem; } .fruitlab-play .scores div { min-width: 6rem; flex: 1; } .fruitlab-play .scores b { font-size: 1.5rem; }
  .fruitlab-play small span { display: none; }
  .fruitlab-play .verdict { min-height: 5.8em; } .fruitlab-play .hardest { min-height: 2.9em; }
}
"""

_HTML = f"""
<section class="fruitlab-play" aria-label="Restricted training, played">
  <div class="row">
    <div class="buttons"><button type="button" class="go" disabled>Play</button><button type="button" class="one" disabled>Step</button>
      <button type="button" class="anew" disabled>Start over</button></div>
    <div class="field keep"><label for="fruitlab-keep">Keep nice pictures</label><output for="fruitlab-keep" aria-live="off"></output>
      <input id="fruitlab-keep" type="range" min="0" max="100" step="5" value="0"></div>
  </div>
  <div class="scores">{
    "".join(
        f'<div class="{mark}"><span style="color:{style.COLOURS[mark]}" aria-hidden="true">{style.SHAPES[mark]}</span> {mark}'
        "<b>—</b><small>&nbsp;</small></div>"
        for mark in style.COLOURS
    )
}</div>
  <p class="verdict" role="status"></p>
  <figure role="group" aria-label="Accuracy over the iterations played"><div class="plot" style="min-height:{
    HEIGHT
}px"></div></figure>
  <div class="field scrub"><label for="fruitlab-scrub">Iteration shown</label><output for="fruitlab-scrub" aria-live="off"></output>
    <input id="fruitlab-scrub" type="range" min="0" max="1" value="0" disabled></div>
  <p class="hardest"></p>
</section>
"""


def _script() -> str:
    here = PACKAGE / "app" / "assets"
    file, head, worker, view = (
        (here / f"play_{part}.js").read_text(encoding="utf-8")
        for part in ("file", "head", "worker", "view")
    )
    return f"{file}{chart.COMMON}const WORKER = {json.dumps(file + head + worker)}\n{view}"


_component = st.components.v2.component(
    "fruitlab.play", html=_HTML, css=_CSS, js=_script(), isolate_styles=False
)


@st.cache_resource(show_spinner=False, max_entries=8)
def _read(path: str, changed: int) -> PlayFile | str:
    """The play file as it was at that time, or what is wrong with it."""
    try:
        return play.read(Path(path))
    except RunError as error:
        return str(error)


def show(chosen: Sequence[str] = ()) -> None:
    """The Play part of the Forgetting page.

    Args:
        chosen: ids of the runs that the page shows: one that can be played comes first.
    """
    st.subheader("Play", anchor="play")
    found = play.found()
    names = sorted(found, key=lambda name: name not in chosen)
    if not names:
        st.markdown(
            "Forgetting can be played with: the last two layers train in your browser, in seconds, while a slider keeps some nice pictures "
            "among the real ones. What that needs is made once from an iterative run:"
        )
        st.code(f"python -m fruitlab play-file {chosen[0] if chosen else 'RUN'}", language=None)
        return
    name = (
        st.selectbox(
            "Played from",
            names,
            key="played",
            format_func=lambda name: _described(found[name], name),
        )
        if len(names) > 1
        else names[0]
    )
    path = found[name]
    changed = path.stat().st_mtime_ns
    file = _read(str(path), changed)
    if isinstance(file, str):
        st.error(file, icon=":material/error:")
        return
    st.markdown(
        "Train the last two layers here and now. The network has just learned the nice pictures; what it learns next, it learns in your "
        "browser. Pause, move the slider, go on: the curve bends. Or go back to an iteration and play from there."
    )
    given = _component(
        key=f"play {name}",
        data=_data(file, f"{PLAY}{name}?{changed:x}") | {"keep": _kept()},
        on_keep_change=lambda: None,
    )
    if isinstance(given.keep, int):
        st.query_params["keep"] = str(given.keep)  # a link brings the slider along
    st.caption(_what(file))


def _kept() -> int:
    """The slider's place in the page's address, in percent."""
    asked = st.query_params.get("keep", "")
    return min(100, int(asked)) if asked.isascii() and asked.isdigit() else 0


def _described(path: Path, name: str) -> str:
    file = _read(str(path), path.stat().st_mtime_ns)
    return (
        name
        if isinstance(file, str)
        else f"{name}: {method_caption(file.config)}, {file.notes['data']}"
    )


def _data(file: PlayFile, url: str) -> dict:
    ends = (0.0, float(file.steps))
    return {
        "url": url,
        "settings": play.settings(file),
        "evaluation_points": play.evaluation_points(file.steps),
        "height": HEIGHT,
        "grey": style.GREY,
        "traces": {mark: style.line(mark, [], []) for mark in style.COLOURS},
        "chance": style.chance(len(file.categories), ends),
        "layout": {
            "xaxis": style.axis(
                "iterations of restricted training", range=[-0.02 * ends[1], 1.02 * ends[1]]
            ),
            "yaxis": style.accuracy_axis("top-1 accuracy"),
            "hovermode": "x unified",
        },
    }


def _what(file: PlayFile) -> str:
    whole, count = file.notes["whole"], file.count
    nice, real = (
        100 * (high - low) / 2
        for low, high in (
            wilson(count(name) // 2, count(name)) for name in ("nice_test", "real_test")
        )
    )
    return (
        f"From {file.notes['run']} at iteration {file.notes['iteration']:,}, where initial training ended. Trained on {count('real_train'):,} of "
        f"its {whole['real_train']:,} real training pictures and, where some are kept, {count('nice_train'):,} of {whole['nice_train']:,} nice "
        f"ones; scored on {count('nice_test'):,} nice and {count('real_test'):,} real test pictures "
        f"(within {nice:.1f} and {real:.1f} points, 95 %). "
        f"The layers before are held still, their statistics too, so each picture is {len(file.tensors['low']):,} pooled features, a byte each. "
        "Dashed: a network that keeps none, from the same file; dotted: your curve before."
    )
