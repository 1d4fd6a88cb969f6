// Loading plotly.js and giving a plot the page's colours: shared by all components that draw plots.
// The component puts PLOTLY_URL, the address of plotly.js on this server, in front.

const loadPlotly = () =>
  (window.fruitlabPlotly ??= new Promise((resolve, reject) => {
    const tag = document.createElement("script")
    tag.src = PLOTLY_URL
    tag.onload = () => resolve(window.Plotly)
    tag.onerror = () => {
      window.fruitlabPlotly = undefined
      reject(new Error("plotly.js could not be loaded"))
    }
    document.head.appendChild(tag)
  }))

const TOUCH = matchMedia("(pointer: coarse)").matches
const CONFIG = {
  displaylogo: false,
  responsive: false,
  displayModeBar: TOUCH ? false : "hover",
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
}

// The layout with text and grid in the page's colours. Figures themselves set none.
function themed(layout, host, height, key) {
  const css = getComputedStyle(host)
  const variable = name => css.getPropertyValue(name).trim()
  const text = variable("--st-text-color")
  const line = variable("--st-border-color")
  const background = variable("--st-background-color")
  const narrow = host.clientWidth < 500
  const transparent = "rgba(0,0,0,0)"
  const axis = {
    gridcolor: line,
    linecolor: line,
    zerolinecolor: line,
    tickcolor: line,
    automargin: true,
    fixedrange: false,
  }
  const out = {
    ...layout,
    height,
    autosize: true,
    uirevision: layout.uirevision ?? key,
    paper_bgcolor: transparent,
    plot_bgcolor: transparent,
    font: { family: variable("--st-font") || "sans-serif", size: narrow ? 12 : 13, color: text },
    hoverlabel: { bgcolor: background, bordercolor: line, font: { color: text } },
    modebar: { bgcolor: transparent, color: line, activecolor: text },
    margin: { l: 48, r: 16, t: 8, b: 40, ...layout.margin },
    legend: {
      orientation: "h",
      x: narrow ? -0.15 : 0, // on a phone, also above the numbers of the y axis
      xanchor: "left",
      y: 1.02,
      yanchor: "bottom",
      font: { size: narrow ? 11 : 12 },
      ...layout.legend,
    },
    // On a touch screen, dragging scrolls the page instead of zooming the plot.
    dragmode: TOUCH ? false : (layout.dragmode ?? "zoom"),
  }
  for (const name of Object.keys(layout).filter(name => /^[xy]axis/.test(name))) {
    out[name] = { ...axis, ...layout[name], title: { standoff: 8, ...layout[name].title } }
  }
  return out
}
