// The slider over every mixing ratio. Scores, wall and the line in the plot follow the pointer here,
// in the browser; the server hears of a ratio when the pointer is released.

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector("section")
  const $ = selector => root.querySelector(selector)
  const input = $(".controls input")
  const plot = $(".plot")
  const { scores, lower, upper } = data
  // Built once: a run of the script that changes nothing must not load the pictures again.
  const made = JSON.stringify(data.wall)
  if (root.made !== made) {
    root.made = made
    root.showWall = buildWall(root, data.wall)
  }

  const show = ratio => {
    input.value = ratio
    input.setAttribute("aria-valuetext", `${ratio}% real pictures`)
    $(".field output").textContent = `${ratio}% real`
    for (const name of Object.keys(scores)) $(`.${name} b`).textContent = percent(scores[name][ratio])
    $(".scores .combined").title =
      `95% interval of combined: ${percent(lower[ratio])} to ${percent(upper[ratio])}`
    root.showWall(ratio)
    moveLine(plot, ratio)
  }

  if (root.sent !== data.ratio) {
    root.ratio = root.sent = data.ratio
    followRatio.send(data.ratio)
  }
  show(root.ratio)
  $(".best").textContent = `Best: ${data.best}%`
  $("figcaption").textContent = data.title
  $("figure p").textContent = data.caption
  $("figure").setAttribute("aria-label", `${data.title}. ${data.caption}`)
  $(".best").onclick = () => followRatio.send(data.best, true)
  input.oninput = () => followRatio.send(Number(input.value))
  input.onchange = () => followRatio.send(Number(input.value), true)
  for (const link of root.querySelectorAll("nav a")) {
    link.onclick = event => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return // in a new tab
      event.preventDefault()
      const { go } = link.dataset
      const below = document.getElementById(go)
      if (below) below.scrollIntoView({ behavior: "smooth" })
      else setTriggerValue("go", go)
    }
  }
  tour(root, data, () => root.ratio)
  const forget = followRatio(({ ratio, released }) => {
    root.ratio = ratio
    show(ratio)
    if (released && ratio !== root.sent) {
      root.sent = ratio
      setStateValue("ratio", ratio)
    }
  })
  const stop = drawPlot(plot, $("figure"), data, () => root.ratio)
  return () => {
    forget()
    stop()
  }
}
