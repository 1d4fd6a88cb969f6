// Input for a photo: a button, drag and drop, the clipboard, the camera, or one of a few examples.
// The file is sent as it is, so that the server's own reader checks it; only a photo that is too
// large to send is made smaller here. The component puts LARGEST, in bytes, in front.

const PIXELS = 1600 // longer side of a photo that is made smaller
const cleanUps = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const $ = selector => parentElement.querySelector(selector)
  const zone = $(".zone")
  const input = $("input")
  const video = $("video")
  const report = text => {
    $("#problem").textContent = text
  }

  async function send(file) {
    report("")
    try {
      if (file.size > LARGEST) file = await smaller(file)
    } catch {
      return report("This file is too large, and the browser cannot resize it. Save it smaller.")
    }
    const reader = new FileReader()
    reader.onload = () =>
      setTriggerValue("photo", {
        name: file.name ?? "photo",
        content: reader.result.split(",")[1] ?? "",
      })
    reader.onerror = () => report("This file cannot be read.")
    reader.readAsDataURL(file)
  }

  async function smaller(file) {
    const picture = await createImageBitmap(file)
    const scale = Math.min(1, PIXELS / Math.max(picture.width, picture.height))
    return jpeg(picture, picture.width * scale, picture.height * scale)
  }

  function jpeg(picture, width, height) {
    const canvas = document.createElement("canvas")
    canvas.width = Math.round(width)
    canvas.height = Math.round(height)
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height)
    return new Promise((resolve, reject) =>
      canvas.toBlob(blob => (blob ? resolve(blob) : reject(new Error())), "image/jpeg", 0.95),
    )
  }

  // The button and the drop zone

  $("#file").onclick = () => input.click()
  input.onchange = () => {
    if (input.files[0]) send(input.files[0])
    input.value = ""
  }
  zone.ondragover = event => {
    event.preventDefault()
    zone.classList.add("over")
  }
  zone.ondragleave = () => zone.classList.remove("over")
  zone.ondrop = event => {
    event.preventDefault()
    zone.classList.remove("over")
    const [file] = event.dataTransfer.files
    if (file) send(file)
    else report("This is not a file. Save the picture first, or copy and paste it.")
  }

  // The camera

  function showCamera(open) {
    $("#live").hidden = !open
    $("#choose").hidden = open
    $("#hint").hidden = open
  }
  function closeCamera() {
    video.srcObject?.getTracks().forEach(track => track.stop())
    video.srcObject = null
    showCamera(false)
  }
  $("#camera").onclick = async () => {
    report("")
    if (!navigator.mediaDevices) {
      return report("Browsers allow the camera only on https and localhost addresses.")
    }
    try {
      const camera = { video: { facingMode: "environment" } }
      video.srcObject = await navigator.mediaDevices.getUserMedia(camera)
      showCamera(true)
    } catch (error) {
      const denied = error.name === "NotAllowedError"
      report(denied ? "Allow the camera in the browser's address bar." : "No camera was found.")
    }
  }
  $("#close").onclick = closeCamera
  video.onloadeddata = () => {
    $("#shoot").disabled = false // there is no frame to take before this event
    $("#shoot").focus()
  }
  video.onemptied = () => {
    $("#shoot").disabled = true
  }
  $("#shoot").onclick = async () => {
    send(await jpeg(video, video.videoWidth, video.videoHeight))
    if (!data.stay) closeCamera()
  }

  // The examples

  const examples = data.examples.map(({ image, caption }, number) => {
    const button = document.createElement("button")
    const picture = document.createElement("img")
    const text = document.createElement("span")
    button.type = "button"
    button.ariaPressed = String(number === data.chosen)
    button.onclick = () => {
      report("")
      setTriggerValue("example", { number })
    }
    picture.src = image
    picture.alt = ""
    text.textContent = caption
    button.append(picture, text)
    return button
  })
  $("#try").textContent = data.hint
  $(".examples").replaceChildren(...examples)

  // The clipboard, wherever on the page the focus is

  cleanUps.get(parentElement)?.()
  const paste = event => {
    const files = [...(event.clipboardData?.files ?? [])]
    const file = files.find(file => file.type.startsWith("image/"))
    if (!file) return
    event.preventDefault()
    send(file)
  }
  document.addEventListener("paste", paste)
  const cleanUp = () => document.removeEventListener("paste", paste)
  cleanUps.set(parentElement, cleanUp)
  return () => {
    cleanUp()
    closeCamera()
  }
}
