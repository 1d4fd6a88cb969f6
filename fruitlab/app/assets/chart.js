// A figure on the page. Plotly.react updates it in place, so that zoom, hover and legend choices
// survive. Not in a shadow root: plotly.js writes its style rules into the document's head.

export default function ({ data, parentElement, setTriggerValue }) {
  const figure = parentElement.querySelector("figure")
  const plot = figure.querySelector(".plot")
  const set = (selector, text) => {
    const node = figure.querySelector(selector)
    node.textContent = text
    node.hidden = !text
  }
  set("figcaption", data.title)
  set("p", data.caption)
  figure.setAttribute("aria-label", [data.title, data.caption].filter(Boolean).join(". "))
  plot.style.minHeight = data.height + "px"
  plot.latest = data
  plot.click = setTriggerValue

  const draw = Plotly => {
    if (!plot.isConnected) return
    if (plot._dragging) {
      // An update must not interrupt a zoom box that is being drawn.
      window.addEventListener("mouseup", () => setTimeout(draw, 50, Plotly), { once: true })
      return
    }
    const { data, layout, height, key, together } = plot.latest
    // Texts in cells would be chosen for the light theme: their colours are half transparent.
    const color = getComputedStyle(figure).getPropertyValue("--st-text-color").trim()
    const traces = data.map(one => (one.type === "heatmap" ? { ...one, textfont: { color } } : one))
    const drawn = Plotly.react(plot, traces, themed(layout, figure, height, key), CONFIG)
    if (!plot.initialized) {
      plot.initialized = true
      if (together) join(Plotly, plot, together)
      plot.on("plotly_hover", ({ event }) => {
        const box = event?.target?.getBoundingClientRect?.()
        if (box) plot.pointer = { xpx: event.clientX - box.left, ypx: event.clientY - box.top }
      })
      plot.on("plotly_unhover", () => {
        plot.pointer = undefined
      })
      plot.on("plotly_click", ({ points }) => {
        const key = points[0]?.customdata
        if (!plot.latest.clicks || !key) return
        // The first tap on a touch screen shows what hovering shows, the second one clicks.
        const seen = plot.tapped === key
        plot.tapped = key
        if (seen || !TOUCH) plot.click("clicked", key)
      })
      plot.watcher = new ResizeObserver(() => {
        if (plot.clientWidth) Plotly.Plots.resize(plot)
      })
      plot.watcher.observe(figure)
    } else if (plot.pointer) {
      drawn.then(() => {
        try {
          Plotly.Fx.hover(plot, plot.pointer, "xy")
        } catch {
          plot.pointer = undefined
        }
      })
    }
  }
  loadPlotly().then(draw, error => set("p", `${error.message}. Reload the page.`))
  return () => {
    plot.watcher?.disconnect()
    plot.leave?.()
    window.Plotly?.purge(plot)
  }
}

// Charts of one name zoom together, and highlight the lines of one group.
const FAINT = 0.15
function join(Plotly, plot, name) {
  const tell = detail =>
    document.dispatchEvent(new CustomEvent("fruitlab-charts", { detail: { name, plot, ...detail } }))
  // At one x there is a point of every line. The one nearest to the pointer is meant.
  const nearest = ({ points, event }) => {
    const y = event ? event.clientY - plot.getBoundingClientRect().top : 0
    const away = ({ yaxis, y: value }) => Math.abs(yaxis._offset + yaxis.d2p(value) - y)
    return points.reduce((best, point) => (away(point) < away(best) ? point : best))
  }
  plot.on("plotly_hover", hovered => tell({ group: nearest(hovered).data.legendgroup }))
  plot.on("plotly_unhover", () => tell({ group: undefined }))
  plot.on("plotly_relayout", change => {
    const ranges = Object.entries(change).filter(([what]) => /^[xy]axis\.(range|autorange)/.test(what))
    if (ranges.length && !plot.following) tell({ ranges: Object.fromEntries(ranges) })
  })

  const listen = ({ detail }) => {
    if (detail.name !== name) return
    if ("group" in detail) highlight(detail.group)
    if (detail.ranges && detail.plot !== plot) {
      plot.following = true
      Plotly.relayout(plot, detail.ranges).finally(() => (plot.following = false))
    }
  }
  // On the drawn lines: a change of the figure itself would be undone by the next update.
  const highlight = group => {
    const known = plot.data.some(trace => trace.legendgroup === group)
    for (const node of plot.querySelectorAll(".scatterlayer .trace")) {
      const trace = node.__data__?.[0]?.trace
      const faint = group && known && trace?.legendgroup !== group
      node.style.opacity = faint ? FAINT : 1
    }
  }
  document.addEventListener("fruitlab-charts", listen)
  plot.leave = () => document.removeEventListener("fruitlab-charts", listen)
}
