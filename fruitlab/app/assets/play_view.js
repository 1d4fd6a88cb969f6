// Play on the page: controls, scores and plot. After plotly.js, play_file.js, play_text.js and
// play_plot.js in the same script, and WORKER, the source of the web workers.

const SCORES = ["nice", "real", "combined"]
const sum = counts => counts.reduce((a, b) => a + b, 0)
const sessions = new WeakMap()

// One play file being played, from loading it to the end of its workers.
class Session {
  constructor(root, data) {
    Object.assign(this, { root, data, workers: [], evaluators: [], heads: 0 })
    Object.assign(this, { curve: [], previous: [], changes: [] })
    this.step = 0
    this.shown = null // index of the point that is shown, null for the latest
    this.turn = 0 // counts up when going back; messages of earlier turns are ignored
    this.playing = this.ready = false
    this.watched = !data.watch // a link may ask for it
    this.$ = selector => root.querySelector(selector)
    this.$(".replay input").value = data.keep
    this.$(`[value=${data.learner}]`).checked = true
    this.connect()
    this.open().catch(error => this.fail(error))
  }

  // -- Workers

  async open() {
    this.say("Loading the features (a few megabytes) …")
    const response = await fetch(this.data.url)
    if (!response.ok) throw new Error(`the features could not be loaded (${response.status})`)
    this.buffer = await response.arrayBuffer()
    const { notes, tensors } = readPlayFile(this.buffer)
    if (this.ended) return
    this.notes = notes
    this.perCategory = {}
    for (const domain of DOMAINS) {
      this.perCategory[domain] = new Array(notes.categories.length).fill(0)
      for (const label of tensors[`labels.${domain}_test`]) this.perCategory[domain][label]++
    }
    this.totals = { nice: sum(this.perCategory.nice), real: sum(this.perCategory.real) }
    const { perEpoch, real, nice } = new Batches({ notes, tensors }, this.data.settings)
    this.batch = Math.ceil(real / perEpoch) // some batches have one picture less
    this.training = { perEpoch, real, nice }
    this.start()
  }

  // Starts the workers of the learner that is selected.
  start() {
    const { settings, evaluation_points: evaluationPoints } = this.data
    const { buffer } = this
    const closed = this.closed()
    if (closed) this.say("Learning the nice pictures …")
    const source = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }))
    this.trainer = this.worker(source, message => this.onTrained(message))
    const spare = (navigator.hardwareConcurrency ?? 2) - 2 // one core trains, one draws
    for (let n = 0; n < Math.min(2, Math.max(1, spare)); n++) {
      this.evaluators.push(this.worker(source, message => this.onEvaluated(message)))
    }
    URL.revokeObjectURL(source)
    for (const worker of this.workers) {
      const trains = worker === this.trainer
      worker.postMessage({ kind: "open", buffer, settings, evaluationPoints, trains, closed })
    }
    this.trainer.postMessage({ kind: "keep", share: this.share() })
  }

  worker(source, listener) {
    const worker = new Worker(source)
    worker.onmessage = ({ data }) => {
      if (this.workers.includes(worker)) listener(data) // not of one that was stopped
    }
    worker.onerror = error => this.fail(error)
    this.workers.push(worker)
    return worker
  }

  // Starts over with the other learner, and plays it if the one before has played. What there was
  // stays on the plot as the previous run.
  change() {
    if (!this.buffer) return // it has not been loaded yet
    // The gradient's own curve without replay is on the plot anyway, dashed.
    if (this.closed() && this.changes.every(({ share }) => share === 0)) this.previous = []
    else this.retire(this.closed() ? "gradient" : "closed form")
    this.stop()
    this.watched = this.step === 0
    Object.assign(this, { workers: [], evaluators: [], curve: [], changes: [], step: 0 })
    Object.assign(this, { shown: null, playing: false, ready: false })
    this.turn = 0
    for (const score of SCORES) {
      this.$(`.${score} b`).textContent = "—"
      this.$(`.${score} small`).textContent = "\u00a0"
    }
    this.$(".forgotten").textContent = ""
    this.drawPlot()
    this.start()
  }

  stop() {
    for (const worker of this.workers) worker.terminate()
  }

  end() {
    this.ended = true
    this.stop()
  }

  fail(error) {
    this.end()
    this.ready = this.playing = false
    this.say(`Play failed: ${error.message ?? "the worker stopped"}. Reload the page.`)
    this.drawControls()
  }

  onTrained(message) {
    if (message.kind === "head") {
      const { step, turn, values } = message
      const evaluator = this.evaluators[this.heads++ % this.evaluators.length]
      const buffers = Object.values(values).map(array => array.buffer)
      evaluator.postMessage({ kind: "score", step, turn, values }, buffers)
    } else if (message.turn === this.turn) {
      const stopped = this.playing && !message.playing
      const { step, playing, changes } = message
      Object.assign(this, { step, playing, changes })
      this.drawControls()
      if (stopped) this.draw()
    }
  }

  onEvaluated({ step, turn, nice, real }) {
    this.trainer.postMessage({ kind: "scored" })
    if (turn !== this.turn) return
    this.ready = true
    const accuracy = { nice: sum(nice) / this.totals.nice, real: sum(real) / this.totals.real }
    this.curve.push({ step, correct: { nice, real }, ...accuracy })
    this.curve.sort((a, b) => a.step - b.step)
    if (!this.watched) this.go("play")
    this.watched = true
    this.draw()
  }

  // -- Controls

  connect() {
    const on = (selector, event, action) => {
      this.$(selector)[`on${event}`] = () => {
        action()
        this.draw()
      }
    }
    on(".go", "click", () => (this.playing ? this.send("pause") : this.go("play")))
    on(".step", "click", () => this.go("step"))
    on(".reset", "click", () => {
      this.shown = null
      this.back(0)
    })
    on(".replay input", "input", () => this.send("keep", { share: this.share() }))
    on(".replay input", "change", () => this.setState("keep", this.share()))
    for (const value of ["gradient", "closed"]) {
      on(`[value=${value}]`, "change", () => {
        this.change()
        this.setState("learner", value)
      })
    }
    on(".scrub input", "input", () => {
      if (this.playing) this.send("pause")
      const index = Number(this.$(".scrub input").value)
      this.shown = index < this.curve.length - 1 ? index : null
    })
  }

  closed() {
    return this.$("[value=closed]").checked
  }

  share() {
    return this.closed() ? 0 : Number(this.$(".replay input").value)
  }

  send(kind, more = {}) {
    if (kind === "pause") this.playing = false
    this.trainer?.postMessage({ kind, ...more })
  }

  go(kind) {
    if (this.shown !== null) this.back(this.curve[this.shown].step)
    else if (this.step >= this.notes.steps) this.back(0)
    this.shown = null
    this.playing = kind === "play"
    this.send(kind)
  }

  // Back to an iteration of the curve. What came after it stays on the plot as the previous run.
  back(to) {
    const { step } = this.curve.at(-1)
    if (to < step) this.retire(this.closed() ? "closed form" : replayed(this.changes, step))
    this.turn++
    this.curve = this.curve.filter(({ step }) => step <= to)
    this.changes = this.changes.filter(({ step }) => step < to)
    this.step = to
    this.playing = false
    this.send("back", { to, turn: this.turn })
  }

  retire(text) {
    if (this.curve.length > 2) this.previous = [{ curve: this.curve, text }]
  }

  // -- Drawing

  point() {
    return this.curve[this.shown ?? this.curve.length - 1]
  }

  draw() {
    this.drawControls()
    const point = this.point()
    if (!point) return
    const start = this.curve[0]
    for (const score of SCORES) {
      const value = point => (score === "combined" ? combined(point) : point[score])
      const change = signedPoints(value(point) - value(start))
      const text = point.step ? [change, " ", this.sinceSwitch(score)] : ["at the switch"]
      this.$(`.${score} b`).textContent = percent(value(point))
      this.$(`.${score} small`).replaceChildren(...text)
    }
    const { categories } = this.notes
    this.say(this.verdict(point))
    this.$(".forgotten").textContent = mostForgotten(
      point,
      start,
      categories,
      this.perCategory.nice,
    )
    this.drawPlot(point)
  }

  // An element of its own, which is hidden on a narrow screen.
  sinceSwitch(score) {
    this.notesBelow ??= {}
    if (!this.notesBelow[score]) {
      this.notesBelow[score] = document.createElement("span")
      this.notesBelow[score].textContent = "since the switch"
    }
    return this.notesBelow[score]
  }

  say(text) {
    const node = this.$(".verdict")
    // While it plays, a screen reader would read out every point.
    node.setAttribute("aria-live", this.playing ? "off" : "polite")
    if (node.textContent !== text) node.textContent = text
  }

  verdict(point) {
    const start = this.curve[0]
    const reference = this.reference(point.step)
    return this.closed()
      ? closedVerdict(point, start, this.training, reference)
      : verdict(point, start, this.changes, this.share(), reference)
  }

  // The accuracies without replay at an iteration, interpolated between the points of the file.
  reference(step) {
    const { step: steps, nice, real } = this.notes.reference
    const after = Math.max(
      1,
      steps.findIndex(at => at >= step),
    )
    const share = (step - steps[after - 1]) / (steps[after] - steps[after - 1])
    const between = counts => counts[after - 1] + share * (counts[after] - counts[after - 1])
    return { nice: between(nice) / this.totals.nice, real: between(real) / this.totals.real }
  }

  drawControls() {
    const { steps } = this.notes ?? { steps: 0 }
    const back = this.shown !== null
    const done = this.step >= steps && !back
    const label = this.playing ? "Pause" : back ? "Play from here" : done ? "Play again" : "Play"
    const go = this.$(".go")
    if (go.textContent !== label) go.textContent = label
    go.disabled = !this.ready
    this.$(".step").disabled = !this.ready || this.playing || done
    this.$(".reset").disabled = !this.ready || this.step === 0

    this.$(".replay").hidden = this.closed()
    const share = this.share()
    const kept = Math.floor(((this.batch ?? 0) * share) / 100 + 0.5)
    const batch = this.batch ? `: ${kept} per batch of ${this.batch}` : ""
    this.$(".replay output").textContent = `${share}%${batch}`
    this.$(".replay input").setAttribute("aria-valuetext", `${share} percent${batch}`)

    const scrub = this.$(".scrub input")
    const index = this.shown ?? Math.max(0, this.curve.length - 1)
    const iteration = this.curve[index]?.step ?? 0
    const ahead = !back && this.step > iteration ? ` (trained to ${count(this.step)})` : ""
    scrub.max = Math.max(1, this.curve.length - 1)
    scrub.value = index
    scrub.disabled = this.curve.length < 2
    scrub.setAttribute("aria-valuetext", `iteration ${iteration}`)
    this.$(".scrub output").textContent = `${count(iteration)} of ${count(steps)}${ahead}`
  }

  // Without a point, no picture has been evaluated yet.
  drawPlot(point) {
    const { styles, baseline, layout, height, url, grey } = this.data
    const traces = playTraces({
      styles,
      baseline,
      curve: this.curve,
      previous: this.previous,
      reference: this.notes.reference,
      totals: this.totals,
      // Without replay, the curve itself is the reference.
      withReference:
        this.closed() || this.share() > 0 || this.changes.some(({ share }) => share > 0),
      referenceName: this.closed() ? "gradient" : "no replay",
    })
    const markers = playMarkers(this.changes, this.shown === null ? null : point.step, grey)
    const plot = this.$(".plot")
    const figure = this.$("figure")
    const verdict = point ? this.verdict(point) : ""
    figure.setAttribute("aria-label", `Accuracy over the iterations of Play. ${verdict}`)
    loadPlotly().then(
      Plotly => {
        if (!plot.isConnected || this.ended) return
        const dressed = themed({ ...layout, ...markers }, figure, height, url)
        Plotly.react(plot, traces, dressed, CONFIG)
        this.watcher ??= new ResizeObserver(() => {
          if (plot.clientWidth) Plotly.Plots.resize(plot)
        })
        this.watcher.observe(figure)
      },
      error => this.say(`${error.message}. Reload the page.`),
    )
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".fruitlab-play")
  let session = sessions.get(root)
  if (session && session.data.url !== data.url) {
    session.end()
    session = undefined
  }
  if (session) {
    session.draw() // the script ran again, perhaps with another theme; the session goes on
  } else {
    session = new Session(root, data)
    sessions.set(root, session)
  }
  session.setState = setStateValue
  return () => {
    session.end()
    session.watcher?.disconnect()
    window.Plotly?.purge(root.querySelector(".plot"))
    sessions.delete(root)
  }
}
