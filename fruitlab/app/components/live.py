"""The live view of a run: status, buttons, scores and plots, updated while it trains."""

from collections.abc import Callable

import streamlit as st

from fruitlab.app import launch, navigation, shared
from fruitlab.app.components import chart, one_step
from fruitlab.app.components.status import status
from fruitlab.app.local_data import training_problem
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.run_config import RunConfig
from fruitlab.config.text import percent, points
from fruitlab.data.domains import DOMAINS
from fruitlab.methods.mixed import Mixed
from fruitlab.metrics.accuracy import SCORES
from fruitlab.plots import figures, stream, style
from fruitlab.runs import references
from fruitlab.runs.captions import setting_caption
from fruitlab.runs.entry import Entry
from fruitlab.runs.folder import Run
from fruitlab.runs.log import STREAM_COLUMNS

EVERY = 1.0  # seconds between updates while a run trains
PROBLEM = "problem"  # key of session_state: why a button did nothing
DEFINITIONS = (
    "**Combined**: the root of nice times real accuracy, high only if both are.\n\n"
    "**Loss**: cross entropy on the training pictures, lower is better.\n\n"
    "**Learning rate**: the step size of the optimizer.\n\n"
    "**Pictures seen**: a picture that was shown ten times counts ten times."
)
SAME_VIDEOS = "Fruits-360's test pictures come from the same videos as its training pictures."


def watch(run_id: str) -> None:
    """Draws the run and updates it until it ends."""
    entry = shared.index().get(run_id)
    active = entry is not None and entry.active
    st.fragment(_view, run_every=EVERY if active else None)(run_id, active)


def _view(run_id: str, was_active: bool) -> None:
    entry = shared.index().get(run_id)
    if entry is None:
        st.error(f"The run {run_id} no longer exists.", icon=":material/error:")
        return
    if entry.active != was_active:
        st.rerun()  # of the whole page, whose buttons and updates depend on it
    status(entry)
    _buttons(entry)
    if entry.config is None or not (entry.points or entry.active):
        return
    top = top_toggle()
    if entry.points:
        _scores(entry, top)
    if entry.in_one_step:
        one_step.show(entry)
        return
    _plots(entry, entry.config, top)  # empty at first, so that the browser loads plotly.js early


def top_toggle() -> int:
    """Draws the choice between top-1 and top-3 accuracy, kept in the address; returns 1 or 3."""
    names = {1: "top-1", 3: "top-3"}
    return (
        st.segmented_control(
            "Metric",
            list(names),
            default=1,
            key="top",
            required=True,
            bind="query-params",
            format_func=names.__getitem__,
            help="Top-1: the most likely category is the true one. "
            "Top-3: the true category is among the three most likely.",
        )
        or 1
    )


def _buttons(entry: Entry) -> None:
    resumable = entry.status in ("stopped", "interrupted", "failed") and not entry.run.shipped
    with st.container(horizontal=True, vertical_alignment="center"):
        if entry.active and allows(Action.STOP, entry):
            st.button(
                "Stop",
                icon=":material/stop:",
                key="stop",
                on_click=_do,
                args=(launch.stop, entry),
                help="Saves the state; the run can be resumed later.",
            )
        elif resumable and entry.config is not None and allows(Action.TRAIN, entry):
            problem = next(filter(None, training_problem(entry)), None)
            st.button(
                "Resume",
                icon=":material/play_arrow:",
                key="resume",
                type="primary",
                disabled=problem is not None,
                help=problem,
                on_click=_do,
                args=(launch.resume, entry),
            )
        if entry.config is not None and len(entry.config.phases()) > 1:
            navigation.link("forgetting", "What it forgets", query={"runs": entry.id})
        if entry.status == "finished":
            navigation.link("classify", "Try it on a photo", query={"run": entry.id})
        navigation.link("runs", "Compare", query={"runs": entry.id})
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")


def _do(action: Callable[[Run], None], entry: Entry) -> None:
    try:
        action(entry.run)
    except RunError as error:
        st.session_state[PROBLEM] = str(error)
    shared.index().entries(fresh=True)


def _scores(entry: Entry, top: int) -> None:
    """The accuracies in large type with their changes; below them loss and pictures seen."""
    final = entry.summary if entry.status == "finished" else {}
    has_final = all(isinstance(final.get(score), dict) for score in SCORES)
    before = entry.scores(-2) if entry.points > 1 and not has_final else None
    shown, name = final if has_final else entry.scores(), f"top{top}"
    if shown is None:
        return
    # A horizontal container stays in one row on a phone, where columns do not. The metrics have no
    # help of their own: screen readers would read out the colour in their labels.
    row = st.container(horizontal=True, gap="small")
    for score in SCORES:
        change = points(shown[score][name] - before[score][name], signed=True) if before else None
        row.metric(style.LABELS[score], percent(shown[score][name]), change, width="content")
    st.caption(
        _training_state(entry, with_changes=before is not None),
        help="\n\n".join(
            [*(_measured(score, shown, name, entry) for score in SCORES), DEFINITIONS]
        ),
    )


def _measured(score: str, scores: dict, name: str, entry: Entry) -> str:
    """On how many pictures a score was measured, and its interval."""
    low, high = map(percent, scores[score][f"{name}_interval"])
    part = entry.known_config.scored_on
    pictures = "" if score == "combined" else f"{scores[score]['pictures']:,} {part} pictures, "
    text = f"**{score.capitalize()}**: {pictures}95% interval {low} to {high}."
    return f"{text} {SAME_VIDEOS}" if score == "nice" else text


def _training_state(entry: Entry, *, with_changes: bool) -> str:
    loss, rate = entry.column("loss")[-1], entry.column("learning_rate")[-1]
    nice, real = (int(entry.column(f"seen_{domain}")[-1]) for domain in ("nice", "real"))
    text = f"Loss {'—' if loss != loss else format(loss, '.3f')} · learning rate {rate:.3g}"
    text += f" · {nice + real:,} pictures seen ({nice:,} nice, {real:,} real)"
    if not with_changes:
        return text
    last, previous = entry.column("iteration")[-1], entry.column("iteration")[-2]
    return f"Changes are over the last {int(last - previous):,} iterations. {text}"


def _plots(entry: Entry, config: RunConfig, top: int) -> None:
    curves, iterations = entry.curves(top), config.iterations
    best = references.best_mixed(shared.index().entries(), entry, top)
    named = None
    if best is not None and isinstance(best[0].config, Mixed):
        named = setting_caption("ratio", best[0].config.ratio), best[1]
    accuracies = figures.accuracies(
        curves, top=top, iterations=iterations, categories=entry.categories, best=named
    )
    chart.show(accuracies, key=f"accuracy {entry.id} {top}")
    if entry.points and (figure := _stream(entry, iterations)):
        chart.show(figure, key=f"stream {entry.id}", height=260)
    steps = entry.steps()
    if not entry.points and not len(steps):
        return
    figure = figures.training("loss", curves, steps, iterations=iterations)
    chart.show(figure, key=f"loss {entry.id}", height=220)
    for column, name in zip(st.columns(2), ("learning_rate", "momentum"), strict=True):
        with column:
            figure = figures.training(name, curves, steps, iterations=iterations)
            chart.show(figure, key=f"{name} {entry.id}", height=180)


def _stream(entry: Entry, iterations: int) -> figures.Figure | None:
    """How well pictures of a stream were known when they arrived; None without a stream."""
    columns = {name: entry.column(name) for name in STREAM_COLUMNS}
    if not any(column.any() for column in columns.values()):
        return None
    return stream.stream(
        entry.column("iteration"),
        {domain: columns[f"arrived_{domain}"] for domain in DOMAINS},
        {domain: columns[f"arrived_{domain}_right"] for domain in DOMAINS},
        {domain: int(columns[f"kept_{domain}"][-1]) for domain in DOMAINS},
        iterations=iterations,
    )
