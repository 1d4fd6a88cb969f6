// The web workers of Play, after play_file.js and play_head.js in the same script. One worker
// trains the head; others evaluate the heads that it sends, so that training does not wait.

const SNAPSHOT_EVERY = 60 // iterations; going back repeats the iterations since a snapshot
const AHEAD = 4 // heads that may wait to be evaluated
const SLICE = 40 // milliseconds of training between two looks at the messages

function evaluator(file, settings) {
  const head = new Head(file, settings)
  return {
    evaluate({ step, turn, values }) {
      for (const [name, array] of Object.entries(values)) head.values[name] = array
      const [nice, real] = ["nice_test", "real_test"].map(set => head.correct(set))
      postMessage({ kind: "evaluated", step, turn, nice, real })
    },
  }
}

function trainer(file, settings, evaluateAt) {
  const head = new Head(file, settings)
  const batches = new Batches(file, settings)
  const steps = file.notes.steps
  const due = new Set(evaluateAt)
  const shares = [] // percentage of replayed pictures at each iteration so far
  const snapshots = new Map()
  let changes = []
  let step = 0
  let share = 0
  let playing = false
  let waiting = 0
  let turn = 0
  let sent = -1

  const report = () => postMessage({ kind: "at", step, turn, playing, changes })

  // Sends the head of this iteration to be evaluated, once.
  function send() {
    if (sent === step) return
    sent = step
    waiting++
    const { values } = head.save()
    const buffers = Object.values(values).map(array => array.buffer)
    postMessage({ kind: "head", step, turn, values }, buffers)
  }

  function advance(percentage) {
    if (step % SNAPSHOT_EVERY === 0 && !snapshots.has(step)) {
      snapshots.set(step, { head: head.save(), taken: batches.taken })
    }
    const [pictures, lastOfEpoch] = batches.at(step, percentage)
    if (shares[step - 1] !== percentage) changes = [...changes, { step, share: percentage }]
    shares[step] = percentage
    head.step(step++, pictures, lastOfEpoch)
  }

  function run() {
    if (!playing) return
    const until = performance.now() + SLICE
    while (step < steps && waiting < AHEAD && performance.now() < until) {
      advance(share)
      if (due.has(step)) send()
    }
    if (step >= steps) playing = false
    report()
    if (playing && waiting < AHEAD) setTimeout(run)
  }

  send()
  return {
    play() {
      if (playing || step >= steps) return
      playing = true
      run()
    },
    pause() {
      playing = false
      send()
      report()
    },
    step() {
      playing = false
      if (step < steps) advance(share)
      send()
      report()
    },
    replay(message) {
      share = message.share
    },
    evaluated() {
      waiting--
      if (playing && waiting === AHEAD - 1) run()
    },
    // Back to an earlier iteration; what came after it is discarded.
    back({ to, turn: newTurn }) {
      playing = false
      turn = newTurn
      const from = Math.max(0, ...[...snapshots.keys()].filter(at => at <= to))
      if (snapshots.has(from) && to < step) {
        const snapshot = snapshots.get(from)
        head.load(snapshot.head)
        batches.taken = snapshot.taken
        step = from
        changes = changes.filter(change => change.step < from)
        while (step < to) advance(shares[step])
      }
      for (const at of [...snapshots.keys()]) if (at > to) snapshots.delete(at)
      shares.length = step
      sent = step // it has been evaluated already
      report()
    },
  }
}

let worker
onmessage = ({ data }) => {
  if (data.kind !== "open") return worker[data.kind](data)
  const file = readPlayFile(data.buffer)
  worker = data.trains
    ? trainer(file, data.settings, data.evaluateAt)
    : evaluator(file, data.settings)
}
