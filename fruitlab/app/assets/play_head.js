// The last two layers and their training in plain JavaScript, in double precision. It reproduces
// tests/play/fixture.json, as the trainer does (fruitlab/training). It runs in a worker: there is
// no document here.

// out[b][o] = x[b] . w[o] + bias[o], four outputs of two rows at a time: a number that is fetched
// once is used in several products, and four rows of weights stay in cache for all rows of x.
function product(x, w, bias, rows, inputs, outputs, out) {
  for (let o = 0; o < outputs; o += 4) {
    const many = Math.min(4, outputs - o), e = o * inputs
    const f = many > 1 ? e + inputs : e
    const g = many > 2 ? e + 2 * inputs : e
    const h = many > 3 ? e + 3 * inputs : e
    for (let b = 0; b < rows; b += 2) {
      const two = b + 1 < rows, p = b * inputs, q = two ? p + inputs : p
      let pe = 0, pf = 0, pg = 0, ph = 0, qe = 0, qf = 0, qg = 0, qh = 0
      for (let k = 0; k < inputs; k++) {
        const xp = x[p + k], xq = x[q + k]
        const we = w[e + k], wf = w[f + k], wg = w[g + k], wh = w[h + k]
        pe += xp * we; pf += xp * wf; pg += xp * wg; ph += xp * wh
        qe += xq * we; qf += xq * wf; qg += xq * wg; qh += xq * wh
      }
      const at = b * outputs + o, next = at + outputs
      out[at] = pe + bias[o]
      if (many > 1) out[at + 1] = pf + bias[o + 1]
      if (many > 2) out[at + 2] = pg + bias[o + 2]
      if (many > 3) out[at + 3] = ph + bias[o + 3]
      if (!two) continue
      out[next] = qe + bias[o]
      if (many > 1) out[next + 1] = qf + bias[o + 1]
      if (many > 2) out[next + 2] = qg + bias[o + 2]
      if (many > 3) out[next + 3] = qh + bias[o + 3]
    }
  }
}

const LAYERS = ["hidden", "output"]  // as a play file names them
const TILE = 32  // pictures evaluated at a time

class Head {
  // `settings` are those of fruitlab/play/file.py.
  constructor(file, settings) {
    const { tensors, notes } = file
    Object.assign(this, { tensors, notes, settings })
    this.sizes = [tensors.low.length, tensors["hidden.bias"].length, notes.categories.length]
    this.values = {}
    this.velocity = {}
    for (const layer of LAYERS) {
      for (const part of ["weight", "bias", "norm.mean", "norm.variance"]) {
        const name = `${layer}.${part}`
        this.values[name] = Float64Array.from(tensors[name])
        if (!part.startsWith("norm")) this.velocity[name] = new Float64Array(tensors[name].length)
      }
    }
    this.plateau = { halvings: 0, stale: 0, loss: 0, seen: 0, steps: 0, best: Infinity }
    this.scratch = {}
  }

  // A copy of everything that training changes.
  save() {
    const copied = ([name, array]) => [name, array.slice()]
    const copy = arrays => Object.fromEntries(Object.entries(arrays).map(copied))
    const { values, velocity, plateau } = this
    return { values: copy(values), velocity: copy(velocity), plateau: { ...plateau } }
  }
  load({ values, velocity, plateau }) {
    for (const [name, array] of Object.entries(values)) this.values[name].set(array)
    for (const [name, array] of Object.entries(velocity)) this.velocity[name].set(array)
    Object.assign(this.plateau, plateau)
  }

  room(name, length) {
    const there = this.scratch[name]
    return there && there.length >= length ? there : (this.scratch[name] = new Float64Array(length))
  }

  // The features of the pictures [set, index] as floats.
  gather(pictures) {
    const { low, scale } = this.tensors, inputs = this.sizes[0]
    const x = this.room("x", pictures.length * inputs)
    pictures.forEach(([set, index], b) => {
      const bytes = this.tensors[`features.${set}`], from = index * inputs, to = b * inputs
      for (let k = 0; k < inputs; k++) x[to + k] = low[k] + scale[k] * bytes[from + k]
    })
    return x
  }

  // Updates a layer's running statistics with a batch and normalizes the batch in place, by these
  // statistics or by its own. Returns 1 / standard deviation.
  normalize(layer, x, rows, keeps) {
    const mean = this.values[`${layer}.norm.mean`], variance = this.values[`${layer}.norm.variance`]
    const { moving, epsilon } = this.settings, width = mean.length
    const inverse = this.room(`${layer} inverse`, width)
    for (let k = 0; k < width; k++) {
      let m = 0, v = 0
      for (let b = 0; b < rows; b++) m += x[b * width + k]
      m /= rows
      for (let b = 0; b < rows; b++) v += (x[b * width + k] - m) ** 2
      v /= rows
      mean[k] += (1 - keeps) * (m - mean[k])
      variance[k] += (1 - keeps) * (v - variance[k])
      if (moving) { m = mean[k]; v = variance[k] }
      const scale = inverse[k] = 1 / Math.sqrt(v + epsilon)
      for (let b = 0; b < rows; b++) x[b * width + k] = (x[b * width + k] - m) * scale
    }
    return inverse
  }

  // One iteration on these training pictures. Returns the cross entropy before it.
  step(number, pictures, lastOfEpoch) {
    const [inputs, hidden, categories] = this.sizes, rows = pictures.length
    const { moving, smoothing, norm_momentum } = this.settings, keeps = norm_momentum[number]
    const x = this.gather(pictures)
    this.normalize("hidden", x, rows, keeps)
    const a = this.room("a", rows * hidden), normal = this.room("normal", rows * hidden)
    const logits = this.room("logits", rows * categories), weight = this.values["output.weight"]
    product(x, this.values["hidden.weight"], this.values["hidden.bias"], rows, inputs, hidden, a)
    for (let i = 0; i < rows * hidden; i++) normal[i] = a[i] = Math.tanh(a[i])
    const inverse = this.normalize("output", normal, rows, keeps)
    product(normal, weight, this.values["output.bias"], rows, hidden, categories, logits)

    let loss = 0
    for (let b = 0; b < rows; b++) {
      const at = b * categories, [set, index] = pictures[b]
      const truth = this.tensors[`labels.${set}`][index]
      let most = -Infinity, sum = 0
      for (let c = 0; c < categories; c++) most = Math.max(most, logits[at + c])
      for (let c = 0; c < categories; c++) sum += Math.exp(logits[at + c] - most)
      for (let c = 0; c < categories; c++) {
        const logP = logits[at + c] - most - Math.log(sum)
        const target = smoothing / categories + (c === truth ? 1 - smoothing : 0)
        loss -= target * logP / rows
        logits[at + c] = (Math.exp(logP) - target) / rows  // the gradient, from here on
      }
    }
    const dNormal = this.room("dNormal", rows * hidden)
    for (let b = 0; b < rows; b++) {
      dNormal.fill(0, b * hidden, (b + 1) * hidden)
      for (let c = 0; c < categories; c++) {
        const d = logits[b * categories + c], from = c * hidden, to = b * hidden
        for (let j = 0; j < hidden; j++) dNormal[to + j] += d * weight[from + j]
      }
    }
    for (let j = 0; j < hidden; j++) {
      let mean = 0, along = 0
      if (!moving) {  // a batch's own statistics have a gradient, running ones have none
        for (let b = 0; b < rows; b++) {
          mean += dNormal[b * hidden + j]
          along += dNormal[b * hidden + j] * normal[b * hidden + j]
        }
        mean /= rows
        along /= rows
      }
      for (let b = 0; b < rows; b++) {
        const i = b * hidden + j
        // From here on the gradient of what goes into tanh.
        dNormal[i] = inverse[j] * (dNormal[i] - mean - normal[i] * along) * (1 - a[i] * a[i])
      }
    }
    this.update("output", logits, normal, rows, number)
    this.update("hidden", dNormal, x, rows, number)
    this.book(loss, rows, lastOfEpoch)
    return loss
  }

  // A layer's gradients, from those of its outputs, d [rows, outputs], and its inputs, x [rows,
  // inputs]; and the optimizer's step.
  update(layer, d, x, rows, number) {
    const { settings } = this
    const weight = this.values[`${layer}.weight`], velocity = this.velocity[`${layer}.weight`]
    const bias = this.values[`${layer}.bias`], biasVelocity = this.velocity[`${layer}.bias`]
    const outputs = bias.length, inputs = weight.length / outputs
    const momentum = settings.momentum[number]
    const rate = settings.learning_rate[number] / 2 ** this.plateau.halvings
    const decay = settings.regularisation / (settings.per_batch ? rows : 1)
    const look = settings.nesterov ? momentum : 0, own = settings.nesterov ? 1 : 0
    const g = this.room("gradient", 2 * inputs)
    for (let o = 0; o < outputs; o += 2) {
      const two = o + 1 < outputs
      g.fill(0, 0, 2 * inputs)
      for (let b = 0; b < rows; b += 4) {  // eight products for four inputs that are fetched
        const p = b * inputs, has = [true, b + 1 < rows, b + 2 < rows, b + 3 < rows]
        const q = has[1] ? p + inputs : p
        const r = has[2] ? p + 2 * inputs : p
        const s = has[3] ? p + 3 * inputs : p
        const at = b * outputs + o
        const of = (i, other) => has[i] && (!other || two) ? d[at + i * outputs + other] : 0
        const pe = of(0, 0), qe = of(1, 0), re = of(2, 0), se = of(3, 0)
        const pf = of(0, 1), qf = of(1, 1), rf = of(2, 1), sf = of(3, 1)
        for (let k = 0; k < inputs; k++) {
          const xp = x[p + k], xq = x[q + k], xr = x[r + k], xs = x[s + k]
          g[k] += pe * xp + qe * xq + re * xr + se * xs
          g[inputs + k] += pf * xp + qf * xq + rf * xr + sf * xs
        }
      }
      for (let i = 0, at = o * inputs, end = (two ? 2 : 1) * inputs; i < end; i++, at++) {
        const slope = g[i] + decay * weight[at]
        const v = velocity[at] = momentum * velocity[at] + slope
        weight[at] -= rate * (own ? slope + look * v : v)
      }
    }
    for (let o = 0; o < outputs; o++) {
      let slope = 0
      for (let b = 0; b < rows; b++) slope += d[b * outputs + o]
      const v = biasVelocity[o] = momentum * biasVelocity[o] + slope
      bias[o] -= rate * (own ? slope + look * v : v)
    }
  }

  // Halves the learning rate if no epoch's mean loss was the lowest for `plateau` iterations.
  book(loss, count, lastOfEpoch) {
    const p = this.plateau, after = this.settings.plateau
    p.loss += loss * count; p.seen += count; p.steps++
    if (!lastOfEpoch || !after) return
    const mean = p.loss / p.seen
    p.stale = mean < p.best ? 0 : p.stale + p.steps
    p.best = Math.min(mean, p.best)
    if (p.stale >= after) { p.halvings++; p.stale = 0 }
    p.loss = p.seen = p.steps = 0
  }

  // How many test pictures of each category are right, by the running statistics. These and a
  // byte's scale are folded into the weights.
  right(set) {
    const { low, scale } = this.tensors, [inputs, hidden, categories] = this.sizes
    const bytes = this.tensors[`features.${set}`], labels = this.tensors[`labels.${set}`]
    const counts = new Array(categories).fill(0)
    const [first, firstBias] = this.fold("hidden", inputs, hidden, low, scale)
    const [last, lastBias] = this.fold("output", hidden, categories)
    const x = this.room("tile", TILE * inputs), a = this.room("tile hidden", TILE * hidden)
    const logits = this.room("tile logits", TILE * categories)
    for (let from = 0; from < labels.length; from += TILE) {
      const rows = Math.min(TILE, labels.length - from)
      for (let i = 0, at = from * inputs, end = rows * inputs; i < end; i++) x[i] = bytes[at + i]
      product(x, first, firstBias, rows, inputs, hidden, a)
      for (let i = 0; i < rows * hidden; i++) a[i] = Math.tanh(a[i])
      product(a, last, lastBias, rows, hidden, categories, logits)
      for (let b = 0; b < rows; b++) {
        const truth = labels[from + b], own = logits[b * categories + truth]
        let preferred = 0  // NaN counts as preferred
        for (let c = 0; c < categories; c++) if (!(logits[b * categories + c] < own)) preferred++
        if (preferred === 1) counts[truth]++
      }
    }
    return counts
  }

  // A layer's weights and biases for inputs `lowest` + `by` * x in place of normalized ones.
  fold(layer, width, outputs, lowest, by) {
    const v = this.values, own = v[`${layer}.weight`], { epsilon } = this.settings
    const weight = this.room(`${layer} folded`, outputs * width)
    const bias = this.room(`${layer} shift`, outputs)
    const factor = this.room("factor", width), offset = this.room("offset", width)
    for (let k = 0; k < width; k++) {
      factor[k] = 1 / Math.sqrt(v[`${layer}.norm.variance`][k] + epsilon)
      offset[k] = ((lowest ? lowest[k] : 0) - v[`${layer}.norm.mean`][k]) * factor[k]
      if (by) factor[k] *= by[k]
    }
    for (let o = 0; o < outputs; o++) {
      let shift = v[`${layer}.bias`][o]
      for (let k = 0, at = o * width; k < width; k++) {
        weight[at + k] = own[at + k] * factor[k]
        shift += own[at + k] * offset[k]
      }
      bias[o] = shift
    }
    return [weight, bias]
  }
}
