// A map of pictures: one WebGL trace per category or domain. The picture under the pointer is
// fetched from this server and shown beside it; a click selects it.

const MARKERS = ["circle", "diamond"] // nice, real

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector("figure")
  const plot = root.querySelector(".plot")
  const tip = root.querySelector(".tip")
  const { x, y, labels, categories, nice, chosen } = data
  const domain = row => (row < nice ? 0 : 1)
  const byDomain = data.colour === "domain"
  const groupOf = byDomain ? domain : row => labels[row]
  const names = byDomain ? ["nice", "real"] : categories
  const colour = group =>
    byDomain
      ? data.colours[group]
      : `hsl(${Math.round((360 * group) / names.length)}, 70%, ${group % 2 ? 38 : 58}%)`

  const rows = names.map(() => [])
  labels.forEach((_, row) => rows[groupOf(row)].push(row))
  const traces = names.map((name, group) => ({
    type: "scattergl",
    mode: "markers",
    name,
    x: rows[group].map(row => x[row]),
    y: rows[group].map(row => y[row]),
    customdata: rows[group],
    hoverinfo: "none",
    marker: {
      size: 5,
      opacity: 0.75,
      color: colour(group),
      symbol: rows[group].map(row => MARKERS[domain(row)]),
    },
  }))
  if (chosen !== null) {
    traces.push({
      type: "scattergl",
      mode: "markers",
      x: [x[chosen]],
      y: [y[chosen]],
      hoverinfo: "skip",
      showlegend: false,
      marker: { size: 16, symbol: "circle-open", color: "#d62728", line: { width: 3 } },
    })
  }
  const hidden = { visible: false, fixedrange: false }
  const layout = { xaxis: hidden, yaxis: { ...hidden, scaleanchor: "x" }, hovermode: "closest" }
  layout.legend = { itemsizing: "constant", y: -0.02, yanchor: "top" }

  const hover = event => {
    const row = event.points[0].customdata
    const box = root.getBoundingClientRect()
    const [left, top] = [event.event.clientX - box.left, event.event.clientY - box.top]
    tip.querySelector("img").src = data.source + row
    tip.querySelector("span").textContent = `${categories[labels[row]]}, ${domain(row) ? "real" : "nice"}`
    tip.style.left = `${Math.min(left + 14, box.width - 116)}px`
    tip.style.top = `${top + 14}px`
    tip.hidden = false
  }
  loadPlotly().then(async Plotly => {
    if (!plot.isConnected) return
    await Plotly.react(plot, traces, themed(layout, root, data.height, "map"), CONFIG)
    plot.removeAllListeners?.("plotly_hover")
    plot.removeAllListeners?.("plotly_click")
    plot.removeAllListeners?.("plotly_unhover")
    plot.on("plotly_hover", hover)
    plot.on("plotly_unhover", () => (tip.hidden = true))
    plot.on("plotly_click", event => setStateValue("row", event.points[0].customdata))
  })
  return () => window.Plotly?.purge(plot)
}
