"""The explorer's theme for the Gradio demo: colours and fonts of .streamlit/config.toml."""

import tomllib
from typing import Any

import gradio as gr

from fruitlab.app import assets
from fruitlab.config.paths import PROJECT

# Inserted into the head of the demo's page. Without an icon, browsers request favicon.ico.
SCRIPTS = assets.read("demo_queue.js") + assets.read("demo.js")
HEAD = f'<link rel="icon" href="data:,">\n<script>\n{SCRIPTS}</script>'

# Attributes of Gradio's theme, and the keys of Streamlit's theme they take their colours from.
COLOURS = {
    "body_background_fill": "backgroundColor",
    "background_fill_primary": "backgroundColor",
    "background_fill_secondary": "secondaryBackgroundColor",
    "block_background_fill": "backgroundColor",
    "input_background_fill": "secondaryBackgroundColor",
    "block_label_background_fill": "backgroundColor",
    "body_text_color": "textColor",
    "block_label_text_color": "textColor",
    "block_title_text_color": "textColor",
    "border_color_primary": "borderColor",
    "block_border_color": "borderColor",
    "input_border_color": "borderColor",
    "button_primary_background_fill": "primaryColor",
    "link_text_color": "linkColor",
}
# Gradio's shades of the accent: how far each is mixed with white (255) or black (0).
SHADES = {
    50: (0.95, 255),
    100: (0.88, 255),
    200: (0.75, 255),
    300: (0.58, 255),
    400: (0.4, 255),
    500: (0.2, 255),
    600: (0, 0),
    700: (0.18, 0),
    800: (0.35, 0),
    900: (0.5, 0),
    950: (0.7, 0),
}


def css() -> str:
    """Style rules for the demo's page."""
    return assets.read("demo.css").replace("LINK_COLOUR", _streamlit_theme()["dark"]["linkColor"])


def theme() -> gr.themes.Base:
    """The Gradio theme. Raises OSError if .streamlit/config.toml is missing."""
    settings = _streamlit_theme()
    accent_colour = settings["light"]["primaryColor"]
    accent = gr.themes.Color(name="accent", **_shades(accent_colour))
    base = gr.themes.Base(
        primary_hue=accent,
        secondary_hue=accent,
        neutral_hue="zinc",
        font=_fonts(settings["font"]),
        font_mono=_fonts(settings["codeFont"]),
        radius_size="md",
    )
    colours = {
        f"{attribute}{suffix}": settings[mode][key]
        for suffix, mode in (("", "light"), ("_dark", "dark"))
        for attribute, key in COLOURS.items()
    }
    return base.set(
        color_accent=accent_colour,
        block_shadow="none",
        block_border_width="1px",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark=settings["dark"]["backgroundColor"],
        **colours,
    )


def _streamlit_theme() -> dict[str, Any]:
    text = (PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["theme"]


def _fonts(names: str) -> list[str]:
    return [name.strip().strip("'\"") for name in names.split(",")]


def _shades(colour: str) -> dict[str, str]:
    """The shades of a colour ``#rrggbb``: c50 is nearly white, c600 itself, c950 nearly black."""
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return {
        f"c{step}": "#" + "".join(f"{round(c + share * (target - c)):02x}" for c in channels)
        for step, (share, target) in SHADES.items()
    }
