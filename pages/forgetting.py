"""Forgetting: nice and real accuracy over restricted training (Figure 14), of one run or several over one another, live."""

import streamlit as st

from fruitlab.app import navigation, permalinks, shared
from fruitlab.app.components import chart, live
from fruitlab.app.forgetting_page import play
from fruitlab.config.text import percent
from fruitlab.methods.iterative import Iterative
from fruitlab.methods.mixed import Mixed
from fruitlab.methods.registry import as_method
from fruitlab.plots import figures as charts
from fruitlab.plots import style
from fruitlab.runs import captions, forgetting, references
from fruitlab.runs.index import Entry


def main() -> None:
    st.title("Forgetting")
    found = [
        entry
        for entry in shared.index().entries()
        if entry.config is not None and len(entry.config.phases()) > 1
    ]
    if not found:
        st.markdown(
            "Iterative training shows a network the *nice* pictures first (initial training), then only the *real* ones, with all but its last "
            "two layers held still (restricted training). This page shows how fast it forgets the first while it learns the second."
        )
        st.info(
            "No iterative run yet. Train one, and watch: the quick recipe takes some minutes.",
            icon=":material/trending_down:",
        )
        navigation.invite(
            "train", "Train an iterative run", query={"method": Iterative.name, "preset": "quick"}
        )
        play.show()
        return
    st.markdown(
        "Iterative training: first *nice* pictures, then only *real* ones, with all but the last two layers held still. The curves start at that switch: how "
        "fast is the first forgotten while the second is learned? [Play](#play) does it before your eyes."
    )
    by_id = {entry.id: entry for entry in found}
    asked = [name for name in st.query_params.get("runs", "").split(",") if name]
    if missing := [name for name in asked if name not in by_id]:
        st.warning(
            f"Not an iterative run on this machine, so left out: {', '.join(missing)}.",
            icon=":material/search_off:",
        )
    chosen = st.multiselect(
        "Runs",
        list(by_id),
        [name for name in asked if name in by_id] or [entry.id for entry in opened(found)],
        key="runs",
        max_selections=len(style.DASHES),
        format_func=lambda name: captions.choice_caption(by_id[name]),
        help=CHOICE,
    )
    if not chosen:
        st.info("Choose a run above.", icon=":material/arrow_upward:")
        play.show()
        return
    st.query_params["runs"] = ",".join(chosen)
    running = any(by_id[name].active for name in chosen)
    st.fragment(view, run_every=live.EVERY if running else None)(chosen, running)
    play.show(chosen)


def opened(found: list[Entry]) -> list[Entry]:
    """What to show first: what trains now, else one's newest with a restricted phase to see; else the shipped 50 % split, both ways."""
    shown = next(
        (e for e in found if e.status == "running"),
        next((e for e in found if e.switch is not None and not e.run.shipped), None),
    )
    if shown is not None:
        return [shown]
    halves = {
        e.config.running_statistics: e
        for e in found
        if isinstance(e.config, Iterative)
        and e.run.shipped
        and e.config.split == 50
        and e.config.seed == 0
        and e.run.has("weights")
    }
    return [halves[norms] for norms in ("updated", "frozen") if norms in halves] or found[:1]


def view(chosen: list[str], was_running: bool) -> None:
    every = shared.index().entries()
    entries = [entry for entry in every if entry.id in chosen and entry.config is not None]
    if any(entry.active for entry in entries) != was_running:
        st.rerun()
    entries.sort(key=lambda entry: chosen.index(entry.id))
    for entry in entries:
        live.brief(entry)
    there = [entry for entry in entries if entry.switch is not None]
    if not there:
        st.caption("Restricted training has not begun yet: the curves start there.")
        return
    top = live.top_toggle()
    first, named = there[0], captions.distinct_legends(there)
    joint = joint_run(every, first)
    figures(forgetting.measures(first, top), named[0] if len(there) > 1 else None)
    chart.show(
        charts.forgetting(
            [forgetting.curve(entry, top, name) for entry, name in zip(there, named, strict=True)],
            top=top,
            categories=first.categories,
            joint=None
            if joint is None
            else (
                captions.setting_caption("ratio", joint.config.ratio),
                joint.final("nice", top),
                joint.final("real", top),
            ),
        ),
        key=f"forgetting {' '.join(entry.id for entry in there)} {top}",
        height=420,
    )
    if joint is None:
        missing_joint(first)
    else:
        st.caption(
            f"*Trained jointly*: the mixed run {joint.title} saw as many pictures, both kinds at once. It is the mark to reach without forgetting."
        )
    if len(there) > 1:
        table(there, named, top)
    with st.expander("What these figures mean"):
        st.markdown(
            f"- **Peak minus current**: {PEAK}\n- **End of the initial phase minus final**: {END}\n- **Half of it lost after**: {HALF}\n"
            "- *follow* and *frozen* are what the convolutions' moving statistics do in restricted training: follow the real pictures, or stay."
        )


def joint_run(every: list[Entry], entry: Entry) -> Entry | None:
    return references.joint(every, entry, forgetting.budget(entry))


def missing_joint(entry: Entry) -> None:
    st.caption(
        "No mixed run has seen as many pictures of the same data yet: it would be the upper reference, what can be had without forgetting."
    )
    mixed = as_method(
        Mixed.name,
        entry.config,
        ratio=references.JOINT,
        iterations=forgetting.joint_iterations(entry),
    )
    navigation.link("train", "Train it", query=permalinks.to_query(mixed))


def figures(measures: forgetting.Measures, named: str | None) -> None:
    if named is not None:
        st.caption(f"Of the first, {named}:")
    row = st.container(horizontal=True, gap="medium")
    row.metric(
        f"{style.TEXT['nice']} now",
        percent(measures.nice),
        points(measures.nice, measures.nice_before),
        width="content",
        help="Accuracy on the nice test pictures at the last point, and its change since the end of initial training.",
    )
    row.metric(
        f"{style.TEXT['real']} now",
        percent(measures.real),
        points(measures.real, measures.real_before),
        width="content",
        help="Accuracy on the real test pictures at the last point, and its change since the end of initial training.",
    )
    row = st.container(horizontal=True, gap="medium")
    row.metric("Peak minus current", lost(measures.peak_minus_current), width="content", help=PEAK)
    row.metric(
        "End of initial minus final", lost(measures.end_minus_final), width="content", help=END
    )
    row.metric(
        "Half of it lost after",
        "—" if measures.half is None else f"{measures.half:,.0f} iterations",
        width="content",
        help=HALF,
    )


CHOICE = (
    "Several are drawn over one another, each with a line of its own. Initial: the share of the iterations on nice pictures alone. "
    "Statistics, follow or frozen: explained under the plot."
)
PEAK = "Forgetting as the best nice accuracy so far minus the present one. Both are measured on the same test pictures, all or the fixed part of them."
END = "Forgetting as nice accuracy at the end of initial training minus the final one, both on all test pictures. — until the run has finished."
HALF = "Iterations of restricted training until half of the nice accuracy that is lost in the end was lost. — while the end is not known, or nothing is lost."


def table(entries: list[Entry], named: list[str], top: int) -> None:
    st.markdown("**Side by side**")
    rows = {
        name: {}
        for name in (
            "peak minus current",
            "end of the initial phase minus final",
            "iterations to lose half",
            "real accuracy gained",
        )
    }
    for entry, name in zip(entries, named, strict=True):
        m = forgetting.measures(entry, top)
        gained = None if m.real is None or m.real_before is None else m.real - m.real_before
        values = (
            lost(m.peak_minus_current),
            lost(m.end_minus_final),
            "—" if m.half is None else f"{m.half:,.0f}",
            lost(gained),
        )
        for row, value in zip(rows.values(), values, strict=True):
            row[name] = value
    st.table([{"": what} | row for what, row in rows.items()], border="horizontal", hide_index=True)


def lost(difference: float | None) -> str:
    """A difference of two accuracies, in percentage points; a dash where there is none."""
    return "—" if difference is None else f"{100 * difference:.1f} points"


def points(now: float | None, before: float | None) -> str | None:
    return None if now is None or before is None else f"{100 * (now - before):+.1f} points"


main()
