"""Train: choose a method and its settings, see what the run takes, start it and watch it."""

import streamlit as st

from fruitlab.app import shared
from fruitlab.app.components import live
from fruitlab.app.train_page import form, unlabelled
from fruitlab.config.modes import Action, allows
from fruitlab.config.text import plain
from fruitlab.methods.base import Method
from fruitlab.runs.captions import method_caption, readable_name
from fruitlab.runs.entry import Entry

LISTED = 6  # other runs in progress


def main() -> None:
    """Draws the page: the run in the address or in progress, otherwise the form."""
    st.title("Train")
    unlabelled.show()
    entries = shared.index().entries()
    active = sorted(
        (entry for entry in entries if entry.active),
        key=lambda entry: (entry.status != "running", entry.created),
    )
    prefill = form.from_link()
    shown = run_to_show(entries, active, prefill)
    if shown is None:
        st.markdown(
            "One small network, two kinds of pictures: *nice* ones from a studio, and *real* "
            "photos. Choose how to train it on both, press Start, and watch how well it does on "
            "each."
        )
        others(active)
        form.show(entries, prefill)
        return
    others([entry for entry in active if entry.id != shown.id])
    view(shown)
    st.divider()
    with st.expander("Train another network", icon=":material/add:"):
        form.show(entries, None)


def run_to_show(entries: list[Entry], active: list[Entry], prefill: Method | None) -> Entry | None:
    """The run in the address, or one in progress unless the address asks for a new run."""
    wanted = st.query_params.get("run")
    if wanted:
        shown = next((entry for entry in entries if entry.id == wanted), None)
        if shown is None:
            st.warning(
                f"There is no run named {plain(wanted)} on this machine.",
                icon=":material/search_off:",
            )
        return shown
    if prefill or not active:
        return None
    st.query_params["run"] = active[0].id  # so that the page still shows it when it has ended
    return active[0]


def view(entry: Entry) -> None:
    """Draws a run."""
    st.subheader(plain(readable_name(entry)))
    config = entry.config
    if config is not None:
        about = f"{method_caption(config)} · seed {config.seed} · " if entry.given_title else ""
        st.caption(f"{about}data {plain(config.data)} · preset {config.preset} · {entry.id}")
    live.watch(entry.id)
    if config is not None:
        with st.expander("Settings and files"):
            if allows(Action.PATHS):
                st.code(str(entry.run.folder), language=None)
            st.json(config.settings(), expanded=False)


def others(active: list[Entry]) -> None:
    """Draws links to other runs in progress."""
    if not active:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Also in progress:", width="content")
        for entry in active[:LISTED]:
            st.button(
                plain(readable_name(entry)),
                key=f"watch {entry.id}",
                on_click=form.watch,
                args=(entry.id,),
                help=f"{entry.status}: click to watch",
                type="tertiary",
            )


main()
