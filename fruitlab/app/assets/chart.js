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
    const { data, layout, height, key } = plot.latest
    const drawn = Plotly.react(plot, data, themed(layout, figure, height, key), CONFIG)
    if (!plot.initialized) {
      plot.initialized = true
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
    window.Plotly?.purge(plot)
  }
}
