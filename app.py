"""`streamlit run app.py`: the explorer, with the Gradio demo on the same port at /demo."""

from pathlib import Path

import streamlit as st
from starlette.routing import Mount, Route

from fruitlab.app import host

# The main script lies outside the folder that holds pages/: beside it, a visitor who comes by a deep link makes Streamlit
# fall back to its old menu of everything in pages/.
app = st.App(
    Path(__file__).resolve().parent / "fruitlab" / "app" / "main.py",
    routes=[
        Route(host.PLOTLY, host.plotly),
        Route(host.PLAY + "{name}", host.play),
        Mount("/demo", app=host.demo),
    ],
    lifespan=host.lifespan,
    on_script_error=host.say_error,
)
