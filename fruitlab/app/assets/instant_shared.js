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

// The line at the ratio lies over the plot: a redraw by Plotly would take longer than a frame.
function moveLine(plot, ratio) {
  plot.at = ratio
  const axis = plot.drawn && plot._fullLayout?.xaxis
  if (!axis) return
  if (!plot.line?.isConnected) {
    plot.line = document.createElement("i")
    plot.append(plot.line)
  }
  const { t: top, h: height } = plot._fullLayout._size
  plot.line.style.cssText = `top: ${top}px; height: ${height}px`
  plot.line.style.transform = `translateX(${axis._offset + axis.d2p(ratio)}px)`
}

function drawPlot(plot, host, { traces, layout, height, key, figure }, ratio) {
  const draw = Plotly => {
    if (!plot.isConnected) return
    Plotly.react(plot, traces, themed(layout, host, height, key), CONFIG)
    plot.drawn = true
    moveLine(plot, ratio())
    plot.removeAllListeners("plotly_afterplot") // after a change of size or a zoom
    plot.on("plotly_afterplot", () => moveLine(plot, plot.at))
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
