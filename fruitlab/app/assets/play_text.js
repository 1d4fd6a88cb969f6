// The sentences of Play. A point is an evaluation: { step, nice, real, correct }, with accuracies
// between 0 and 1, and `correct` the correctly classified pictures of each category and domain.
// A change { step, share } says from which iteration on which percentage was replayed.

const percent = value => `${(100 * value).toFixed(1)}%`
const points = value => Math.abs(100 * value).toFixed(1)
const signedPoints = value => `${value < 0 ? "−" : "+"}${points(value)} points`
const count = value => value.toLocaleString("en")
const combined = ({ nice, real }) => Math.sqrt(nice * real)

// The replay up to an iteration in words: "none, then 40% nice from iteration 120".
function replayed(changes, until) {
  const parts = changes.filter(({ step }) => step < until)
  if (parts.length > 3) {
    return `a share that changed ${parts.length - 1} times, ${parts.at(-1).share}% nice at last`
  }
  const text = ({ share, step }) =>
    (share ? `${share}% nice` : "none") + (step ? ` from iteration ${step}` : "")
  return parts.map(text).join(", then ")
}

// What happened up to a point. `reference` is the point without replay at the same iteration.
function verdict(point, start, changes, share, reference) {
  if (point.step === 0) {
    const pictures = share
      ? `real pictures and ${share}% replayed nice ones`
      : "real pictures alone"
    return (
      "Initial training on nice pictures has just ended. " +
      `Play trains the last two layers on ${pictures}.`
    )
  }
  const change = domain => {
    const difference = point[domain] - start[domain]
    return `${points(difference)} points ${difference < 0 ? "lost" : "gained"}`
  }
  const before = combined(start)
  const now = combined(point)
  if (changes.every(({ step, share }) => share === 0 || step >= point.step)) {
    return (
      `${point.step} iterations on real pictures alone: ${change("nice")} on nice pictures, ` +
      `${change("real")} on real ones; combined ${now < before ? "falls" : "rises"} ` +
      `from ${percent(before)} to ${percent(now)}.`
    )
  }
  const nice = point.nice - reference.nice
  const real = point.real - reference.real
  const both = now - combined(reference)
  return (
    `Replaying ${replayed(changes, point.step)}: ` +
    `${nice < 0 ? "costs" : "saves"} ${points(nice)} points of nice accuracy and ` +
    `${real < 0 ? "costs" : "adds"} ${points(real)} of real accuracy, compared with no replay. ` +
    `Combined ${percent(now)}, ${points(both)} points ${both < 0 ? "lower" : "higher"}.`
  )
}

// The same for the closed form. `training` counts the file's training pictures, and the batches in
// which the real ones arrive; `reference` is gradient training without replay.
function closedVerdict(point, start, { nice, real, perEpoch }, reference) {
  if (point.step === 0) {
    return (
      `Ridge regression on the frozen features has learned the ${count(nice)} nice pictures. ` +
      "Play lets the real ones arrive in batches; each is learned once, exactly."
    )
  }
  const arrived = Math.floor((Math.min(point.step, perEpoch) * real) / perEpoch)
  const all = arrived === real
  const change = domain => {
    const difference = point[domain] - start[domain]
    return `${points(difference)} points ${difference < 0 ? "lost" : "gained"}`
  }
  return (
    `${all ? "All" : `${count(arrived)} of`} ${count(real)} real pictures have arrived: ` +
    `${change("nice")} on nice pictures, ${change("real")} on real ones. ` +
    (all ? "The weights are those of learning all pictures at once. " : "") +
    `Gradient training at this iteration, without replay: ${percent(reference.nice)} nice, ` +
    `${percent(reference.real)} real.`
  )
}

// The categories with the largest losses on nice test pictures.
function mostForgotten(point, start, categories, totals) {
  if (point.step === 0) return ""
  const before = start.correct.nice
  const now = point.correct.nice
  const text = (name, i) =>
    `${name} ${before[i]} → ${now[i]} of ${totals[i]}`.replaceAll(" ", "\u00a0")
  const lost = categories
    .map((name, i) => [before[i] - now[i], text(name, i)])
    .filter(([count]) => count > 0)
    .sort((a, b) => b[0] - a[0])
  if (!lost.length) return "No category has been forgotten."
  const most = lost.slice(0, 3).map(([, text]) => text)
  return `Most forgotten, in correctly classified nice test pictures: ${most.join(" · ")}.`
}
