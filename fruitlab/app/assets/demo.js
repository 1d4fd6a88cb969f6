// In the Classify page's frame: the frame is as tall as the demo in it, whose height depends on the
// width, the tab and whether there is an answer. Demo and page come from one server, so it may.
;(() => {
  const frame = window.frameElement
  if (!frame) return
  const fit = () => {
    // The parts of main, as main itself fills the frame.
    const parts = [...document.querySelectorAll(".gradio-container main > *")]
    const end = Math.max(...parts.map(part => part.getBoundingClientRect().bottom + scrollY))
    if (!(end > 100)) return
    const height = `${Math.ceil(end) + 12}px`
    if (frame.style.height !== height) frame.style.setProperty("height", height, "important")
  }
  let scheduled = 0
  const schedule = () => {
    scheduled ||= requestAnimationFrame(() => {
      scheduled = 0
      fit()
    })
  }
  const everything = { childList: true, subtree: true, attributes: true }
  new ResizeObserver(schedule).observe(document.documentElement)
  new MutationObserver(schedule).observe(document.documentElement, everything)
})()

// Pasting a picture anywhere on the page, or on the page around the frame, replaces the photo.
;(() => {
  const WAIT = 50 // milliseconds until Gradio has removed the previous photo
  const give = (file, attempts) => {
    const input = document.querySelector("input[type=file]")
    if (!input) {
      if (attempts > 0) setTimeout(give, WAIT, file, attempts - 1)
      return
    }
    const transfer = new DataTransfer()
    transfer.items.add(file)
    input.files = transfer.files
    input.dispatchEvent(new Event("change", { bubbles: true }))
  }
  const paste = event => {
    const files = [...(event.clipboardData?.files ?? [])]
    const file = files.find(file => file.type.startsWith("image/"))
    if (!file) return
    event.preventDefault()
    document.querySelector("[aria-label='Remove Image']")?.click()
    setTimeout(give, WAIT, file, 20)
  }
  const documents = window.frameElement ? [document, window.parent.document] : [document]
  for (const page of documents) page.addEventListener("paste", paste)
  window.addEventListener("pagehide", () => {
    for (const page of documents) page.removeEventListener("paste", paste)
  })
})()

// Live and Check-out: one tap starts. Gradio first asks for the camera, and then wants its "Record"
// pressed, although nothing is recorded.
;(() => {
  const TEXTS = { "Click to Access Webcam": "Start", Record: "Start" }
  let asked = null // the webcam that was started last
  const improve = live => {
    for (const holder of live.querySelectorAll("button .wrap, button .icon-with-text")) {
      const text = [...holder.childNodes].findLast(node => node.nodeType === Node.TEXT_NODE)
      const better = TEXTS[text?.data.trim()]
      if (better) text.data = ` ${better} `
    }
    const access = live.querySelector("[title='grant webcam access'] button")
    if (access) access.onclick = () => (asked = live)
    const record = live.querySelector("[title='start recording']")?.closest("button")
    if (record && asked === live) {
      asked = null
      record.click()
    }
  }
  const look = () => document.querySelectorAll(".live").forEach(improve)
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true })
})()
