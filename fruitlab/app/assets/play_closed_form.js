// The closed-form learner of Play: ridge regression on the features of a play file, each picture
// learned once, exactly (recursive least squares). After any pictures in any order, the weights are
// those that solving for all of them at once would give. After play_file.js and play_head.js.

class ClosedForm {
  // Has learned nothing. `settings` are those of fruitlab/play/file.py.
  constructor({ tensors, notes }, settings) {
    const inputs = tensors.low.length
    this.tensors = tensors
    this.size = inputs + 1 // with a one for the bias
    this.outputs = notes.categories.length
    this.ridge = settings.ridge
    this.values = { weight: new Float64Array(this.size * this.outputs) }
    this.seen = 0 // real pictures so far
    // Features as the network's own head sees them at the switch: factor * byte + offset.
    this.factor = new Float64Array(inputs)
    this.offset = new Float64Array(inputs)
    for (let k = 0; k < inputs; k++) {
      const inverse = 1 / Math.sqrt(tensors["hidden.norm.variance"][k] + settings.epsilon)
      this.factor[k] = tensors.scale[k] * inverse
      this.offset[k] = (tensors.low[k] - tensors["hidden.norm.mean"][k]) * inverse
    }
    this.z = new Float64Array(this.size).fill(1)
    this.direction = new Float64Array(this.size)
  }

  // Learns all nice pictures, as initial training does.
  begin() {
    // The inverse of the Gram matrix plus the ridge: its rows up to the diagonal, one after another.
    this.inverse = new Float64Array((this.size * (this.size + 1)) / 2)
    for (let i = 0, at = 0; i < this.size; at += ++i + 1) this.inverse[at] = 1 / this.ridge
    const count = this.tensors["labels.nice_train"].length
    for (let index = 0; index < count; index++) this.learn("nice_train", index)
  }

  // A copy of everything that learning changes. The large matrix is copied when it changes next.
  save() {
    this.shared = true
    return { values: { weight: this.values.weight.slice() }, inverse: this.inverse, seen: this.seen }
  }
  load({ values, inverse, seen }) {
    this.values.weight.set(values.weight)
    Object.assign(this, { inverse, seen, shared: true })
  }

  // Learns a batch of pictures, unless all have been seen.
  step(number, pictures) {
    if (this.seen >= this.tensors["labels.real_train"].length) return
    if (this.shared) this.inverse = this.inverse.slice()
    this.shared = false
    for (const [set, index] of pictures) this.learn(set, index)
    this.seen += pictures.length
  }

  read(set, index) {
    const bytes = this.tensors[`features.${set}`], { z, factor, offset } = this
    const from = index * factor.length
    for (let k = 0; k < factor.length; k++) z[k] = factor[k] * bytes[from + k] + offset[k]
  }

  // Adds one picture by the Sherman-Morrison formula.
  learn(set, index) {
    const { size, outputs, inverse, z, direction, values: { weight } } = this
    this.read(set, index)
    for (let i = 0, at = 0; i < size; i++, at++) {
      let sum = 0
      for (let k = 0; k < i; k++, at++) {
        sum += inverse[at] * z[k]
        direction[k] += inverse[at] * z[i]
      }
      direction[i] = sum + inverse[at] * z[i]
    }
    const along = 1 + z.reduce((sum, value, k) => sum + value * direction[k], 0)
    const truth = this.tensors[`labels.${set}`][index]
    const wrong = this.scores().map((score, c) => ((c === truth) - score) / along)
    for (let i = 0, at = 0; i < size; i++) {
      for (let c = 0; c < outputs; c++, at++) weight[at] += direction[i] * wrong[c]
    }
    for (let i = 0, at = 0; i < size; i++) {
      const by = direction[i] / along
      for (let k = 0; k <= i; k++, at++) inverse[at] -= by * direction[k]
    }
  }

  // Of the picture in `z`.
  scores() {
    const found = new Float64Array(this.outputs), { weight } = this.values
    for (let k = 0, at = 0; k < this.size; k++) {
      for (let c = 0; c < this.outputs; c++, at++) found[c] += this.z[k] * weight[at]
    }
    return found
  }

  // How many test pictures of each category are right.
  right(set) {
    const labels = this.tensors[`labels.${set}`], counts = new Array(this.outputs).fill(0)
    for (let index = 0; index < labels.length; index++) {
      this.read(set, index)
      const truth = labels[index], scores = this.scores()
      if (scores.every((score, c) => c === truth || score < scores[truth])) counts[truth]++
    }
    return counts
  }
}
