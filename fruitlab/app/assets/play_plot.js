// The plot of Play: the accuracies of this run, of a run without replay (dashed) and of the run
// before this one (dotted).

const DOMAINS = ["nice", "real"]

// Traces for Plotly. `styles` has a trace for each score with its line and marker.
function playTraces({ styles, baseline, curve, previous, reference, totals, ...options }) {
  const { withReference, referenceName } = options
  const pale = (score, x, y, name, dash, more) => ({
    ...styles[score],
    x,
    y,
    name,
    mode: "lines",
    opacity: 0.6,
    showlegend: false,
    line: { ...styles[score].line, width: 1.5, dash },
    hovertemplate: `%{y:.1%}<extra>${score}, ${name}</extra>`,
    ...more,
  })
  const steps = curve => curve.map(({ step }) => step)
  const traces = []
  for (const domain of DOMAINS) {
    if (withReference) {
      const accuracy = reference[domain].map(count => count / totals[domain])
      const legend = { showlegend: domain === "nice", legendrank: 2000 }
      traces.push(pale(domain, reference.step, accuracy, referenceName, "dash", legend))
    }
    for (const run of previous) {
      const accuracy = run.curve.map(point => point[domain])
      traces.push(pale(domain, steps(run.curve), accuracy, `previous run: ${run.text}`, "dot"))
    }
  }
  const x = steps(curve)
  for (const domain of DOMAINS) {
    traces.push({ ...styles[domain], x, y: curve.map(point => point[domain]) })
  }
  traces.push({ ...styles.combined, x, y: curve.map(combined) })
  return [...traces, baseline]
}

// Vertical lines where the replay changed, and at the iteration that is shown if not the last.
function playMarkers(changes, shown, color) {
  const line = (x, dash, width) => ({
    type: "line",
    x0: x,
    x1: x,
    yref: "paper",
    y0: 0,
    y1: 1,
    line: { color, width, dash },
  })
  const later = changes.filter(({ step }) => step > 0)
  const shapes = later.map(({ step }) => line(step, "dot", 1))
  if (shown !== null) shapes.push(line(shown, "solid", 2))
  const annotations = later.map(({ step, share }) => ({
    x: step,
    y: 0.76,
    xanchor: "left",
    showarrow: false,
    text: ` replay ${share}%`,
  }))
  return { shapes, annotations }
}
