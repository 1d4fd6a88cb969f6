// A tour of five steps. It moves the slider itself, and can be skipped and repeated.

const GLIDE = 700 // milliseconds of a movement

function tour(root, { best, wall }, current) {
  const $ = selector => root.querySelector(selector)
  const guide = $(".guide")
  const text = $(".guide p")
  const start = $(".tour")
  const good = (ratio, domain) =>
    wall.shown.filter((category, place) => wall.answer[ratio][domain][place] === category).length
  const of = wall.shown.length
  const steps = [
    {
      at: 0,
      text: `This network learned from studio photos alone. It gets ${good(0, 0)} of ${of} categories mostly right in studio photos, but only ${good(0, 1)} in real ones.`,
    },
    {
      at: 100,
      text: `With real photos alone, it gets ${good(100, 1)} of ${of} right in real photos and ${good(100, 0)} in studio photos.`,
    },
    {
      at: best,
      text: `A mix is good at both. ${best}% real is the best ratio, chosen on training pictures alone. Move the slider yourself to see where each category turns.`,
    },
    {
      to: () => document.getElementById("photo"),
      text: "Now a photo of your own: choose a file or use the camera, and move the slider to see where the answer changes.",
    },
    {
      to: () => $("nav"),
      text: "What if a network learns the studio photos first and the real ones later? Watch it forget, or train on two folders of your own.",
    },
  ]
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches
  let movement = 0

  function glide(to) {
    const from = current()
    const began = performance.now()
    cancelAnimationFrame(movement)
    const move = now => {
      const share = still ? 1 : Math.min(1, Math.max(0, now - began) / GLIDE)
      followRatio.send(Math.round(from + (to - from) * share), share === 1)
      if (share < 1) movement = requestAnimationFrame(move)
    }
    movement = requestAnimationFrame(move)
  }

  function show(number) {
    // Kept on the element: the script of the page runs again whenever the ratio has changed.
    root.step = number
    const { at, to, text: says } = steps[number]
    guide.hidden = false
    text.textContent = says
    $(".guide small").textContent = `${number + 1} of ${steps.length}`
    $(".guide .back").disabled = number === 0
    $(".guide .next").textContent = number + 1 < steps.length ? "Next" : "Done"
    // Keeps its place, so that Done is where Next was: a second click must not go back.
    $(".guide .skip").style.visibility = number + 1 < steps.length ? "" : "hidden"
    const target = to?.() ?? $(".wall")
    target.scrollIntoView({ behavior: still ? "auto" : "smooth" })
    if (at !== undefined) glide(at)
  }

  function end() {
    cancelAnimationFrame(movement)
    guide.hidden = true
    start.textContent = "Take the tour again"
    start.focus({ preventScroll: true })
  }

  start.onclick = () => {
    show(0)
    $(".guide .next").focus({ preventScroll: true })
  }
  $(".guide .back").onclick = () => show(root.step - 1)
  $(".guide .next").onclick = () => (root.step + 1 < steps.length ? show(root.step + 1) : end())
  $(".guide .skip").onclick = end
  guide.onkeydown = event => {
    if (event.key === "Escape") end()
  }
}
