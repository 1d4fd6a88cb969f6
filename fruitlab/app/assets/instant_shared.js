// What the slider and the photo's answers share: the ratio, and plots with a line at it.

const percent = value => `${(100 * value).toFixed(1)}%`

// Calls `listen` with {ratio, released} whenever a slider moves; returns a function that ends that.
function followRatio(listen) {
  const heard = event => listen(event.detail)
  window.addEventListener("fruitlab-ratio", heard)
  return () => window.removeEventListener("fruitlab-ratio", heard)
}
followRatio.send = (ratio, released = false) => {
  window.fruitlabRatio = ratio
  window.dispatchEvent(new CustomEvent("fruitlab-ratio", { detail: { ratio, released } }))
}

// The first shape of a plot is the line at the ratio. One redraw per frame is enough.
function moveLine(plot, ratio) {
  plot.at = ratio
  if (plot.waiting || !plot.drawn) return
  plot.waiting = true
  requestAnimationFrame(() => {
    plot.waiting = false
    if (plot.drawn && plot.isConnected)
      window.Plotly.relayout(plot, { "shapes[0].x0": plot.at, "shapes[0].x1": plot.at })
  })
}

function drawPlot(plot, host, { traces, layout, height, key, figure }, ratio) {
  const draw = Plotly => {
    if (!plot.isConnected) return
    const [line, ...others] = layout.shapes
    const shapes = [{ ...line, x0: ratio(), x1: ratio() }, ...others]
    Plotly.react(plot, traces, themed({ ...layout, shapes }, host, height, key), CONFIG)
    plot.drawn = true
    plot.watcher ??= new ResizeObserver(() => {
      if (plot.clientWidth) Plotly.Plots.resize(plot)
    })
    plot.watcher.observe(host)
  }
  // Traces are compared as text, so that a run of the script that changes none redraws nothing.
  const text = JSON.stringify([traces, layout])
  if (plot.text !== text || !plot.drawn) {
    plot.text = text
    loadPlotly().then(draw, error => {
      host.querySelector("p").textContent = `${error.message}. Reload the page.`
    })
  }
  return () => {
    plot.watcher?.disconnect()
    plot.watcher = undefined
    plot.drawn = false
    window.Plotly?.purge(plot)
  }
}
