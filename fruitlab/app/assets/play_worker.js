// What the play's workers do, after play_head.js in the same worker. One trains, others score the heads that it hands over: so the
// curve does not wait for its points.

const SNAPSHOT = 60  // iterations between two copies of all that training changes: from the last one before it, any iteration is done again at once
const AHEAD = 4      // heads that may wait for their score
const SLICE = 40     // milliseconds of training between two looks at what is asked for

function scorer(file, recipe) {
  const head = new Head(file, recipe)
  return { score({ step, turn, values }) {
    for (const [name, array] of Object.entries(values)) head.values[name] = array
    postMessage({ kind: "scored", step, turn, nice: head.right("nice_test"), real: head.right("real_test") })
  } }
}

function trainer(file, recipe, marks) {
  const head = new Head(file, recipe), batches = new Batches(file, recipe), steps = file.notes.steps, due = new Set(marks)
  const kept = [], snapshots = new Map()  // the share of nice pictures at each iteration so far
  let changes = [], step = 0, keep = 0, playing = false, waiting = 0, turn = 0, scored = -1

  function hand() {  // this iteration's head over to the scorer, once
    if (scored === step) return
    scored = step
    waiting++
    const { values } = head.save()
    postMessage({ kind: "head", step, turn, values }, Object.values(values).map(array => array.buffer))
  }
  function advance(share) {
    if (step % SNAPSHOT === 0 && !snapshots.has(step)) snapshots.set(step, { head: head.save(), taken: batches.taken })
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
      if (due.has(step)) hand()
    }
    if (step >= steps) playing = false
    tell()
    if (playing && waiting < AHEAD) setTimeout(run)
  }
  const tell = () => postMessage({ kind: "at", step, turn, playing, changes })
  hand()
  return {
    play() { if (!playing && step < steps) { playing = true; run() } },
    pause() { playing = false; hand(); tell() },
    step() { playing = false; if (step < steps) advance(keep); hand(); tell() },
    keep({ share }) { keep = share },
    scored() { waiting--; if (playing && waiting === AHEAD - 1) run() },
    // Back to an iteration that was; what came after it is gone.
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
      scored = step  // its score is known
      tell()
    },
  }
}

let work
onmessage = ({ data }) => {
  if (data.kind !== "open") return work[data.kind](data)
  const file = readPlayFile(data.buffer)
  work = data.trains ? trainer(file, data.recipe, data.marks) : scorer(file, data.recipe)
}
