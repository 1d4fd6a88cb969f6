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
