"""The chart component: Plotly.react on one DOM node, so that zoom, hover and legend choices survive every new point.

`st.plotly_chart` is remounted whenever its data changes. plotly.js comes from this server (`host.plotly`). A figure is a plain
dict (`fruitlab.plots.figures`): data and layout as Plotly knows them; its title and the sentence that reads it are set as text
around the plot, where they wrap on a narrow screen and a screen reader finds them.
"""

from typing import Any

import streamlit as st

from fruitlab.app.host import PLOTLY

_CSS = """
figure.fruitlab { margin: 0; padding: 0; width: 100%; color: var(--st-text-color); font-family: var(--st-font); }
.fruitlab figcaption { font-weight: 600; font-size: 1rem; margin: 0 0 .25rem; }
.fruitlab p { margin: .25rem 0 0; font-size: .875rem; line-height: 1.4; opacity: .75; }
.fruitlab .plot { width: 100%; }
/* A halo: names that stand on the plot are read over its curves. */
.fruitlab .plot :is(.textpoint text, .annotation-text) { paint-order: stroke; stroke: var(--st-background-color); stroke-width: 3px;
  stroke-linejoin: round; }
"""

# plotly.js, and a layout in the page's colours: what every component that draws a chart begins with.
COMMON = (
    """
const script = () => window.fruitlabPlotly ??= new Promise((resolve, reject) => {
  const tag = document.createElement("script")
  tag.src = "%s"
  tag.onload = () => resolve(window.Plotly)
  tag.onerror = () => { window.fruitlabPlotly = undefined; reject(new Error("plotly.js did not load")) }
  document.head.appendChild(tag)
})
const finger = matchMedia("(pointer: coarse)").matches
const CONFIG = { displaylogo: false, responsive: false, displayModeBar: finger ? false : "hover",
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]] }

// Text and grid take the page's colours, so figures set none.
function dressed(layout, host, height, key) {
  const css = getComputedStyle(host), of = name => css.getPropertyValue(name).trim()
  const text = of("--st-text-color"), line = of("--st-border-color"), narrow = host.clientWidth < 500
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, tickcolor: line, automargin: true, fixedrange: false }
  const out = { ...layout, height, autosize: true, uirevision: layout.uirevision ?? key, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: of("--st-font") || "sans-serif", size: narrow ? 12 : 13, color: text },
    hoverlabel: { bgcolor: of("--st-background-color"), bordercolor: line, font: { color: text } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: line, activecolor: text },
    margin: { l: 48, r: 16, t: 8, b: 40, ...layout.margin },
    legend: { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom", font: { size: narrow ? 11 : 12 }, ...layout.legend },
    // A finger that drags over a plot wants to scroll the page.
    dragmode: finger ? false : (layout.dragmode ?? "zoom") }
  for (const name of Object.keys(layout).filter(n => /^[xy]axis/.test(n))) {
    out[name] = { ...axis, ...layout[name], title: { standoff: 8, ...layout[name].title } }
  }
  return out
}
"""
    % PLOTLY
)

# Not in a shadow root: plotly.js writes its own rules (tool bar, hover) into the document's head.
_JS = (
    COMMON
    + """
export default function ({ data, parentElement }) {
  const figure = parentElement.querySelector("figure"), plot = figure.querySelector(".plot")
  const set = (selector, text) => { const node = figure.querySelector(selector); node.textContent = text; node.hidden = !text }
  set("figcaption", data.title)
  set("p", data.reading)
  figure.setAttribute("aria-label", [data.title, data.reading].filter(Boolean).join(". "))
  plot.style.minHeight = data.height + "px"
  plot.latest = data
  const draw = Plotly => {
    if (!plot.isConnected) return
    if (plot._dragging) {  // a new point may not take the box that somebody is drawing
      window.addEventListener("mouseup", () => setTimeout(draw, 50, Plotly), { once: true })
      return
    }
    const { data, layout, height, key } = plot.latest
    const drawn = Plotly.react(plot, data, dressed(layout, figure, height, key), CONFIG)
    if (!plot.fruitlab) {
      plot.fruitlab = true
      plot.on("plotly_hover", ({ event }) => {
        const box = event?.target?.getBoundingClientRect?.()
        if (box) plot.pointed = { xpx: event.clientX - box.left, ypx: event.clientY - box.top }
      })
      plot.on("plotly_unhover", () => { plot.pointed = undefined })
      plot.watcher = new ResizeObserver(() => { if (plot.clientWidth) Plotly.Plots.resize(plot) })
      plot.watcher.observe(figure)
    } else if (plot.pointed) {
      drawn.then(() => { try { Plotly.Fx.hover(plot, plot.pointed, "xy") } catch { plot.pointed = undefined } })
    }
  }
  script().then(draw, error => set("p", error.message + ": reload the page."))
  return () => { plot.watcher?.disconnect(); window.Plotly?.purge(plot) }
}
"""
)

_component = st.components.v2.component(
    "fruitlab.chart",
    css=_CSS,
    js=_JS,
    isolate_styles=False,
    html='<figure class="fruitlab" role="group"><figcaption></figcaption>\n<div class="plot"></div><p></p></figure>',
)


def show(figure: dict[str, Any], *, key: str, height: int = 360) -> None:
    """Draws a figure, or brings the one of that key up to date.

    Args:
        figure: {data: traces, layout, and optionally title and reading, the sentence that says what is to be seen}. A
            layout.uirevision that changes lets go of the reader's zoom and legend choices; by default it is the key.
        height: of the plot alone, in pixels.
    """
    layout = dict(figure.get("layout", {}))
    title = figure.get("title") or _text(layout.pop("title", ""))
    _component(
        key=key,
        data={
            "data": figure["data"],
            "layout": layout,
            "title": title,
            "reading": figure.get("reading", ""),
            "height": height,
            "key": key,
        },
    )


def _text(title: Any) -> str:
    return title.get("text", "") if isinstance(title, dict) else str(title)
