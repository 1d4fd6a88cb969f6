// The play on the page: controls, figures, curve. After the chart's `script`, `dressed` and CONFIG, and WORKER, the workers' source.

const percent = value => (100 * value).toFixed(1) + "%"
const points = value => Math.abs(100 * value).toFixed(1)
const signed = value => (value < 0 ? "−" : "+") + points(value) + " points"
const sum = counts => counts.reduce((a, b) => a + b, 0)
const sessions = new WeakMap()

// A play from the file's first byte to the last worker's end; `refresh` draws what is there.
class Session {
  constructor(root, data) {
    // `shown`: the point that is looked at, null for the latest; `turn` goes up when the play goes back: what still comes of before is ignored.
    Object.assign(this, { root, data, curve: [], before: [], changes: [], step: 0, shown: null, turn: 0, playing: false, ready: false })
    Object.assign(this, { workers: [], scorers: [], heads: 0 })
    this.$ = selector => root.querySelector(selector)
    this.$(".keep input").value = data.keep
    this.wire()
    this.open().catch(error => this.fail(error))
  }

  async open() {
    this.say("Fetching the features: some megabytes, once.")
    const answer = await fetch(this.data.url)
    if (!answer.ok) throw new Error(`the features could not be fetched (${answer.status})`)
    const buffer = await answer.arrayBuffer(), { notes, tensors } = readPlayFile(buffer)
    if (this.ended) return
    this.notes = notes
    this.of = {}
    for (const domain of ["nice", "real"]) {
      this.of[domain] = new Array(notes.categories.length).fill(0)
      for (const label of tensors[`labels.${domain}_test`]) this.of[domain][label]++
    }
    const { perEpoch, real } = new Batches({ notes, tensors }, this.data.settings)
    this.batch = Math.ceil(real / perEpoch)  // of nearly all: some have one less
    this.total = { nice: sum(this.of.nice), real: sum(this.of.real) }
    const source = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }))
    this.trainer = this.worker(source, message => this.trained(message))
    const spare = (navigator.hardwareConcurrency ?? 2) - 2  // one core trains, one draws
    for (let n = 0; n < Math.min(2, Math.max(1, spare)); n++) this.scorers.push(this.worker(source, message => this.scored(message)))
    URL.revokeObjectURL(source)
    const { settings, evaluation_points: evaluationPoints } = this.data
    for (const worker of this.workers) {
      const trains = worker === this.trainer
      worker.postMessage({ kind: "open", buffer, settings, evaluationPoints, trains })
    }
    this.trainer.postMessage({ kind: "keep", share: this.share() })
  }
  worker(source, hear) {
    const worker = new Worker(source)
    worker.onmessage = ({ data }) => hear(data)
    worker.onerror = error => this.fail(error)
    this.workers.push(worker)
    return worker
  }
  end() { this.ended = true; for (const worker of this.workers) worker.terminate() }
  fail(error) {
    this.end()
    this.ready = this.playing = false
    this.say(`This cannot be played here: ${error.message ?? "the worker stopped"}. Reload the page.`)
    this.buttons()
  }

  trained(message) {
    if (message.kind === "head") {
      const { step, turn, values } = message
      const scorer = this.scorers[this.heads++ % this.scorers.length]
      scorer.postMessage({ kind: "score", step, turn, values }, Object.values(values).map(array => array.buffer))
    } else if (message.turn === this.turn) {
      const stopped = this.playing && !message.playing
      Object.assign(this, { step: message.step, playing: message.playing, changes: message.changes })
      this.buttons()
      if (stopped) this.refresh()
    }
  }
  scored({ step, turn, nice, real }) {
    this.trainer.postMessage({ kind: "scored" })
    if (turn !== this.turn) return
    this.ready = true
    this.curve.push({ step, by: { nice, real }, nice: sum(nice) / this.total.nice, real: sum(real) / this.total.real })
    this.curve.sort((a, b) => a.step - b.step)
    this.refresh()
  }

  // -- what is asked for

  wire() {
    const on = (name, event, act) => { this.$(name)["on" + event] = () => { act(); this.refresh() } }
    on(".go", "click", () => this.playing ? this.send("pause") : this.go("play"))
    on(".one", "click", () => this.go("step"))
    on(".anew", "click", () => { this.shown = null; this.back(0) })
    on(".keep input", "input", () => this.send("keep", { share: this.share() }))
    on(".keep input", "change", () => this.tell("keep", this.share()))
    on(".scrub input", "input", () => {
      if (this.playing) this.send("pause")
      const at = Number(this.$(".scrub input").value)
      this.shown = at < this.curve.length - 1 ? at : null
    })
  }
  share() { return Number(this.$(".keep input").value) }
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
  // To an iteration of the curve; what is cut off stays on the plot, pale.
  back(to) {
    if (this.curve.length > 2 && to < this.curve.at(-1).step) this.before = [{ curve: this.curve, text: this.kept(this.curve.at(-1).step) }]
    this.turn++
    this.curve = this.curve.filter(({ step }) => step <= to)
    this.changes = this.changes.filter(({ step }) => step < to)
    this.step = to
    this.playing = false
    this.send("back", { to, turn: this.turn })
  }

  // -- what is to be seen

  point() { return this.curve[this.shown ?? this.curve.length - 1] }

  refresh() {
    this.buttons()
    const point = this.point()
    if (!point) return
    const start = this.curve[0], combined = ({ nice, real }) => Math.sqrt(nice * real)
    for (const mark of ["nice", "real", "combined"]) {
      const of = p => mark === "combined" ? combined(p) : p[mark]
      this.$(`.${mark} b`).textContent = percent(of(point))
      this.$(`.${mark} small`).replaceChildren(...point.step ? [signed(of(point) - of(start)), " ", this.since(mark)] : ["at the switch"])
    }
    this.say(this.verdict(point))
    this.$(".hardest").textContent = this.hardest(point)
    this.draw()
  }

  since(mark) {
    return (this.words ??= {})[mark] ??= Object.assign(document.createElement("span"), { textContent: "since the switch" })
  }

  say(text) {
    const node = this.$(".verdict")
    node.setAttribute("aria-live", this.playing ? "off" : "polite")  // a screen reader is told when it rests, not at every point
    if (node.textContent !== text) node.textContent = text
  }

  buttons() {
    const { steps } = this.notes ?? { steps: 0 }, back = this.shown !== null, done = this.step >= steps && !back
    const go = this.$(".go"), text = this.playing ? "Pause" : back ? "Play from here" : done ? "Play again" : "Play"
    if (go.textContent !== text) go.textContent = text
    go.disabled = !this.ready
    this.$(".one").disabled = !this.ready || this.playing || done
    this.$(".anew").disabled = !this.ready || this.step === 0
    const kept = this.batch ? `: ${Math.floor(this.batch * this.share() / 100 + 0.5)} of ${this.batch} in a batch` : ""
    this.$(".keep output").textContent = `${this.share()} %${kept}`
    this.$(".keep input").setAttribute("aria-valuetext", `${this.share()} percent${kept}`)
    const scrub = this.$(".scrub input"), at = this.shown ?? Math.max(0, this.curve.length - 1)
    const iteration = this.curve[at]?.step ?? 0, ahead = !back && this.step > iteration ? ` (trained to ${this.step.toLocaleString("en")})` : ""
    scrub.max = Math.max(1, this.curve.length - 1)
    scrub.value = at
    scrub.disabled = this.curve.length < 2
    scrub.setAttribute("aria-valuetext", `iteration ${iteration}`)
    this.$(".scrub output").textContent = `${iteration.toLocaleString("en")} of ${steps.toLocaleString("en")}${ahead}`
  }

  // How it stands with a network that keeps nothing, at this iteration: from the file, between its points in a straight line.
  none(step) {
    const { step: steps, nice, real } = this.notes.reference, after = Math.max(1, steps.findIndex(at => at >= step))
    const share = (step - steps[after - 1]) / (steps[after] - steps[after - 1])
    const of = (counts, all) => (counts[after - 1] + share * (counts[after] - counts[after - 1])) / all
    return { nice: of(nice, this.total.nice), real: of(real, this.total.real) }
  }

  kept(until) {
    const parts = this.changes.filter(({ step }) => step < until), last = parts.at(-1)
    if (parts.length > 3) return `a share that changed ${parts.length - 1} times, ${last.share} % nice in the end`
    return parts.map(({ share, step }) => (share ? `${share} % nice` : "none") + (step ? ` from iteration ${step}` : "")).join(", then ")
  }

  verdict(point) {
    const start = this.curve[0], both = p => Math.sqrt(p.nice * p.real)
    if (point.step === 0) {
      const among = this.share() ? `real pictures with ${this.share()} % nice ones among them` : "real pictures alone"
      return `Initial training on nice pictures has just ended. Play trains the last two layers on ${among}.`
    }
    const moved = (p, q) => `${points(p - q)} points ${p < q ? "lost" : "gained"}`
    if (this.changes.every(({ step, share }) => share === 0 || step >= point.step)) {
      return `${point.step} iterations on real pictures alone: ${moved(point.nice, start.nice)} on nice pictures, ` +
        `${moved(point.real, start.real)} on real ones; combined ${both(point) < both(start) ? "falls" : "rises"} ` +
        `from ${percent(both(start))} to ${percent(both(point))}.`
    }
    const none = this.none(point.step), [nice, real, all] = [point.nice - none.nice, point.real - none.real, both(point) - both(none)]
    return `Keeping ${this.kept(point.step)}: ${nice < 0 ? "costs" : "saves"} ${points(nice)} points of nice accuracy and ` +
      `${real < 0 ? "costs" : "adds"} ${points(real)} of real, against keeping none. ` +
      `Combined ${percent(both(point))}, ${points(all)} points ${all < 0 ? "less" : "more"}.`
  }

  hardest(point) {
    if (point.step === 0) return ""
    const { categories } = this.notes, first = this.curve[0].by.nice, now = point.by.nice
    const text = (name, i) => `${name} ${first[i]} → ${now[i]} of ${this.of.nice[i]}`.replaceAll(" ", "\u00a0")
    const lost = categories.map((name, i) => [first[i] - now[i], text(name, i)]).filter(([count]) => count > 0).sort((a, b) => b[0] - a[0])
    if (!lost.length) return "No category has been forgotten."
    return `Forgotten most, in nice test pictures right: ${lost.slice(0, 3).map(([, text]) => text).join(" · ")}.`
  }

  draw() {
    const { traces, layout, chance } = this.data, { reference } = this.notes, out = []
    const pale = (mark, x, y, name, more) => ({ ...traces[mark], x, y, name, mode: "lines", opacity: 0.6, showlegend: false,
      line: { ...traces[mark].line, width: 1.5, dash: "dash" }, hovertemplate: `%{y:.1%}<extra>${mark}, ${name}</extra>`, ...more })
    const some = this.share() > 0 || this.changes.some(({ share }) => share > 0)  // else what keeps nothing is the curve itself
    for (const mark of ["nice", "real"]) {
      const none = reference[mark].map(right => right / this.total[mark]), dotted = { ...traces[mark].line, width: 1.5, dash: "dot" }
      if (some) out.push(pale(mark, reference.step, none, "keeping none", { showlegend: mark === "nice", legendrank: 2000 }))
      for (const { curve, text } of this.before) {
        out.push(pale(mark, curve.map(({ step }) => step), curve.map(p => p[mark]), `before: ${text}`, { line: dotted }))
      }
    }
    const x = this.curve.map(({ step }) => step)
    for (const mark of ["nice", "real"]) out.push({ ...traces[mark], x, y: this.curve.map(p => p[mark]) })
    out.push({ ...traces.combined, x, y: this.curve.map(({ nice, real }) => Math.sqrt(nice * real)) }, chance)
    const at = this.point().step, color = this.data.grey
    const line = (x, dash, width) => ({ type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { color, width, dash } })
    const bends = this.changes.filter(({ step }) => step > 0)
    const shapes = [...bends.map(({ step }) => line(step, "dot", 1)), ...(this.shown === null ? [] : [line(at, "solid", 2)])]
    const annotations = bends.map(({ step, share }) => ({ x: step, y: 0.76, xanchor: "left", showarrow: false, text: ` keep ${share} %` }))
    const plot = this.$(".plot"), figure = this.$("figure")
    figure.setAttribute("aria-label", `Accuracy over the iterations played. ${this.verdict(this.point())}`)
    script().then(Plotly => {
      if (!plot.isConnected || this.ended) return
      Plotly.react(plot, out, dressed({ ...layout, shapes, annotations }, figure, this.data.height, this.data.url), CONFIG)
      this.watcher ??= new ResizeObserver(() => { if (plot.clientWidth) Plotly.Plots.resize(plot) })
      this.watcher.observe(figure)
    }, error => this.say(`${error.message}: reload the page.`))
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".fruitlab-play")
  let session = sessions.get(root)
  if (session && session.data.url !== data.url) { session.end(); session = undefined }
  if (session) session.refresh()  // another theme, perhaps; the play goes on
  else sessions.set(root, session = new Session(root, data))
  session.tell = setStateValue
  return () => { session.end(); session.watcher?.disconnect(); window.Plotly?.purge(root.querySelector(".plot")); sessions.delete(root) }
}
