"""`streamlit run app.py`: the explorer, with the Gradio demo on the same port at /demo."""

import streamlit as st
from starlette.routing import Mount, Route

from fruitlab.app import guard, health, host, index_html, metrics, navigation, sharing
from fruitlab.config.paths import PACKAGE

# The main script must not lie beside pages/: for a visitor who opens a page by its address,
# Streamlit would fall back to its own menu of every file in pages/.
app = st.App(
    PACKAGE / "app" / "main.py",
    routes=[
        Route("/", index_html.index),
        *(Route(f"/{page}", index_html.index) for page in navigation.MENU),
        Route(host.PLOTLY, host.plotly),
        Route(host.PLAY + "{name}", host.play),
        Route(host.PICTURES + "{name}/{fingerprint}/{row:int}", host.picture),
        Route(sharing.ADDRESS + "{kind}/{name}.png", sharing.card),
        Mount("/demo", app=host.demo),
        Route("/healthz", health.healthz),
        *metrics.routes(),
    ],
    middleware=guard.middleware(),
    lifespan=host.lifespan,
    on_script_error=host.say_error,
)
