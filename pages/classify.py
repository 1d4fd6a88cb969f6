"""Classify: a photo or the webcam in front of a network of your own."""

from urllib.parse import urlencode

import streamlit as st

from fruitlab.app import navigation, networks, shared

# The frame's container has a height of its own: without this, what follows would lie over a frame that grew.
GROWS = "<style>[data-testid=stElementContainer]:has(> iframe[src^='/demo/']) { height: auto !important; }</style>"

st.title("Classify")


def main() -> None:
    ready = networks.ready(shared.index().entries())
    if not ready:
        nothing_yet()
        return
    st.markdown(
        "Show a network a fruit, by photo or webcam: what it takes it for, how sure it is, and where it looked."
    )
    ids = [entry.id for entry in ready]
    names = {entry.id: networks.network_caption(entry) for entry in ready}
    asked = st.query_params.get("run")
    if asked and asked not in ids:
        st.warning(
            f"There is no finished run named {asked} on this machine; this is the best one that there is.",
            icon=":material/search_off:",
        )
        del st.query_params["run"]
    # By hand, as a bound widget would put the name that is shown, not the id, into the address. The address leads: it may have
    # changed by a link or the browser's back button.
    if asked in ids or st.session_state.get("run") not in ids:
        st.session_state.run = asked if asked in ids else ids[0]
    chosen = st.selectbox(
        "Network",
        ids,
        format_func=names.get,
        key="run",
        on_change=lambda: st.query_params.update(run=st.session_state.run),
        help="Every finished run, the best combined performance first: the root of its accuracies on nice and on real pictures multiplied.",
    )
    entry = next((entry for entry in ready if entry.id == chosen), ready[0])
    categories = entry.data.get("categories", [])
    learned = (
        "drawn pictures, so expect little of it on photos"
        if entry.kind == "drawn"
        else "photographs"
    )
    st.caption(
        f"It tells {len(categories)} categories apart, and learned from {learned}. What you show it stays on this machine.",
        help=", ".join(categories),
    )
    st.html(GROWS)
    # The frame keeps its photo while the page is run again, unless its address changes. It begins with this height, and takes what it needs (`ui/theme.py`).
    query = {"run": entry.id, "embed": "1", "__theme": st.context.theme.type or "light"}
    st.iframe(
        f"/demo/?{urlencode(query)}",
        height=560,
        alt="The network's answer to a photo or the webcam",
    )
    with st.expander("Ask it from a program"):
        st.code(
            f'from gradio_client import Client, handle_file\n\nclient = Client("{_address()}/demo/")\n'
            f'client.predict(handle_file("photo.jpg"), "{entry.id}", api_name="/classify")',
            language="python",
        )
        st.markdown(
            f"Or without a server: `python -m fruitlab predict {entry.id} photo.jpg`. For other programs and devices: "
            f"`python -m fruitlab export {entry.id} --onnx`."
        )


def nothing_yet() -> None:
    st.info(
        "No run has finished yet, so there is no network to ask. The *glance* recipe gets you one in minutes, from pictures that are built in.",
        icon=":material/photo_camera:",
    )
    navigation.invite("train", "Train a network", query={"preset": "glance"})
    st.caption("Or from a terminal: `python -m fruitlab train mixed --preset glance`")


def _address() -> str:
    url = st.context.url or "http://127.0.0.1:8501"
    return "/".join(url.split("/")[:3])


main()
