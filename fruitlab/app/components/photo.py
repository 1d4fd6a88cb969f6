"""Where a photo comes in: a button, a drop, a paste, the camera or one of a few examples, in one small component.

Streamlit's own uploader takes no paste.
"""

import base64
import binascii
from collections.abc import Sequence

import streamlit as st

from fruitlab.inference.client import MAX_BYTES

# What is sent is the file as it is, so that our own reader judges it; only a photo too large to send is made smaller here.
LARGEST = 8 * 2**20

_CSS = """
:host { display: block; container-type: inline-size; }
.zone { border: 1.5px dashed var(--st-border-color); border-radius: var(--st-base-radius); padding: .85rem; text-align: center;
  color: var(--st-text-color); font-family: var(--st-font); font-size: .9rem; }
.zone.over { border-color: var(--st-primary-color); background: var(--st-secondary-background-color); }
.row { display: flex; flex-wrap: wrap; gap: .5rem; justify-content: center; }
button { font: inherit; color: inherit; background: var(--st-secondary-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius); padding: .45rem .8rem; cursor: pointer; min-height: 2.5rem; }
button:hover { border-color: var(--st-primary-color); }
button:disabled { opacity: .5; cursor: default; }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
button.main { background: var(--st-primary-color); border-color: var(--st-primary-color); color: #fff; }
.examples { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: .5rem; margin-top: .4rem; }
#try { margin: .75rem 0 0; font: .8rem var(--st-font); color: var(--st-text-color); }
@container (max-width: 520px) { .examples { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
.examples button { padding: 0; overflow: hidden; min-height: 0; text-align: center; font-size: .7rem; line-height: 1.2; color: var(--st-text-color); }
.examples img { width: 100%; aspect-ratio: 1; display: block; }
.examples span { display: block; padding: .2rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.examples button[aria-pressed=true] { border-color: var(--st-primary-color); box-shadow: 0 0 0 1px var(--st-primary-color); }
p { margin: .5rem 0 0; opacity: .75; }
p:empty { display: none; }
video { width: 100%; max-height: 18rem; border-radius: var(--st-base-radius); background: #000; margin-bottom: .5rem; }
[hidden] { display: none !important; }
"""

_HTML = """
<div class="zone" role="group" aria-label="A photo of your own">
  <input type="file" accept="image/*" hidden>
  <div class="row" id="choose"><button type="button" class="main" id="file">Choose a photo</button>
    <button type="button" id="camera">Use the camera</button></div>
  <div id="live" hidden><video autoplay playsinline muted></video>
    <div class="row"><button type="button" class="main" id="shoot" disabled>Take the picture</button>
      <button type="button" id="close">Close the camera</button></div></div>
  <p id="hint">or drop one here, or paste it (Ctrl-V)</p><p id="problem" role="status"></p>
</div>
<p id="try"></p>
<div class="examples" role="group" aria-label="Pictures to try"></div>
"""

_JS = (
    """
const LARGEST = %d
const stops = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const $ = selector => parentElement.querySelector(selector)
  const zone = $(".zone"), input = $("input"), video = $("video")
  const say = text => { $("#problem").textContent = text }

  async function send(file) {
    say("")
    try {
      if (file.size > LARGEST) file = await smaller(file)
    } catch { return say("This file is too large to send, and this browser cannot read it as a picture: save it smaller.") }
    const reader = new FileReader()
    reader.onload = () => setTriggerValue("photo", { name: file.name ?? "photo", content: reader.result.split(",")[1] ?? "" })
    reader.onerror = () => say("This file cannot be read.")
    reader.readAsDataURL(file)
  }
  async function smaller(file) {
    const picture = await createImageBitmap(file), scale = Math.min(1, 1600 / Math.max(picture.width, picture.height))
    return drawn(picture, picture.width * scale, picture.height * scale)
  }
  function drawn(picture, width, height) {
    const canvas = document.createElement("canvas")
    canvas.width = Math.round(width); canvas.height = Math.round(height)
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height)
    return new Promise((done, failed) => canvas.toBlob(blob => blob ? done(blob) : failed(new Error()), "image/jpeg", 0.95))
  }
  function closeCamera() {
    video.srcObject?.getTracks().forEach(track => track.stop())
    video.srcObject = null
    $("#live").hidden = true; $("#choose").hidden = false; $("#hint").hidden = false
  }

  $("#file").onclick = () => input.click()
  input.onchange = () => { if (input.files[0]) send(input.files[0]); input.value = "" }
  zone.ondragover = event => { event.preventDefault(); zone.classList.add("over") }
  zone.ondragleave = () => zone.classList.remove("over")
  zone.ondrop = event => {
    event.preventDefault(); zone.classList.remove("over")
    event.dataTransfer.files[0] ? send(event.dataTransfer.files[0]) : say("That was no file: save the picture first, or copy and paste it.")
  }
  $("#camera").onclick = async () => {
    say("")
    if (!navigator.mediaDevices) return say("The browser lends its camera only to https and localhost addresses.")
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } })
      $("#live").hidden = false; $("#choose").hidden = true; $("#hint").hidden = true
    } catch (error) {
      say(error.name === "NotAllowedError" ? "The camera was not allowed: allow it in the browser's address bar." : "No camera was found.")
    }
  }
  $("#close").onclick = closeCamera
  video.onloadeddata = () => { $("#shoot").disabled = false; $("#shoot").focus() }  // before its first picture there is none to take
  video.onemptied = () => { $("#shoot").disabled = true }
  $("#shoot").onclick = async () => { send(await drawn(video, video.videoWidth, video.videoHeight)); closeCamera() }

  const examples = data.examples.map(({ image, caption }, number) => {
    const button = document.createElement("button"), picture = document.createElement("img"), text = document.createElement("span")
    button.type = "button"
    button.ariaPressed = String(number === data.chosen)
    button.onclick = () => { say(""); setTriggerValue("example", { number }) }
    picture.src = image; picture.alt = ""; text.textContent = caption
    button.append(picture, text)
    return button
  })
  $("#try").textContent = data.hint
  $(".examples").replaceChildren(...examples)

  stops.get(parentElement)?.()
  const paste = event => {
    const file = [...(event.clipboardData?.files ?? [])].find(file => file.type.startsWith("image/"))
    if (file) { event.preventDefault(); send(file) }
  }
  document.addEventListener("paste", paste)
  const stop = () => document.removeEventListener("paste", paste)
  stops.set(parentElement, stop)
  return () => { stop(); closeCamera() }
}
"""
    % LARGEST
)

_component = st.components.v2.component("fruitlab.photo", html=_HTML, css=_CSS, js=_JS)


def photo(
    examples: Sequence[tuple[str, str]], chosen: int | None, *, hint: str, key: str
) -> bytes | int | None:
    """What a person has just chosen, told once: a file's bytes, whatever they hold, or the number of an example; else None.

    Args:
        examples: address (`heatmap.data_url`) and caption of each. chosen: the one that is looked at now.
        hint: said above the examples.
    """
    data = {
        "examples": [{"image": image, "caption": caption} for image, caption in examples],
        "chosen": chosen,
        "hint": hint,
    }
    given = _component(
        key=key, data=data, on_photo_change=lambda: None, on_example_change=lambda: None
    )
    if isinstance(given.example, dict):
        number = given.example.get("number")
        return number if isinstance(number, int) and 0 <= number < len(examples) else None
    if not isinstance(given.photo, dict):
        return None
    try:
        return base64.b64decode(str(given.photo.get("content", "")), validate=True)[: MAX_BYTES + 1]
    except (binascii.Error, ValueError):
        return None
