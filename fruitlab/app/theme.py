"""The explorer's theme for Gradio: colours and fonts of .streamlit/config.toml, so that the demo in its frame looks like the page around it."""

import tomllib
from typing import Any

import gradio as gr

from fruitlab.config.paths import PROJECT

# Gradio's margins leave too little of 390 pixels; its own way of naming pictures covers them.
CSS = """
.gradio-container { max-width: 76rem !important; margin: 0 auto !important; padding: 0 !important; }
.gradio-container .main.app { padding: .5rem .25rem !important; }
.gradio-container main.contain { padding: 0 !important; }
.verdict h3 { font-size: 1.6rem; font-weight: 600; margin: 0 0 .25rem; }
.verdict p { line-height: 1.45; margin: 0 0 .25rem; opacity: .85; }
.pictures { display: flex; gap: 1rem; }
.pictures figure { flex: 1 1 0; margin: 0; min-width: 0; }
.pictures img { width: 100%; aspect-ratio: 1; border-radius: 8px; display: block; }
.pictures img.pixels { image-rendering: pixelated; }
.pictures figcaption { font-size: .8rem; line-height: 1.35; opacity: .75; margin-top: .35rem; }
.output-class, .label, .label-wrap, .confidence-set { font-family: var(--font) !important; }
.examples .grid-wrap { min-height: 0 !important; padding-top: 1.75rem; overflow: visible !important; max-height: none !important; }
.examples .grid-container { grid-template-columns: repeat(auto-fill, minmax(88px, 1fr)) !important; }
.examples .caption-label { max-width: 100% !important; font-size: .7rem !important; padding: .1rem .35rem !important; }
.dark { --color-accent: LINK; } /* a theme has but one */
footer { display: none !important; }
@media (max-width: 480px) { .verdict h3 { font-size: 1.3rem; } .gradio-container .row { gap: .75rem; } }
"""


# Without an icon, the browser asks for a favicon.ico that is not there. In the Classify page's frame, the demo makes the frame as tall as
# what is in it: that differs by width, by tab, and by whether there is an answer. Both come from one server, so it may.
HEAD = """<link rel="icon" href="data:,">
<script>
(() => {
  const frame = window.frameElement
  if (!frame) return
  const fit = () => {
    const parts = document.querySelectorAll(".gradio-container main > *")  // main itself fills the frame
    const end = Math.max(...[...parts].map(part => part.getBoundingClientRect().bottom + scrollY))
    if (!(end > 100)) return
    const height = `${Math.ceil(end) + 12}px`
    if (frame.style.height !== height) frame.style.setProperty("height", height, "important")
  }
  let waiting = 0
  const soon = () => { waiting ||= requestAnimationFrame(() => { waiting = 0; fit() }) }
  new ResizeObserver(soon).observe(document.documentElement)
  new MutationObserver(soon).observe(document.documentElement, { childList: true, subtree: true, attributes: true })
})()
</script>"""


def css() -> str:
    """Its rules for Gradio's page."""
    return CSS.replace("LINK", _shared()["dark"]["linkColor"])


def theme() -> gr.themes.Base:
    """Raises OSError where the file is missing."""
    shared = _shared()
    light, dark = shared["light"], shared["dark"]
    fonts = [name.strip().strip("'\"") for name in shared["font"].split(",")]
    mono = [name.strip().strip("'\"") for name in shared["codeFont"].split(",")]
    accent = gr.themes.Color(name="accent", **_shades(light["primaryColor"]))
    base = gr.themes.Base(
        primary_hue=accent,
        secondary_hue=accent,
        neutral_hue="zinc",
        font=fonts,
        font_mono=mono,
        radius_size="md",
    )
    colours: dict[str, str] = {}
    for end, colour in (("", light), ("_dark", dark)):
        colours |= {
            f"{name}{end}": colour[key]
            for name, key in (
                ("body_background_fill", "backgroundColor"),
                ("background_fill_primary", "backgroundColor"),
                ("background_fill_secondary", "secondaryBackgroundColor"),
                ("block_background_fill", "backgroundColor"),
                ("input_background_fill", "secondaryBackgroundColor"),
                ("block_label_background_fill", "backgroundColor"),
                ("body_text_color", "textColor"),
                ("block_label_text_color", "textColor"),
                ("block_title_text_color", "textColor"),
                ("border_color_primary", "borderColor"),
                ("block_border_color", "borderColor"),
                ("input_border_color", "borderColor"),
                ("button_primary_background_fill", "primaryColor"),
                ("link_text_color", "linkColor"),
            )
        }
    return base.set(
        color_accent=light["primaryColor"],
        block_shadow="none",
        block_border_width="1px",
        button_primary_text_color="#ffffff",
        **colours,
    )


def _shared() -> dict[str, Any]:
    return tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))[
        "theme"
    ]


def _shades(colour: str) -> dict[str, str]:
    """Gradio's eleven steps of one colour, c50 nearly white to c950 nearly black, c600 the colour itself."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))

    def mixed(share: float, towards: int) -> str:
        return "#" + "".join(
            f"{round(value + share * (towards - value)):02x}" for value in (red, green, blue)
        )

    steps = {
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
    return {f"c{step}": mixed(*mix) for step, mix in steps.items()}
