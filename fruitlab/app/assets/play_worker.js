// The workers of the Forgetting page; play_file.js, play_head.js and play_closed_form.js come before
// this. A learner is a Head or a ClosedForm. One worker trains it, others evaluate the heads that it hands over, so that training does not wait for them.

const SNAPSHOT = 60  // iterations between two copies of the training state, for going back
const AHEAD = 4      // heads that may wait for their evaluation
const SLICE = 40     // milliseconds of training between two looks at the messages

function scorer(head) {
  return { score({ step, turn, values }) {
    for (const [name, array] of Object.entries(values)) head.values[name] = array
    const nice = head.right("nice_test"), real = head.right("real_test")
    postMessage({ kind: "scored", step, turn, nice, real })
  } }
}

function trainer(head, file, settings, evaluationPoints) {
  const batches = new Batches(file, settings)
  const steps = file.notes.steps, due = new Set(evaluationPoints)
  const kept = [], snapshots = new Map()  // the share of nice pictures at each iteration so far
  let changes = [], step = 0, keep = 0, playing = false, waiting = 0, turn = 0, scored = -1

  function handOver() {  // this iteration's head, to a scorer, once
    if (scored === step) return
    scored = step
    waiting++
    const { values } = head.save()
    const transferred = Object.values(values).map(array => array.buffer)
    postMessage({ kind: "head", step, turn, values }, transferred)
  }
  function advance(share) {
    if (step % SNAPSHOT === 0 && !snapshots.has(step)) {
      snapshots.set(step, { head: head.save(), taken: batches.taken })
    }
    const [pictures, last] = batches.at(step, share)
    if (kept[step - 1] !== share) changes = [...changes, { step, share }]
    kept[step] = share
    head.step(step++, pictures, last)
  }
  function run() {
    if (!playing) return
    const until = performance.now() + SLICE
    while (step < steps && waiting < AHEAD && performance.now() < until) {
      advance(keep)
      if (due.has(step)) handOver()
    }
    if (step >= steps) playing = false
    tell()
    if (playing && waiting < AHEAD) setTimeout(run)
  }
  head.begin?.()
  const tell = () => postMessage({ kind: "at", step, turn, playing, changes })
  handOver()
  return {
    play() { if (!playing && step < steps) { playing = true; run() } },
    pause() { playing = false; handOver(); tell() },
    step() { playing = false; if (step < steps) advance(keep); handOver(); tell() },
    keep({ share }) { keep = share },
    scored() { waiting--; if (playing && waiting === AHEAD - 1) run() },
    // Goes back to an earlier iteration and drops what came after it.
    back({ to, turn: now }) {
      playing = false
      turn = now
      const from = Math.max(0, ...[...snapshots.keys()].filter(at => at <= to))
      if (snapshots.has(from) && to < step) {
        const { head: was, taken } = snapshots.get(from)
        head.load(was)
        batches.taken = taken
        step = from
        changes = changes.filter(change => change.step < from)
        while (step < to) advance(kept[step])
      }
      for (const at of [...snapshots.keys()]) if (at > to) snapshots.delete(at)
      kept.length = step
      scored = step  // it has been evaluated already
      tell()
    },
  }
}

let work
onmessage = ({ data }) => {
  if (data.kind !== "open") return work[data.kind](data)
  const file = readPlayFile(data.buffer)
  const { settings, evaluationPoints } = data
  const head = data.closed ? new ClosedForm(file, settings) : new Head(file, settings)
  work = data.trains ? trainer(head, file, settings, evaluationPoints) : scorer(head)
}
