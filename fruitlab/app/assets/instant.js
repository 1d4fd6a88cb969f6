// The slider over every mixing ratio. Scores and the line in the plot follow the pointer here, in
// the browser; the server hears of a ratio when the pointer is released.

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector("section")
  const $ = selector => root.querySelector(selector)
  const input = $("input")
  const plot = $(".plot")
  root.latest = data

  const show = ratio => {
    const { scores, lower, upper } = root.latest
    input.value = ratio
    input.setAttribute("aria-valuetext", `${ratio} % real pictures`)
    $("output").textContent = `${ratio} % real`
    for (const name of Object.keys(scores)) $(`.${name} b`).textContent = percent(scores[name][ratio])
    $(".interval").textContent =
      `95 % interval of combined: ${percent(lower[ratio])} to ${percent(upper[ratio])}.`
    moveLine(plot, ratio)
  }

  if (root.sent !== data.ratio) {
    root.ratio = root.sent = data.ratio
    followRatio.send(data.ratio)
  }
  show(root.ratio)
  $(".best").textContent = `Go to the best ratio: ${data.best} %`
  $("figcaption").textContent = data.title
  $("figure p").textContent = data.caption
  $("figure").setAttribute("aria-label", `${data.title}. ${data.caption}`)
  $(".best").onclick = () => followRatio.send(data.best, true)
  input.oninput = () => followRatio.send(Number(input.value))
  input.onchange = () => followRatio.send(Number(input.value), true)
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
