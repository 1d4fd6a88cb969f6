// One photo at every mixing ratio: the answer, the likeliest categories and where the network
// looked follow the slider, here in the browser.

const TOP = 3

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector("section")
  const $ = selector => root.querySelector(selector)
  const slider = $(".right input")
  const check = $(".check input")
  const plot = $(".plot")
  root.ratio = window.fruitlabRatio ?? data.ratio

  const show = ratio => {
    root.ratio = ratio
    slider.value = ratio
    slider.setAttribute("aria-valuetext", `${ratio}% real pictures`)
    $("output").textContent = `${ratio}% real`
    const values = data.probability[ratio]
    const order = values.map((_, place) => place).sort((a, b) => values[b] - values[a])
    const name = data.categories[order[0]]
    const mark = data.truth === null ? "" : name === data.truth ? "✓ " : "✗ "
    $(".answer").textContent = data.unfamiliar ? "Unfamiliar picture" : `${mark}${name}`
    $(".answer").classList.toggle("wrong", data.truth !== null && name !== data.truth)
    $("ol").replaceChildren(...order.slice(0, TOP).map(place => bar(place, values[place])))
    moveLine(plot, ratio)
    look(ratio)
  }

  function bar(place, value) {
    const item = document.createElement("li")
    const fill = document.createElement("i")
    fill.style.width = `${100 * value}%`
    const label = document.createElement("b")
    label.textContent = data.categories[place]
    item.append(fill, label, percent(value))
    return item
  }

  function look(ratio) {
    const canvas = $("canvas")
    canvas.hidden = !check.checked
    if (!check.checked || !data.evidence) return
    const map = data.evidence[ratio] // rows of 0..255
    const small = new OffscreenCanvas(map[0].length, map.length)
    const context = small.getContext("2d")
    const pixels = context.createImageData(small.width, small.height)
    map.flat().forEach((value, place) => {
      const [red, green, blue] = data.colours[value]
      pixels.data.set([red, green, blue, 200 * Math.sqrt(value / 255)], 4 * place)
    })
    context.putImageData(pixels, 0, 0)
    canvas.width = canvas.height = 300
    const target = canvas.getContext("2d")
    target.imageSmoothingQuality = "high"
    target.drawImage(small, 0, 0, 300, 300)
  }

  $("img").src = data.image
  $(".about").textContent = data.about
  $(".check").hidden = !data.evidence
  $("figure p").textContent = data.caption
  slider.oninput = () => followRatio.send(Number(slider.value))
  slider.onchange = () => followRatio.send(Number(slider.value), true)
  check.onchange = () => look(root.ratio)
  show(root.ratio)
  const forget = followRatio(({ ratio }) => show(ratio))
  const stop = drawPlot(plot, $("figure"), data, () => root.ratio)
  return () => {
    forget()
    stop()
  }
}
