"""Classify: a photo or the webcam in front of a trained network."""

from urllib.parse import urlencode

import streamlit as st

from fruitlab.app import all_ratios, navigation, networks, recent, shared
from fruitlab.config.text import percent, plain
from fruitlab.runs.entry import Entry

# The element around the frame has a fixed height. Without this rule, a frame that grows with the
# demo in it (assets/demo.js) would cover what follows.
GROWS = (
    "<style>[data-testid=stElementContainer]:has(> iframe[src^='/demo/'])"
    " { height: auto !important; }</style>"
)
HEIGHT = 560  # of the frame at first, in pixels
EXAMPLE = """from gradio_client import Client, handle_file

client = Client("{address}/demo/")
client.predict(handle_file("photo.jpg"), "{run}", api_name="/classify")"""


def main() -> None:
    """Draws the page."""
    st.title("Classify")
    entries = shared.index().entries()
    ready = networks.ready(entries)
    if not ready:
        no_network()
        return
    st.markdown(
        "Show a network a photo, or hold something up to the webcam. You see the most likely "
        "categories, how often such an answer is right, and a heat map of where it looked."
    )
    entry = choose(ready)
    describe(entry, networks.why_first(ready, entries) if entry is ready[0] else "")
    better(entry)
    st.html(GROWS)
    # The frame keeps its photo while the script runs again, unless its address changes.
    query = {"embed": "1", "__theme": st.context.theme.type or "light"}
    if not networks.is_private(entry) or entry in (recent.run(ready), by_address(ready)):
        query["run"] = entry.id  # its examples may be shown
    st.iframe(
        f"/demo/?{urlencode(query)}", height=HEIGHT, alt="The network's answer to a photo or webcam"
    )
    with st.expander("Use via API"):
        st.code(EXAMPLE.format(address=server_address(), run=entry.id), language="python")
        st.markdown(
            f"Or without a server: `python -m fruitlab predict {entry.id} photo.jpg`. For other "
            f"programs and devices: `python -m fruitlab export {entry.id} --onnx`."
        )


def choose(ready: list[Entry]) -> Entry:
    """Draws the choice of networks; returns the selected one.

    At first, that is the one that the visitor worked on, otherwise the best one for everybody.
    """
    entries = {entry.id: entry for entry in ready}
    wanted = st.query_params.get("run")
    if wanted and wanted not in entries:
        st.warning(
            f"There is no finished run named {plain(wanted)} on this machine. The best one is "
            "shown.",
            icon=":material/search_off:",
        )
        del st.query_params["run"]
    # Not bound to the query parameter: that would write the caption instead of the id. The address
    # leads, as it may have changed by a link or the Back button.
    if wanted in entries:
        st.session_state.run = wanted
    elif st.session_state.get("run") not in entries:
        st.session_state.run = (recent.run(ready) or ready[0]).id
    chosen = st.selectbox(
        "Network",
        list(entries),
        format_func=lambda run_id: networks.network_caption(entries[run_id]),
        key="run",
        on_change=_choose,
        help="All finished runs, those that ship with FruitLab first, sorted by combined "
        "performance (the root of nice times real accuracy) on validation pictures if all have "
        "such a score, otherwise on the test pictures.",
    )
    return entries.get(chosen, ready[0])


def _choose() -> None:
    st.query_params["run"] = st.session_state.run
    recent.work_on(st.session_state.run)


def by_address(ready: list[Entry]) -> Entry | None:
    """The network that the address names."""
    return next((entry for entry in ready if entry.id == st.query_params.get("run")), None)


def describe(entry: Entry, chosen: str) -> None:
    """Draws what the network was trained on, and why it is the one that is shown."""
    categories = entry.data.get("categories", [])
    source = "photographs"
    if entry.kind == "drawn":
        source = "drawn pictures, so it may do poorly on photos"
    st.caption(
        f"Distinguishes {len(categories)} categories and was trained on {source}. {chosen} Your "
        "photos stay on this machine.",
        help=", ".join(categories),
    )


def better(entry: Entry) -> None:
    """Draws a link to the heads at every ratio on the same pictures, if they are right more often.

    They are no run, but the Explore page asks them about any photo.
    """
    found, own = all_ratios.of(str(entry.data.get("fingerprint"))), entry.final("combined")
    if found is None or own is None or entry.known_config.scored_on != "test":
        return
    reached = found.scores(found.best)["combined"]["top1"]
    if reached > own:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(
                f"A pretrained network in closed form has {percent(reached)} combined on the same "
                "test pictures.",
                width="content",
            )
            query = {"data": str(found.facts["fingerprint"])}
            navigation.link("explore", "Show it a photo on Explore", query=query)


def no_network() -> None:
    """Draws the page without a finished run."""
    st.info(
        "No run has finished yet, so there is no network to try. The preset *glance* trains one in "
        "a few minutes on the built-in pictures.",
        icon=":material/photo_camera:",
    )
    navigation.invite("train", "Train a network", query={"preset": "glance"})
    st.caption("Or in a terminal: `python -m fruitlab train mixed --preset glance`")


def server_address() -> str:
    """The address of this server, without a path."""
    return "/".join((st.context.url or "http://127.0.0.1:8501").split("/")[:3])


main()
